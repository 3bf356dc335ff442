"""Where reading stands in each owned partition: linear bookkeeping, pure.

Faust tracks single messages, and commits past what it takes for a gap. Here each delivery is a span
of offsets that begins where the last one ended, and is acknowledged in that order; so a committed
offset can neither pass an unprocessed record nor depend on guesses about gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.runtime.ports import Chunk, Fatal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Partition(NamedTuple):
    """A topic's partition. Equal to Faust's and aiokafka's own tuples of the same form."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A span [first, next) of a partition's offsets, and the records in it, if there are any."""

    tp: Partition
    first: int
    next: int
    chunk: Chunk | None

    @property
    def records(self) -> int:
        """The number of records in the span."""
        return 0 if self.chunk is None else len(self.chunk.offsets)


class Hole(NamedTuple):
    """Offsets [first, next) that were seen to carry no record."""

    first: int
    next: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What to make of one fetch of one partition."""

    deliveries: Sequence[Delivery] = ()
    hole: Hole | None = None  # confirmed: to be checked against the low watermark before delivery
    look_again: bool = False  # seek back to `Positions.expected`: a hole may be a lost fetch


class Positions:
    """The next offset to deliver and the next to commit, by partition, in one generation."""

    def __init__(self, chunk_records: int) -> None:
        self._chunk_records = chunk_records
        self.expected: dict[Partition, int] = {}
        self.acknowledged: dict[Partition, int] = {}
        self._seen: dict[Partition, Hole] = {}

    def begin(self, starts: Mapping[Partition, int]) -> None:
        """Start anew: after an assignment each partition is read from its start."""
        self.expected = dict(starts)
        self.acknowledged = dict(starts)
        self._seen = {}

    def admit(
        self, tp: Partition, began: int | None, records: Sequence[Any], position: int
    ) -> Admission:
        """Judge one fetch: where it began, its records in order, the position after it.

        A fetch that begins above the expected offset follows one that got lost. One that begins
        there, but brings no record of it, shows a hole, which is believed when a second fetch shows
        it too. What follows within a fetch is contiguous.
        """
        expected = self.expected[tp]
        if records and records[0].offset < expected:  # delivered before the reader went back
            records = [record for record in records if record.offset >= expected]
        found = records[0].offset if records else position
        if found <= expected and not records:
            return Admission()
        if found == expected:
            return Admission(self._cut(tp, records, position))
        if began is None or began > expected:
            return Admission(look_again=True)
        confirmed = self._confirmed(tp, Hole(expected, found))
        hole = Hole(expected, confirmed) if confirmed > expected else None
        if confirmed == found:
            return Admission(self._cut(tp, records, position), hole)
        self._seen[tp] = Hole(confirmed, found)
        if hole is None:
            return Admission(look_again=True)
        return Admission([self._span(tp, confirmed, None)], hole, look_again=True)

    def acknowledge(self, delivery: Delivery) -> None:
        """Take a delivery as durable.

        Raises Fatal when it does not begin where the last acknowledged one ended.
        """
        done = self.acknowledged[delivery.tp]
        if delivery.first != done:
            raise Fatal(
                f"{delivery.tp.topic}[{delivery.tp.partition}]: offsets {delivery.first} to "
                f"{delivery.next} acknowledged, but {done} is next"
            )
        self.acknowledged[delivery.tp] = delivery.next

    def _confirmed(self, tp: Partition, hole: Hole) -> int:
        seen = self._seen.pop(tp, None)
        if seen is None or seen.first != hole.first:
            return hole.first
        return min(seen.next, hole.next)

    def _cut(self, tp: Partition, records: Sequence[Any], position: int) -> list[Delivery]:
        """Cut a fetch into chunks; what it skipped after its last record belongs to the last."""
        if not records:
            return [self._span(tp, position, None)]
        size = self._chunk_records
        parts = [records[i : i + size] for i in range(0, len(records), size)]
        ends = [part[0].offset for part in parts[1:]]
        ends.append(max(position, records[-1].offset + 1))
        return [
            self._span(tp, end, chunk_of(tp, part)) for part, end in zip(parts, ends, strict=True)
        ]

    def _span(self, tp: Partition, end: int, chunk: Chunk | None) -> Delivery:
        delivery = Delivery(tp, self.expected[tp], end, chunk)
        self.expected[tp] = end
        return delivery


def chunk_of(tp: Partition, records: Sequence[Any]) -> Chunk:
    """Turn a client's records, which have the fields of aiokafka's, into a chunk."""
    return Chunk(
        topic=tp.topic,
        partition=tp.partition,
        offsets=[record.offset for record in records],
        keys=[record.key for record in records],
        values=[record.value for record in records],
        timestamps=[record.timestamp for record in records],
        headers=[record.headers for record in records],
    )
