"""Drives workers with the toy logic on a broker, and checks all that they leave behind.

The oracle reads the topics themselves: what went in says what must have come out, once.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fakes import (
    BREACH_AT,
    META,
    ToyTopics,
    encode_tick,
    toy_settings,
    write_settings,
)
from tests.support.reader import Reader
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

PAD = b"x" * 200


@dataclass
class Findings:
    """What is wrong; all empty when nothing is."""

    lost: set = field(default_factory=set)
    doubled: set = field(default_factory=set)
    alien: set = field(default_factory=set)
    breaches_missing: set = field(default_factory=set)
    breaches_doubled: set = field(default_factory=set)
    states_wrong: dict = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(vars(self).values())


class Lab:
    """A prefix's topics on a broker, the events fed into them, and the workers that judge them."""

    def __init__(self, servers, prefix, directory: Path, *, partitions=2, freeze=None, **settings):
        self.servers = servers
        self.partitions = partitions
        self.directory = directory
        self.freeze = freeze
        self.prefix = prefix
        self.topics = ToyTopics(prefix, freeze)
        self.changed = settings
        self.workers: dict[str, subprocess.Popen] = {}
        self.fed: Counter[bytes] = Counter()
        self.last: dict[bytes, bytes] = {}
        self.events = 0
        self.producer = ck.Producer(
            {
                "bootstrap.servers": servers,
                "linger.ms": 5,
                "max.in.flight": 1,  # else a batch that is sent again comes behind later ones
            }
        )

    def make_topics(self) -> None:
        names = [*self.topics.inputs, self.topics.verdicts]
        # The broker's own clock tells when a verdict was there, for the commits' check.
        stamped = {"message.timestamp.type": "LogAppendTime"}
        wanted = [NewTopic(name, self.partitions, 1, config=stamped) for name in names]
        compacted = {"cleanup.policy": "compact", "max.message.bytes": "10000000"}
        wanted.append(NewTopic(self.topics.state, self.partitions, 1, config=compacted))
        admin = AdminClient({"bootstrap.servers": self.servers})  # lives until all are made
        for made in admin.create_topics(wanted).values():
            made.result(10)

    def remake(self, topic: str, partitions: int | None = None) -> None:
        """Delete a topic and make it anew."""
        admin = AdminClient({"bootstrap.servers": self.servers})
        admin.delete_topics([topic])[topic].result(10)
        compacted = {"cleanup.policy": "compact"} if topic == self.topics.state else {}

        def made() -> bool:  # deleting goes on after the answer
            fresh = NewTopic(topic, partitions or self.partitions, 1, config=compacted)
            admin.create_topics([fresh])[topic].result(10)
            return True

        eventually(made, 10, forgive=ck.KafkaException)

    def make_embedded_topics(self) -> None:
        """Let the embedded broker make its topics: it does so when it is asked about them."""
        for name in [*self.topics.inputs, self.topics.verdicts, self.topics.state]:
            self.producer.list_topics(name, 10)

    def next_event(self, cases: int) -> tuple[bytes, bytes, int]:
        number = self.events % cases
        key, event = b"case%05d" % number, b"ev%08d" % self.events
        self.events += 1
        self.fed[key] += 1
        self.last[key] = event
        return key, event.ljust(24) + PAD, number % self.partitions

    def feed(self, events: int, cases: int = 100) -> None:
        for _ in range(events):
            key, value, partition = self.next_event(cases)
            self.producer.produce(self.topics.steps, value, key, partition)
            self.producer.poll(0)
        assert self.producer.flush(20) == 0

    def feed_in_transactions(self, events: int, each: int, cases: int = 100) -> None:
        """Feed in transactions of `each` events; after every committed one comes an aborted one."""
        producer = ck.Producer(
            {"bootstrap.servers": self.servers, "transactional.id": f"{self.prefix}-hall"}
        )
        producer.init_transactions(10)
        for start in range(0, events, each):
            producer.begin_transaction()
            for _ in range(min(each, events - start)):
                key, value, partition = self.next_event(cases)
                producer.produce(self.topics.steps, value, key, partition)
            producer.commit_transaction(10)
            producer.begin_transaction()
            for partition in range(self.partitions):
                producer.produce(self.topics.steps, b"aborted".ljust(24), b"case00000", partition)
            producer.flush(10)
            producer.abort_transaction(10)

    def tick(self, now: int, barriers: dict[str, int]) -> None:
        """Send every partition a tick which names how far `barriers` must be applied."""
        for partition in range(self.partitions):
            self.producer.produce(
                self.topics.ticks, encode_tick(now, barriers), partition=partition
            )
        assert self.producer.flush(20) == 0

    def settings(self, name: str):
        return toy_settings(self.servers, self.topics, self.directory / name, **self.changed)

    def spawn(self, name: str, *program: str) -> subprocess.Popen:
        """Start a worker, by `program` for one that is hurt."""
        path = self.directory / f"{name}.json"
        write_settings(path, self.settings(name), self.prefix, self.freeze)
        with (self.directory / f"{name}.log").open("ab") as out:
            worker = subprocess.Popen(
                [sys.executable, *(program or ("-m", "tests.fakes")), str(path)],
                stdout=out,
                stderr=out,
                cwd=Path(__file__).parents[2],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.workers[name] = worker
        return worker

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    def stop(self, name: str, within: float = 12.0) -> int:
        self.workers[name].terminate()
        return self.workers[name].wait(within)

    def close(self) -> None:
        for worker in self.workers.values():
            if worker.poll() is None:
                worker.kill()
            worker.wait()

    # --- what the broker says

    def ends(self, topic: str) -> dict[int, int]:
        consumer = self._consumer()
        found = {
            p: consumer.get_watermark_offsets(ck.TopicPartition(topic, p), 5)[1]
            for p in range(self.partitions)
        }
        consumer.close()
        return found

    def committed(self, topic: str) -> dict[int, int]:
        consumer = self._consumer(self.topics.group)
        asked = [ck.TopicPartition(topic, p) for p in range(self.partitions)]
        found = {tp.partition: max(tp.offset, 0) for tp in consumer.committed(asked, 5)}
        consumer.close()
        return found

    @contextlib.contextmanager
    def watching_commits(self, every: float = 0.2) -> Iterator[list]:
        """Note what is committed, and when, all the while."""
        samples: list[tuple[float, dict[int, int]]] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(every):
                with contextlib.suppress(ck.KafkaException):
                    offsets = self.committed(self.topics.steps)
                    samples.append((time.time(), offsets))

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield samples
        finally:
            done.set()
            thread.join()

    def commits_too_early(self, samples: list) -> list:
        """Find the samples in which more was committed than had its verdict by then."""
        stamps: dict[tuple[int, int], float] = {}
        for message in self.read(self.topics.verdicts):
            kind, _, rest = message.value().partition(b":")
            if kind == b"E":
                place = message.partition(), int(rest.partition(b";")[2])
                stamp = message.timestamp()[1] / 1000
                stamps[place] = min(stamp, stamps.get(place, stamp))
        return [
            (when, partition, offset)
            for when, offsets in samples
            for partition, offset in offsets.items()
            if any(stamps.get((partition, o), 1e12) > when + 0.05 for o in range(offset))
        ]

    def wait_until_judged(self, within: float = 60.0) -> None:
        """Wait until all that was fed is committed, and each case of five has its breach."""
        ends = self.ends(self.topics.steps)

        def judged() -> bool:
            done = self.committed(self.topics.steps)
            return all(done[p] >= end for p, end in ends.items()) and not self.check()

        eventually(judged, within, interval=0.3, forgive=ck.KafkaException)

    def check(self) -> Findings:
        """Hold verdicts and states against what was fed."""
        findings = Findings()
        said: Counter[bytes] = Counter()
        breaches: Counter[bytes] = Counter()
        for message in self.read(self.topics.verdicts):
            kind, _, rest = message.value().partition(b":")
            (said if kind == b"E" else breaches)[rest.partition(b";")[0]] += 1
        events = {b"ev%08d" % number for number in range(self.events)}
        due = {key for key, count in self.fed.items() if count >= BREACH_AT}
        findings.lost = events - set(said)
        findings.alien = (set(said) - events) | (set(breaches) - due)
        findings.doubled = {event for event, count in said.items() if count > 1}
        findings.breaches_missing = due - set(breaches)
        findings.breaches_doubled = {key for key, count in breaches.items() if count > 1}
        states = self.states()
        for key, count in self.fed.items():
            found = states.get(key)
            if found is None or (int(found[0]), found[1]) != (count, self.last[key]):
                findings.states_wrong[key] = found
        return findings

    def states(self) -> dict[bytes, list[bytes]]:
        """Read every case's state as a new owner would: the last committed record wins."""
        return {
            message.key(): message.value().split(b"|")
            for message in self.read(self.topics.state)
            if message.key() != META
        }

    def metas(self) -> dict[int, dict]:
        return {
            message.partition(): json.loads(message.value())
            for message in self.read(self.topics.state)
            if message.key() == META
        }

    def read(self, topic: str):
        """Give every committed record of a topic."""
        return Reader(self.servers, self.partitions).read(topic)

    def _consumer(self, group: str = "oracle"):
        return ck.Consumer(
            {
                "bootstrap.servers": self.servers,
                "group.id": group,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
            }
        )
