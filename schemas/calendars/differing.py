"""Where two versions of a calendar differ: which days, and from which day on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from schemas.calendars.days import Days, DayState
from schemas.calendars.fields import FIRST_DATE
from schemas.calendars.statutory import NOTICE_TURNS, statutory_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.calendars.definition import CalendarDefinition

_WHOLE = (
    *("time_zone", "week", "hours", "decrees", "start_rule"),
    *("by_the_law_of_china", "weekday_hours", "seasons", "standard_day"),
)
"""What concerns every day when it changes."""


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
    turned: list[dt.date] = []
    if before.decrees != "week":
        old, new = (set(Days(calendar).decreed) for calendar in (before, after))
        for year in old ^ new:
            turned.append(dt.date(year, 1, 1))
            if after.by_the_law_of_china and year - 1 in old | new:
                turned.append(dt.date(year - 1, *NOTICE_TURNS))
    listed = (change.date for change in _changes(before, after))
    return min((*turned, *listed), default=None)


def changed_days(before: CalendarDefinition, after: CalendarDefinition) -> list[DayChange]:
    """Give each day of a list, or of the law, that is worked otherwise than before, in order.

    The same week and hours are taken for granted (`first_difference` tells when they are not).
    """
    changes = _changes(before, after)
    return [change for change in changes if change.before.hours != change.after.hours]


def _changes(before: CalendarDefinition, after: CalendarDefinition) -> Iterator[DayChange]:
    old, new = Days(before), Days(after)
    dates = {*old.listed, *new.listed}
    for year in {*old.decreed} ^ {*new.decreed}:
        dates.update(statutory_days(year))
    for date in sorted(dates):
        was, now = old.state(date), new.state(date)
        if was[:2] != now[:2]:
            yield DayChange(date, was, now)
