"""What to tell, and when: moves of cards and a clock in, pushes out. No Kafka, no Alertmanager.

An alert rings while its card stands and its clock runs. It is told again and again, since
Alertmanager forgets what nobody repeats, and it is ended explicitly. Above a cap a region's cards
of one minute become one digest (汇总): a phone that rings five hundred times says nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.runtime.placing import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.codes import Level
    from schemas.verdicts import LifeRecord, MoveRecord

MINUTE: Final = 60
_LONG_AGO: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class PushRules:
    """What is pushed. Times are seconds."""

    min_level: Level
    digest_above: int
    """Cards of a region and minute above which the excess becomes a digest."""
    stale_after: float
    """A card that could be known for longer is not pushed: loading history rings nobody."""
    resend_every: float | None
    """None: an alert is told once, and once that it is over."""


class Outcome(StrEnum):
    """What came of a move."""

    RINGS = "rings"
    DIGESTED = "digested"
    ENDED = "ended"
    KNOWN = "known"
    BELOW_LEVEL = "below_level"
    STALE = "stale"
    SILENT = "silent"
    """The end of a card that did not ring."""


@dataclass(slots=True)
class Digest:
    """The cards of one region and minute beyond the cap, as one alert."""

    key: str
    region: str
    minute: int
    """Minutes since the epoch."""
    level: Level
    """The highest level there was; it stays, since an alert is known by its labels."""
    since: int
    """The earliest first second of its cards."""
    members: dict[str, Level] = field(default_factory=dict)
    """The cards that still ring, by id."""

    def add(self, card: MoveRecord) -> None:
        """Take one more card in."""
        self.members[card.card_id] = card.level
        self.since = min(self.since, card.holds_from)
        self.level = max(self.level, card.level, key=lambda level: level.rank)


class Push(NamedTuple):
    """One alert to be told: that it rings, or that it is over."""

    key: str
    subject: MoveRecord | Digest
    over: bool
    superseded: bool = False
    """Whether it is over because a later life of the engine's state did not issue it again."""


class Policy:
    """Remembers what rings. Every `now` is in seconds since the epoch.

    A card's alert keeps the first move's facts as long as it rings: Alertmanager knows an alert by
    its labels, and a department corrected meanwhile must not leave the old one ringing.
    """

    def __init__(self, rules: PushRules) -> None:
        self._rules = rules
        self._cards: dict[str, MoveRecord] = {}
        self._digests: dict[str, Digest] = {}
        self._digest_of: dict[str, str] = {}
        self._taken: Counter[tuple[str, int]] = Counter()
        self._told: dict[str, float] = {}
        self._over: dict[str, MoveRecord | Digest] = {}
        self._superseded: set[str] = set()
        self._issued: dict[str, tuple[int, str]] = {}
        """The epoch and the case of what rings, by card."""

    def take(self, move: MoveRecord, now: float, *, told: bool = False) -> Outcome:
        """Take a move; `now` is when it became known to a notifier.

        `told`: an earlier notifier has told what came of it. What rings since is told again, where
        alerts are repeated at all.
        """
        if not move.active:
            return self._end(move.card_id, told=told)
        if move.card_id in self._cards or move.card_id in self._digest_of:
            self._issued[move.card_id] = move.epoch, move.case_no
            return Outcome.KNOWN
        if move.level.rank < self._rules.min_level.rank:
            return Outcome.BELOW_LEVEL
        if now - max(move.holds_from, move.known_from) > self._rules.stale_after:
            return Outcome.STALE
        region, minute = move.region or "", int(now // MINUTE)
        self._taken[region, minute] += 1
        if self._taken[region, minute] > self._rules.digest_above:
            key = self._digest(move, region, minute)
            outcome = Outcome.DIGESTED
        else:
            key = move.card_id
            self._cards[key] = move
            outcome = Outcome.RINGS
        self._issued[move.card_id] = move.epoch, move.case_no
        self._over.pop(key, None)
        self._superseded.discard(key)
        if told:
            self._told[key] = _LONG_AGO
        return outcome

    def supersede(self, life: LifeRecord, *, told: bool) -> int:
        """End what only earlier lives of a partition's state have issued; give how many cards."""
        gone = [
            card_id
            for card_id, (epoch, case_no) in self._issued.items()
            if epoch < life.epoch and partition_of(case_no, life.partitions) == life.partition
        ]
        before = set(self._over)
        for card_id in gone:
            self._end(card_id, told=told)
        self._superseded |= self._over.keys() - before
        return len(gone)

    def due(self, now: float) -> list[Push]:
        """Give what has to be told now: first what is over, then what rings."""
        for region, minute in [key for key in self._taken if key[1] < now // MINUTE]:
            del self._taken[region, minute]
        return [
            *(
                Push(key, subject, over=True, superseded=key in self._superseded)
                for key, subject in self._over.items()
            ),
            *(
                Push(key, subject, over=False)
                for key, subject in self._ringing(now)
                if self._is_due(key, now)
            ),
        ]

    def told(self, pushes: Iterable[Push], now: float) -> None:
        """Know that these were told."""
        for push in pushes:
            if push.over:
                self._over.pop(push.key, None)
                self._superseded.discard(push.key)
            else:
                self._told[push.key] = now

    def forget_told(self) -> None:
        """Tell everything again soon: Alertmanager was away, and may have begun anew."""
        if self._rules.resend_every is not None:
            self._told = dict.fromkeys(self._told, _LONG_AGO)

    @property
    def settled(self) -> bool:
        """Whether everything taken so far was told at least once."""
        return not self._over and len(self._told) == len(self._cards) + len(self._digests)

    def counts(self) -> dict[str, int]:
        """Count what rings: `card` and `digest`."""
        return {"card": len(self._cards), "digest": len(self._digests)}

    def _digest(self, card: MoveRecord, region: str, minute: int) -> str:
        key = f"{region}/{minute}"
        digest = self._digests.get(key)
        if digest is None:
            digest = Digest(key, region, minute, card.level, card.holds_from)
            self._digests[key] = digest
        digest.add(card)
        self._digest_of[card.card_id] = key
        return key

    def _end(self, card_id: str, *, told: bool) -> Outcome:
        self._issued.pop(card_id, None)
        card = self._cards.pop(card_id, None)
        if card is not None:
            self._let_go(card_id, card, told=told)
            return Outcome.ENDED
        key = self._digest_of.pop(card_id, None)
        if key is None:
            return Outcome.SILENT
        digest = self._digests[key]
        del digest.members[card_id]
        if not digest.members:
            self._let_go(key, self._digests.pop(key), told=told)
        return Outcome.ENDED

    def _let_go(self, key: str, subject: MoveRecord | Digest, *, told: bool) -> None:
        """Say that it is over, to whom it was told, unless that was said already."""
        if self._told.pop(key, None) is not None and not told:
            self._over[key] = subject

    def _ringing(self, now: float) -> Iterator[tuple[str, MoveRecord | Digest]]:
        yield from self._cards.items()
        for key, digest in self._digests.items():
            if digest.minute < now // MINUTE:  # it is complete
                yield key, digest

    def _is_due(self, key: str, now: float) -> bool:
        last = self._told.get(key)
        if last is None:
            return True
        every = self._rules.resend_every
        return every is not None and now - last >= every
