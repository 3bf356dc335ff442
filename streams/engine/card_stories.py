"""A card's story (牌的经过), as the history has it: its moves, and the rulings on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.codes import ClockKind, Level


@dataclass(frozen=True, slots=True)
class Happened:
    """A move of a card, or a ruling on it. Moments are seconds since the epoch."""

    at: int
    """When the system made the move, or the person the ruling."""
    what: str
    """A move (`schemas.words.MOVES`) or a ruling (`schemas.words.RULINGS`)."""
    reason: str
    """The move's reason, a code; or the ruling's, in the words of who made it."""
    actor: str = ""
    """Who made the ruling; empty for a move."""


@dataclass(frozen=True, slots=True)
class CardStory:
    """A card: what it says, and what became of it."""

    card_id: str
    clock: ClockKind
    clock_id: str
    level: Level
    sequence: int
    rule: str
    holds_from: int
    """The first second at which the level held."""
    due_at: int
    happened: tuple[Happened, ...]
    """In order of time; the first is its issue: when we knew."""

    @property
    def standing(self) -> bool:
        """Whether it was not retracted."""
        return all(each.what != "retracted" for each in self.happened)
