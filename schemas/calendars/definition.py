"""What a calendar is once every file it rests on has been read: the contract the engine works from.

A definition stands alone: what it inherits is in it. It travels as JSON and comes back equal.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field

from schemas.calendars.fields import (
    CLOCKS_OF_CHINA,
    MOST_DAYS,
    MOST_YEARS,
    CalendarContract,
    CalendarName,
    ClockTime,
    Date,
    Decrees,
    Hours,
    Length,
    Statute,
    Text,
    TimeZone,
    Week,
    WeekdayHours,
    Year,
    unsaid,
)
from schemas.calendars.seasons import Seasons


class StartRule(CalendarContract):
    """When the count begins, apart from the count itself (the City of Boston has such a rule).

    Opened on a day off: the next working day at the same clock time. Then at or after `closes_at`:
    the next working day at `resumes_at`.
    """

    closes_at: ClockTime
    resumes_at: ClockTime


class DecreedYear(CalendarContract):
    """A year whose days are sure (国务院办公厅关于…年部分节假日安排的通知).

    `decree` is the number of the notice, None where it is not known for certain. A year that a
    calendar adds to the one that it extends is not `whole`: only the days that it lists are sure.
    """

    year: Year
    decree: Text | None = None
    whole: bool = Field(default=True, exclude_if=bool)


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
    # What a calendar may leave unsaid leaves its content, and so its version, as it was without.
    statute: Statute | None = Field(default=None, exclude_if=unsaid)
    weekday_hours: WeekdayHours = Field(default={}, exclude_if=unsaid)
    """In place of `hours` on these weekdays, outside seasons."""
    seasons: Seasons = Field(default=(), exclude_if=unsaid)
    standard_day: Length | None = Field(default=None, exclude_if=unsaid)
    """D, the seconds of the standard working day; left out, those of `hours`."""

    @property
    def by_the_law_of_china(self) -> bool:
        """Whether the public holidays of China hold before a year's notice is there."""
        if self.decrees != "yearly":
            return False
        if self.statute is None:
            return self.time_zone in CLOCKS_OF_CHINA
        return self.statute == "cn"

    @property
    def version(self) -> str:
        """Twelve hex digits that change whenever anything in the calendar does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
