"""Suspensions by shares of days, and the limits that are counted by dates (mode `next_day`).

A working date is one day of its own hours. What is suspended of it is its share; the shares are
added up as fractions, and their sum is rounded to whole days only where dates are counted.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import TYPE_CHECKING

from tests.support.law.days import DAY, MIDNIGHT, SECOND, Calendar, common, length, merged

if TYPE_CHECKING:
    from tests.support.law.days import Span
    from tests.support.law.facts import Limit


@dataclass(frozen=True, slots=True)
class Pause:
    """A special procedure (特别程序) that counts; `asked` working days, or the cap."""

    start: datetime
    end: datetime | None
    asked: int

    def by_shares(self, calendar: Calendar) -> Span:
        """Give [S, R′), the days asked being used up by shares of dates."""
        return self._until(days_used_up(calendar, self.start, self.asked))

    def by_seconds(self, calendar: Calendar) -> Span:
        """Give [S, R′), the days asked being used up as so many standard days of seconds."""
        cap = self.start
        if self.asked:
            cap = calendar.first_above(self.start, self.asked * calendar.standard_day - 1, [])
        return self._until(cap)

    def _until(self, cap: datetime) -> Span:
        return self.start, cap if self.end is None else min(cap, self.end)


def days_used_up(calendar: Calendar, start: datetime, days: int) -> datetime:
    """Walk to the first second at which so many days are used up, each by its own hours."""
    left, day = Fraction(days), start.date()
    while left:
        spans = calendar.working_spans(day)
        whole = sum(length(span) for span in spans)
        ahead = [(max(span[0], start), max(span[1], start)) for span in spans]
        share = Fraction(sum(length(span) for span in ahead), whole or 1)
        if share >= left:
            return after_seconds(ahead, ceil(left * whole))
        left -= share
        day += DAY
    return start


def after_seconds(spans: list[Span], seconds: int) -> datetime:
    """Walk to where so many seconds of these spans have passed."""
    for span in spans:
        if seconds <= length(span):
            return span[0] + seconds * SECOND
        seconds -= length(span)
    raise AssertionError("the spans are shorter")


def share_of(calendar: Calendar, day: date, suspended: list[Span], *, natural: bool) -> Fraction:
    """Give the suspended share of a date; a day off has 24 hours where natural days are counted."""
    if not suspended:
        return Fraction(0)
    spans = calendar.working_spans(day)
    if not spans and natural:
        midnight = datetime.combine(day, time())
        spans = [(midnight, midnight + timedelta(days=1))]
    if not spans:
        return Fraction(0)
    out = sum(length(common(span, pause)) for span in spans for pause in merged(suspended))
    return Fraction(out, sum(length(span) for span in spans))


def half_up(share: Fraction) -> int:
    return floor(share + Fraction(1, 2))


@dataclass(frozen=True)
class ByDates:
    """Mode `next_day`, and natural days and months in both modes.

    X (`last`) is the last date in time; what it ends with is its last second, its close of
    business, or the clock time of the start.
    """

    calendar: Calendar
    limit: Limit
    cut_off: str
    start: datetime
    pauses: tuple[Pause, ...]

    @cached_property
    def last(self) -> date:
        return self._moved_on(self._rolled(self._counted(self.start.date(), self._amount())))

    @cached_property
    def suspended(self) -> list[Span]:
        """Give each [S, R′). One that starts after the end of X has no effect.

        Only a due within the day can leave a part of X's own date behind it.
        """
        if not self.limit.keep_clock_time:
            return [pause.by_shares(self.calendar) for pause in self.pauses]
        if not self.pauses:
            return []
        *earlier, latest = sorted(self.pauses, key=lambda pause: pause.start)
        before = replace(self, pauses=tuple(earlier))
        in_time = latest.start <= before.due
        return [*before.suspended, *([latest.by_shares(self.calendar)] if in_time else [])]

    @property
    def natural(self) -> bool:
        return self.limit.unit != "working_day"

    def used(self, day: date) -> int:
        """U(d): the dates that count in (A, d], less the suspended shares, rounded half up."""
        dates, out, suspended, at = 0, Fraction(0), self.suspended, self.start.date()
        while at < day:
            at += DAY
            dates += self.natural or self.calendar.worked(at)
            out += share_of(self.calendar, at, suspended, natural=self.natural)
        return dates - half_up(out)

    def _counted(self, day: date, amount: int) -> date:
        """Give the first date after `day` with U = amount, or `day` where it is that already."""
        dates, out, suspended, at = 0, Fraction(0), self.suspended, self.start.date()
        while at < day or dates - half_up(out) < amount:
            at += DAY
            dates += self.natural or self.calendar.worked(at)
            out += share_of(self.calendar, at, suspended, natural=self.natural)
        return at

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
        return self.calendar.rolled(day) if self.limit.roll and self.natural else day

    def _moved_on(self, day: date) -> date:
        return moved_on(self.calendar, self.suspended, day, self._end_of)

    def _end_of(self, day: date) -> datetime:
        """Give the last second in time of a last date."""
        if self.limit.keep_clock_time:
            return datetime.combine(day, self.start.time())
        if self.cut_off == "close_of_business":
            return self.calendar.closing(day)
        return datetime.combine(day, MIDNIGHT)

    @cached_property
    def due(self) -> datetime:
        return self._end_of(self.last)

    def near(self, lead: int | None) -> datetime:
        if self.limit.keep_clock_time:
            return before_a_moment(self.calendar, self.start, self.due, lead, self.suspended)
        if lead is None:
            return datetime.combine(self.last, time(12))
        return datetime.combine(self.calendar.nth(self.last, -lead) + DAY, time())

    def past(self, days: int) -> datetime:
        return self._end_of(self.calendar.nth(self.last, days)) + SECOND


def moved_on(calendar: Calendar, suspended: list[Span], day: date, end_of) -> date:
    """Move a last date on while a suspension covers its end: S ≤ end(X) < R′.

    To the first working date whose end is at or after R′: what §45 does not count cannot breach.
    """
    while over := [back for begun, back in suspended if begun <= end_of(day) < back]:
        day += DAY
        while not calendar.worked(day) or end_of(day) < over[0]:
            day += DAY
    return day


def before_a_moment(
    calendar: Calendar, start: datetime, due: datetime, lead: int | None, suspended: list[Span]
) -> datetime:
    """Give the last second that leaves so many standard days of working time, or half of it all."""
    left: Fraction | int
    if lead is None:
        left = Fraction(calendar.working_seconds(start, due, suspended), 2)
    else:
        left = lead * calendar.standard_day
    return calendar.last_leaving(due, left, suspended, start)
