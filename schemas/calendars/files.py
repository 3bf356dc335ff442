"""What a person writes: `NAME.yaml` holds a calendar's settings, `NAME/YYYY.yaml` a year's decree.

The `decree` of a file is that of each of its days, except of a day that writes another (the notice
for the next year has moved days of the December before it), or writes null: not known for certain.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from schemas.calendars.definition import ListedDay, StartRule
from schemas.calendars.fields import (
    MOST_DAYS,
    CalendarContract,
    CalendarName,
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
)
from schemas.calendars.seasons import Seasons
from schemas.reading import fault

if TYPE_CHECKING:
    from collections.abc import Iterator


class DaysOff(CalendarContract):
    """One holiday (放假): a single `date`, or `from` … `to`, both inclusive."""

    name: Text
    date: Date | None = None
    first: Date | None = Field(default=None, alias="from")
    last: Date | None = Field(default=None, alias="to")
    decree: Text | None = None

    @model_validator(mode="after")
    def _check_span(self) -> DaysOff:
        ends = (self.first, self.last)
        if (self.date is None) == (ends == (None, None)) or (None in ends and any(ends)):
            raise fault("not one span of days", "give either `date`, or `from` and `to`")
        if self.first and self.last and self.last < self.first:
            raise fault("`to` lies before `from`", "swap the two")
        return self

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last day of it."""
        first, last = self.first or self.date, self.last or self.date
        assert first is not None and last is not None  # noqa: S101, PT018  # _check_span
        return first, last

    def listed(self, decree: str | None) -> Iterator[ListedDay]:
        """Yield each day of it; `decree` is the file's."""
        decree = self.decree if "decree" in self.model_fields_set else decree
        first, last = self.span
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            yield ListedDay(
                date=dt.date.fromordinal(ordinal),
                working=False,
                name=self.name,
                decree=decree,
            )


class DayWorked(CalendarContract):
    """A make-up working day (调休上班); `hours` only where they differ, as on a half-day."""

    date: Date
    name: Text | None = None
    decree: Text | None = None
    hours: Hours | None = None

    def listed(self, decree: str | None) -> Iterator[ListedDay]:
        """Yield the day itself; `decree` is the file's."""
        decree = self.decree if "decree" in self.model_fields_set else decree
        yield ListedDay(
            date=self.date,
            working=True,
            name=self.name,
            decree=decree,
            hours=self.hours,
        )


def _spell_out(value: Any) -> Any:
    return {"date": value} if isinstance(value, str) else value


class ListedDays(CalendarContract):
    """The days a file lists, off and worked."""

    decree: Text | None = None
    off: tuple[DaysOff, ...] = ()
    work: tuple[Annotated[DayWorked, BeforeValidator(_spell_out)], ...] = ()

    @model_validator(mode="after")
    def _check_number(self) -> ListedDays:
        """Before they are listed one by one: a few lines can span a million days."""
        spans = [entry.span for entry in self.off]
        number = sum((last - first).days + 1 for first, last in spans) + len(self.work)
        if number > MOST_DAYS:
            raise fault(f"{number:,} days are listed, of {MOST_DAYS:,}", "list each day once")
        return self

    def listed(self) -> Iterator[tuple[tuple[str, int], ListedDay]]:
        """Yield every day with the place that lists it."""
        entries: dict[str, tuple[DaysOff | DayWorked, ...]] = {"off": self.off, "work": self.work}
        for key, listing in entries.items():
            for i, entry in enumerate(listing):
                for day in entry.listed(self.decree):
                    yield (key, i), day


class CalendarFile(ListedDays):
    """`NAME.yaml`: what it does not say it inherits from `extends`, or has the default of."""

    name: CalendarName
    extends: CalendarName | None = None
    time_zone: TimeZone | None = None
    week: Week | None = None
    hours: Hours | None = None
    decrees: Decrees | None = None
    start_rule: StartRule | None = None
    statute: Statute | None = None
    weekday_hours: WeekdayHours | None = None
    seasons: Seasons | None = None
    standard_day: Length | None = None


class YearFile(ListedDays):
    """`NAME/YYYY.yaml`: one year's decree. With the file every day of the year is sure."""

    year: Year
