"""A notice held against the law on public holidays: it may move days off, not take them away."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from schemas.calendars.days import SATURDAY, Days
from schemas.calendars.statutory import NOTICE_TURNS, days_off_due, law_of, statutory_days
from schemas.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.calendars.definition import CalendarDefinition, ListedDay

_DECEMBER: Final = 12


def at_odds_with_law(
    calendar: CalendarDefinition, year: int, *, whole: bool
) -> Iterator[tuple[dt.date | None, Words]]:
    """Yield what a decreed year has against the law in force for it, with the day if it is one.

    A public holiday that is worked; and, where the year is the nation's own (`whole`), a balance of
    days off on weekdays less weekend days worked other than the law's. A notice has the days of its
    year and those that it names of the December before; what the next notice says of this year's
    December is the next one's. Nothing is said of a year without a known law, or of a calendar that
    is not under it.
    """
    law, due = law_of(year), days_off_due(year)
    if law is None or due is None or not calendar.by_the_law_of_china:
        return
    days = Days(calendar)
    for date, name in sorted(statutory_days(year).items()):
        if days.state(date).hours:
            yield (
                date,
                Words(
                    f"{date}（{name}）依法放假，此处却上班：{law.title}",
                    f"{date} ({name}) is a public holiday by the law, and is worked here:"
                    f" {law.title}",
                ),
            )
    if not whole:
        return
    named = list(_of_notice(calendar, year))
    off = sum(not day.working and day.date.weekday() < SATURDAY for day in named)
    worked = sum(day.working and day.date.weekday() >= SATURDAY for day in named)
    if off - worked != due:
        yield (
            None,
            Words(
                f"{year} 年的通知在周一至周五放假 {off} 天，在周末上班 {worked} 天，相抵为"
                f" {off - worked} 天，依法应为 {due} 天：{law.title}",
                f"the notice for {year} gives {off} days off from Monday to Friday and has"
                f" {worked} weekend days worked, {off - worked} in balance; by the law it is {due}:"
                f" {law.title}",
            ),
        )


def _of_notice(calendar: CalendarDefinition, year: int) -> Iterator[ListedDay]:
    decrees = {each.year: each.decree for each in calendar.years}
    own, before = decrees.get(year), decrees.get(year - 1)
    for day in calendar.days:
        turned = (day.date.month, day.date.day) >= NOTICE_TURNS
        if day.date.year == year and not (turned and day.decree != own):
            yield day
        named = day.date.year == year - 1 and day.date.month == _DECEMBER
        if named and day.decree == own and day.decree != before:
            yield day
