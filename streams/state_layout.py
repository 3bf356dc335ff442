"""What the state topic holds, seen as a layout: which case stands in which partition. Pure.

A look at every partition adds up to a `Survey`. Two surveys say whether a repartition has lost,
invented or doubled anything: the number of cases and a digest of them do not depend on where they
stand.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final

from schemas import topics
from schemas.verdicts import decode, encode
from streams.engine.state import FORMAT, UnknownFormat
from streams.runtime.arrivals import OPEN
from streams.runtime.changes import TASK
from streams.runtime.faults import MARKS, Mark
from streams.runtime.inputs import InputPosition
from streams.runtime.logic import PARTITION_KEY, RESERVED, PartitionState
from streams.runtime.placing import partition_of
from streams.runtime.positions import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSACTION_BYTES: Final = 8 << 20
"""Of the states that move in one transaction: about ten thousand cases, well within a second."""
_WRAP: Final = 1 << 64


class Kept:
    """One partition of the state topic as its next owner would read it: the latest of each key."""

    def __init__(self) -> None:
        self.cases: dict[bytes, bytes] = {}
        self.reserved: dict[bytes, bytes] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state topic, in the order in which it was written."""
        kept = self.reserved if key.startswith(RESERVED) else self.cases
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value

    @cached_property
    def own(self) -> PartitionState | None:
        """The partition's own record; None where no engine has ever owned it."""
        raw = self.reserved.get(PARTITION_KEY)
        return None if raw is None else decode(raw, PartitionState)

    @property
    def references(self) -> dict[bytes, bytes]:
        """What holds for the cases of every partition: catalogues, calendars, what is in force."""
        return {
            key: raw
            for key, raw in self.reserved.items()
            if key != PARTITION_KEY and not key.startswith((MARKS, OPEN))
        }

    @property
    def marks(self) -> list[Mark]:
        """What has ended an engine, cases set aside among it."""
        return [decode(raw, Mark) for key, raw in self.reserved.items() if key.startswith(MARKS)]

    def leaving(self, partition: int, partitions: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Give the cases whose place is another one: the place, the key, the state.

        What is marked of a case goes with it; a record's mark stays where the record stands.
        """
        marks = ((mark.case_no, mark.key, encode(mark)) for mark in self.marks if mark.case_no)
        cases = ((key.decode(), key, state) for key, state in self.cases.items())
        for case_no, key, state in chain(marks, cases):
            place = partition_of(case_no, partitions)
            if place != partition:
                yield place, key, state


@dataclass
class Survey:
    """What all partitions hold, added up; `partitions` is the number that is wanted."""

    partitions: int
    read: int = 0
    """Partitions looked at."""
    cases: int = 0
    moving: int = 0
    bytes_moving: int = 0
    digest: int = 0
    """Of every case's number and state, whatever the order and the places."""
    load: Counter[int] = field(default_factory=Counter)
    """Cases by the partition in which they belong."""
    own: dict[int, PartitionState] = field(default_factory=dict)
    references: dict[bytes, bytes] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    """Why this layout must not be changed now; each with its remedy."""

    def add(self, partition: int, kept: Kept) -> None:
        """Add what one partition holds."""
        self.read += 1
        self.cases += len(kept.cases)
        for key, state in kept.cases.items():
            place = partition_of(key.decode(), self.partitions)
            self.load[place] += 1
            self.digest = (self.digest + _digest(key, state)) % _WRAP
            if place != partition:
                self.moving += 1
                self.bytes_moving += len(key) + len(state)
        self._add_references(partition, kept)
        if kept.own is not None:
            self._add_own(partition, kept.own, changing=TASK in kept.reserved)
        elif kept.cases:
            self.wrong.append(
                f"partition {partition} holds cases and no record of its own: the state topic "
                "lost records"
            )

    def _add_own(self, partition: int, own: PartitionState, *, changing: bool) -> None:
        self.own[partition] = own
        if own.format != FORMAT:
            self.wrong.append(f"partition {partition}: {UnknownFormat(own.format)}")
        if changing:
            self.wrong.append(
                f"partition {partition}: a change of calendar or catalogue is on its way through "
                "the cases: start the engines, and stop them when it has ended"
            )

    def _add_references(self, partition: int, kept: Kept) -> None:
        for key, raw in kept.references.items():
            if self.references.setdefault(key, raw) != raw:
                self.wrong.append(
                    f"partition {partition} holds another {key[1:].decode()} than those before "
                    "it: start all engines with the same catalogue, let every partition take it "
                    "up, and stop them"
                )

    @property
    def now(self) -> int:
        """The latest time that a partition has reached."""
        return max((own.now for own in self.own.values()), default=0)

    @property
    def epoch(self) -> int:
        """The latest beginning of a partition's state; 0 where all are of 0.1.0."""
        return max((own.epoch for own in self.own.values()), default=0)

    def record(self, partition: int, before: int) -> PartitionState:
        """Give the record with which a partition goes on, where there were `before` of them.

        All of them have reached the same time: a case that comes from one that was a second ahead
        must not be judged by a second that it has behind it. So is the epoch the latest of all: a
        case may be opened in another partition than in an earlier life, and has to outrank it;
        those that are there keep their own. The inputs of a new partition are read from their
        beginning.
        """
        own = self.own.get(partition)
        inputs = own.inputs if own is not None else {}
        if own is None and partition >= before:
            inputs = {t.name: InputPosition(self._topic_id(t.name), 0) for t in topics.INPUTS}
        ticked = None if own is None else own.ticked
        return PartitionState(FORMAT, self.now, inputs, epoch=self.epoch, ticked=ticked)

    def _topic_id(self, topic: str) -> str | None:
        known = (own.inputs[topic].topic_id for own in self.own.values() if topic in own.inputs)
        return next(known, None)

    def starts(self, before: int) -> dict[Partition, int]:
        """Give the next offset to apply, of each input of the first `before` partitions."""
        starts = {Partition(t.name, number): 0 for t in topics.INPUTS for number in range(before)}
        for number, own in self.own.items():
            for topic, position in own.inputs.items():
                if number < before:
                    starts[Partition(topic, number)] = position.next
        return starts

    def same_cases(self, other: Survey) -> bool:
        """Tell whether both hold the same cases in the same states, each as often."""
        return (self.cases, self.digest) == (other.cases, other.digest)


def transactions(
    leaving: Iterator[tuple[int, bytes, bytes]], size: int = TRANSACTION_BYTES
) -> Iterator[list[tuple[int, bytes, bytes]]]:
    """Cut what leaves a partition into transactions of about `size` bytes."""
    part: list[tuple[int, bytes, bytes]] = []
    held = 0
    for move in leaving:
        part.append(move)
        held += len(move[1]) + len(move[2])
        if held >= size:
            yield part
            part, held = [], 0
    if part:
        yield part


def _digest(key: bytes, state: bytes) -> int:
    said = b"%d:%s:%s" % (len(key), key, state)
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())
