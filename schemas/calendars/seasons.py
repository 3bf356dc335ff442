"""Seasons: parts of a year with working hours of their own."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from schemas.calendars.fields import (
    FIRST_DATE,
    LAST_DATE,
    LEAP_DAY,
    MOST_YEARS,
    CalendarContract,
    Hours,
    SeasonDay,
    Text,
    WeekdayHours,
    unsaid,
)
from schemas.reading import fault

if TYPE_CHECKING:
    from collections.abc import Iterator


class Season(CalendarContract):
    """A part of each year, or of one, with hours of its own (夏令作息时间).

    From one local date to another, both inclusive: `05-01` for every year, which may cross the
    new year, or `2026-05-01` for one. `to: 02-29` is the last day of February.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    name: Text | None = None
    first: SeasonDay = Field(alias="from")
    last: SeasonDay = Field(alias="to")
    hours: Hours
    weekday_hours: WeekdayHours = Field(default={}, exclude_if=unsaid)

    @model_validator(mode="after")
    def _check_span(self) -> Season:
        if len(self.first) != len(self.last):
            remedy = "write both as 05-01, for every year, or both as 2026-05-01"
            raise fault("one end has a year, the other has none", remedy)
        if self.first == LEAP_DAY:
            raise fault("02-29 is no day of every year", "begin on 02-28 or 03-01")
        if len(self.first) > len(LEAP_DAY) and self.last < self.first:
            raise fault("`to` lies before `from`", "swap the two")
        return self

    def spans(self) -> Iterator[tuple[dt.date, dt.date]]:
        """Yield its first and last day, each time that it comes within what calendars cover."""
        if len(self.first) > len(LEAP_DAY):
            yield dt.date.fromisoformat(self.first), dt.date.fromisoformat(self.last)
            return
        crossing = self.last < self.first
        for year in range(FIRST_DATE.year - crossing, LAST_DATE.year + 1):
            first = dt.date.fromisoformat(f"{year}-{self.first}")
            if self.last == LEAP_DAY:
                last = dt.date(year + crossing, 3, 1) - dt.timedelta(days=1)
            else:
                last = dt.date.fromisoformat(f"{year + crossing}-{self.last}")
            yield max(first, FIRST_DATE), min(last, LAST_DATE)


def _check_seasons(seasons: tuple[Season, ...]) -> tuple[Season, ...]:
    spans = sorted(
        (*span, season.name or season.first) for season in seasons for span in season.spans()
    )
    for (_, last, name), (first, _, other) in pairwise(spans):
        if first <= last:
            remedy = "let one end on the day before the other begins"
            raise fault(f"two seasons hold on {first}: {name} and {other}", remedy)
    return seasons


Seasons: TypeAlias = Annotated[
    tuple[Season, ...], Field(max_length=MOST_YEARS), AfterValidator(_check_seasons)
]
"""No two on one date."""
