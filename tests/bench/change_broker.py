"""A change of calendar over many open cases on real Kafka, with events flowing.

The state topic is filled with open cases, workers restore them, events flow, and the change is sent
as the command sends it. An event's latency runs from when its sender dated it to when a reader of
committed records has what the engine wrote of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from deploy.local.real_kafka import RealKafka
from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.changing import Changing
from streams.runtime.placing import partition_of
from streams.settings import Kafka, Settings
from tests.bench.change import (
    EVENTS_A_SECOND,
    NOW,
    PARTITIONS,
    Swept,
    event_value,
    named,
    step_started,
)
from tests.bench.filling import fill, make_topics
from tests.bench.live import Follower, Sender, until
from tests.bench.task import bench_rules
from tests.support.changing import change, decreed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message

WITHIN: Final = 900.0


class Bench:
    """One run on one broker."""

    def __init__(self, bootstrap: str, cases: int) -> None:
        self.bootstrap, self.cases = bootstrap, cases
        self.sender = Sender(bootstrap)
        self.stop = threading.Event()
        self.latencies: list[float] = []
        self.seen: set[int] = set()
        self.judged = self.changed = 0
        self.ended: set[int] = set()

    def fill(self, concerned: float) -> None:
        """Make the topics, and the state of the open cases."""
        make_topics(self.bootstrap, PARTITIONS)
        fill(self.sender, topics.CASE_STATE.name, self.cases, PARTITIONS, concerned)

    def flow(self) -> None:
        """Send events of known and of new cases, and a tick a second, until told to stop."""
        random, sent, ticked, began = Random(3), 0, -1, time.monotonic()
        while not self.stop.wait(0.005):
            passed = time.monotonic() - began
            while sent < passed * EVENTS_A_SECOND:
                number = random.randrange(self.cases + self.cases // 50)
                value = event_value(step_started(f"live-{sent}", number))
                name = named(number)
                self.sender.send(topics.STEPS.name, value, name, partition_of(name, PARTITIONS))
                sent += 1
            if int(passed) > ticked:
                ticked = int(passed)
                for partition in range(PARTITIONS):
                    tick = encode(Tick(NOW + ticked, "replay", {}))
                    self.sender.send(topics.TICKS.name, tick, None, partition)

    def _told(self, message: Message, read_at: float) -> None:
        partition, value = message.partition(), message.value()
        if value.startswith(b'{"type":"event"'):
            self.seen.add(partition)
            at = value.index(b'"timestamp_ms":') + 15
            self.latencies.append(read_at - int(value[at : at + 13]) / 1000)
        elif value.startswith(b'{"type":"change_ended"'):
            record = json.loads(value)
            self.ended.add(partition)
            self.judged += record["judged"]
            self.changed += record["changed"]

    def measure(self, workers: list[subprocess.Popen[bytes]]) -> Swept:
        """Wait until every partition is at work, send the change, wait until it is through."""
        follower = Follower(self.bootstrap, [topics.EVENTS.name], PARTITIONS, self._told)
        flowing = threading.Thread(target=self.flow, daemon=True)
        flowing.start()
        until(lambda: len(self.seen) == PARTITIONS, WITHIN, workers, "events")
        time.sleep(5)  # what had gathered while the workers started is through
        self.latencies.clear()
        changing = Changing(Settings(kafka=Kafka(bootstrap_servers=self.bootstrap)))
        cn = bench_rules().catalogue.calendars["cn"]
        began = time.monotonic()
        changing.send(change(decreed(cn)))
        until(lambda: len(self.ended) == PARTITIONS, WITHIN, workers, "the change")
        seconds = time.monotonic() - began
        waited = self.latencies.copy()
        self.stop.set()
        flowing.join()
        follower.close()
        changing.close()
        return Swept.of(self.cases, self.judged, self.changed, seconds, waited)


def on_real_kafka(cases: int, concerned: float, workers: int) -> Swept:
    """Measure on a broker of the bench's own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        kafka = RealKafka(folder / "kafka", partitions=PARTITIONS)
        kafka.start()
        running: list[subprocess.Popen[bytes]] = []
        try:
            bench = Bench(kafka.bootstrap, cases)
            bench.fill(concerned)
            running += list(_started(kafka.bootstrap, workers, folder))
            return bench.measure(running)
        except RuntimeError:
            for log in folder.glob("worker-*.log"):
                sys.stderr.write(log.read_text(encoding="utf-8")[-2000:])
            raise
        finally:
            for worker in running:
                worker.kill()
                worker.wait()
            kafka.stop()


def _started(bootstrap: str, workers: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    for number in range(workers):
        with (folder / f"worker-{number}.log").open("wb") as log:
            yield subprocess.Popen(
                [sys.executable, "-m", "tests.bench.telling", bootstrap, "bench-change"],
                stdout=log,
                stderr=log,
            )
