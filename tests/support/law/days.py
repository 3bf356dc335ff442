"""Which hours are worked on which days, walked day by day.

All times are naive wall time of Beijing, which has had no daylight saving since 1991.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tests.support.law.decrees import DAY, decreed, last_decreed, statutory, without_notice

if TYPE_CHECKING:
    from fractions import Fraction

SECOND = timedelta(seconds=1)
HOURS = ((time(9), time(12)), (time(13, 30), time(17, 30)))
MIDNIGHT = time(23, 59, 59)
SATURDAY = 5

Hours = tuple[tuple[time, time], ...]
Span = tuple[datetime, datetime]
"""From a moment to another, the end not included."""


@dataclass(frozen=True)
class Season:
    """Hours from one day of the year to another, both inclusive; it may cross the year."""

    first: tuple[int, int]
    last: tuple[int, int]
    hours: Hours

    def holds(self, day: date) -> bool:
        today = day.month, day.day
        if self.first <= self.last:
            return self.first <= today <= self.last
        return today >= self.first or today <= self.last


@dataclass(frozen=True)
class Calendar:
    """The country's days with a region's own hours, days off, and days worked by halves."""

    hours: Hours = HOURS
    off: frozenset[date] = frozenset()
    mornings: frozenset[date] = frozenset()
    """Worked days on which only the first of the hours are worked: listed with hours of its own."""
    saturdays: Hours = ()
    """The week has six days, the sixth with these hours."""
    seasons: tuple[Season, ...] = ()
    standard: int | None = None
    """Seconds of the standard working day (D), where the calendar states them."""
    supposed: bool = True
    """Whether it has the supposed decree for 2027."""

    def worked(self, day: date) -> bool:
        if day in self.off:
            return False
        named = decreed(day, supposed=self.supposed)
        if named is not None:
            return named
        if day.year > last_decreed(supposed=self.supposed) and day in statutory(day.year):
            return False
        return self.in_the_week(day)

    def in_the_week(self, day: date) -> bool:
        return day.weekday() < SATURDAY or (day.weekday() == SATURDAY and bool(self.saturdays))

    def kind(self, day: date) -> str:
        """Say what a day rests on: it is decreed, statutory or projected."""
        if self.listed(day) or day.year <= last_decreed(supposed=self.supposed):
            return "decreed"
        return "statutory" if day in statutory(day.year) else "projected"

    def provisional(self, day: date) -> bool:
        """Tell whether a notice that is not known yet may change a day: not a public holiday."""
        if self.listed(day) or self.kind(day) == "statutory":
            return False
        return without_notice(day, supposed=self.supposed)

    def listed(self, day: date) -> bool:
        return day in self.off or day in self.mornings

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

    def working_days(self, after: date, until: date) -> int:
        """Count the working dates in (after, until]."""
        found, day = 0, after
        while day < until:
            day += DAY
            found += self.worked(day)
        return found

    def hours_of(self, day: date) -> Hours:
        """Give the hours of a working date.

        A weekend day that a decree makes worked has those of Monday to Friday.
        """
        if day in self.mornings:
            return self.hours[:1]
        made_up = decreed(day, supposed=self.supposed)
        if day.weekday() == SATURDAY and self.saturdays and not made_up:
            return self.saturdays
        return next((s.hours for s in self.seasons if s.holds(day)), self.hours)

    def closing(self, day: date) -> datetime:
        """Give the close of business; a day off has no hours, and ends at its last second."""
        if not self.worked(day):
            return datetime.combine(day, MIDNIGHT)
        return datetime.combine(day, self.hours_of(day)[-1][1])

    def working_spans(self, day: date) -> list[Span]:
        if not self.worked(day):
            return []
        return [(datetime.combine(day, a), datetime.combine(day, b)) for a, b in self.hours_of(day)]

    @property
    def standard_day(self) -> int:
        """Seconds of a standard working day (D): stated, or an ordinary weekday's."""
        if self.standard is not None:
            return self.standard
        noon = date(2000, 1, 1)
        return sum(
            length((datetime.combine(noon, a), datetime.combine(noon, b))) for a, b in self.hours
        )

    def working_seconds(
        self, start: datetime, end: datetime, without: list[Span] | tuple[Span, ...] = ()
    ) -> int:
        """Count the working seconds of [start, end), day by day: W; some spans left out."""
        apart = merged(list(without))
        parts = [
            common(span, (start, end))
            for n in range((end.date() - start.date()).days + 1)
            for span in self.working_spans(start.date() + n * DAY)
        ]
        return sum(length(p) - sum(length(common(p, pause)) for pause in apart) for p in parts)

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

    def last_leaving(
        self, due: datetime, seconds: Fraction | int, pauses: list[Span], start: datetime
    ) -> datetime:
        """Walk back to the last second that leaves so much working time before a moment.

        What lies in the pauses is not working time. Never before the start.
        """
        if self.working_seconds(start, due, pauses) < seconds:
            return start
        day = due.date()
        while self.working_seconds(datetime.combine(day, time()), due, pauses) < seconds:
            day -= DAY
        midnight = datetime.combine(day, time())

        def short(n: int) -> bool:
            moment = min(midnight + n * SECOND, due)
            return self.working_seconds(moment, due, pauses) < seconds

        last = bisect_right(range(86_400), 0, key=short) - 1
        return max(start, min(due, midnight + last * SECOND))


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
