"""Arrival: when a record or a ruling had surely come, and what was changed after a breach.

A log is a list of what a partition holds in its order: records, and ticks, each of which has seen
everything before it. (Barriers say so of the product's topics; here the place in the list does.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.law.acceptance import moment_of
from tests.support.law.days import SECOND
from tests.support.law.facts import Record
from tests.support.law.reading import verdict
from tests.support.law.records import read, same_facts, whole
from tests.support.law.rounds import split

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.days import Calendar
    from tests.support.law.facts import ClockView, Law, Verdict


ONCE = ("received", "accepted", "refused", "extended", "decided", "finished", "delivered")
"""Acts of which a round has one; a second record of such a kind is one of the same act."""
NAMED = {
    ("step_started", "step_finished"): ("step", "sequence"),
    ("suspended", "resumed"): ("suspension_id",),
}
"""Acts of which a round has several: those that say so by these facts are the same."""


@dataclass(frozen=True, slots=True)
class Tick:
    """It was `now`, and everything before it in the log had come."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Correction:
    """What was issued of a clock, and what became of it (`corrected_after_breach`)."""

    clock: str
    found_at: datetime
    before: tuple[datetime, datetime, datetime | None]
    after: tuple[datetime, datetime, datetime | None] | None
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """What the last tick of a log leaves: the verdict, and all corrections since the first."""

    verdict: Verdict
    corrections: list[Correction]


# --- arrival ------------------------------------------------------------------------------------


def arrived(log: list[Record | Tick]) -> list[Record]:
    """Give the records with their arrival: the `now` of the last tick before them, or unknown."""
    now, found = None, []
    for entry in log:
        if isinstance(entry, Tick):
            now = entry.now
        else:
            found.append(replace(entry, arrived=now, offline=False))
    return found


def took_effect(decided_at: datetime, arrival: datetime) -> datetime:
    """Give when a ruling takes effect: at its arrival, or at `decided_at` where that is later."""
    return max(decided_at, arrival)


def in_time_for_silence(calendar: Calendar, issued: datetime, effect: datetime) -> bool:
    """Tell whether an answer breaks a silence: before the end of the third working day."""
    return effect.date() <= calendar.nth(issued.date(), 3)


def is_backdated(calendar: Calendar, decided_at: datetime, arrival: datetime) -> bool:
    """Tell whether a ruling came past the first working date after it says it was made."""
    return arrival.date() > calendar.nth(decided_at.date(), 1)


# --- corrections after a breach -----------------------------------------------------------------


def watch(law: Law, log: list[Record | Tick]) -> Watch:
    """Look at each tick; compare every clock that was over at the one before."""
    sent: list[Record] = []
    new: list[Record] = []
    over: dict[str, ClockView] = {}
    corrections: list[Correction] = []
    view, now = verdict(law, []), None
    for entry in log:
        if not isinstance(entry, Tick):
            new.append(replace(entry, arrived=now, offline=False))
            continue
        now = entry.now
        new = [replace(record, came_by=record.came_by or now) for record in new]
        corrections += corrected(law, sent, new, over, now)
        if new:
            sent, new = [*sent, *new], []
            view = verdict(law, sent)
        over = {name: each for name, each in view.clocks.items() if is_over(each, now)}
    return Watch(view, corrections)


def is_over(clock: ClockView, now: datetime) -> bool:
    """Tell whether a clock runs past its due, or ended past it, as of a tick."""
    if now < clock.known_from:
        return False
    ended = clock.stopped is not None and clock.stopped <= now
    return (clock.stopped if ended else now) > clock.due


def facts_of(clock: ClockView | None) -> tuple[datetime, datetime, datetime | None] | None:
    return None if clock is None else (clock.start, clock.due, clock.stopped)


def corrected(
    law: Law, sent: list[Record], new: list[Record], over: dict[str, ClockView], now: datetime
) -> list[Correction]:
    """Say of each clock that was over what its records of before became, and through which."""
    if not over or not new:
        return []
    after = verdict(law, [*sent, *new]).clocks
    found = []
    for name, clock in over.items():
        if facts_of(after.get(name)) == facts_of(clock):
            continue
        because = [r for r in new if is_a_correction(law, sent, r, name, clock)]
        others = [*sent, *(r for r in new if r not in because)]
        if because and facts_of(verdict(law, others).clocks.get(name)) != facts_of(after.get(name)):
            values = facts_of(clock), facts_of(after.get(name))
            records = tuple(sorted({record.id for record in because}))
            found.append(Correction(name, now, *values, records))
    return found


def is_a_correction(
    law: Law, sent: list[Record], record: Record, name: str, clock: ClockView
) -> bool:
    """Tell whether a record replaces, takes back or doubles one, or is dated so that it cures."""
    older = [r for r in sent if r.id == record.id]
    if older:
        return not any(says_the_same(record, each) for each in older)
    if doubles(sent, record):
        return True
    cured = verdict(law, [*sent, record]).clocks.get(name)
    if cured is None:
        return True  # it changed its round
    unnamed = verdict(law, [*sent, replace(record, item=None)]).clocks.get(name)
    if unnamed is None or unnamed.due != cured.due:
        return True  # it says of which item the round is: by another limit
    ended_by_it = cured.stopped != clock.stopped and cured.stopped in ends_at(record)
    return ended_by_it and cured.stopped <= clock.due


def says_the_same(one: Record, other: Record) -> bool:
    """Tell whether a record is a copy; one that was written at another time states a due anew."""
    stated = one.get("promised_due_at") is not None
    return same_facts(one, other) and not (stated and one.recorded != other.recorded)


def ends_at(record: Record) -> set[datetime]:
    """Give the seconds in which it can end a clock: a notice ends one when it is told.

    Against a stated moment, what happened after a second had begun ends with the next.
    """
    moment = whole(moment_of(record))
    return {moment, moment + SECOND} if record.at.microsecond else {moment}


def doubles(sent: list[Record], record: Record) -> bool:
    """Tell whether a record is a second one of an act that its round has."""
    history, _ = read([*sent, record])
    for found in split(history):
        ids = {each.id for each in found.everything if same_act(each, record)}
        if record.id in ids:
            return len(ids) > 1
    return False


def same_act(one: Record, other: Record) -> bool:
    if one.kind != other.kind:
        return False
    for kinds, names in NAMED.items():
        if one.kind in kinds:
            mine, theirs = ([each.get(name) for name in names] for each in (one, other))
            return None not in mine and mine == theirs
    return one.kind in ONCE
