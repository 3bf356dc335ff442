"""What can happen to the brokers, to the network between any two, and to ClickHouse."""

from __future__ import annotations

import resource
import signal
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from schemas import topics
from tests.faults.disturbing import Disturber
from tests.support.wait import eventually

if TYPE_CHECKING:
    from random import Random

    from tests.faults.disturbing import Faults
    from tests.faults.history import History
    from tests.faults.lab import Lab
    from tests.faults.load import Load

FULL: Final = 4096
"""Bytes to which a file may grow on a full disk, as the limit of a process can tell it."""
TINY: Final = 300
"""Bytes of a record that no case fits in."""


class Brokers(Disturber):
    """What happens to brokers, and to the ways to and between them."""

    def faults(self) -> Faults:
        """Give the faults by name."""
        usual = {
            "kill a broker": self.kill,
            "freeze a broker": self.freeze,
            "a slow broker": self.slow,
            "a broker's disk is full": self.fill_disk,
            "cut the network": self.cut,
            "compaction": self.compact,
            "records over the limit": self.refuse,
        }
        if len(self.lab.cluster.brokers) > 1:
            usual["cut brokers off from each other"] = self.cut_apart
        return usual

    def kill(self) -> None:
        broker = self.random.choice(self.lab.cluster.brokers)
        broker.kill()
        if self.lab.cluster.replication > 1:
            self.go_on_for(self.random.uniform(3, 8))
        else:
            time.sleep(self.random.uniform(0.5, 4))
        broker.start()

    def freeze(self) -> None:
        broker = self.random.choice(self.lab.cluster.brokers)
        broker.freeze()
        time.sleep(self.random.uniform(3, 12))
        broker.thaw()

    def slow(self) -> None:
        broker = self.random.choice(self.lab.cluster.brokers)
        self.slowly(lambda number: broker.freeze() if number == signal.SIGSTOP else broker.thaw())

    def fill_disk(self) -> None:
        """Let no file of a broker's grow until it gives up, or for a while."""
        broker = self.random.choice(self.lab.cluster.brokers)
        free = resource.RLIM_INFINITY
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (FULL, free))
        self.go_on_for(10, until=lambda: broker.ended() is not None)
        if broker.ended() is None:
            resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (free, free))
        else:
            broker.stop()
            broker.start()

    def cut(self) -> None:
        """Cut the workers off from one broker, or from all."""
        gates = self.lab.cluster.gates
        self._cut(self.random.sample(gates, self.random.randrange(1, len(gates) + 1)))

    def cut_apart(self) -> None:
        """Let the other brokers not reach one of them, which clients reach."""
        self._cut([self.random.choice(self.lab.cluster.between)])

    def _cut(self, gates: list) -> None:
        for gate in gates:
            gate.cut()
        self.go_on_for(self.random.uniform(2, 12))
        for gate in gates:
            gate.mend()

    def compact(self) -> None:
        """Make the state topic's segments old at once, so that the cleaner takes them."""
        self._configure("segment.ms", "500")
        self.go_on_for(3.0)

    def refuse(self) -> None:
        """Let the state topic take no case for a while."""
        self._configure("max.message.bytes", str(TINY))
        self.go_on_for(self.random.uniform(2, 6))
        self._configure("max.message.bytes", str(topics.CASE_STATE.max_message_bytes))

    def _configure(self, name: str, value: str) -> None:
        admin = AdminClient({"bootstrap.servers": self.lab.cluster.direct})
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource_ = ConfigResource(
            ResourceType.TOPIC, topics.CASE_STATE.name, incremental_configs=[entry]
        )
        for altered in admin.incremental_alter_configs([resource_]).values():
            altered.result(30)


class HistoryFaults(Disturber):
    """What happens to ClickHouse and the sink. `outage` is how long it is away, in seconds."""

    def __init__(self, lab: Lab, load: Load, random: Random, outage: float) -> None:
        super().__init__(lab, load, random)
        self._outage = outage

    def faults(self) -> Faults:
        """Give the faults by name: none without a history."""
        if self.lab.history is None:
            return {}
        return {
            "ClickHouse is away": lambda: self.kill(self._outage),
            "kill ClickHouse": lambda: self.kill(self.random.uniform(1, 10)),
            "freeze ClickHouse": self.freeze,
            "a slow ClickHouse": lambda: self.slowly(self._history.signal),
            "ClickHouse takes nothing": self.refuse,
            "cut ClickHouse off": self.cut,
            "kill the sink": self.kill_sink,
            "ClickHouse lost": self.lose,
            "ClickHouse restored from an hour ago": self.restore,
        }

    @property
    def _history(self) -> History:
        history = self.lab.history
        assert history is not None
        return history

    def kill(self, seconds: float) -> None:
        """ClickHouse is away, and comes back with what it had written."""
        self._history.kill()
        self.go_on_for(seconds)
        self._history.start()

    def freeze(self) -> None:
        self._history.signal(signal.SIGSTOP)
        self.go_on_for(self.random.uniform(3, 15))
        self._history.signal(signal.SIGCONT)

    def refuse(self) -> None:
        """Let ClickHouse say no to every row, as it does when it is read-only."""
        self._history.refuse()
        self.go_on_for(self.random.uniform(3, 10))
        self._history.take()

    def cut(self) -> None:
        self._history.gate.cut()
        self.go_on_for(self.random.uniform(3, 15))
        self._history.gate.mend()

    def kill_sink(self) -> None:
        self.lab.signal(self.lab.workers["sink"], signal.SIGKILL)

    def lose(self) -> None:
        """Lose ClickHouse with its disk, and bring back what the topics hold (docs/recovery.md)."""
        before = self.lab.said("sink")
        self._history.lose()
        self.lab.jiancha("migrate")
        self._read_on(before)

    def restore(self) -> None:
        """Go back to a copy of ClickHouse, and bring back what came since."""
        self._history.back_up()
        self.go_on_for(self.random.uniform(5, 15))
        before = self.lab.said("sink")
        self._history.restore()
        self._read_on(before)

    def _read_on(self, before: int) -> None:
        """Wait until the sink stands still, restart it where nothing comes, and send it back."""

        def stands() -> bool:
            return "history_gap" in self.lab.log_of(sink).read_text(errors="replace")[before:]

        sink = self.lab.workers["sink"]
        self.go_on_for(20, until=stands)
        if not stands():
            self.lab.rest(sink)
            self.lab.wake(sink)
            self.go_on_for(20, until=stands)
        if "Nothing to do" in self.lab.jiancha("history", "rewind", "--dry-run").stdout:
            return
        if not stands():
            self.lab.rest(sink)
        eventually(self._rewound, 90, interval=1, forgive=AssertionError)
        self.lab.wake(sink)

    def _rewound(self) -> bool:
        self.lab.jiancha("history", "rewind")
        return True
