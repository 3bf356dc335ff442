"""What the fields of a calendar may hold, and how each is written."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from schemas.reading import fault

_DAY = 86_400
LEAP_DAY: Final = "02-29"

FIRST_DATE, LAST_DATE = dt.date(1990, 1, 1), dt.date(2100, 12, 31)
"""What every calendar covers, both inclusive."""
MOST_YEARS: Final = LAST_DATE.year - FIRST_DATE.year + 1
MOST_DAYS: Final = (LAST_DATE - FIRST_DATE).days + 1
"""No more can be listed, each once."""

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.date.weekday()`."""

Decrees: TypeAlias = Literal["yearly", "week"]
"""What makes a day sure: a yearly decree (a year without its file is projected), or the week."""

Statute: TypeAlias = Literal["cn", "none"]
"""Whose law gives public holidays before any decree: China's, or nobody's."""
CLOCKS_OF_CHINA: Final = frozenset(
    f"Asia/{city}" for city in ("Shanghai", "Urumqi", "Chongqing", "Chungking", "Harbin", "Kashgar")
) | {"PRC"}
"""The time zones of the mainland, whose law holds where a calendar names no other."""


def _parse_date(value: Any) -> Any:
    """Only as 2026-10-01: pydantic would also take a count of seconds for a date."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise fault("not a date", "write it as 2026-10-01")
    return value


def _check_date(date: dt.date) -> dt.date:
    if not FIRST_DATE <= date <= LAST_DATE:
        raise fault(f"no calendar covers {date}", f"write a day from {FIRST_DATE} to {LAST_DATE}")
    return date


def _parse_clock(value: Any) -> Any:
    """'09:00' → 32400 seconds of the day; '24:00' is the end of the day."""
    match = re.fullmatch(r"(\d\d):(\d\d)(?::(\d\d))?", value) if isinstance(value, str) else None
    if match is None:
        raise fault("not a time of day", "write hours and minutes as 09:00, quoted or not")
    hour, minute, second = (int(part or 0) for part in match.groups())
    seconds = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or seconds > _DAY:  # noqa: PLR2004  # a clock's own
        raise fault("not a time of day", "write a time from 00:00 to 24:00")
    return seconds


def _format_clock(seconds: int) -> str:
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def _parse_interval(value: Any) -> Any:
    """'09:00-12:00' → (32400, 43200), the end exclusive."""
    if isinstance(value, tuple):  # parsed before
        return value
    opens, dash, closes = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not dash:
        raise fault("not working hours", "write them as 09:00-12:00")
    interval = (_parse_clock(opens.strip()), _parse_clock(closes.strip()))
    if interval[0] >= interval[1]:
        raise fault("the hours end before they begin", "a night shift is two: 22:00-24:00 and …")
    return interval


def _format_interval(interval: tuple[int, int]) -> str:
    return "-".join(map(_format_clock, interval))


def _check_hours(hours: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    if not hours:
        raise fault("no working hours", "list at least one interval")
    if any(earlier[1] > later[0] for earlier, later in pairwise(hours)):
        raise fault("the hours overlap or are out of order", "list them as the day goes")
    return hours


def _check_week(week: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if not week:
        raise fault("no working day", "list at least one weekday")
    if len(set(week)) != len(week):
        raise fault("a weekday is named twice", "name each once")
    return tuple(sorted(week, key=WEEKDAYS.index))


def _check_weekdays(hours: dict[Weekday, Hours]) -> dict[Weekday, Hours]:
    return {day: hours[day] for day in WEEKDAYS if day in hours}


def _parse_length(value: Any) -> Any:
    seconds = _parse_clock(value)
    if not seconds:
        raise fault("a working day without time", "write hours and minutes as 07:00")
    return seconds


def _parse_season_day(value: Any) -> Any:
    """'05-01' of every year, '02-29' among them, or '2026-05-01'."""
    if not isinstance(value, str) or not re.fullmatch(r"(\d{4}-)?\d\d-\d\d", value):
        raise fault("not a day", "write it as 05-01, or as 2026-05-01 for one year only")
    try:
        date = dt.date.fromisoformat(value if len(value) > len(LEAP_DAY) else f"2000-{value}")
    except ValueError as error:
        raise fault("no such day", "write a day that exists, as 05-01") from error
    _check_date(date)
    return value


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise fault("no such time zone", "write an IANA name such as Asia/Shanghai") from error
    return name


Date: TypeAlias = Annotated[dt.date, BeforeValidator(_parse_date), AfterValidator(_check_date)]
"""A day that a calendar covers."""

Year: TypeAlias = Annotated[int, Field(ge=FIRST_DATE.year, le=LAST_DATE.year)]

ClockTime: TypeAlias = Annotated[
    int, BeforeValidator(_parse_clock), PlainSerializer(_format_clock, return_type=str)
]
"""Seconds of the day, 0 … 86400; written 09:00."""

Interval: TypeAlias = Annotated[
    tuple[int, int], BeforeValidator(_parse_interval), PlainSerializer(_format_interval)
]
"""Seconds of the day, the end exclusive; written 09:00-12:00."""

Hours: TypeAlias = Annotated[tuple[Interval, ...], AfterValidator(_check_hours)]
Week: TypeAlias = Annotated[tuple[Weekday, ...], AfterValidator(_check_week)]
TimeZone: TypeAlias = Annotated[str, AfterValidator(_check_zone)]
WeekdayHours: TypeAlias = Annotated[dict[Weekday, Hours], AfterValidator(_check_weekdays)]
"""In the order of the week."""
Length: TypeAlias = Annotated[
    int, BeforeValidator(_parse_length), PlainSerializer(_format_clock, return_type=str)
]
"""Seconds, 1 … 86400; written 07:00."""
SeasonDay: TypeAlias = Annotated[str, BeforeValidator(_parse_season_day)]
CalendarName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
LONGEST_NAME: Final = 200
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


def unsaid(value: object) -> bool:
    """Tell whether a field may stay out of a calendar's content: it says nothing."""
    return not value


class CalendarContract(BaseModel):
    """The base of everything here: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
