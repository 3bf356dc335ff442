"""`python -m tests.bench.volume`: the bytes that an event leaves behind, and a case in memory.

The engine's own work on the bench's hall log, its records framed as Kafka's record batches (lz4):
once with each event in a transaction of its own, as they come in by day, and once in batches of
200, as in a backlog. The history is written by the sink's own code into the embedded ClickHouse,
and merged. Exit code 0. It takes a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tracemalloc
from collections import Counter
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from clickhouse_driver import Client

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.runtime.cases import Cases
from streams.runtime.logic import RESERVED
from streams.sink.batches import Batcher
from streams.sink.inserts import Writer
from streams.sink.rows import TOPICS, rows_of
from tests.bench.hall import FIRST, make_log
from tests.bench.task import bench_rules
from tests.support.history import database
from tests.support.partition import Partition
from tests.support.servers import embedded_clickhouse

if TYPE_CHECKING:
    from collections.abc import Iterable

EVENTS: Final = 10_000
BACKLOG: Final = 200
"""Events a transaction when there is more to read than can be written one by one."""
LZ4: Final = 3
MARKER: Final = 78
"""Bytes of the mark that ends a transaction, in each partition that it wrote to."""
IN_MEMORY: Final = 200_000
"""Cases restored to measure what one takes."""


def batch_bytes(records: Iterable[tuple[bytes | None, bytes | None]]) -> int:
    """Give the bytes of records in one compressed record batch, as the broker stores it."""
    builder = DefaultRecordBatchBuilder(2, LZ4, 1, 1, 1, 1, 1 << 26)
    for offset, (key, value) in enumerate(records):
        builder.append(offset, 1_740_000_000_000, key, value, [])
    return len(builder.build())


def run(events: int, size: int):
    """Let the engine take the log in transactions of `size` events; bytes and records by topic."""
    (steps,) = make_log(events, 1).steps
    partition = Partition(bench_rules(), ticks_from="replay")
    stored, records = Counter(), Counter()
    now, kept = int(FIRST.timestamp()), []

    def write(batch):
        by_topic = {topics.CASE_STATE.name: list(batch.state)}
        for output in batch.outputs:
            by_topic.setdefault(output.topic, []).append((output.key, output.value))
        for topic, found in by_topic.items():
            stored[topic] += batch_bytes(found) + MARKER
            records[topic] += len(found)
        kept.extend(batch.outputs)

    for first in range(0, len(steps), size):
        part = steps[first : first + size]
        keys = [event.case_no.encode() for event in part]
        chunk = partition.chunk(topics.STEPS.name, [e.value for e in part], keys=keys)
        partition.logic.apply(chunk)
        sent = [[(key, e.value)] for key, e in zip(keys, part, strict=True)] if size == 1 else [
            [(key, e.value) for key, e in zip(keys, part, strict=True)]
        ]  # fmt: skip
        stored[topics.STEPS.name] += sum(map(batch_bytes, sent))
        records[topics.STEPS.name] += len(part)
        write(partition.take())
        if part[-1].at > now:
            now = part[-1].at
            partition.tick(now, source="replay")
            write(partition.take())
    return partition, stored, records, kept


def tick_bytes(partition) -> dict[str, int]:
    """Give what one second without events leaves in the ticks and in the state."""
    now = partition.metrics.now + 1
    barriers = {topics.STEPS.name: 1_000_000, topics.RULINGS.name: 1_000}
    partition.take()
    partition.tick(now, source="replay")
    batch = partition.logic.take()
    own = [(key, value) for key, value in batch.state if key.startswith(RESERVED)]
    return {
        topics.TICKS.name: batch_bytes([(None, encode(Tick(now, "worker", barriers)))]),
        topics.CASE_STATE.name: batch_bytes(own) + MARKER,
    }


def move_bytes(outputs) -> float:
    """Give the mean bytes of a card's move in a transaction of its own."""
    moves = [(o.key, o.value) for o in outputs if o.topic == topics.VERDICTS.name]
    return sum(batch_bytes([move]) + MARKER for move in moves) / len(moves)


def history_bytes(outputs) -> dict[str, int]:
    """Give the bytes of each table once the outputs are in and merged."""
    batcher, offsets = Batcher(1 << 30, 1e9), count()
    for output in outputs:
        if output.topic in TOPICS:
            place = SimpleNamespace(
                topic=output.topic, partition=0, offset=next(offsets), timestamp=1_740_000_000_000,
                key=output.key, value=output.value, headers=output.headers or [],
            )  # fmt: skip
            batcher.add(place, rows_of(place), 0.0)
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_clickhouse(Path(folder)) as port,
        database(port) as (where, client),
    ):
        assert Writer(client, where.database, lambda *_: None).write(batcher.seal()) == []
        merged = Client("127.0.0.1", port=port, database=where.database)
        tables = [name for (name,) in merged.execute(
            "SELECT name FROM system.tables WHERE database = currentDatabase()"
            " AND engine LIKE '%MergeTree'"
        )]  # fmt: skip
        for table in tables:
            merged.execute(f"OPTIMIZE TABLE {table} FINAL")
        return dict(merged.execute(
            "SELECT table, sum(bytes_on_disk) FROM system.parts"
            " WHERE database = currentDatabase() AND active GROUP BY table"
        ))  # fmt: skip


def memory_bytes(changelog) -> float:
    """Give what a restored case takes in a worker: its state, its name, its place in the index."""
    states = {key: value for key, value in changelog if not key.startswith(RESERVED)}
    values = list(states.values())
    cases = Cases(lambda _: None)
    tracemalloc.start()
    for number in range(IN_MEMORY):
        packed = bytes(bytearray(values[number % len(values)]))  # bytes of its own
        cases.restore(f"430102-2025-{number:08d}", packed)
    cases.restored()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / IN_MEMORY


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.volume", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    events = parser.parse_args(arguments).events
    alone, stored, records, outputs = run(events, 1)
    _, backlog, _, _ = run(events, BACKLOG)
    states = {k: v for k, v in alone.changelog if not k.startswith(RESERVED)}
    found = {
        "events": events,
        "cases": len(states),
        "bytes an event, alone": {t: round(b / events, 1) for t, b in stored.items()},
        "bytes an event, backlog": {t: round(b / events, 1) for t, b in backlog.items()},
        "records an event, alone": {t: round(n / events, 2) for t, n in records.items()},
        "bytes of a state": round(sum(len(k) + len(v) for k, v in states.items()) / len(states), 1),
        "bytes a tick": tick_bytes(alone),
        "bytes of a move, alone": round(move_bytes(outputs), 1),
        "bytes an event, history": {
            table: round(b / events, 1) for table, b in sorted(history_bytes(outputs).items())
        },
        "bytes a case, memory": round(memory_bytes(alone.changelog), 1),
    }
    print(json.dumps(found, indent=1))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
