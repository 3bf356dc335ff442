"""Drives workers with the toy logic on a broker, and checks all that they leave behind.

The oracle reads the topics themselves: what went in says what must have come out, once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fakes import BREACH_AT, META, ToyTopics, toy_settings, write_settings
from tests.support.wait import eventually

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
        self.producer = ck.Producer({"bootstrap.servers": servers, "linger.ms": 5})

    def make_topics(self) -> None:
        names = [*self.topics.inputs, self.topics.verdicts]
        wanted = [NewTopic(name, self.partitions, 1) for name in names]
        compacted = {"cleanup.policy": "compact", "max.message.bytes": "10000000"}
        wanted.append(NewTopic(self.topics.state, self.partitions, 1, config=compacted))
        admin = AdminClient({"bootstrap.servers": self.servers})  # lives until all are made
        for made in admin.create_topics(wanted).values():
            made.result(10)

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

    def settings(self, name: str):
        return toy_settings(self.servers, self.topics, self.directory / name, **self.changed)

    def spawn(self, name: str) -> subprocess.Popen:
        path = self.directory / f"{name}.json"
        write_settings(path, self.settings(name), self.prefix, self.freeze)
        with (self.directory / f"{name}.log").open("ab") as out:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.fakes", str(path)],
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
        consumer = self._consumer()
        left = set(range(self.partitions))
        consumer.assign([ck.TopicPartition(topic, p, 0) for p in left])
        while left:
            for message in consumer.consume(20000, 0.5):
                if message.error() is None:
                    yield message
                elif message.error().code() == ck.KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
        consumer.close()

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
