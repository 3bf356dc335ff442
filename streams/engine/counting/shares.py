"""Suspensions of limits in days, by shares: a working date is one day of its own hours.

Integers and fractions only: what seven half-days sum to is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from streams.engine.calendar import OutsideCalendar
from streams.engine.counting.common import DAY, Pause, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from streams.engine.calendar import Calendar
    from streams.engine.ledger import Suspension


@dataclass(frozen=True, slots=True)
class Part:
    """How much of one date is suspended, in seconds of what the date has."""

    day: int
    suspended: int
    whole: int

    @property
    def share(self) -> Fraction:
        """The share of the date."""
        return Fraction(self.suspended, self.whole)


@dataclass(frozen=True, slots=True)
class Spell:
    """Dates from `first` to `last` that are suspended: whole ones, or one of them in part."""

    first: int
    last: int
    part: Part | None = None


def rounded(shares: Fraction) -> int:
    """Round shares of days to whole days, half up."""
    return (2 * shares.numerator + shares.denominator) // (2 * shares.denominator)


def length(calendar: Calendar, day: int) -> int:
    """Measure the working seconds of a date; none on a day off."""
    return calendar.measure(day * DAY, (day + 1) * DAY)


def asked_until(calendar: Calendar, begin: int, asked: int) -> int:
    """Give the first second at which so many days asked are used up by shares of working dates."""
    if not asked:
        return begin
    day = begin // DAY
    whole, left = length(calendar, day), calendar.measure(begin, (day + 1) * DAY)
    if left == whole:  # all of this date is used, or it is a day off
        last = calendar.nth(day, asked if not left else asked - 1)
        return last * DAY + calendar.close(last)
    last = calendar.nth(day, asked)
    missing = -(-(whole - left) * length(calendar, last) // whole)  # its seconds, rounded up
    return calendar.reach(last * DAY, missing)


def stay_of(
    calendar: Calendar,
    suspension: Suspension,
    cap_days: int,
    until: Callable[[Calendar, int, int], int] = asked_until,
) -> Pause:
    """Give [S, R′) on the clock face: R′ is its end, or the end of the days asked before it.

    `until` says where days asked end. Days that reach beyond the calendar end nothing: then the
    end on record does. Raises OutsideCalendar where there is none.
    """
    begin = calendar.face(suspension.start)
    end = None if suspension.end is None else max(begin, calendar.face(suspension.end))
    try:
        asked = until(calendar, begin, suspension.days(cap_days))
    except OutsideCalendar:
        if end is None:
            raise
        return Pause(begin, end)
    return Pause(begin, asked if end is None else min(asked, end))


def spells(calendar: Calendar, stays: Iterable[Pause], *, natural: bool) -> list[Spell]:
    """Give the suspended dates in order; those of which nothing is suspended are left out.

    `natural` are limits by which every date counts: a day off has 24 hours, a working date its
    own. Overlapping suspensions are merged; several of one date add up.
    """
    suspended: dict[int, int] = {}
    found: list[Spell] = []
    for stay in merged(stay for stay in stays if stay.end > stay.start):
        first, last = stay.start // DAY, (stay.end - 1) // DAY
        for day in {first, last}:
            begin, end = max(stay.start, day * DAY), min(stay.end, (day + 1) * DAY)
            seconds = calendar.measure(begin, end)
            if natural and not calendar.is_working(day):
                seconds = end - begin
            suspended[day] = suspended.get(day, 0) + seconds
        if last - first > 1:
            found.append(Spell(first + 1, last - 1))
    for day, seconds in suspended.items():
        if seconds:
            found.append(Spell(day, day, Part(day, seconds, length(calendar, day) or DAY)))
    return sorted(found, key=lambda spell: spell.first)


def running(spells: Iterable[Spell], after: int) -> Iterator[tuple[Spell, Fraction, Fraction]]:
    """Give each spell after a date with the sum of shares before it and with it.

    Of parts of days only: whole dates change nothing in how a sum rounds.
    """
    total = Fraction(0)
    for spell in spells:
        if spell.last <= after:
            continue
        before = total
        if spell.part is not None:
            total += spell.part.share
        yield spell, before, total
