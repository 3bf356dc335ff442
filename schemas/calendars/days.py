"""What a day of a calendar is, and why; and the hours it has.

A day is *decreed* (its year's notice, or a list, says what it is), *statutory* (a public holiday by
the law itself, which needs no notice), or *projected* from the week until its notice comes.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from schemas.calendars.fields import FIRST_DATE, LAST_DATE, WEEKDAYS
from schemas.calendars.statutory import NOTICE_TURNS, law_of, statutory_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.calendars.definition import CalendarDefinition, ListedDay
    from schemas.calendars.fields import Hours, WeekdayHours

Standing: TypeAlias = Literal["decreed", "statutory", "projected"]
SATURDAY = 5
"""The first day of the weekend, in the order of `datetime.date.weekday()`."""


class DayState(NamedTuple):
    """One day of a calendar: its hours (none on a day off), and what they rest on."""

    hours: Hours
    standing: Standing
    name: str | None
    """The holiday, or what a make-up day is for."""
    source: str | None
    """The decree's number, or the law, as far as known; None on a projected day."""


class Days:
    """Answers for the days of one calendar, one at a time."""

    def __init__(self, definition: CalendarDefinition) -> None:
        self._definition = definition
        self.listed: dict[dt.date, ListedDay] = {day.date: day for day in definition.days}
        self.decreed = {year.year: year.decree for year in definition.years if year.whole}
        """The years whose every day is decreed, with the notice."""
        self._seasons = sorted(
            (
                (first, last, season.hours, season.weekday_hours)
                for season in definition.seasons
                for first, last in season.spans()
            ),
            key=itemgetter(0),
        )
        self._begins = [first for first, *_ in self._seasons]

    @property
    def last_decreed(self) -> dt.date | None:
        """The last day on which everything is decreed, lists apart; None where nothing is."""
        if self._definition.decrees == "week":
            return LAST_DATE
        if not self.decreed:
            return None
        if self._definition.by_the_law_of_china:
            return dt.date(max(self.decreed), *NOTICE_TURNS) - dt.timedelta(days=1)
        return dt.date(max(self.decreed), 12, 31)

    def state(self, date: dt.date) -> DayState:
        """Tell what a day is."""
        listed = self.listed.get(date)
        if listed is not None:
            hours = (listed.hours or self.hours_by_decree(date)) if listed.working else ()
            return DayState(hours, "decreed", listed.name, listed.decree)
        holiday = self.statutory(date)
        if holiday is not None:
            law = law_of(date.year)
            return DayState((), "statutory", holiday, law and law.title)
        worked = WEEKDAYS[date.weekday()] in self._definition.week
        hours = self.hours_by_week(date) if worked else ()
        if self.is_awaited(date):
            return DayState(hours, "projected", None, None)
        return DayState(hours, "decreed", None, self.decreed.get(date.year))

    def is_awaited(self, date: dt.date) -> bool:
        """Tell whether the notice for a day that no list names is still to come.

        The last days of December await the next year's, which may name them too.
        """
        if self._definition.decrees == "week":
            return False
        if date.year not in self.decreed:
            return True
        return (
            (date.month, date.day) >= NOTICE_TURNS
            and self._definition.by_the_law_of_china
            and date.year + 1 not in self.decreed
        )

    def statutory(self, date: dt.date) -> str | None:
        """Name the public holiday that the law makes of a day without its notice, if it does."""
        if date.year in self.decreed or not self._definition.by_the_law_of_china:
            return None
        return None if date in self.listed else statutory_days(date.year).get(date)

    def all_statutory(self) -> Iterator[dt.date]:
        """Yield each public holiday that only the law makes one."""
        for year in range(FIRST_DATE.year, LAST_DATE.year + 1):
            for date in statutory_days(year):
                if self.statutory(date) is not None:
                    yield date

    # Hours. They never make a day a working day: the week and the decrees do.

    def season(self, date: dt.date) -> tuple[Hours, WeekdayHours]:
        """Give the ordinary hours of the season that a day lies in, and those of weekdays."""
        i = bisect_right(self._begins, date) - 1
        if i >= 0 and date <= self._seasons[i][1]:
            return self._seasons[i][2:]
        return self._definition.hours, self._definition.weekday_hours

    def seasons(self) -> Iterator[tuple[dt.date, dt.date, Hours, WeekdayHours]]:
        """Yield each season, each time that it comes, in order."""
        yield from self._seasons

    def hours_by_week(self, date: dt.date) -> Hours:
        """Give the hours that a day has as one of the week."""
        hours, weekdays = self.season(date)
        return weekdays.get(WEEKDAYS[date.weekday()], hours)

    def hours_by_decree(self, date: dt.date) -> Hours:
        """Give the hours that a day has when it is worked by decree: on a weekend the ordinary."""
        weekday = WEEKDAYS[date.weekday()]
        if date.weekday() >= SATURDAY or weekday not in self._definition.week:
            return self.season(date)[0]
        return self.hours_by_week(date)
