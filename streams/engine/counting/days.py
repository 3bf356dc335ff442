"""Mode `next_day`, and natural days: whole local dates, the start day not counted."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from schemas.codes import Unit
from streams.engine.counting.common import (
    DAY,
    Pause,
    days_before,
    fitting,
    hours_before,
    merged,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead, Limit
    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension

SHORT: Final = Fraction(1, 2)


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
    return Stay(begin, end, last, calendar.measure(begin, end) < SHORT * calendar.standard_day)


class DayCount:
    """Mode `next_day`, and natural days: whole local dates, the start day not counted."""

    __slots__ = (
        "amount",
        "calendar",
        "clock_time",
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
        face = calendar.begin(calendar.face(start))
        self.first, self.clock_time = divmod(face, DAY)
        """The start day A, which is not counted; and the second of that day."""
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
        day = self._rolled(self.nth(self.amount))
        while self.stays:
            end = self._end_of(day)
            later = max(stay.last if stay.begin <= end else day for stay in self.stays)
            if later <= day:
                break
            day = self._rolled(later)
        return day

    def _rolled(self, day: int) -> int:
        if self.limit.roll == "none" and self.limit.unit is Unit.NATURAL_DAY:
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
        if self.limit.unit is Unit.NATURAL_DAY:
            return until - after
        return self.calendar.count(after, until)

    def _after(self, day: int, amount: int) -> int:
        if self.limit.unit is Unit.NATURAL_DAY:
            return day + amount
        return self.calendar.nth(day, amount)

    def _end_of(self, day: int) -> int:
        """Give the last second of a day in time, on the clock face."""
        if self.limit.keep_clock_time:
            return day * DAY + self.clock_time
        if self.limit.cut_off == "close_of_business":
            return day * DAY + self.calendar.close(day)
        return day * DAY + DAY - 1

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Date(t) > X minus the lead in working days; a share of the days, by the clock."""
        lead = fitting(leads, self.amount)
        if lead.working_days is not None:
            return max(self.start, days_before(self.calendar, self.last, lead.working_days))
        if lead.working_hours is not None:
            return max(self.start, hours_before(self.calendar, self.start, self.due_at, lead))
        assert lead.share is not None  # noqa: S101 - a lead has one of three forms
        whole, part = divmod(lead.share * self.amount, 1)
        day = self.last if whole + 1 == self.amount else self.nth(int(whole) + 1)
        begin = day * DAY
        if self.limit.keep_clock_time:  # such a day runs from clock time to clock time
            begin += self.clock_time - DAY
        return max(self.start, self.calendar.instant(begin + int(part * DAY)))

    def paused(self, now: int) -> bool:
        """Tell whether an instant lies within a suspension, up to the end of the days asked."""
        if now <= self.start or not self.stays:
            return False
        face = self.calendar.face(now)
        return any(stay.begin <= face < stay.end for stay in self.stays)
