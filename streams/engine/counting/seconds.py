"""Mode `elapsed`, and hours: time used, in working time or on the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.codes import Unit
from streams.engine.counting.common import (
    DAY,
    HOUR,
    MINUTE,
    Pause,
    days_after,
    days_before,
    fitting,
    merged,
    since,
    within,
)
from streams.engine.counting.shares import asked_until, stay_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.limits import Lead, Limit
    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension


def working_days_until(calendar: Calendar, begin: int, asked: int) -> int:
    """Give the first place at which so many standard days of working time are over."""
    return calendar.reach(begin, asked * calendar.standard_day)


LENGTHS: Final = {
    Unit.HOUR: HOUR,
    Unit.WORKING_HOUR: HOUR,
    Unit.MINUTE: MINUTE,
    Unit.WORKING_MINUTE: MINUTE,
}
"""Seconds of each unit but the working day, whose length the calendar says."""


class TimeCount:
    """Mode `elapsed`, and hours and minutes: time used, in working time or on the clock.

    The axis is the local clock face for working time, and instants for time on the clock.
    """

    __slots__ = (
        "amount",
        "calendar",
        "due_at",
        "limit",
        "on_clock",
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
        self.on_clock = limit.unit in (Unit.HOUR, Unit.MINUTE)
        assert limit.unit is not None  # noqa: S101 - a stated limit is not counted
        self.seconds = amount * LENGTHS.get(limit.unit, calendar.standard_day)
        """The limit in seconds of its own time."""
        self.pauses = merged(self._span(suspension, cap_days) for suspension in suspensions)
        self.due_at = self.latest(self.seconds)
        self.provisional = not self.on_clock and calendar.rests_on_projection(
            calendar.face(start) // DAY, calendar.face(self.due_at) // DAY
        )

    def _span(self, suspension: Suspension, cap_days: int) -> Pause:
        """[S, R′), R′ capped at the days asked, which the mode says how to use up."""
        until = working_days_until if self.limit.mode == "elapsed" else asked_until
        stay = stay_of(self.calendar, suspension, cap_days, until)
        return Pause(self.axis(suspension.start), self._axis_of_face(stay.end))

    def axis(self, instant: int) -> int:
        """Give an instant's place on this counting's axis."""
        return instant if self.on_clock else self.calendar.face(instant)

    def _axis_of_face(self, face: int) -> int:
        return self.calendar.instant(face) if self.on_clock else face

    def instant(self, place: int) -> int:
        """Give the latest instant at a place on the axis."""
        return place if self.on_clock else self.calendar.instant(place)

    def measure(self, a: int, b: int) -> int:
        """Measure counted seconds between two places, suspensions apart."""
        return max(0, b - a) if self.on_clock else self.calendar.measure(a, b)

    def _add(self, a: int, seconds: int) -> int:
        return a + seconds if self.on_clock else self.calendar.add(a, seconds)

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
                return max(self.start, days_before(self.calendar, day, lead.working_days))
            rounding = 1 if lead.working_days > 1 else 0
            left = self.amount - lead.working_days - rounding
            spent = left * self.calendar.standard_day
        elif lead.working_hours is not None:
            spent = self.seconds - lead.working_hours * HOUR
        else:
            assert lead.share is not None  # noqa: S101 - a lead has one of three forms
            spent = int(lead.share * self.seconds)
        return self.start if spent < 0 else self.latest(spent) + 1

    def over(self, working_days: int) -> int:
        """Count by time used where the limit is in working days, by dates where in hours."""
        if self.limit.unit is not Unit.WORKING_DAY:
            return days_after(self.calendar, self.due_at, working_days)
        return self.latest(self.seconds + working_days * self.calendar.standard_day) + 1

    def paused(self, now: int) -> bool:
        """Tell whether an instant lies within a suspension."""
        return now >= self.start and within(self.pauses, self.axis(now))

    def standstills(self) -> list[tuple[int, int]]:
        """Give each suspension, up to the end of the days asked, from the start on."""
        spans = ((self.instant(pause.start), self.instant(pause.end)) for pause in self.pauses)
        return since(self.start, spans)
