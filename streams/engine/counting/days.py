"""Mode `next_day`, natural days and months: whole local dates, the start day not counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas.codes import Unit
from streams.engine.calendar import add_months
from streams.engine.counting.common import (
    DAY,
    Pause,
    days_before,
    fitting,
    hours_before,
    merged,
    since,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead, Limit
    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension

PARTS: Final = 2
"""A suspension of less than one such part of a working day takes out no date."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A suspension as the counting of days sees it, on the clock face."""

    begin: int
    end: int
    """Up to this second: its end, or the end of the last day asked."""
    last: int
    """R′, the last date that it takes out."""
    short: bool
    """It covers less than half a working day, and takes out no date."""


def _stay(calendar: Calendar, suspension: Suspension, cap_days: int) -> Stay:
    begin = calendar.face(suspension.start)
    asked = suspension.days(cap_days)
    last = calendar.nth(begin // DAY, asked)
    end = (last + 1) * DAY if asked else begin
    if suspension.end is not None:
        end = max(begin, min(end, calendar.face(suspension.end)))
        last = min(last, end // DAY)
    return Stay(begin, end, last, PARTS * calendar.measure(begin, end) < calendar.standard_day)


class DayCount:
    """Mode `next_day`, natural days and months: whole local dates, the start day not counted.

    Months are the natural days from the start to the same day of the last month (民法典 §202).
    """

    __slots__ = (
        "alike",
        "amount",
        "calendar",
        "clock_time",
        "days",
        "due_at",
        "first",
        "last",
        "limit",
        "pauses",
        "provisional",
        "start",
        "stays",
    )

    def __init__(
        self,
        calendar: Calendar,
        limit: Limit,
        start: int,
        amount: int,
        suspensions: Sequence[Suspension],
        cap_days: int,
    ) -> None:
        self.calendar, self.limit, self.start, self.amount = calendar, limit, start, amount
        self.alike: dict[Any, Any] | None = None
        """What follows in the same way for every start of this day; shared by `begun_at`."""
        face = calendar.begin(calendar.face(start))
        self.first, self.clock_time = divmod(face, DAY)
        """The start day A, which is not counted; and the second of that day."""
        self.days = amount
        """The limit in days of its own kind."""
        if limit.unit is Unit.MONTH:
            self.days = add_months(self.first, amount) - self.first
        self.stays = [_stay(calendar, suspension, cap_days) for suspension in suspensions]
        self.pauses = merged(
            Pause(stay.begin // DAY, stay.last) for stay in self.stays if not stay.short
        )
        """The dates (start, end] that are not counted."""
        self.last = self._last_day()
        """The last day in time, X."""
        self.due_at = calendar.instant(self._end_of(self.last))
        self.provisional = calendar.rests_on_projection(
            self.first if limit.unit is Unit.WORKING_DAY else self.last, self.last
        )

    def _last_day(self) -> int:
        """Find X: a suspension that starts in time and ends after X carries X along.

        However short it is: time that §45 does not count cannot breach. One that starts after
        the breach has no effect.
        """
        day = self._base()
        while self.stays:
            end = self._end_of(day)
            later = max(stay.last if stay.begin <= end else day for stay in self.stays)
            if later <= day:
                break
            day = self._rolled(later)
        return day

    def begun_at(self, start: int) -> DayCount:
        """Give the same count for another start of the same day, where nothing depends on more."""
        other = DayCount.__new__(DayCount)
        other.alike, other.amount, other.calendar = self.alike, self.amount, self.calendar
        other.clock_time, other.days, other.due_at = self.clock_time, self.days, self.due_at
        other.first, other.last, other.limit = self.first, self.last, self.limit
        other.pauses, other.provisional, other.stays = self.pauses, self.provisional, self.stays
        other.start = start
        return other

    def _base(self) -> int:
        """Give X as the count alone gives it."""
        return self._rolled(self.nth(self.days))

    def _rolled(self, day: int) -> int:
        if self.limit.roll == "none" and self.limit.unit is not Unit.WORKING_DAY:
            return day
        return self.calendar.roll(day)

    def nth(self, amount: int) -> int:
        """Give the N-th counted date after the start day, outside the suspensions (S, R′]."""
        day, left = self.first, amount
        for pause in self.pauses:
            if pause.end <= day:
                continue
            before = self._count(day, max(day, pause.start))
            if before >= left:
                break
            left -= before
            day = pause.end
        return self._after(day, left)

    def _count(self, after: int, until: int) -> int:
        if self.limit.unit is Unit.WORKING_DAY:
            return self.calendar.count(after, until)
        return until - after

    def _after(self, day: int, amount: int) -> int:
        if self.limit.unit is Unit.WORKING_DAY:
            return self.calendar.nth(day, amount)
        return day + amount

    def _end_of(self, day: int) -> int:
        """Give the last second of a day in time, on the clock face."""
        if self.limit.keep_clock_time:
            return day * DAY + self.clock_time
        if self.limit.cut_off == "close_of_business":
            return day * DAY + self.calendar.close(day)
        return day * DAY + DAY - 1

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Date(t) > X minus the lead in working days; a share of the days, by the clock."""
        lead = fitting(leads, self.days)
        if lead.working_days is not None:
            return max(self.start, days_before(self.calendar, self.last, lead.working_days))
        if lead.working_hours is not None:
            return hours_before(self.calendar, self.start, self.due_at, lead)
        assert lead.share is not None  # noqa: S101 - a lead has one of three forms
        whole, part = divmod(lead.share * self.days, 1)
        day = self.last if whole + 1 == self.days else self.nth(int(whole) + 1)
        begin = day * DAY
        if self.limit.keep_clock_time:  # such a day runs from clock time to clock time
            begin += self.clock_time - DAY
        return max(self.start, self.calendar.instant(begin + int(part * DAY)))

    def over(self, working_days: int) -> int:
        """Give the second after the end of the n-th working day after X."""
        day = self.calendar.nth(self.last, working_days)
        return self.calendar.instant(self._end_of(day)) + 1

    def paused(self, now: int) -> bool:
        """Tell whether an instant lies within a suspension, up to the end of the days asked."""
        return now >= self.start and any(
            stay.begin <= self.calendar.face(now) < stay.end for stay in self.stays
        )

    def standstills(self) -> list[tuple[int, int]]:
        """Give each suspension, up to the end of the days asked, from the start on."""
        instant = self.calendar.instant
        return since(self.start, ((instant(s.begin), instant(s.end)) for s in self.stays))


class SpotCount(DayCount):
    """On the spot (即办件): by close of business of the day, or of the next working day.

    The latter for what comes after close or on a day off: it would be over at birth otherwise.
    """

    __slots__ = ()

    def _base(self) -> int:
        if self.calendar.is_working(self.first) and self.clock_time < self.calendar.close(
            self.first
        ):
            return self.first
        return self.calendar.nth(self.first, 1)

    def _end_of(self, day: int) -> int:
        return day * DAY + self.calendar.close(day)

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Count a share of the working time from the start to the close."""
        lead = fitting(leads, 1)
        if lead.share is None:
            return super().near(leads)
        begin = self.first * DAY + self.clock_time
        seconds = self.calendar.measure(begin, self.calendar.face(self.due_at))
        return self.calendar.instant(self.calendar.add(begin, int(lead.share * seconds))) + 1
