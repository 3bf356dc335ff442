"""What to tell, and when: moves of cards and a clock in, pushes out. No Kafka, no Alertmanager.

An alert rings while its card stands and its clock runs. It is told again and again, since
Alertmanager forgets everything when it restarts, and it is ended explicitly, with why. Above a cap
a region's cards of one level and minute are one digest (汇总): a phone that rings five hundred
times says nothing. Red cards always ring one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from alerts.notify.digests import Batch, Digest, Gathering
from schemas.codes import Level
from streams.runtime.placing import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.verdicts import LifeRecord, MoveRecord

DAY: Final = 86_400.0
HOUR: Final = 3_600.0
RETOLD: Final = 900.0
"""Seconds for which an end is told again: Alertmanager may restart before it passes it on."""
_LONG_AGO: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class PushRules:
    """What is pushed. Times are seconds."""

    min_level: Level
    digest_above: int
    """Cards of a region, level and window above which all of them are one digest."""
    stale_after: float
    """A card that was written so long after it could be known is not pushed: loading history
    rings nobody."""
    resend_every: float | None
    """None: an alert is told once, and once that it is over."""
    window: float = 60.0
    """How long cards below red are gathered before they are told; 0: each is told at once."""


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


class Push(NamedTuple):
    """One alert to be told: that it rings, or that it is over."""

    key: str
    subject: MoveRecord | Digest
    over: bool
    why: MoveRecord | None = None
    """The move that ended it; None for one that rings."""
    at: float = 0.0
    """When that was read: seconds since the epoch."""


@dataclass(slots=True)
class _Ending:
    """An end that is told for a while. Times are seconds since the epoch."""

    push: Push
    first_told: float | None = None
    last_told: float = _LONG_AGO


class Policy:
    """Remembers what rings. Every `now` is in seconds since the epoch.

    A card's alert keeps the first move's facts as long as it rings: Alertmanager knows an alert by
    its labels, and a department corrected meanwhile must not leave the old one ringing.
    """

    def __init__(self, rules: PushRules) -> None:
        self._rules = rules
        self._open: dict[str, MoveRecord] = {}
        """The cards that ring, alone or in a digest."""
        self._batches: dict[Gathering, Batch] = {}
        self._told: dict[str, float] = {}
        """When each alert was told last, by its key."""
        self._epochs: dict[str, int] = {}
        """The latest epoch that has issued each card that rings."""
        self._told_before: set[str] = set()
        """The cards that an earlier notifier has told of, in whatever form."""
        self._goes_by: dict[str, str] = {}
        """The card whose alert goes on for another: its clock is of another round by now."""
        self._replaced: set[str] = set()
        """The cards whose alert goes on for another, until their retraction comes."""
        self._over: dict[str, _Ending] = {}
        self._pruned_at = _LONG_AGO

    def take(
        self, move: MoveRecord, written_at: float, now: float | None = None, *, told: bool = False
    ) -> Outcome:
        """Take a move that was written at one moment and is read now.

        `told`: an earlier notifier has told what came of it. What rings since is told again, where
        alerts are repeated at all.
        """
        now = written_at if now is None else now
        rings_on = move.move == "retracted" and move.card_id in self._replaced
        self._replaced.discard(move.card_id)
        move = self._as_it_rings(move)
        if rings_on or (move.active and move.card_id in self._open):
            self._epochs[move.card_id] = move.epoch
            return Outcome.KNOWN
        if not move.active:
            return self._end(move, now, told=told)
        if move.level.rank < self._rules.min_level.rank:
            return Outcome.BELOW_LEVEL
        # By what is on record, so that no notifier judges otherwise than another.
        if written_at - max(move.holds_from, move.known_from) > self._rules.stale_after:
            return Outcome.STALE
        self._open[move.card_id] = move
        self._epochs[move.card_id] = move.epoch
        self._over.pop(move.card_id, None)
        if told:
            self._told_before.add(move.card_id)
        batch = self._batch(move, now)
        if batch is None:
            return Outcome.RINGS
        batch.add(move, now, told=told)
        self._over.pop(batch.gathering.key, None)
        return Outcome.DIGESTED if self._crowded(batch) else Outcome.RINGS

    def _as_it_rings(self, move: MoveRecord) -> MoveRecord:
        """Give a move under the card that its alert goes by: nobody is woken twice by one clock."""
        goes_by = self._goes_by.get(move.card_id)
        if goes_by is None and move.active and move.replaces is not None:
            first = self._goes_by.get(move.replaces, move.replaces)
            if first in self._open:
                goes_by = self._goes_by[move.card_id] = first
                self._replaced.add(move.replaces)
        return move if goes_by is None else msgspec.structs.replace(move, card_id=goes_by)

    def supersede(self, life: LifeRecord, now: float, *, told: bool) -> int:
        """End what only earlier lives of a partition's state have issued; give how many cards.

        That is told in words of its own (`schemas.words.SUPERSEDED`): no case was finished by it.
        """
        gone = [
            card
            for card_id, card in self._open.items()
            if self._epochs[card_id] < life.epoch
            and partition_of(card.case_no, life.partitions) == life.partition
        ]
        for card in gone:
            over = msgspec.structs.replace(
                card, move="retracted", reason="superseded", active=False, at=life.at
            )
            self._end(over, now, told=told)
        return len(gone)

    def due(self, now: float) -> list[Push]:
        """Give what has to be told now: first what is over, then what rings."""
        self._prune(now)
        return [
            *(
                end.push
                for end in self._over.values()
                if end.first_told is None or self._again(end.last_told, now)
            ),
            *(push for push in self.ringing(now) if self._is_due(push, now)),
        ]

    def ringing(self, now: float) -> Iterator[Push]:
        """Give every alert that should ring now: it follows from the moves alone."""
        for card_id, card in self._open.items():
            if not self._gathers(card):
                yield Push(card_id, card, over=False)
        for batch in self._batches.values():
            if not batch.open or not batch.complete(now, self._rules.window):
                continue
            if self._crowded(batch):
                yield Push(batch.gathering.key, batch.digest(), over=False)
            else:
                for card_id, card in batch.open.items():
                    yield Push(card_id, card, over=False)

    def told(self, pushes: Iterable[Push], now: float) -> None:
        """Know that these were told."""
        for push in pushes:
            if not push.over:
                self._told[push.key] = now
            elif (end := self._over.get(push.key)) is not None:
                end.first_told = now if end.first_told is None else end.first_told
                end.last_told = now
                if self._rules.resend_every is None or now - end.first_told >= RETOLD:
                    del self._over[push.key]

    def forget_told(self) -> None:
        """Tell everything again soon: Alertmanager was away, and may have begun anew."""
        if self._rules.resend_every is not None:
            self._told = dict.fromkeys(self._told, _LONG_AGO)
            for end in self._over.values():
                end.last_told = _LONG_AGO

    def rings(self, card_id: str) -> bool:
        """Tell whether a card rings, alone or in a digest."""
        return card_id in self._open

    def settled(self, now: float) -> bool:
        """Whether everything that was to be told so far was told at least once.

        What is still gathered does not count: it is told by whoever runs when it is complete.
        """
        return all(end.first_told is not None for end in self._over.values()) and all(
            self._last(push) is not None for push in self.ringing(now)
        )

    def counts(self) -> dict[str, int]:
        """Count what rings: `card` and `digest`."""
        crowded = [len(b.open) for b in self._batches.values() if b.open and self._crowded(b)]
        return {"card": len(self._open) - sum(crowded), "digest": len(crowded)}

    def _gathers(self, card: MoveRecord) -> bool:
        return card.level is not Level.RED and self._rules.window > 0

    def _gathering(self, card: MoveRecord) -> Gathering:
        begins = int(card.at // self._rules.window * self._rules.window)
        return Gathering(card.region or "", card.level, begins)

    def _batch(self, card: MoveRecord, now: float) -> Batch | None:
        if not self._gathers(card):
            return None
        gathering = self._gathering(card)
        if gathering not in self._batches:
            self._batches[gathering] = Batch(gathering, now, now)
        return self._batches[gathering]

    def _crowded(self, batch: Batch) -> bool:
        return len(batch.issued) > self._rules.digest_above

    def _end(self, move: MoveRecord, now: float, *, told: bool) -> Outcome:
        card = self._open.pop(move.card_id, None)
        self._epochs.pop(move.card_id, None)
        if card is None:
            return Outcome.SILENT
        if self._goes_by:
            kept = {new: old for new, old in self._goes_by.items() if old != move.card_id}
            self._goes_by = kept
        before = move.card_id in self._told_before
        self._told_before.discard(move.card_id)
        batch = self._batches[self._gathering(card)] if self._gathers(card) else None
        digested = batch is not None and self._crowded(batch)
        over = Push(move.card_id, card, over=True, why=move, at=now)
        # One that was told alone before its digest filled up ends by itself too.
        self._let_go(over, before=before and not digested, told=told)
        if batch is not None:
            batch.end(move)
            if digested and not batch.open:
                over = Push(batch.gathering.key, batch.digest(), over=True, why=move, at=now)
                self._let_go(over, before=batch.told_before, told=told)
        return Outcome.ENDED

    def _let_go(self, over: Push, *, before: bool, told: bool) -> None:
        """Say that it is over, to whom it was told, unless that was said already."""
        was_told = self._told.pop(over.key, None) is not None or before
        if was_told and not told:
            self._over[over.key] = _Ending(over)

    def _last(self, push: Push) -> float | None:
        """Give when an alert was told last; None for one that nobody was told of."""
        if (last := self._told.get(push.key)) is not None:
            return last
        if isinstance(push.subject, Digest):
            return _LONG_AGO if self._batches[push.subject.gathering].told_before else None
        return _LONG_AGO if push.key in self._told_before else None

    def _is_due(self, push: Push, now: float) -> bool:
        last = self._last(push)
        return last is None or self._again(last, now)

    def _again(self, last: float, now: float) -> bool:
        every = self._rules.resend_every
        return every is not None and now - last >= every

    def _prune(self, now: float) -> None:
        """Forget the gatherings of other days that are empty."""
        if now - self._pruned_at < HOUR or not self._batches:
            return
        self._pruned_at = now
        newest = max(gathering.begins for gathering in self._batches)
        for gathering in [
            gathering
            for gathering, batch in self._batches.items()
            if not batch.open and gathering.begins < newest - DAY
        ]:
            del self._batches[gathering]
