"""Which days of China are worked, and how sure that is: decreed, statutory, projected.

The decrees are those of the package `chinesecalendar`. For 2027, of which no decree is known yet,
a calendar may suppose one; without it a day is off by statute, or follows the week.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from chinese_calendar import constants

DAY = timedelta(days=1)
FIRST_YEAR, LAST_DECREED = 2004, 2026


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

MISSING_WORKED = frozenset({date(2005, 12, 31)})
"""国办发明电〔2005〕35号: a Saturday that the package has off."""
NOT_LISTED = frozenset({date(2023, 12, 30), date(2023, 12, 31)})
"""国办发明电〔2023〕7号 names 1 January alone: this was a weekend like any other."""
MISSING_OFF = frozenset({date(2012, 6, 23)})
"""国办发明电〔2011〕45号: 22 to 24 June. A Saturday, which the package leaves to the week."""

LUNAR = {
    2027: ((2, 6), (4, 5), (6, 9), (9, 15)),
    2028: ((1, 26), (4, 4), (5, 28), (10, 3)),
    2029: ((2, 13), (4, 4), (6, 16), (9, 22)),
}
"""Years without a decree: 初一, 清明, 端午, 中秋."""


@cache
def statutory(year: int) -> frozenset[date]:
    """Give the thirteen public holidays of the law in force since 2025.

    Raises `NotImplementedError` beyond the table of lunar days.
    """
    if year not in LUNAR:
        raise NotImplementedError(f"no lunar days of {year}")
    spring, *others = (date(year, *day) for day in LUNAR[year])
    fixed = [date(year, *day) for day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))]
    return frozenset((*fixed, *days_from(spring - DAY, 4), *others))


@cache
def decreed(day: date, *, supposed: bool) -> bool | None:
    """Tell whether a decree names a day as worked or as off; None: it names it not.

    Raises `NotImplementedError` for years before the first decree in the package.
    """
    if day.year < FIRST_YEAR:
        raise NotImplementedError(f"no decree of {day.year}")
    if day.year == 2027 and supposed:
        worked, off = day in SUPPOSED_WORKED, day in SUPPOSED_OFF
    else:
        worked = day in constants.workdays or day in MISSING_WORKED
        off = (day in constants.holidays and day not in NOT_LISTED) or day in MISSING_OFF
        off = off and not worked
    return worked if worked or off else None


def last_decreed(*, supposed: bool) -> int:
    return 2027 if supposed else LAST_DECREED


def without_notice(day: date, *, supposed: bool) -> bool:
    """Tell whether a day waits for a notice: its year's, or from 12-26 on the next year's."""
    last = last_decreed(supposed=supposed)
    return day.year > last or (day.year == last and (day.month, day.day) >= (12, 26))
