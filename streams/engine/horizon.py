"""The horizon of a case: the last day that its verdict rests on.

A change of the calendar from a later day on cannot concern it: every due moment and every level is
found by counting days from a start, and no day after the one that was found is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import Level
from streams.engine.calendar import OutsideCalendar
from streams.engine.counting import DAY
from streams.engine.judge import card_key
from streams.engine.zone import LAST_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.engine.calendar import Calendar
    from streams.engine.case import Case
    from streams.engine.clocks import Clock
    from streams.engine.judge import Card

NO_DAY = -(1 << 31)
"""The horizon of a case whose verdict rests on no day: nothing of it runs."""


def horizon_of(case: Case, cards: Mapping[str, Card]) -> int:
    """Give the last day, since 1970-01-01, that a running clock's verdict rests on.

    That is its due time and levels, the day on which the silence about its yellow card ends, and
    the days of its records, which are held against due times and against each other.
    """
    last, here, latest = NO_DAY, case.rules.calendar, 0
    for clock in case.clocks:
        if clock.stopped_at is not None:
            continue
        at, calendar = clock.due_at, clock.counting.calendar
        if clock.levels and clock.levels[-1].at > at:  # in the order of their moments
            at = clock.levels[-1].at
        if calendar is here:
            latest = max(latest, at)
        else:
            last = max(last, _day(calendar, at))
        if clock.silence is not None and cards:
            last = max(last, _silence_ends(clock, cards))
    if latest or last != NO_DAY:
        for entry in case.entries:
            latest = max(latest, entry.at, entry.recorded)
        last = max(last, _day(here, latest))
    return last


def _day(calendar: Calendar, at: int) -> int:
    """Give the local day of a moment; the first second over the last day belongs to that day."""
    try:
        return calendar.face(at) // DAY
    except OutsideCalendar:
        return LAST_DAY


def _silence_ends(clock: Clock, cards: Mapping[str, Card]) -> int:
    card = cards.get(card_key(clock.clock_id, Level.YELLOW))
    if card is None or not card.standing or clock.silence is None:
        return NO_DAY
    calendar = clock.counting.calendar
    try:
        return calendar.nth(calendar.face(card.issued_at) // DAY, clock.silence.working_days)
    except OutsideCalendar:
        return LAST_DAY
