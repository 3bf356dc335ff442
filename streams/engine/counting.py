"""How a limit is counted (时限计算): day by day, by time used, or as the hall states it.

The formulas of docs/time.md; each counting answers the same two questions: the last second in
time, and the first second at which the limit is *near*. Nothing here knows levels or cards.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Protocol

from schemas.codes import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.limits import Lead, Limit
    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension

DAY: Final = 86_400
HOUR: Final = 3_600
SHORT: Final = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that is not counted, on the counting's own axis: from `start` up to `end`."""

    start: int
    end: int


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


class Counting(Protocol):
    """What every way of counting answers; moments are instants, seconds since the epoch."""

    calendar: Calendar
    start: int
    due_at: int
    provisional: bool
    """Whether the due moment rests on days that nobody has decreed."""

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Give the first second at which the limit is near, by the lead that fits its length."""

    def paused(self, now: int) -> bool:
        """Tell whether the clock stands still at an instant."""


def count(
    calendar: Calendar,
    limit: Limit,
    start: int,
    extra: int,
    suspensions: Sequence[Suspension],
    cap_days: int,
) -> DayCount | TimeCount:
    """Count a limit of N units from an instant.

    `extra` is the extension in the limit's own unit. `suspensions` are those that stop this
    clock; one whose asked days are not on record lasts `cap_days` working days at most. The
    limit's mode and cut-off are resolved already.
    """
    assert limit.amount is not None  # noqa: S101 - a stated limit is not counted
    amount = limit.amount + extra
    by_days = limit.unit is Unit.NATURAL_DAY or (
        limit.unit is Unit.WORKING_DAY and limit.mode != "elapsed"
    )
    if by_days:
        return DayCount(calendar, limit, start, amount, suspensions, cap_days)
    return TimeCount(calendar, limit, start, amount, suspensions, cap_days)


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
        self.pauses = _merged(
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
            return max(self.start, _days_before(self.calendar, self.last, lead.working_days))
        if lead.working_hours is not None:
            return max(self.start, _hours_before(self.calendar, self.start, self.due_at, lead))
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


class TimeCount:
    """Mode `elapsed`, and hours: time used, in working time or on the clock.

    The axis is the local clock face for working time, and instants for hours on the clock.
    """

    __slots__ = (
        "amount",
        "calendar",
        "due_at",
        "limit",
        "pauses",
        "provisional",
        "seconds",
        "start",
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
        self.seconds = amount * (calendar.standard_day if limit.unit is Unit.WORKING_DAY else HOUR)
        """The limit in seconds of its own time."""
        self.pauses = _merged(self._span(suspension, cap_days) for suspension in suspensions)
        self.due_at = self.latest(self.seconds)
        self.provisional = limit.unit is not Unit.HOUR and calendar.rests_on_projection(
            calendar.face(start) // DAY, calendar.face(self.due_at) // DAY
        )

    def _span(self, suspension: Suspension, cap_days: int) -> Pause:
        """[S, R′), R′ capped at the days asked, in working time."""
        calendar = self.calendar
        asked = cap_days if suspension.days_asked is None else suspension.days_asked
        begin = calendar.face(suspension.start)
        end = calendar.reach(begin, asked * calendar.standard_day)
        if suspension.end is not None:
            end = min(end, max(begin, calendar.face(suspension.end)))
        return Pause(self.axis(suspension.start), self._axis_of_face(end))

    def axis(self, instant: int) -> int:
        """Give an instant's place on this counting's axis."""
        return instant if self.limit.unit is Unit.HOUR else self.calendar.face(instant)

    def _axis_of_face(self, face: int) -> int:
        return self.calendar.instant(face) if self.limit.unit is Unit.HOUR else face

    def instant(self, place: int) -> int:
        """Give the latest instant at a place on the axis."""
        return place if self.limit.unit is Unit.HOUR else self.calendar.instant(place)

    def measure(self, a: int, b: int) -> int:
        """Measure counted seconds between two places, suspensions apart."""
        return max(0, b - a) if self.limit.unit is Unit.HOUR else self.calendar.measure(a, b)

    def _add(self, a: int, seconds: int) -> int:
        return a + seconds if self.limit.unit is Unit.HOUR else self.calendar.add(a, seconds)

    def latest(self, seconds: int) -> int:
        """Give the latest instant t with U(t) ≤ `seconds`."""
        place, left = self.axis(self.start), seconds
        for pause in self.pauses:
            if pause.end <= place:
                continue
            used = self.measure(place, pause.start)
            if used > left:
                break
            left -= used
            place = pause.end
        return self.instant(self._add(place, left))

    def used(self, instant: int) -> int:
        """Measure U(t): the counted seconds from the start up to an instant."""
        begin, until = self.axis(self.start), self.axis(instant)
        used = self.measure(begin, until)
        for pause in self.pauses:
            used -= self.measure(max(begin, pause.start), min(until, pause.end))
        return used

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Whole days are shown rounded up, so a lead of 2 days or more begins a day earlier."""
        in_days = self.limit.unit is Unit.WORKING_DAY
        lead = fitting(leads, self.amount if in_days else 1)
        if lead.working_days is not None:
            if not in_days:
                day = self.calendar.face(self.due_at) // DAY
                return max(self.start, _days_before(self.calendar, day, lead.working_days))
            rounding = 1 if lead.working_days > 1 else 0
            left = self.amount - lead.working_days - rounding
            spent = left * self.calendar.standard_day
        elif lead.working_hours is not None:
            spent = self.seconds - lead.working_hours * HOUR
        else:
            assert lead.share is not None  # noqa: S101 - a lead has one of three forms
            spent = int(lead.share * self.seconds)
        return self.start if spent < 0 else self.latest(spent) + 1

    def paused(self, now: int) -> bool:
        """Tell whether an instant lies within a suspension."""
        return now > self.start and _within(self.pauses, self.axis(now))


class StatedCount:
    """The due moment that the hall states (承诺办结时间): nothing is counted but the lead."""

    __slots__ = ("calendar", "due_at", "provisional", "start")

    def __init__(self, calendar: Calendar, start: int, due_at: int) -> None:
        self.calendar, self.start, self.due_at = calendar, start, due_at
        self.provisional = False

    def near(self, leads: Sequence[Lead]) -> int | None:
        """Count the lead before the stated moment by the item's calendar.

        The limit's length, for the choice of the lead, is the working days between the two. A
        moment that lies before the start was never near.
        """
        if self.due_at <= self.start:
            return None
        calendar = self.calendar
        first, last = calendar.face(self.start) // DAY, calendar.face(self.due_at) // DAY
        lead = fitting(leads, calendar.count(first, last))
        if lead.working_days is not None:
            near = _days_before(calendar, last, lead.working_days)
        elif lead.working_hours is not None:
            near = _hours_before(calendar, self.start, self.due_at, lead)
        else:
            assert lead.share is not None  # noqa: S101 - a lead has one of three forms
            near = self.start + int(lead.share * (self.due_at - self.start)) + 1
        return max(self.start, near)

    def paused(self, now: int) -> bool:
        """Nothing stops a stated moment."""
        del now
        return False


def fitting(leads: Sequence[Lead], days: int) -> Lead:
    """Choose the first lead that is for limits of this length; the last one is for all."""
    return next(lead for lead in leads if lead.up_to is None or days <= lead.up_to)


def _days_before(calendar: Calendar, day: int, lead: int) -> int:
    """Give the first second of the date after X minus the lead."""
    return calendar.instant((calendar.nth(day, -lead) + 1) * DAY)


def _hours_before(calendar: Calendar, start: int, due_at: int, lead: Lead) -> int:
    """Give the first second at which less than the lead's working hours are left."""
    assert lead.working_hours is not None  # noqa: S101 - the caller chose this form
    begin = calendar.face(start)
    spent = calendar.measure(begin, calendar.face(due_at)) - lead.working_hours * HOUR
    return start if spent < 0 else calendar.instant(calendar.add(begin, spent)) + 1


def _stay(calendar: Calendar, suspension: Suspension, cap_days: int) -> Stay:
    begin = calendar.face(suspension.start)
    asked = cap_days if suspension.days_asked is None else suspension.days_asked
    last = calendar.nth(begin // DAY, asked)
    end = (last + 1) * DAY if asked else begin
    if suspension.end is not None:
        end = max(begin, min(end, calendar.face(suspension.end)))
        last = min(last, end // DAY)
    return Stay(begin, end, last, calendar.measure(begin, end) < SHORT * calendar.standard_day)


def _merged(pauses: Iterable[Pause]) -> list[Pause]:
    merged: list[Pause] = []
    for pause in sorted(pauses, key=lambda p: (p.start, p.end)):
        if pause.end <= pause.start:
            continue
        if merged and pause.start <= merged[-1].end:
            merged[-1] = Pause(merged[-1].start, max(merged[-1].end, pause.end))
        else:
            merged.append(pause)
    return merged


def _within(pauses: Sequence[Pause], place: int) -> bool:
    return any(pause.start <= place < pause.end for pause in pauses)
