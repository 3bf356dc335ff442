"""Where two versions of a calendar differ: which days, and from which day on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from schemas.calendars.definition import FIRST_DATE, WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.calendars.definition import CalendarDefinition, Hours

_WHOLE = ("time_zone", "week", "hours", "decrees", "start_rule")
"""What concerns every day when it changes."""


class DayState(NamedTuple):
    """One day of a calendar: its hours (none on a day off), and whether it is projected."""

    hours: Hours
    projected: bool
    name: str | None


class DayChange(NamedTuple):
    """A day that differs."""

    date: dt.date
    before: DayState
    after: DayState


def first_difference(before: CalendarDefinition, after: CalendarDefinition) -> dt.date | None:
    """Give the first day that counts otherwise; None when every day counts as it did.

    Also a day that was projected and is decreed differs: what rests on it is no longer provisional.
    """
    if any(getattr(before, part) != getattr(after, part) for part in _WHOLE):
        return FIRST_DATE
    if before.decrees == "week":
        years: set[int] = set()
    else:
        years = {y.year for y in before.years} ^ {y.year for y in after.years}
    listed = (change.date for change in _listed_changes(before, after))
    return min((*(dt.date(year, 1, 1) for year in years), *listed), default=None)


def changed_days(before: CalendarDefinition, after: CalendarDefinition) -> list[DayChange]:
    """Give each listed day that is worked otherwise than before, in order.

    The same week and hours are taken for granted (`first_difference` tells when they are not).
    """
    return [
        change
        for change in _listed_changes(before, after)
        if change.before.hours != change.after.hours
    ]


def _listed_changes(before: CalendarDefinition, after: CalendarDefinition) -> Iterator[DayChange]:
    old, new = _states(before), _states(after)
    dates = {day.date for day in before.days} | {day.date for day in after.days}
    for date in sorted(dates):
        was, now = old(date), new(date)
        if was[:2] != now[:2]:
            yield DayChange(date, was, now)


def _states(calendar: CalendarDefinition) -> Callable[[dt.date], DayState]:
    """Give what tells the state of any day."""
    days = {day.date: day for day in calendar.days}
    years = {year.year for year in calendar.years}

    def state(date: dt.date) -> DayState:
        listed = days.get(date)
        if listed is not None:
            hours = (listed.hours or calendar.hours) if listed.working else ()
            return DayState(hours, projected=False, name=listed.name)
        worked = WEEKDAYS[date.weekday()] in calendar.week
        projected = calendar.decrees == "yearly" and date.year not in years
        return DayState(calendar.hours if worked else (), projected=projected, name=None)

    return state
