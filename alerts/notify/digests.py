"""Which cards ring together (汇总): by what stands in their moves, never by the order of reading.

A red card always rings alone. Those of a lower level are gathered by region, level and minute of
the engine's time at which they were issued: as long as there are few each rings alone, and when
there were more than the cap all of them are one digest. How many there *were* counts, not how many
are left, so that the end of one card makes no other ring anew; and since only what is on record
counts, a notifier that reads the same moves in another order, or after a restart, finds the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.codes import Level
    from schemas.verdicts import MoveRecord

SETTLES: Final = 1 / 6
"""How long a gathering is quiet before it is told, in windows: partitions differ a little."""


class Gathering(NamedTuple):
    """What cards of a level below red have in common when they may ring together."""

    region: str
    level: Level
    begins: int
    """The first second of the minute, since the epoch."""

    @property
    def key(self) -> str:
        """Name it."""
        return f"{self.region}/{self.level}/{self.begins}"


@dataclass(frozen=True, slots=True)
class Digest:
    """The cards of one gathering, as one alert."""

    gathering: Gathering
    issued: int
    """How many there were in all."""
    cards: tuple[MoveRecord, ...]
    """Those that stand while their clocks run: soonest due first."""
    ended: Mapping[tuple[str, str], int]
    """How many ended, by move and reason."""

    @property
    def since(self) -> int:
        """Give the first second of the earliest of them, or of the minute where none is left."""
        return min((card.holds_from for card in self.cards), default=self.gathering.begins)


@dataclass(slots=True)
class Batch:
    """A gathering as it fills and empties. Times are seconds since the epoch."""

    gathering: Gathering
    first_came: float
    last_came: float
    issued: set[str] = field(default_factory=set)
    """Every card that ever began to ring in it, by id."""
    open: dict[str, MoveRecord] = field(default_factory=dict)
    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    told_before: bool = False
    """Whether an earlier notifier has told of it."""

    def add(self, card: MoveRecord, now: float, *, told: bool) -> None:
        """Take a card in that begins to ring."""
        self.issued.add(card.card_id)
        self.open[card.card_id] = card
        self.last_came = now
        self.told_before |= told

    def end(self, move: MoveRecord) -> None:
        """Take a card's end."""
        del self.open[move.card_id]
        if not self.open:
            self.open = {}  # most are empty for good, and what was emptied keeps its room
        how = (str(move.move), move.reason)
        self.ended[how] = self.ended.get(how, 0) + 1

    def complete(self, now: float, window: float) -> bool:
        """Tell whether its minute is over and nothing came lately."""
        begun = min(self.first_came, float(self.gathering.begins))
        return now >= begun + window and now >= self.last_came + window * SETTLES

    def digest(self) -> Digest:
        """Make one alert of it."""
        cards = sorted(self.open.values(), key=lambda card: (card.due_at, card.card_id))
        return Digest(self.gathering, len(self.issued), tuple(cards), dict(self.ended))
