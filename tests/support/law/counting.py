"""How a limit is counted (domain.md §2): by dates, by seconds used, or on the spot.

Each way gives the same three things: `due`, the last second in time; `near(lead)`, the first
second of a level that begins so many working days before (None: at half); `past(n)`, the first
second of one that begins when the limit is passed by more than `n` working days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from tests.support.law.days import DAY, SECOND, Calendar
from tests.support.law.shares import ByDates, Pause, moved_on

if TYPE_CHECKING:
    from datetime import date

    from tests.support.law.days import Span
    from tests.support.law.facts import Law, Limit

SECONDS_OF = {"hour": 3600, "working_hour": 3600, "minute": 60, "working_minute": 60}


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
        return ByUse(law.calendar, limit, mode, total, start, pauses)
    if limit.unit == "working_day" and mode == "elapsed":
        total = limit.amount * law.calendar.standard_day
        return ByUse(law.calendar, limit, mode, total, start, pauses)
    return ByDates(law.calendar, limit, cut_off, start, pauses)


def spans_of(calendar: Calendar, mode: str, pauses: tuple[Pause, ...]) -> list[Span]:
    """Give each [S, R′); the mode says how the days asked are used up."""
    if mode == "elapsed":
        return [pause.by_seconds(calendar) for pause in pauses]
    return [pause.by_shares(calendar) for pause in pauses]


# --- seconds ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByUse:
    """Mode `elapsed`, and hours and minutes in both modes."""

    calendar: Calendar
    limit: Limit
    mode: str
    total: int
    start: datetime
    pauses: tuple[Pause, ...]

    @cached_property
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
            spans_of(self.calendar, self.mode, self.pauses),
            on_the_clock=self.limit.unit in {"hour", "minute"},
        )


# --- on the spot --------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnTheSpot:
    """即办件: by close of business of the day, or of the next one where that is over."""

    calendar: Calendar
    start: datetime
    pauses: tuple[Pause, ...]

    @cached_property
    def suspended(self) -> list[Span]:
        return [pause.by_shares(self.calendar) for pause in self.pauses]

    @cached_property
    def last(self) -> date:
        day, calendar = self.start.date(), self.calendar
        if not calendar.worked(day) or self.start >= calendar.closing(day):
            day = calendar.nth(day, 1)
        return moved_on(calendar, self.suspended, day, calendar.closing)

    @cached_property
    def due(self) -> datetime:
        return self.calendar.closing(self.last)

    def near(self, lead: int | None) -> datetime:  # noqa: ARG002  # always at half
        """Give the first second at which more than half of the working time to the due is used."""
        spans = [span for span in self.suspended if span[0] <= self.due]  # later: no effect
        limit = self.calendar.working_seconds(self.start, self.due, spans)
        return self.calendar.first_above(self.start, Fraction(limit, 2), spans)

    def past(self, days: int) -> datetime:
        return self.calendar.closing(self.calendar.nth(self.last, days)) + SECOND
