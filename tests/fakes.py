"""What stands in for the parts around the runtime: a toy logic, counted metrics, a worker of them.

`python -m tests.fakes SETTINGS.json` runs the real worker with the toy logic, for the tests which
kill, freeze and restart it.
"""

# ruff: noqa: ARG002 - a fake takes what it is given
from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter, deque
from dataclasses import fields
from pathlib import Path

from streams.runtime.failstop import FailStop
from streams.runtime.ports import (
    Batch,
    Chunk,
    Fatal,
    InputTopic,
    Output,
    RuntimeSettings,
)
from streams.runtime.positions import Delivery, Partition

BREACH_AT = 5  # events of a case
META = b"\x00toy"


class CountedMetrics:
    """RuntimeMetrics that keep what they are told."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def chunk(self, topic, records):
        self.counts[f"chunk {topic}"] += records

    def committed(self, records, written, seconds):
        self.counts["committed"] += records
        self.counts["transactions"] += 1
        self.counts["written"] += written

    def restored(self, records, seconds):
        self.counts["restored"] += records

    def rebalanced(self, owned, kept, seconds):
        self.counts["rebalanced"] += 1
        self.counts["kept"] += kept

    def gave_back(self, topic):
        self.counts["gave back"] += 1

    def looked_again(self, topic):
        self.counts["looked again"] += 1

    def hole(self, topic, offsets):
        self.counts["holes"] += offsets

    def tick_skipped(self, reason):
        self.counts[f"skipped {reason}"] += 1

    def fail_stop(self, reason):
        self.counts[f"fail stop {reason}"] += 1


class Ended(BaseException):
    """Raised where the real process would have ended; no `except Exception` can swallow it."""


def stopper(metrics: CountedMetrics | None = None) -> FailStop:
    """Make a FailStop which raises Ended."""

    def leave(code: int) -> None:
        raise Ended(code)

    return FailStop(metrics or CountedMetrics(), leave=leave)


class FakeMessage:
    """A message of Faust with a Delivery in it."""

    def __init__(self, delivery: Delivery, generation: int = 1) -> None:
        self.value = delivery
        self.partition = delivery.tp.partition
        self.tp = delivery.tp
        self.generation_id = generation
        self.acked = False


class FakeReader:
    """What a partition tells the reading side."""

    def __init__(self) -> None:
        self.open: set = set()
        self.paused: set = set()

    def set_aside(self, message):
        self.open.discard(message)

    def take_up(self, message):
        self.open.add(message)

    def on_buffer_full(self, tp):
        self.paused.add(tp)

    def on_buffer_drop(self, tp):
        self.paused.discard(tp)


class FakeCluster:
    """Offsets and topics as the test says."""

    def __init__(self, count: int = 2, low: int = 0, high: int = 0) -> None:
        self.count = count
        self.low = low
        self.high = high
        self.ids: dict[str, str | None] = {}
        self.delay: asyncio.Event | None = None
        self.error: Exception | None = None
        self.knocks = 0

    async def knock(self):
        self.knocks += 1

    async def partitions(self):
        return self.count

    async def topic_ids(self):
        return self.ids

    async def lows(self, partitions):
        return dict.fromkeys(partitions, self.low)

    async def highs(self, partitions):
        if self.delay is not None:
            await self.delay.wait()
        if self.error is not None:
            raise self.error
        return dict.fromkeys(partitions, self.high)


def chunk(topic: str, partition: int, offsets: list[int], values: list[bytes] | None = None):
    """Make a chunk whose keys are `k` and whose values are `v` unless given."""
    count = len(offsets)
    return Chunk(
        topic,
        partition,
        offsets,
        [b"k"] * count,
        values or [b"v"] * count,
        [1000 + offset for offset in offsets],
        [()] * count,
    )


def message(of: Chunk, first: int | None = None, next_: int | None = None) -> FakeMessage:
    """Wrap a chunk; the span is as tight as can be unless given."""
    first = of.offsets[0] if first is None else first
    next_ = of.offsets[-1] + 1 if next_ is None else next_
    return FakeMessage(Delivery(Partition(of.topic, of.partition), first, next_, of))


def hole(topic: str, partition: int, first: int, next_: int) -> FakeMessage:
    """Make a message without records."""
    return FakeMessage(Delivery(Partition(topic, partition), first, next_, None))


class ToyLogic:
    """Counts a case's events, and says once when they are five: at a tick, never before.

    Every event gives a record `E:event;offset`, every fifth of a case one `B:case`.
    """

    def __init__(self, partition: int, topics: ToyTopics) -> None:
        self.partition = partition
        self.topics = topics
        self.cases: dict[bytes, list] = {}  # case -> [count, last event, offset, said]
        self.meta: dict = {"next": {}, "ids": {}, "ticks": 0, "now": 0, "rulings": 0}
        self.fives: set[bytes] = set()
        self.waiting: deque[tuple[Chunk, deque]] = deque()
        self.tick_end = 0
        self.dirty: dict[bytes, list] = {}
        self.outputs: list[Output] = []
        self.changed = False
        self.closed = False
        self.began: int | None = None

    def restore(self, key, value):
        if key == META:
            self.meta = json.loads(value)
            return
        count, last, offset, said = value.split(b"|")
        self.cases[key] = [int(count), last, int(offset), int(said)]
        (self.fives.add if int(count) >= BREACH_AT and not int(said) else self.fives.discard)(key)

    def restored(self, inputs: dict[str, InputTopic], began: int) -> None:
        self.began = began
        for topic, found in inputs.items():
            known = self.meta["ids"].setdefault(topic, found.topic_id)
            if known != found.topic_id:
                raise Fatal(f"{topic} was made anew")
            if self.applied(topic) > found.high:
                raise Fatal(f"{topic}: {self.applied(topic)} is past {found.high}")

    def apply(self, chunk: Chunk) -> list[Chunk]:
        if chunk.topic == self.topics.ticks:
            ticks = [
                pair
                for pair in zip(chunk.offsets, chunk.values, strict=True)
                if pair[0] >= self.applied(chunk.topic)
            ]
            self.waiting.append((chunk, deque(ticks)))
            return self._tick()
        if chunk.topic == self.topics.steps:
            self._fold(chunk)
        else:
            self.meta["rulings"] += sum(o >= self.applied(chunk.topic) for o in chunk.offsets)
        self._reach(chunk.topic, chunk.offsets[-1] + 1)
        return [chunk, *self._tick()]

    def advance(self, topic: str, next_offset: int) -> list[Chunk]:
        if topic == self.topics.ticks:
            self.tick_end = next_offset
        else:
            self._reach(topic, next_offset)
        return self._tick()

    def take(self) -> Batch:
        freeze = self.topics.freeze
        if freeze and self.dirty and Path(freeze).exists():
            Path(freeze).unlink()
            os.kill(os.getpid(), signal.SIGSTOP)
        state = [(k, b"%d|%b|%d|%d" % tuple(case)) for k, case in self.dirty.items()]
        if self.changed:
            state.append((META, json.dumps(self.meta).encode()))
        batch = Batch(self.outputs, state)
        self.outputs, self.dirty, self.changed = [], {}, False
        return batch

    def applied(self, topic: str) -> int:
        return self.meta["next"].get(topic, 0)

    def barriers(self):
        return ()

    def rewind(self) -> None:
        self.waiting.clear()
        self.tick_end = 0

    def close(self) -> None:
        self.closed = True

    def _fold(self, chunk: Chunk) -> None:
        start = self.applied(chunk.topic)
        for key, value, offset in zip(chunk.keys, chunk.values, chunk.offsets, strict=True):
            if offset < start:
                continue
            case = self.cases.setdefault(key, [0, b"", -1, 0])
            case[0] += 1
            case[1] = value[:24].rstrip()
            case[2] = offset
            self.dirty[key] = case
            if case[0] >= BREACH_AT and not case[3]:
                self.fives.add(key)
            said = b"E:%b;%d" % (case[1], offset)
            self.outputs.append(Output(self.topics.verdicts, self.partition, key, said))

    def _tick(self) -> list[Chunk]:
        done = []
        while self.waiting:
            chunk, ticks = self.waiting[0]
            while ticks and self._may_tick(ticks[0][1]):
                offset, value = ticks.popleft()
                self.meta["ticks"] += 1
                self.meta["now"] = json.loads(value)["now"]
                self._say_breaches()
                self._reach(chunk.topic, offset + 1)
            if ticks:
                return done
            done.append(chunk)
            self.waiting.popleft()
        self._reach(self.topics.ticks, self.tick_end)
        return done

    def _may_tick(self, value: bytes) -> bool:
        barriers = json.loads(value)["barriers"]
        return all(self.applied(topic) >= next_ for topic, next_ in barriers.items())

    def _say_breaches(self) -> None:
        for key in sorted(self.fives):
            self.cases[key][3] = 1
            self.dirty[key] = self.cases[key]
            said = b"B:%b" % key
            self.outputs.append(Output(self.topics.verdicts, self.partition, key, said))
        self.fives.clear()

    def _reach(self, topic: str, next_offset: int) -> None:
        if next_offset > self.applied(topic):
            self.meta["next"][topic] = next_offset
            self.changed = True


class ToyTopics:
    """The toy's topics, under a prefix; `freeze` names a file that makes it stop before a write."""

    def __init__(self, prefix: str, freeze: str | None = None) -> None:
        self.steps = f"{prefix}.steps"
        self.rulings = f"{prefix}.rulings"
        self.ticks = f"{prefix}.ticks"
        self.verdicts = f"{prefix}.verdicts"
        self.state = f"{prefix}.state"
        self.group = f"{prefix}-engine"
        self.freeze = freeze

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.steps, self.rulings, self.ticks)


def encode_tick(now_ms, barriers) -> bytes:
    return json.dumps({"now": now_ms, "barriers": barriers}).encode()


def toy_settings(servers: str, topics: ToyTopics, data_dir: Path, **changed) -> RuntimeSettings:
    base = {
        "bootstrap_servers": servers,
        "group_id": topics.group,
        "inputs": topics.inputs,
        "ticks_topic": topics.ticks,
        "state_topic": topics.state,
        "data_dir": str(data_dir),
        "session_timeout": 6.0,
        "rebalance_timeout": 30.0,
        "tick_interval": 0.2,
        "commit_interval": 0.5,
    }
    return RuntimeSettings(**(base | changed))


def write_settings(path: Path, settings: RuntimeSettings, prefix: str, freeze: str | None) -> None:
    plain = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "security"}
    path.write_text(json.dumps({"settings": plain, "prefix": prefix, "freeze": freeze}))


def main(path: str) -> int:
    from streams.runtime.worker import EngineWorker

    given = json.loads(Path(path).read_text())
    given["settings"]["inputs"] = tuple(given["settings"]["inputs"])
    topics = ToyTopics(given["prefix"], given["freeze"])
    metrics = CountedMetrics()
    worker = EngineWorker(
        RuntimeSettings(**given["settings"]),
        lambda partition, _count: ToyLogic(partition, topics),
        encode_tick,
        metrics,
    )
    code = worker.run()
    print("counted", json.dumps(metrics.counts), flush=True)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
