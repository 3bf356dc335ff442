"""The public holidays that the law itself gives (全国年节及纪念日放假办法), year by year.

They need no notice. One that falls on a weekend is made up on a working day, which only the
State Council's notice names: so nothing here says which.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.calendars.lunar import LUNAR

DAY: Final = dt.timedelta(days=1)
NOTICE_TURNS: Final = (12, 26)
"""Month and day from which the notice for the next year has named days of this one: 2005-12-31,
2006-12-30 and 31, 2007-12-29 … 31, 2011-12-31, 2018-12-29 … 31."""


class HolidayLaw(NamedTuple):
    """One wording of the law, and the years in which it is in force."""

    since: int
    until: int
    number: str
    """The order of the State Council (国务院令) that put it in force."""
    days_off: int
    """How many working days it makes days off."""
    spring: tuple[int, ...]
    """The days of the Spring Festival, counted from 正月初一; -1 is the eve (除夕)."""
    may: int
    """The days of the Labour Day."""
    lunar: bool
    """Whether 清明, 端午 and 中秋 are days off."""

    @property
    def title(self) -> str:
        """The law as it is cited."""
        return f"《全国年节及纪念日放假办法》（{self.number}）"


LAWS: Final = (
    HolidayLaw(2000, 2007, "国务院令第270号", 10, (0, 1, 2), 3, lunar=False),
    HolidayLaw(2008, 2013, "国务院令第513号", 11, (-1, 0, 1), 1, lunar=True),
    HolidayLaw(2014, 2024, "国务院令第644号", 11, (0, 1, 2), 1, lunar=True),
    HolidayLaw(2025, max(LUNAR), "国务院令第795号", 13, (-1, 0, 1, 2), 2, lunar=True),
)
"""From 2000 to the end of the table of lunar days."""

_BY_NOTICE: Final = {2015: 1, 2020: 2}
"""Days off beyond the law: 2015-09-03 (国发明电〔2015〕1号); the Spring Festival of 2020, made
longer (国办发明电〔2020〕1号)."""


def law_of(year: int) -> HolidayLaw | None:
    """Give the law in force in a year; None before 2000 and beyond the table."""
    return next((law for law in LAWS if law.since <= year <= law.until), None)


def days_off_due(year: int) -> int | None:
    """Tell how many days off on weekdays, less weekend days worked, a year's notice must give."""
    law = law_of(year)
    return None if law is None else law.days_off + _BY_NOTICE.get(year, 0)


@cache
def statutory_days(year: int) -> Mapping[dt.date, str]:
    """Give the public holidays of a year by their date, each with its name.

    Empty where no law is known. Two that fall on one day have both names.
    """
    law = law_of(year)
    if law is None:
        return MappingProxyType({})
    lunar = LUNAR[year]
    named = [(dt.date(year, 1, 1), "元旦")]
    named += [(lunar.new_year + n * DAY, "除夕" if n < 0 else "春节") for n in law.spring]
    named += [(dt.date(year, 5, 1 + n), "劳动节") for n in range(law.may)]
    named += [(dt.date(year, 10, 1 + n), "国庆节") for n in range(3)]
    if law.lunar:
        named += [
            (lunar.qingming, "清明节"),
            (lunar.dragon_boat, "端午节"),
            (lunar.mid_autumn, "中秋节"),
        ]
    days: dict[dt.date, str] = {}
    for date, name in sorted(named):
        days[date] = f"{days[date]}、{name}" if date in days else name
    return MappingProxyType(days)
