"""A partition's state made again from what the topics still hold, in a new epoch. Pure.

What a case's state is depends on the set of its records. So the union of what the old state holds
and what the topics still hold is right wherever one of them reaches further than the other: steps
are kept for 90 days, a restored state may be a day old, and neither may be thrown away for the
other. What was issued is not a function of the records: it is taken from `jiancha.verdicts`, which
is kept for ever, so that no card is issued twice, and none under another number.

No time passes while this is done. The next tick judges every case, with everything on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from schemas import topics
from schemas.aside import SET_ASIDE
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    LIFE_KEY,
    CaseRecord,
    DeadLetter,
    LifeRecord,
    MoveRecord,
    decode,
    encode,
    letter_id,
)
from streams.engine.judge import Card, card_key
from streams.engine.state import FORMAT, UnknownFormat, head_of
from streams.runtime.changes import KEYS
from streams.runtime.faults import ENDS, MARKS, Mark, told_of
from streams.runtime.logic import PARTITION_KEY, REBUILDING, RESERVED, PartitionState
from streams.runtime.placing import partition_of
from streams.runtime.ports import Batch, Chunk, Output
from streams.runtime.references import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from streams.runtime.inputs import InputPosition
    from streams.runtime.logic import CasePartition
    from streams.runtime.ports import Fault
    from streams.state_layout import Kept

STEPS, RULINGS, TICKS = (topic.name for topic in topics.INPUTS)
CASES, VERDICTS = topics.CASES.name, topics.VERDICTS.name
SLICE: Final = 1_000
"""Cases that are taken into the new epoch at once."""
TRANSACTION_BYTES: Final = 8 << 20


class Record(NamedTuple):
    """A record of an input topic."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Sequence[tuple[str, bytes]]


class Issued:
    """What `jiancha.verdicts` says was issued: the latest of each case, clock and level."""

    def __init__(self) -> None:
        self._latest: dict[str, dict[str, MoveRecord]] = {}
        self._issued_at: dict[str, int] = {}
        self._replaced: dict[str, str] = {}
        """The names within their case of cards whose clock is of another round by now."""
        self.epoch = 0
        """The latest that anything on record is of."""

    def take(self, value: bytes) -> MoveRecord | None:
        """Take one record of the topic, and give it; None when it is no move of a card."""
        try:
            move = decode(value, MoveRecord)
        except msgspec.MsgspecError:
            self._life(value)
            return None
        self.epoch = max(self.epoch, move.epoch)
        if move.move == "issued":
            self._issued_at.setdefault(move.card_id, move.at)
        if move.reason == "round":
            name = f"{card_key(move.clock_id, move.level)}/{move.sequence}"
            self._replaced[move.card_id] = name
        cards = self._latest.setdefault(move.case_no, {})
        key = card_key(move.clock_id, move.level)
        known = cards.get(key)
        if known is None or _rank(known) < _rank(move):
            cards[key] = move
        return move

    def _life(self, value: bytes) -> None:
        with suppress(msgspec.MsgspecError):
            self.epoch = max(self.epoch, decode(value, LifeRecord).epoch)

    def cases(self) -> Sequence[str]:
        """Give the cases that ever had a card."""
        return list(self._latest)

    def moves(self, case_no: str) -> Sequence[MoveRecord]:
        """Give the last move of the latest card of each clock and level of a case."""
        return list(self._latest.get(case_no, {}).values())

    def card(self, move: MoveRecord) -> Card:
        """Give the card as it is after its last move."""
        return Card(
            clock_id=move.clock_id,
            level=move.level,
            sequence=move.sequence,
            issued_at=self._issued_at.get(move.card_id, move.at),
            holds_from=move.holds_from,
            due_at=move.due_at,
            rule=move.rule,
            moves=move.move_no,
            standing=move.move != "retracted",
            active=move.active,
            record=-1 if move.record is None else move.record,
            replaces=self._replaced.get(move.replaces or "", ""),
        )


def _rank(move: MoveRecord) -> tuple[int, int, int]:
    return move.epoch, move.sequence, move.move_no


class Known(msgspec.Struct):
    """What `jiancha.cases` says of a case: by which law it was judged, and by how many records."""

    catalogue: str
    events: int
    epoch: int = 0


def known_case(value: bytes) -> tuple[str, Known] | None:
    """Read a record of `jiancha.cases`; None when it is none."""
    try:
        case = decode(value, CaseRecord)
    except msgspec.MsgspecError:
        return None
    return case.case_no, Known(case.catalogue, case.events, case.epoch)


def epoch_after(wall: int, kept: Iterable[Kept], issued: Issued, known: Mapping[str, Known]) -> int:
    """Give an epoch that outranks all there ever was, also one that a wrong clock has begun.

    `wall` is what time it is, seconds since 1970 UTC.
    """
    states = (state.own.epoch for state in kept if state.own is not None)
    cases = (case.epoch for case in known.values())
    return max([wall, *(epoch + 1 for epoch in (*states, issued.epoch, *cases))])


@dataclass
class Found:
    """What one partition gave; what could not be made again is named."""

    cases: int = 0
    from_topics: int = 0
    """Cases of which the topics hold something."""
    from_state: int = 0
    """Cases of which only the old state holds anything."""
    cards: int = 0
    steps: int = 0
    rulings: int = 0
    refused: int = 0
    """Records that are dead letters; they were when they came, too."""
    unreadable: int = 0
    """Cases of the old state in a form that this program does not know."""
    incomplete: list[str] = field(default_factory=list)
    """Cases that were judged by more records than are left of them."""
    aside: list[str] = field(default_factory=list)
    """Cases that are set aside: deciding on them failed."""
    gone: list[str] = field(default_factory=list)
    """Cases that are known by a card or a record of theirs, and of which no step is left."""


class Rebuild:
    """One partition on its way into a new epoch.

    `logic` is a fresh engine for it; `kept` its old state; `inputs` says where each input is read
    on afterwards; `now` is the latest time on record (seconds since 1970 UTC): it goes on from it.
    """

    def __init__(
        self,
        logic: CasePartition,
        kept: Kept,
        inputs: Mapping[str, InputPosition],
        *,
        epoch: int,
        now: int,
        partitions: int = 1,
        topics_only: bool = False,
        aside: Sequence[Fault] = (),
    ) -> None:
        self.found = Found()
        self._logic = logic
        self._partitions = partitions
        self._inputs = dict(inputs)
        self._state: dict[bytes, bytes] = {}
        self._records: dict[str, bytes] = {}
        self._told: list[Output] = []
        self._before = kept
        self._touched: set[str] = set()
        if not topics_only:
            self._restore(kept)
        for fault in aside:
            self._set_aside(fault, epoch, now)
        logic.restore(PARTITION_KEY, encode(PartitionState(FORMAT, now, {}, epoch=epoch)))
        logic.restored({}, epoch)
        logic.arrivals.untold = True
        self._take()

    def _restore(self, kept: Kept) -> None:
        for key, value in kept.reserved.items():
            if key.startswith((*KEYS, MARKS)):
                self._logic.restore(key, value)
                self._state[key] = value
        for key, value in kept.cases.items():
            try:
                head_of(value)
            except UnknownFormat:
                self.found.unreadable += 1
                continue
            self._logic.restore(key, value)

    def _set_aside(self, fault: Fault, epoch: int, now: int) -> None:
        """Leave a case as it is, on which a run before this one failed."""
        told = fault.told
        mark = Mark(told["case"], told["topic"], told["offset"], ENDS, now, str(fault))
        self._logic.restore(mark.key, encode(mark))
        self._state[mark.key] = encode(mark)
        said = told_of(mark, self._logic.partition, epoch)
        key = mark.case_no.encode()
        self._told.append(
            Output(topics.EVENTS.name, self._logic.partition, key, encode(said), None)
        )

    def apply(self, topic: str, records: Sequence[Record]) -> None:
        """Apply records of steps or of rulings: all steps first, since a ruling needs its case.

        They need not come from this partition: after a repartition a case's older ones stand
        elsewhere. So they are counted here, and where the inputs are read on is `inputs`'s word.
        """
        if topic == STEPS:
            self.found.steps += len(records)
        else:
            self.found.rulings += len(records)
        first = self._logic.applied(topic)
        keys, values, timestamps, headers = zip(*records, strict=True)
        offsets = range(first, first + len(records))
        partition = self._logic.partition
        self._logic.apply(Chunk(topic, partition, offsets, keys, values, timestamps, headers))
        self._take()

    def renew(
        self, issued: Issued, known: Mapping[str, Known], tell: Callable[[int, int], None]
    ) -> None:
        """Take every case into the new epoch, with the cards that it had; the last step."""
        names = [key.decode() for key in self._logic.numbers()]
        for first in range(0, len(names), SLICE):
            for case_no in names[first : first + SLICE]:
                moves = issued.moves(case_no)
                cards = [(move.epoch, issued.card(move)) for move in moves]
                self._logic.renew(case_no, cards, self._pinned(known.get(case_no)))
                self.found.cards += len(cards)
            self._take()
            tell(min(first + SLICE, len(names)), len(names))
        self._told += self._moves(names, issued)
        self._count(names, issued, known)

    def _pinned(self, known: Known | None) -> str:
        """Give the catalogue by which a case was judged, where its content is still there."""
        version = "" if known is None else known.catalogue
        return version if PREFIXES[0] + version.encode() in self._state else ""

    def _moves(self, names: Sequence[str], issued: Issued) -> Iterator[Output]:
        """Say in the new epoch how each card stands: what only an earlier one said falls."""
        for case_no in names:
            key = case_no.encode()
            for move in issued.moves(case_no):
                again = msgspec.structs.replace(move, epoch=self._logic.epoch, revision=1)
                yield Output(VERDICTS, self._logic.partition, key, encode(again), None)

    def _count(self, names: Sequence[str], issued: Issued, known: Mapping[str, Known]) -> None:
        found = self.found
        found.aside = sorted(
            mark.case_no
            for key, value in self._state.items()
            if key.startswith(MARKS) and (mark := decode(value, Mark)).aside
        )
        there = {*names, *found.aside}
        found.cases = len(names)
        found.from_topics = len(self._touched & there)
        found.from_state = found.cases - found.from_topics
        for case_no in names:
            before = known.get(case_no)
            events = decode(self._records[case_no], CaseRecord).events
            if before is not None and events < before.events:
                found.incomplete.append(case_no)
        found.gone = sorted(
            case_no
            for case_no in {*known, *issued.cases()} - there
            if partition_of(case_no, self._partitions) == self._logic.partition
        )

    def _take(self) -> None:
        """Take what the engine wrote: of each case only the latest counts, and no event again."""
        more = True
        while more:
            batch = self._logic.take()
            more = batch.more
            for key, value in batch.state:
                if value is None:
                    self._state.pop(key, None)
                else:
                    self._state[key] = value
            for output in batch.outputs:
                self._sort(output)

    def _sort(self, output: Output) -> None:
        if output.topic == CASES and output.key is not None and output.value is not None:
            self._records[output.key.decode()] = output.value
        elif output.topic == topics.DEAD_LETTERS.name:
            self.found.refused += 1
            if (kept := _of_set_aside(output)) is not None:  # all else is there already
                self._told.append(kept)
        elif output.topic == topics.EVENTS.name and not (output.key or b"").startswith(RESERVED):
            case_no = (output.key or b"").decode()
            self._touched.add(case_no)  # accepted before, and told then
        elif output.topic == topics.EVENTS.name:
            self._told.append(output)  # what is in force from now on

    def batches(self, size: int = TRANSACTION_BYTES) -> Iterator[Batch]:
        """Give what is to be written, in transactions of about `size` bytes.

        The first says that a rebuild is under way: no engine starts on a state that bears that
        mark. The last one takes it away, with the partition's own record, and tells that what only
        earlier lives issued is issued no more. In between old and new states stand side by side,
        and whoever begins again makes the same of them.
        """
        yield Batch([], [(REBUILDING, b"1")])
        own = decode(self._state.pop(PARTITION_KEY), PartitionState)
        own = msgspec.structs.replace(own, inputs=self._inputs)
        dropped = [
            (key, None)
            for key in (*self._before.cases, *self._before.reserved)
            if key not in self._state and key not in (PARTITION_KEY, REBUILDING)
        ]
        state: list[tuple[bytes, bytes | None]] = [*self._state.items(), *dropped]
        outputs = [
            Output(CASES, self._logic.partition, case_no.encode(), value, None)
            for case_no, value in self._records.items()
        ]
        yield from _cut(state, [*self._told, *outputs], size)
        life = LifeRecord(
            partition=self._logic.partition,
            partitions=self._partitions,
            epoch=own.epoch,
            at=own.now,
        )
        told = Output(VERDICTS, self._logic.partition, LIFE_KEY, encode(life), None)
        yield Batch([told], [(REBUILDING, None), (PARTITION_KEY, encode(own))])


def _of_set_aside(output: Output) -> Output | None:
    """Give the letter of a case that is set aside, named by where its record stood; else None."""
    headers = dict(output.headers or ())
    letter = decode(headers[DEAD_LETTER_HEADER], DeadLetter)
    if letter.reason != SET_ASIDE:
        return None
    at = letter.origin
    named = msgspec.structs.replace(letter, letter_id=letter_id(at.topic, at.partition, at.offset))
    headers[DEAD_LETTER_HEADER] = encode(named)
    return output._replace(headers=list(headers.items()))


def _cut(
    state: list[tuple[bytes, bytes | None]], outputs: list[Output], size: int
) -> Iterator[Batch]:
    """Cut records into transactions. Their order does not matter: none counts before the last."""
    part, held = Batch([], []), 0
    for key, value in state:
        part.state.append((key, value))
        held += len(key) + len(value or b"")
        if held >= size:
            yield part
            part, held = Batch([], []), 0
    for output in outputs:
        part.outputs.append(output)
        held += len(output.value or b"")
        if held >= size:
            yield part
            part, held = Batch([], []), 0
    if part.state or part.outputs:
        yield part
