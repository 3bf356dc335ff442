"""What a person does after a loss, by the steps of docs/recovery.md and docs/upgrade.md.

Each loses something of a lab and brings it back by the commands that the page names; the oracle has
its word after each. What the lab does in the place of an operator's own tools (a topic deleted, a
disk copied) is done by the clients.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient

from schemas import topics
from tests.faults.disturbing import Disturber
from tests.faults.lab import GROUP
from tests.support.reader import Reader
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.faults.disturbing import Faults
    from tests.faults.lab import Lab
    from tests.faults.load import Load

STATE = topics.CASE_STATE.name
WITHIN = 60.0
"""Seconds that Kafka may take for what an operator asks of it."""


class Recoveries(Disturber):
    """Losses that a person has to see to. `say` hears how long each step took."""

    def __init__(self, lab: Lab, load: Load, random: Random, say: Callable[[str], None]) -> None:
        super().__init__(lab, load, random)
        self._say = say

    def faults(self) -> Faults:
        """Give the recoveries by name."""
        return {
            "begin anew": self.begin_anew,
            "an older state restored": self.restore_state,
            "Kafka restored from an hour ago": self.restore_kafka,
            "Kafka lost": self.lose_kafka,
            "upgrade": self.upgrade,
        }

    # -- the state ------------------------------------------------------

    def begin_anew(self) -> None:
        """Give the engine's state up."""
        self._stop_engines()
        self._delete_state()
        self._delete_group()
        self.jiancha("topics")
        self._start_engines()

    def restore_state(self) -> None:
        """Find the state topic as it was before; what came since was judged, and is not in it."""
        reader = Reader(self.lab.cluster.direct, self.lab.partitions)
        backup = [(m.key(), m.value(), m.partition()) for m in reader.read(STATE)]
        self.go_on_for(self.random.uniform(6, 10))
        self.lab.tick(self.load.now)
        self.go_on_for(4)  # records that nobody will have judged are among it
        self._stop_engines(killed=True)
        self._delete_state()
        self.jiancha("topics")
        producer = ck.Producer(
            {
                "bootstrap.servers": self.lab.cluster.direct,
                "enable.idempotence": True,  # a batch sent again must not change the order
                "linger.ms": 5,
            }
        )
        for key, value, partition in backup:
            producer.produce(STATE, value, key, partition)
            producer.poll(0)
        assert producer.flush(60) == 0
        self._rebuild()
        self._start_engines()

    def _rebuild(self) -> None:
        """Make the state again, once the group has forgotten who was killed."""
        self.jiancha("state", "rebuild", "--dry-run", code=None)
        eventually(
            lambda: not self._members(), WITHIN, interval=0.5,
            forgive=(TimeoutError, ck.KafkaException),
        )  # fmt: skip
        self.jiancha("state", "rebuild", code=None)

    # -- Kafka ------------------------------------------------------

    def restore_kafka(self) -> None:
        """Go back to the brokers' disks of before; the halls send what came since once more."""
        self._stop_roles()
        self.lab.exchange_kafka(self.lab.cluster.back_up)
        self._start_roles()
        self.go_on_for(self.random.uniform(8, 12))
        self.lab.tick(self.load.now)
        self.go_on_for(2)
        self._remember()
        self._stop_roles()
        self.lab.exchange_kafka(self.lab.cluster.restore)
        self._rebuild()
        self.lab.send(self.load.again())
        self._start_engines()
        self._read_history_on()

    def lose_kafka(self) -> None:
        """Lose all topics; the halls send what they still hold."""
        self._remember()
        self._stop_roles()
        self.lab.exchange_kafka(self.lab.cluster.lose)
        self.jiancha("topics")
        self.lab.send(self.load.again())
        self.lab.tick(self.load.now)
        self._start_roles()

    def _remember(self) -> None:
        """Let the history come to the end of topics that are about to be lost."""
        if self.lab.history is not None:
            for topic in (topics.STEPS.name, topics.TICKS.name):
                self.lab.come_to(topic, WITHIN)
            self._stop_engines()
            reader = Reader(self.lab.cluster.direct, self.lab.partitions)
            self.lab.history.come_to(reader, WITHIN)

    def _read_history_on(self) -> None:
        """Let the sink read what the topics say now, where they are older than the history."""
        if self.lab.history is not None:
            eventually(
                lambda: self.jiancha("history", "rewind", "--from-the-first"),
                WITHIN, interval=1, forgive=AssertionError,
            )  # fmt: skip
            self.lab.wake(self.lab.workers["sink"])

    # -- a release ------------------------------------------------------

    def upgrade(self) -> None:
        """Upgrade a running release (docs/upgrade.md), with unread records everywhere."""
        assert self.lab.release is not None
        sink = self.lab.workers.get("sink")
        if sink is not None:
            self.lab.rest(sink)
        self.go_on_for(3)
        self.lab.tick(self.load.now)
        self._stop_engines()
        self.go_on_for(2)
        self.lab.tick(self.load.now)
        self.lab.release = None
        self.jiancha("topics")
        if sink is not None:
            self.jiancha("migrate")
            self.lab.wake(sink)
        self._start_engines()

    # -- what an operator does ------------------------------------------------------

    def jiancha(self, *arguments: object, code: int | None = 0) -> bool:
        """Run a command and say how long it took."""
        began = time.monotonic()
        done = self.lab.jiancha(*arguments, code=code)
        assert done.returncode in {0, 1}, done.stderr
        told = (done.stdout or done.stderr).strip().splitlines()
        what = " ".join(map(str, arguments))
        self._say(
            f"    jiancha {what}: {time.monotonic() - began:.1f} s: {told[0] if told else ''}"
        )
        return True

    def _stop_engines(self, *, killed: bool = False) -> None:
        for worker in self.lab.awake():
            self.lab.rest(worker, killed=killed)

    def _stop_roles(self) -> None:
        self._stop_engines()
        if "sink" in self.lab.workers:
            self.lab.rest(self.lab.workers["sink"])

    def _start_engines(self) -> None:
        self.lab.forget_commits()  # of the life before
        for worker in self.lab.engines():
            self.lab.wake(worker)

    def _start_roles(self) -> None:
        self.lab.forget_commits()
        for worker in self.lab.workers.values():
            self.lab.wake(worker)

    def _delete_state(self) -> None:
        admin = self._admin
        admin.delete_topics([STATE])[STATE].result(30)
        eventually(lambda: STATE not in admin.list_topics(timeout=10).topics, WITHIN, interval=0.3)

    def _delete_group(self) -> None:
        def deleted() -> bool:
            self._admin.delete_consumer_groups([GROUP])[GROUP].result(10)
            return True

        eventually(deleted, WITHIN, interval=0.5, forgive=(TimeoutError, ck.KafkaException))

    def _members(self) -> int:
        found = self._admin.describe_consumer_groups([GROUP])[GROUP].result(10)
        return len(found.members)

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.lab.cluster.direct})
