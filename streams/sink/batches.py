"""Batches: rows gathered until there are enough of them, or the oldest has waited long enough.

Pure: the clock is the caller's. A sealed batch never changes, so that it can be sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.sink import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from streams.sink.rows import Record
    from streams.sink.tables import Row, Table


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Entry(NamedTuple):
    """One row and the record that it came from."""

    values: tuple[Any, ...]
    record: Record


class Refused(NamedTuple):
    """A record, or one table's row of it, that is for the sink's dead letters, and why."""

    record: Record
    what: str
    """The table that refused the row, or the topic whose record could not be read."""
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by table in the order of insertion, and the offsets that may be committed after them."""

    entries: Mapping[Table, tuple[Entry, ...]]
    refused: tuple[Refused, ...]
    offsets: Mapping[Partition, int]
    """The next offset of each partition."""
    records: Mapping[Partition, int]
    """How many records of each partition it holds."""

    def records_of(self, topic: str) -> int:
        """Tell how many records of a topic it holds."""
        return sum(count for partition, count in self.records.items() if partition.topic == topic)


@dataclass(slots=True)
class _Gathered:
    rows: list[tuple[Table, Entry]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    next_offset: int = 0
    records: int = 0


class Batcher:
    """Gathers what the next batch will hold. `max_age` is in the seconds of the caller's clock."""

    def __init__(self, max_rows: int, max_age: float) -> None:
        self._max_rows, self._max_age = max_rows, max_age
        self._gathered: dict[Partition, _Gathered] = {}
        self._rows = 0
        self._since: float | None = None

    def add(self, record: Record, rows: Collection[Row], now: float) -> None:
        """Take a record's rows."""
        gathered = self._of(record, now)
        gathered.rows += [(table, Entry(values, record)) for table, values in rows]
        self._rows += len(rows)

    def refuse(self, record: Record, why: str, now: float) -> None:
        """Take a record that could not be read."""
        self._of(record, now).refused.append(Refused(record, record.topic, why))

    def due(self, now: float) -> bool:
        """Tell whether there is enough to insert."""
        if self._since is None:
            return False
        return self._rows >= self._max_rows or now - self._since >= self._max_age

    def partitions(self) -> set[Partition]:
        """Tell where what is gathered came from."""
        return set(self._gathered)

    def records_of(self, topic: str) -> int:
        """Tell how many records of a topic are gathered."""
        return sum(each.records for p, each in self._gathered.items() if p.topic == topic)

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop what came from partitions that are another's now, who will read it again."""
        for partition in partitions:
            dropped = self._gathered.pop(partition, None)
            if dropped is not None:
                self._rows -= len(dropped.rows)
        if not self._gathered:
            self._since = None

    def seal(self) -> Batch | None:
        """Give all that is gathered, and begin anew; None when there is nothing."""
        gathered, self._gathered = self._gathered, {}
        self._rows, self._since = 0, None
        if not gathered:
            return None
        by_table: dict[Table, list[Entry]] = {table: [] for table in tables.ALL}
        for each in gathered.values():
            for table, entry in each.rows:
                by_table[table].append(entry)
        return Batch(
            {table: tuple(entries) for table, entries in by_table.items() if entries},
            tuple(refused for each in gathered.values() for refused in each.refused),
            {partition: each.next_offset for partition, each in gathered.items()},
            {partition: each.records for partition, each in gathered.items()},
        )

    def _of(self, record: Record, now: float) -> _Gathered:
        if self._since is None:
            self._since = now
        gathered = self._gathered.setdefault(Partition(record.topic, record.partition), _Gathered())
        gathered.next_offset = record.offset + 1
        gathered.records += 1
        return gathered


def without(batch: Batch, partitions: Collection[Partition]) -> Batch | None:
    """Give a batch without what came from some partitions; None when nothing is left."""
    gone = set(partitions)
    if gone.isdisjoint(batch.offsets):
        return batch
    offsets = {p: offset for p, offset in batch.offsets.items() if p not in gone}
    if not offsets:
        return None

    def stays(record: Record) -> bool:
        return (record.topic, record.partition) in offsets

    entries = {
        table: tuple(entry for entry in entries if stays(entry.record))
        for table, entries in batch.entries.items()
    }
    kept = {table: entries for table, entries in entries.items() if entries}
    refused = tuple(refused for refused in batch.refused if stays(refused.record))
    return Batch(kept, refused, offsets, {p: batch.records[p] for p in offsets})
