"""Which days are worked, and when: from the package `chinesecalendar`, walked day by day.

All times are naive wall time of Beijing, which has had no daylight saving since 1991.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING

import chinese_calendar

if TYPE_CHECKING:
    from fractions import Fraction

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
HOURS = ((time(9), time(12)), (time(13, 30), time(17, 30)))

Hours = tuple[tuple[time, time], ...]
Span = tuple[datetime, datetime]
"""From a moment to another, the end not included."""


def days_from(first: date, count: int) -> list[date]:
    return [first + n * DAY for n in range(count)]


SUPPOSED_OFF = frozenset(
    day
    for first, count in (((1, 1), 3), ((2, 5), 9), ((4, 3), 3), ((5, 1), 5), ((6, 9), 1))
    for day in days_from(date(2027, *first), count)
) | frozenset(days_from(date(2027, 9, 15), 1) + days_from(date(2027, 10, 1), 7))
SUPPOSED_WORKED = frozenset(
    date(2027, *day) for day in ((1, 31), (2, 14), (5, 8), (9, 26), (10, 9))
)
"""A decree for 2027 as one might come: none is known yet. Both readers are given it."""


@cache
def worked_in_china(day: date) -> bool:
    """Tell whether a day is a working day; a Saturday of 2005 is missing from the package.

    Raises `NotImplementedError` (of the package) where no decree is known or supposed.
    """
    if day.year == 2027:
        return day in SUPPOSED_WORKED or (day.weekday() < 5 and day not in SUPPOSED_OFF)
    return day == date(2005, 12, 31) or chinese_calendar.is_workday(day)


@dataclass(frozen=True)
class Calendar:
    """The country's days with a region's own hours, days off, and days worked by halves."""

    hours: Hours = HOURS
    off: frozenset[date] = frozenset()
    mornings: frozenset[date] = frozenset()
    """Worked days on which only the first of the hours are worked."""

    def worked(self, day: date) -> bool:
        return day not in self.off and worked_in_china(day)

    def rolled(self, day: date) -> date:
        """Give the day, or the next working day where it is a day off."""
        while not self.worked(day):
            day += DAY
        return day

    def nth(self, day: date, count: int) -> date:
        """Walk `count` working days on (back, where negative)."""
        step = DAY if count > 0 else -DAY
        while count:
            day += step
            if self.worked(day):
                count -= 1 if count > 0 else -1
        return day

    def hours_of(self, day: date) -> Hours:
        return self.hours[:1] if day in self.mornings else self.hours

    def closing(self, day: date) -> datetime:
        return datetime.combine(day, self.hours_of(day)[-1][1])

    def working_spans(self, day: date) -> list[Span]:
        if not self.worked(day):
            return []
        return [(datetime.combine(day, a), datetime.combine(day, b)) for a, b in self.hours_of(day)]

    @property
    def standard_day(self) -> int:
        """Seconds of a standard working day (D)."""
        noon = date(2000, 1, 1)
        return sum(
            length((datetime.combine(noon, a), datetime.combine(noon, b))) for a, b in self.hours
        )

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Count the working seconds of [start, end), day by day: W."""
        days = (end.date() - start.date()).days + 1
        return sum(
            length(common(span, (start, end)))
            for n in range(days)
            for span in self.working_spans(start.date() + n * DAY)
        )

    def first_above(
        self,
        start: datetime,
        seconds: Fraction | int,
        pauses: list[Span],
        *,
        on_the_clock: bool = False,
    ) -> datetime:
        """Walk to the first second at which more than `seconds` ran since `start`.

        What runs is working time, or all of it; never what lies in the pauses.
        """
        apart = merged(pauses)

        def used(day: date, until: datetime) -> int:
            midnight = datetime.combine(day, time())
            running = [(midnight, midnight + DAY)] if on_the_clock else self.working_spans(day)
            parts = [common(span, (start, until)) for span in running]
            return sum(
                length(part) - sum(length(common(part, pause)) for pause in apart) for part in parts
            )

        day, before = start.date(), 0
        while before + (today := used(day, datetime.combine(day + DAY, time()))) <= seconds:
            before += today
            day += DAY
        midnight = datetime.combine(day, time())
        return midnight + SECOND * bisect_right(
            range(86_401), seconds, key=lambda n: before + used(day, midnight + n * SECOND)
        )


def length(span: Span) -> int:
    """Whole seconds of a span; none where it ends before it starts."""
    return max(0, (span[1] - span[0]) // SECOND)


def common(one: Span, other: Span) -> Span:
    return max(one[0], other[0]), min(one[1], other[1])


def merged(spans: list[Span]) -> list[Span]:
    """Give spans that cover the same time and do not overlap."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
