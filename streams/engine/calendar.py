"""Working time as an algebra over one calendar: count days, measure seconds, add them, in integers.

Two measures share each calendar. *Days*: `count` and `nth` know only whether a day is worked.
*Seconds*: `measure`, `add` and `reach` count those within working hours. Everything works on the
local clock face (see `zone`), so no result depends on daylight saving. Prefix sums over the days
and a bisection make each call cost about a microsecond, however long the span.
"""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import bisect_left, bisect_right
from calendar import monthrange
from copy import copy
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from schemas.calendars.days import Days
from streams.engine.calendar_tables import DAYS, awaited, kinds_of
from streams.engine.zone import (
    DAY,
    FIRST_DAY,
    LAST_DAY,
    OutsideCalendar,
    date_of,
    day_of,
    zone_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.calendars import CalendarDefinition
    from schemas.calendars.days import Standing
    from schemas.calendars.fields import Hours

__all__ = ["Calendar", "DayInfo", "OutsideCalendar", "add_months", "date_of", "day_of"]


@dataclass(frozen=True, slots=True)
class DayInfo:
    """One day as a person wants it told. `name`: the holiday, or what a make-up day is for."""

    day: int
    working: bool
    standing: Standing
    """`decreed`, `statutory` (a public holiday by the law alone) or `projected` from the week."""
    name: str | None
    decree: str | None
    """What it rests on, as far as known: the decree's number, or the law."""

    @property
    def projected(self) -> bool:
        """Whether its notice is still to come."""
        return self.standing == "projected"


def add_months(day: int, n: int) -> int:
    """Return the same day `n` months on, or that month's last: 01-31 + 1 is 02-28 or 29.

    Count from the original start: 01-31 + 2 is 03-31, not 02-28 + 1 (民法典 §202).
    """
    date = date_of(day)
    months = date.year * 12 + date.month - 1 + n
    year, month = months // 12, months % 12 + 1
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise OutsideCalendar(f"{date} + {n} months")
    return day_of(dt.date(year, month, min(date.day, monthrange(year, month)[1])))


class Calendar:
    """The working time of one calendar, 1990-01-01 … 2100-12-31.

    Days are integers since 1970-01-01, faces are seconds on the local clock since then, instants
    are seconds since then in UTC. Every method raises OutsideCalendar for a moment that is not
    covered, or that no day covered can answer.
    """

    __slots__ = (
        "_before",
        "_days",
        "_kinds",
        "_lengths",
        "_projected",
        "_shifts",
        "_start_rule",
        "_workdays",
        "_worked",
        "_zone",
        "last_decreed_day",
        "name",
        "needs_decrees",
        "standard_day",
        "version",
        "zone",
    )

    def __init__(self, definition: CalendarDefinition) -> None:
        self.name = definition.name
        self.version = definition.version
        self.zone = definition.time_zone
        self.needs_decrees = definition.decrees == "yearly"
        """Whether a day is sure only by a decree; else the week itself is the law."""
        self._zone = zone_of(definition.time_zone)
        self._start_rule = definition.start_rule
        self._days = Days(definition)

        self._kinds, self._shifts = kinds_of(definition, self._days)
        self._lengths = [sum(closes - opens for opens, closes in hours) for hours in self._shifts]
        self.standard_day = definition.standard_day or self._lengths[1]
        """D, seconds."""

        # Prefix sums: how many working days, working seconds and projected days lie before a day.
        self._before = array("l", accumulate(map(bool, self._kinds), initial=0))
        self._worked = array("q", accumulate((self._lengths[k] for k in self._kinds), initial=0))
        self._workdays = array("l", (FIRST_DAY + i for i, k in enumerate(self._kinds) if k))
        self._projected = array("l", accumulate(awaited(self._days), initial=0))
        last = self._days.last_decreed
        self.last_decreed_day = FIRST_DAY - 1 if last is None else day_of(last)

    def _index(self, day: int) -> int:
        if not FIRST_DAY <= day <= LAST_DAY:
            raise OutsideCalendar(_name_of(day))
        return day - FIRST_DAY

    def with_standard_day(self, seconds: int) -> Calendar:
        """Return the same calendar whose standard working day (D) has so many seconds."""
        other = copy(self)
        other.standard_day = seconds
        return other

    # The clock

    def face(self, t: int) -> int:
        """Return what the local clock shows at the instant `t`."""
        face = self._zone.face(t)
        self._index(face // DAY)
        return face

    def instant(self, face: int) -> int:
        """Return the latest instant that shows `face`; for a face that a jump skips, the jump."""
        self._index(face // DAY)
        return self._zone.instant(face)

    # Days

    def is_working(self, day: int) -> bool:
        """Tell whether `day` is a working day (工作日)."""
        return self._kinds[self._index(day)] != 0

    def is_projected(self, day: int) -> bool:
        """Tell whether `day` is known from the weekly pattern only: its decree is still to come."""
        return self.rests_on_projection(day, day)

    def rests_on_projection(self, first: int, last: int) -> bool:
        """Tell whether any day from `first` to `last`, both inclusive, is projected."""
        return self._projected[self._index(last) + 1] > self._projected[self._index(first)]

    def day_info(self, day: int) -> DayInfo:
        """Return all there is to say of one day."""
        working = self.is_working(day)
        _, standing, name, source = self._days.state(date_of(day))
        return DayInfo(day=day, working=working, standing=standing, name=name, decree=source)

    def count(self, after: int, until: int) -> int:
        """Count the working days d with after < d <= until; 0 if `until` is not later."""
        counted = self._before[self._index(until) + 1] - self._before[self._index(after) + 1]
        return max(0, counted)

    def nth(self, after: int, n: int) -> int:
        """Return the n-th working day after `after`; for n < 0 the |n|-th before, for 0 itself."""
        i = self._index(after)
        if n == 0:
            return after
        k = self._before[i + 1] + n - 1 if n > 0 else self._before[i] + n
        if not 0 <= k < len(self._workdays):
            raise OutsideCalendar(f"{date_of(after)} {n:+} working days")
        return self._workdays[k]

    def roll(self, day: int) -> int:
        """Return `day` itself if it is worked, else the next working day."""
        return day if self._kinds[self._index(day)] else self.nth(day, 1)

    # Hours

    def hours(self, day: int) -> Hours:
        """Return the working intervals of `day`; none on a day off."""
        return self._shifts[self._kinds[self._index(day)]]

    def opening(self, day: int) -> int:
        """Return the second of the day at which `day` opens; on a day off, at which it would."""
        return (self.hours(day) or self._days.hours_by_decree(date_of(day)))[0][0]

    def close(self, day: int) -> int:
        """Return the second of the day at which `day` closes; on a day off, at which it would."""
        return (self.hours(day) or self._days.hours_by_decree(date_of(day)))[-1][1]

    def seconds_of(self, day: int) -> int:
        """Return the working seconds of `day`, by its own hours; 0 on a day off."""
        return self._lengths[self._kinds[self._index(day)]]

    def seconds_by_day(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        """Yield each working day of [a, b), and how many of its working seconds lie in it.

        Together they are `measure(a, b)`; a day none of whose seconds lie in it is left out.
        """
        day, last = a // DAY, (b - 1) // DAY
        while day <= last:
            if self.is_working(day):
                seconds = self.measure(max(a, day * DAY), min(b, (day + 1) * DAY))
                if seconds:
                    yield day, seconds
            day += 1

    def measure(self, a: int, b: int) -> int:
        """Count the working seconds in [a, b); 0 if `b` is not later than `a`."""
        return max(0, self._worked_until(b) - self._worked_until(a))

    def add(self, a: int, seconds: int) -> int:
        """Return the latest face t with measure(a, t) <= seconds.

        Where a working interval ends exactly then, that is the opening of the next one.
        """
        total = self._total(a, seconds)
        i = bisect_right(self._worked, total) - 1
        if i == DAYS:
            raise _too_far(a, seconds)
        left = total - self._worked[i]
        for opens, closes in self._shifts[self._kinds[i]]:
            if left < closes - opens:
                return (i + FIRST_DAY) * DAY + opens + left
            left -= closes - opens
        raise AssertionError  # the next day's sum is greater than `total`

    def reach(self, a: int, seconds: int) -> int:
        """Return the earliest face t >= a with measure(a, t) >= seconds."""
        total = self._total(a, seconds)
        if seconds == 0:
            return a
        i = bisect_left(self._worked, total) - 1
        if i == DAYS:
            raise _too_far(a, seconds)
        left = total - self._worked[i]
        for opens, closes in self._shifts[self._kinds[i]]:
            if left <= closes - opens:
                return (i + FIRST_DAY) * DAY + opens + left
            left -= closes - opens
        raise AssertionError  # the next day's sum is not less than `total`

    @property
    def has_start_rule(self) -> bool:
        """Tell whether a count may begin elsewhere than where it happened."""
        return self._start_rule is not None

    def begin(self, face: int) -> int:
        """Return where the count begins for what happened at `face`; without a start rule, there.

        On a day off: the next working day at the same clock time. Then at or after the rule's
        `closes_at`: the next working day at `resumes_at`.
        """
        rule = self._start_rule
        if rule is None:
            return face
        day, second = divmod(face, DAY)
        day = self.roll(day)
        if second >= rule.closes_at:
            day, second = self.nth(day, 1), rule.resumes_at
        return day * DAY + second

    def _total(self, a: int, seconds: int) -> int:
        """Return the working seconds before `a`, and `seconds` more."""
        if seconds < 0:
            raise ValueError(f"cannot add {seconds} working seconds: give 0 or more")
        return self._worked_until(a) + seconds

    def _worked_until(self, face: int) -> int:
        """Count the working seconds from the first day covered to `face`."""
        day, second = divmod(face, DAY)
        i = self._index(day)
        total = self._worked[i]
        for opens, closes in self._shifts[self._kinds[i]]:
            if second <= opens:
                break
            total += (second if second < closes else closes) - opens  # noqa: FURB136  # a hot path
        return total


def _name_of(day: int) -> str:
    try:
        return str(date_of(day))
    except (ValueError, OverflowError):
        return f"day {day}"


def _too_far(a: int, seconds: int) -> OutsideCalendar:
    return OutsideCalendar(f"{date_of(a // DAY)} + {seconds} working seconds")
