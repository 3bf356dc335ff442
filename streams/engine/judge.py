"""The judge (研判): clocks and now give levels; less what was already issued, they give moves.

A card is a statement: this clock reached this level at this second. While the statement is true
the card stands; when a record makes it untrue the card is retracted with its reason, and a new
statement gets a new card. An alert lives while its card stands and its clock runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from schemas.codes import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.verdicts import LevelReached, Move
    from streams.engine.clocks import Clock

NEVER: Final = 1 << 62
"""Later than every moment."""


class Card(Struct, array_like=True, frozen=True, order=True):
    """What is remembered of the latest card of a clock and level."""

    clock_id: str
    level: Level
    sequence: int
    """1 for the first card of this clock and level, 2 for the next, …"""
    holds_from: int
    due_at: int
    rule: str
    moves: int
    standing: bool
    active: bool
    """Whether it stands and its clock runs."""


@dataclass(frozen=True, slots=True)
class CardMove:
    """A move of a card, and the card as it is after it."""

    move: Move
    reason: str
    card: Card
    clock: Clock | None
    """None when the clock is gone: the records no longer say that it ever ran."""


def judge(clocks: Sequence[Clock], cards: Mapping[str, Card], now: int) -> list[CardMove]:
    """Give every move that is due at `now`, in the order of the clocks and their levels."""
    moves: list[CardMove] = []
    held: set[str] = set()
    for clock in clocks:
        for reached in clock.reached(now):
            key = card_key(clock.clock_id, reached.level)
            held.add(key)
            moves += _moves(clock, reached, cards.get(key))
    by_id = {clock.clock_id: clock for clock in clocks}
    for key, card in cards.items():
        if card.standing and key not in held:
            clock_now = by_id.get(card.clock_id)
            moves.append(_retract(card, clock_now, _why(card, clock_now)))
    return moves


def next_at(clocks: Sequence[Clock], cards: Mapping[str, Card], now: int) -> int:
    """Give the next moment at which a verdict can change; `now` itself when one is due already."""
    return now if judge(clocks, cards, now) else coming(clocks, now)


def coming(clocks: Sequence[Clock], now: int) -> int:
    """Give the next moment after `now` at which a clock reaches a level, or `NEVER`."""
    soonest = NEVER
    for clock in clocks:
        stop = NEVER if clock.stopped_at is None else clock.stopped_at
        for reached in clock.levels:
            if now < reached.at <= stop:
                soonest = min(soonest, reached.at)
                break
    return soonest


def card_key(clock_id: str, level: Level) -> str:
    """Name a clock's level within its case."""
    return f"{clock_id}/{level}"


def _moves(clock: Clock, reached: LevelReached, card: Card | None) -> list[CardMove]:
    running = clock.stopped_at is None
    if card is not None and card.standing:
        if card.holds_from == reached.at and card.due_at == clock.due_at:
            if card.active == running:
                return []
            move: Move = "reopened" if running else "resolved"
            return [CardMove(move, f"clock_{_is(running)}", _moved(card, active=running), clock)]
        return [_retract(card, clock, "due_moved"), _issue(clock, reached, card.sequence + 1)]
    return [_issue(clock, reached, 1 if card is None else card.sequence + 1)]


def _is(running: bool) -> str:
    return "runs" if running else "stopped"


def _issue(clock: Clock, reached: LevelReached, sequence: int) -> CardMove:
    card = Card(
        clock_id=clock.clock_id,
        level=reached.level,
        sequence=sequence,
        holds_from=reached.at,
        due_at=clock.due_at,
        rule=reached.rule,
        moves=1,
        standing=True,
        active=clock.stopped_at is None,
    )
    return CardMove("issued", "level_reached", card, clock)


def _retract(card: Card, clock: Clock | None, reason: str) -> CardMove:
    return CardMove("retracted", reason, _moved(card, standing=False, active=False), clock)


def _why(card: Card, clock: Clock | None) -> str:
    if clock is None:
        return "clock_gone"
    if clock.stopped_at is not None and clock.stopped_at < card.holds_from:
        return "ended_in_time"
    return "due_moved"


def _moved(card: Card, *, active: bool, standing: bool = True) -> Card:
    return Card(
        clock_id=card.clock_id,
        level=card.level,
        sequence=card.sequence,
        holds_from=card.holds_from,
        due_at=card.due_at,
        rule=card.rule,
        moves=card.moves + 1,
        standing=standing,
        active=active,
    )
