"""The tables that a calendar counts with: of each day the kind, by which it has its hours."""

from __future__ import annotations

import datetime as dt
from array import array
from typing import TYPE_CHECKING, Final

from schemas.calendars.fields import FIRST_DATE, LAST_DATE, WEEKDAYS
from schemas.calendars.statutory import NOTICE_TURNS
from streams.engine.zone import FIRST_DAY, LAST_DAY, day_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.calendars import CalendarDefinition
    from schemas.calendars.days import Days
    from schemas.calendars.fields import Hours, Weekday

DAYS: Final = LAST_DAY - FIRST_DAY + 1
"""How many days a calendar covers."""


def kinds_of(definition: CalendarDefinition, days: Days) -> tuple[array[int], tuple[Hours, ...]]:
    """Give the kind of each day, from the first covered on, and the hours of each kind.

    0 is a day off, 1 has the ordinary hours; the others have hours of a weekday, a season, a date.
    """
    kinds: dict[Hours, int] = {(): 0, definition.hours: 1}
    table = _by_week(definition, days, kinds)
    for date in days.all_statutory():
        table[day_of(date) - FIRST_DAY] = 0
    for date in days.listed:
        hours = days.state(date).hours
        table[day_of(date) - FIRST_DAY] = kinds.setdefault(hours, len(kinds))
    return table, tuple(kinds)


def _by_week(definition: CalendarDefinition, days: Days, kinds: dict[Hours, int]) -> array[int]:
    """Give the kind of each day by its weekday and season; hours not met before are added."""

    def week(hours: Hours, weekdays: Mapping[Weekday, Hours]) -> array[int]:
        own = (weekdays.get(d, hours) if d in definition.week else () for d in WEEKDAYS)
        return array("H", (kinds.setdefault(each, len(kinds)) for each in own))

    table = _repeated(week(definition.hours, definition.weekday_hours), FIRST_DAY, DAYS)
    for begins, ends, hours, weekdays in days.seasons():
        first, length = day_of(begins), (ends - begins).days + 1
        place = slice(first - FIRST_DAY, first - FIRST_DAY + length)
        table[place] = _repeated(week(hours, weekdays), first, length)
    return table


def _repeated(week: array[int], first: int, length: int) -> array[int]:
    """Repeat a week for so many days; `first` is the day that it begins on."""
    weekday = (first + 3) % 7  # 1970-01-01 was a Thursday
    return ((week[weekday:] + week[:weekday]) * (length // 7 + 1))[:length]


def awaited(days: Days) -> array[int]:
    """Tell of each day whether it is projected (1), or sure (0)."""
    table = array("b", bytes(DAYS))
    for year in range(FIRST_DATE.year, LAST_DATE.year + 1):
        turn = dt.date(year, *NOTICE_TURNS)
        before = turn - dt.timedelta(days=1)
        for first, last in ((dt.date(year, 1, 1), before), (turn, dt.date(year, 12, 31))):
            if days.is_awaited(first):  # what holds for the first holds for all of them
                length = (last - first).days + 1
                place = slice(day_of(first) - FIRST_DAY, day_of(first) - FIRST_DAY + length)
                table[place] = array("b", b"\1" * length)
    for date in (*days.listed, *days.all_statutory()):
        table[day_of(date) - FIRST_DAY] = 0
    return table
