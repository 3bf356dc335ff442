"""How a limit is counted (domain.md §2): by dates, by seconds used, or on the spot.

Each way gives the same three things: `due`, the last second in time; `near(lead)`, the first
second of a level that begins so many working days before (None: at half); `past(n)`, the first
second of one that begins when the limit is passed by more than `n` working days.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from tests.support.law.days import DAY, SECOND, Calendar

if TYPE_CHECKING:
    from tests.support.law.days import Span
    from tests.support.law.facts import Law, Limit

SECONDS_OF = {"hour": 3600, "working_hour": 3600, "minute": 60, "working_minute": 60}
MIDNIGHT = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Pause:
    """A special procedure (特别程序) that counts; `asked` working days, or the cap."""

    start: datetime
    end: datetime | None
    asked: int


class Count(Protocol):
    @property
    def due(self) -> datetime: ...
    def near(self, lead: int | None) -> datetime: ...
    def past(self, days: int) -> datetime: ...


def count(law: Law, limit: Limit, start: datetime, pauses: tuple[Pause, ...] = ()) -> Count:
    """Count a limit from its start."""
    mode, cut_off = limit.mode or law.mode, limit.cut_off or law.cut_off
    if limit.unit == "on_the_spot":
        return OnTheSpot(law.calendar, start, pauses)
    if limit.unit in SECONDS_OF:
        total = limit.amount * SECONDS_OF[limit.unit]
        return ByUse(law.calendar, limit, total, start, pauses)
    if limit.unit == "working_day" and mode == "elapsed":
        return ByUse(law.calendar, limit, limit.amount * law.calendar.standard_day, start, pauses)
    return ByDates(law.calendar, limit, cut_off, start, pauses)


# --- dates --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByDates:
    """Mode `next_day`, and natural days and months in both modes."""

    calendar: Calendar
    limit: Limit
    cut_off: str
    start: datetime
    pauses: tuple[Pause, ...]

    @property
    def last(self) -> date:
        """X: the last date in time."""
        out = [
            (pause.start.date(), last_date(self.calendar, pause))
            for pause in self.pauses
            if self._covers_half_a_day(pause)
        ]
        day, passed, amount = self.start.date(), 0, self._amount()
        while passed < amount:
            day += DAY
            if any(first < day <= last for first, last in out):
                continue
            if self.limit.unit != "working_day" or self.calendar.worked(day):
                passed += 1
        day = self._rolled(day)
        return moved_on(self.calendar, self.pauses, day, self._end_of, self._rolled)

    def _amount(self) -> int:
        """Give the days to walk: a month has as many as lie before its last day."""
        if self.limit.unit != "month":
            return self.limit.amount
        begin = self.start.date()
        months = begin.year * 12 + begin.month - 1 + self.limit.amount
        year, month = divmod(months, 12)
        end = date(year, month + 1, min(begin.day, monthrange(year, month + 1)[1]))
        return (end - begin).days

    def _rolled(self, day: date) -> date:
        return self.calendar.rolled(day) if self.limit.roll else day

    def _covers_half_a_day(self, pause: Pause) -> bool:
        end = datetime.combine(last_date(self.calendar, pause) + DAY, time())
        if pause.end is not None:
            end = min(end, pause.end)
        return 2 * self.calendar.working_seconds(pause.start, end) >= self.calendar.standard_day

    def _end_of(self, day: date) -> datetime:
        """Give the last second in time of a last date."""
        if self.limit.keep_clock_time:
            return datetime.combine(day, self.start.time())
        if self.cut_off == "close_of_business":
            return self.calendar.closing(day)
        return datetime.combine(day, MIDNIGHT)

    @property
    def due(self) -> datetime:
        return self._end_of(self.last)

    def near(self, lead: int | None) -> datetime:
        if lead is None and self.limit.keep_clock_time:
            return self.due - DAY / 2
        if lead is None:
            return datetime.combine(self.last, time(12))
        return datetime.combine(self.calendar.nth(self.last, -lead) + DAY, time())

    def past(self, days: int) -> datetime:
        return self._end_of(self.calendar.nth(self.last, days)) + SECOND


def last_date(calendar: Calendar, pause: Pause) -> date:
    """Give R′ as a date: when it ended, or the last of the days asked."""
    cap = calendar.nth(pause.start.date(), pause.asked)
    return cap if pause.end is None else min(cap, pause.end.date())


def moved_on(calendar, pauses, day, end_of, rolled) -> date:
    """Move a last date to the end of each suspension that covers its end (S ≤ X < R′)."""
    while later := [
        last_date(calendar, pause)
        for pause in pauses
        if pause.start <= end_of(day) and day < last_date(calendar, pause)
    ]:
        day = rolled(later[0])
    return day


# --- seconds ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByUse:
    """Mode `elapsed`, and hours and minutes in both modes."""

    calendar: Calendar
    limit: Limit
    total: int
    start: datetime
    pauses: tuple[Pause, ...]

    @property
    def due(self) -> datetime:
        return self._above(self.total) - SECOND

    def near(self, lead: int | None) -> datetime:
        standard = self.calendar.standard_day
        if lead is None or self.limit.unit != "working_day":
            return self._above(Fraction(self.total, 2))
        if lead == 1:
            return self._above(self.total - standard)
        return self._above(self.total - (lead + 1) * standard)

    def past(self, days: int) -> datetime:
        if self.limit.unit == "working_day" or not days:
            return self._above(self.total + days * self.calendar.standard_day)
        return datetime.combine(self.calendar.nth(self.due.date(), days) + DAY, time())

    def _above(self, seconds: Fraction | int) -> datetime:
        if seconds < 0:
            return self.start
        return self.calendar.first_above(
            self.start,
            seconds,
            spans_of(self.calendar, self.pauses),
            on_the_clock=self.limit.unit in {"hour", "minute"},
        )


def spans_of(calendar: Calendar, pauses: tuple[Pause, ...]) -> list[Span]:
    return [(pause.start, capped_end(calendar, pause)) for pause in pauses]


def capped_end(calendar: Calendar, pause: Pause) -> datetime:
    """Give R′ in seconds: where the days asked are used up as working time, or it ended."""
    cap = pause.start
    if pause.asked:
        cap = calendar.first_above(pause.start, pause.asked * calendar.standard_day - 1, [])
    return cap if pause.end is None else min(cap, pause.end)


# --- on the spot --------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnTheSpot:
    """即办件: by close of business of the day, or of the next one where that is over."""

    calendar: Calendar
    start: datetime
    pauses: tuple[Pause, ...]

    @property
    def last(self) -> date:
        day, calendar = self.start.date(), self.calendar
        if not calendar.worked(day) or self.start >= calendar.closing(day):
            day = calendar.nth(day, 1)
        return moved_on(calendar, self.pauses, day, calendar.closing, calendar.rolled)

    @property
    def due(self) -> datetime:
        return self.calendar.closing(self.last)

    def near(self, lead: int | None) -> datetime:  # noqa: ARG002  # always at half
        limit = self.calendar.working_seconds(self.start, self.due)
        return self.calendar.first_above(self.start, Fraction(limit, 2), [])

    def past(self, days: int) -> datetime:
        return self.calendar.closing(self.calendar.nth(self.last, days)) + SECOND
