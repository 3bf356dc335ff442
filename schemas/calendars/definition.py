"""What a calendar is once every file it rests on has been read: the contract the engine works from.

A definition stands alone: what it inherits is in it. It travels as JSON and comes back equal.
"""

from __future__ import annotations

import datetime as dt
import hashlib
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
CalendarName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
LONGEST_NAME: Final = 200
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class CalendarContract(BaseModel):
    """The base of everything here: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StartRule(CalendarContract):
    """When the count begins, apart from the count itself (the City of Boston has such a rule).

    Opened on a day off: the next working day at the same clock time. Then at or after `closes_at`:
    the next working day at `resumes_at`.
    """

    closes_at: ClockTime
    resumes_at: ClockTime


class DecreedYear(CalendarContract):
    """A year whose days are sure (国务院办公厅关于…年部分节假日安排的通知).

    `decree` is the number of the notice, None where it is not known for certain.
    """

    year: Year
    decree: Text | None = None


class ListedDay(CalendarContract):
    """A day that a decree, or an operator, names: off, or worked (调休) with hours of its own."""

    date: Date
    working: bool
    name: Text | None = None
    decree: Text | None = None
    hours: Hours | None = None


class CalendarDefinition(CalendarContract):
    """A whole calendar. Days neither listed nor in a decreed year follow the weekly pattern."""

    name: CalendarName
    time_zone: TimeZone
    week: Week
    hours: Hours
    decrees: Decrees
    start_rule: StartRule | None = None
    years: Annotated[tuple[DecreedYear, ...], Field(max_length=MOST_YEARS)] = ()
    days: Annotated[tuple[ListedDay, ...], Field(max_length=MOST_DAYS)] = ()

    @property
    def version(self) -> str:
        """Twelve hex digits that change whenever anything in the calendar does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
