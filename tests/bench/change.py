"""A change of calendar over many open cases, with events flowing: `python -m tests.bench.change`.

In one process, unless `--workers N` says how many engine workers share a real broker: eight
partitions with their group commits on one event loop, as in the worker; a write is the time of a
broker's transaction, waited for. JIANCHA_BENCH_CASES says how many cases are open (100,000 unless
given), `--concerned` which part of them reaches past the first day that changes. What is measured:
the seconds until every case is judged again, and how long each event that comes meanwhile waits
until what it caused is durable.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

import uvloop

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.runtime.failstop import FailStop
from streams.runtime.logic import RESERVED, CasePartition
from streams.runtime.ports import Chunk, InputTopic
from streams.runtime.writer import GroupCommit, Turns
from tests.bench.live import percentile
from tests.bench.task import bench_metrics, bench_rules
from tests.fakes import CountedMetrics
from tests.support.cases import at
from tests.support.changing import change, decreed
from tests.support.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.engine.rules import Rules
    from streams.runtime.ports import Batch

PARTITIONS: Final = 8
EVENTS_A_SECOND: Final = 500
TRANSACTION: Final = 0.008
"""Seconds that a small transaction takes on a broker of the same machine (docs/benchmarks.md)."""
PATTERNS: Final = 500
NOW: Final = at("2026-12-28 09:00:00")
REACHES: Final = (12, 22, 26)
"""Month, and its days on which cases begin whose limits end in 2027."""
ENDS: Final = (11, 23, 24)
"""Those on which cases begin whose limits, of 7 and 20 working days, end on 12-02 and 12-21: before
the last days of December, which await the notice for 2027 too."""
ENDED: Final = at("2026-12-14 09:00:00")
"""When those were looked at last: so the silence about their cards is over before, too."""
INPUTS: Final = {topic.name: InputTopic(None, 0, 1 << 40) for topic in topics.INPUTS}


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run measured."""

    cases: int
    judged: int
    changed: int
    seconds: float
    events: int
    p50: float
    p99: float
    worst: float

    @classmethod
    def of(
        cls, cases: int, judged: int, changed: int, seconds: float, latencies: list[float]
    ) -> Swept:
        p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
        events, worst = len(latencies), max(latencies)
        return cls(cases, judged, changed, seconds, events, p50, p99, worst)


class Place:
    """One partition as the worker runs it: its logic, its group commit, its offsets."""

    def __init__(self, number: int, law: Rules, turns: Turns) -> None:
        self.logic = CasePartition(number, 1, law, bench_metrics(law))
        self.number = number
        self.next = dict.fromkeys(INPUTS, 0)
        self.latencies: list[float] = []
        metrics = CountedMetrics()
        stop = FailStop(metrics)
        self.writer = GroupCommit(self.logic.take, _write, self._durable, metrics, stop, turns)

    def hand_over(self, topic: str, keys: Sequence[bytes | None], values: Sequence[bytes]) -> None:
        """Apply records that come now; the chunk's timestamp is when it came."""
        first = self.next[topic]
        self.next[topic] += len(values)
        now_ms = NOW * 1000
        chunk = Chunk(
            topic,
            self.number,
            range(first, first + len(values)),
            keys,
            values,
            [now_ms] * len(values),
            [()] * len(values),
        )
        came = time.perf_counter()
        done = self.logic.apply(chunk)
        self.writer.add([(came, len(each.values), each.topic) for each in done], len(values))

    def _durable(self, message: Any) -> None:
        came, records, topic = message
        if topic == topics.STEPS.name:
            self.latencies += [time.perf_counter() - came] * records


async def _write(batch: Batch) -> None:
    records = len(batch.outputs) + len(batch.state)
    await asyncio.sleep(TRANSACTION + records * 10e-6)


def packed_patterns(law: Rules, days: tuple[int, int, int], now: int) -> list[bytes]:
    """Make states of open cases, accepted within some days of a month of 2026, judged at `now`."""
    random, here = Random(1), Partition(law)
    here.tick(now - 1)
    for number in range(PATTERNS):
        here.feed(*map(event_value, _opened(random, f"case-{number}", days)))
    here.tick(now)
    here.take()
    return [value for key, value in here.changelog if not key.startswith(RESERVED)]


def _opened(random: Random, case_no: str, days: tuple[int, int, int]) -> Iterator[dict[str, Any]]:
    month, first, last = days
    day, second = random.randrange(first, last + 1), random.randrange(1, 50)
    for number, (kind, minute) in enumerate((("received", 0), ("accepted", 20))):
        yield {
            "event_id": f"{case_no}-{number}",
            "case_no": case_no,
            "source": "hall-430102",
            "kind": kind,
            "occurred_at": f"2026-{month:02}-{day:02}T09:{minute:02}:{second:02}+08:00",
            "item": "i",
            "region": "430102",
            "department": "D1",
            "officer": f"430{random.randrange(1000, 9999)}",
        }


def event_value(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode()


def named(number: int) -> str:
    return f"430102-2026-{number:08d}"


def step_started(event_id: str, number: int) -> dict[str, Any]:
    """An event of a case, of which there may be no record yet."""
    return {
        "event_id": event_id,
        "case_no": named(number),
        "source": "hall-430102",
        "kind": "step_started",
        "step": "SC",
        "occurred_at": "2026-12-28T08:50:00+08:00",
        "item": "i",
    }


def patterns_of(law: Rules, cases: int, concerned: float) -> Iterator[tuple[int, bytes]]:
    """Give a packed state for each case's number, that share of them reaching past the year."""
    reaching = packed_patterns(law, REACHES, NOW)
    ending = packed_patterns(law, ENDS, ENDED)
    random = Random(2)
    for number in range(cases):
        patterns = reaching if random.random() < concerned else ending
        yield number, patterns[number % len(patterns)]


def filled(places: Sequence[Place], law: Rules, cases: int, concerned: float) -> None:
    """Give the partitions their open cases, as a restore does."""
    for number, packed in patterns_of(law, cases, concerned):
        places[number % len(places)].logic.restore(named(number).encode(), packed)
    for place in places:
        place.logic.restored(INPUTS)


async def flowing(places: Sequence[Place], cases: int, stop: asyncio.Event) -> int:
    """Hand over events of known cases and of new ones, and a tick a second, until told to stop."""
    random, sent, began, ticked = Random(3), 0, time.perf_counter(), 0
    while not stop.is_set():
        due = int((time.perf_counter() - began) * EVENTS_A_SECOND)
        by_place: dict[int, list[bytes]] = {}
        while sent < due:
            number = random.randrange(cases + cases // 50)
            facts = step_started(f"live-{sent}", number)
            by_place.setdefault(number % len(places), []).append(event_value(facts))
            sent += 1
        for number, values in by_place.items():
            keys = [None] * len(values)
            places[number].hand_over(topics.STEPS.name, keys, values)
        if int(time.perf_counter() - began) > ticked:
            ticked += 1
            for place in places:
                tick = encode(Tick(NOW + ticked, "worker", {}))
                place.hand_over(topics.TICKS.name, [None], [tick])
        await asyncio.sleep(0.005)
    return sent


async def measure(cases: int, concerned: float, settle: float = 2.0) -> Swept:
    """Make the cases, let events flow, send the change, wait until it is through."""
    law = bench_rules()
    turns = Turns()
    places = [Place(number, law, turns) for number in range(PARTITIONS)]
    filled(places, law, cases, concerned)
    gc.collect()
    gc.freeze()
    stop = asyncio.Event()
    live = asyncio.create_task(flowing(places, cases, stop))
    await asyncio.sleep(settle)
    for place in places:
        place.latencies.clear()
    sent = encode(change(decreed(law.catalogue.calendars["cn"])))
    began = time.perf_counter()
    for place in places:
        place.hand_over(topics.TICKS.name, [None], [sent])
    judged = [0] * len(places)
    changed = [0] * len(places)
    while any(place.logic._changes.busy for place in places):
        await asyncio.sleep(0.05)
        for number, place in enumerate(places):
            position = place.logic._changes.position
            if position is not None:
                judged[number], changed[number] = position.judged, position.changed
    seconds = time.perf_counter() - began
    stop.set()
    await live
    waited = [latency for place in places for latency in place.latencies]
    return Swept.of(cases, sum(judged), sum(changed), seconds, waited)


def run(cases: int, concerned: float, workers: int) -> Swept:
    """Measure in this process, or with workers on a broker."""
    if workers:
        from tests.bench.change_broker import on_real_kafka

        return on_real_kafka(cases, concerned, workers)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(cases, concerned))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.change", description=__doc__)
    parser.add_argument("--concerned", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args(arguments)
    cases = int(os.environ.get("JIANCHA_BENCH_CASES", "100000"))
    found = run(cases, given.concerned, given.workers)
    print(  # noqa: T201
        f"{found.cases:,} open cases, {found.judged:,} judged again, {found.changed:,} changed:"
        f" {found.seconds:.1f} s; {found.events:,} events meanwhile waited"
        f" p50 {found.p50 * 1000:.0f} ms, p99 {found.p99 * 1000:.0f} ms,"
        f" worst {found.worst * 1000:.0f} ms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
