"""The faults: what can happen to workers, brokers, the network, the clock, and the load."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from schemas import topics
from tests.faults.points import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.faults.history import History
    from tests.faults.lab import Lab
    from tests.faults.load import Load

BEYOND_SESSION: Final = 8.0
"""Seconds that a worker is frozen for: its session is 6 s."""


class Disturber:
    """Does one fault after another to a lab; each is over when its method returns."""

    def __init__(self, lab: Lab, load: Load, random: Random) -> None:
        self._lab, self._load, self._random = lab, load, random

    def faults(self) -> dict[str, Callable[[], None]]:
        """Give the faults by name, those that this lab can have."""
        usual = {
            "kill a worker": self.kill,
            "kill all workers": self.kill_all,
            "freeze a worker": self.freeze,
            "a worker leaves": self.leave,
            "a worker joins": self.join,
            "rolling restart": self.roll,
            "kill a broker": self.kill_broker,
            "freeze a broker": self.freeze_broker,
            "cut the network": self.cut,
            "poison": lambda: self._lab.send(self._load.poison()),
            "one case with all the load": self.one_case,
            "ticks of two sources": self.two_sources,
            "ticks doubled": self.doubled,
            "no ticks for long": self.no_ticks,
            "compaction": self.compact,
        }
        if self._lab.history is not None:
            usual |= {
                "kill ClickHouse": self.kill_history,
                "freeze ClickHouse": self.freeze_history,
                "cut ClickHouse off": self.cut_history,
                "kill the sink": lambda: self._lab.signal(
                    self._lab.workers["sink"], signal.SIGKILL
                ),
            }
        points = {f"kill {point}": lambda point=point: self.kill_at(point) for point in POINTS}
        return usual | points

    # -- workers ------------------------------------------------------

    def _one(self) -> Any:
        return self._random.choice(self._lab.awake())

    def kill(self) -> None:
        self._lab.signal(self._one(), signal.SIGKILL)

    def kill_all(self) -> None:
        for worker in self._lab.awake():
            self._lab.signal(worker, signal.SIGKILL)

    def kill_at(self, point: str) -> None:
        """Let the next worker that passes a point die there; help one to come by."""
        asked = self._lab.folder / "faults" / point
        asked.touch()
        if point in {"during_recovery", "during_rebalance"}:
            self.kill()
        elif point == "during_shutdown":
            worker = self._one()
            self._lab.signal(worker, signal.SIGTERM)
        deadline = time.monotonic() + 15
        while asked.exists() and time.monotonic() < deadline:
            self._lab.send(self._load.burst(50))
            time.sleep(0.1)
        asked.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop a worker's time beyond its session; it wakes up as a zombie."""
        worker = self._one()
        self._lab.signal(worker, signal.SIGSTOP)
        self._go_on_for(BEYOND_SESSION)
        self._lab.signal(worker, signal.SIGCONT)

    def leave(self) -> None:
        if len(self._lab.awake()) > 1:
            self._lab.rest(self._one())

    def join(self) -> None:
        asleep = [w for w in self._lab.engines() if w.resting]
        if asleep:
            self._lab.wake(self._random.choice(asleep))

    def roll(self) -> None:
        for worker in self._lab.awake():
            self._lab.rest(worker)
            self._lab.wake(worker)
            self._go_on_for(2.0)

    # -- brokers and network ------------------------------------------------------

    def kill_broker(self) -> None:
        broker = self._random.choice(self._lab.cluster.brokers)
        broker.kill()
        if self._lab.cluster.replication > 1:
            self._go_on_for(self._random.uniform(3, 8))
        else:
            time.sleep(self._random.uniform(0.5, 4))
        broker.start()

    def freeze_broker(self) -> None:
        broker = self._random.choice(self._lab.cluster.brokers)
        broker.freeze()
        time.sleep(self._random.uniform(3, 12))
        broker.thaw()

    def cut(self) -> None:
        """Cut the workers off from one broker, or from all."""
        gates = self._lab.cluster.gates
        gates = self._random.sample(gates, self._random.randrange(1, len(gates) + 1))
        for gate in gates:
            gate.cut()
        self._go_on_for(self._random.uniform(2, 12))
        for gate in gates:
            gate.mend()

    def kill_history(self) -> None:
        """ClickHouse is away, and comes back with what it had written."""
        self._history.kill()
        self._go_on_for(self._random.uniform(1, 10))
        self._history.start()

    def freeze_history(self) -> None:
        self._history.signal(signal.SIGSTOP)
        self._go_on_for(self._random.uniform(3, 15))
        self._history.signal(signal.SIGCONT)

    def cut_history(self) -> None:
        self._history.gate.cut()
        self._go_on_for(self._random.uniform(3, 15))
        self._history.gate.mend()

    def kill_sink(self) -> None:
        self._lab.signal(self._lab.workers["sink"], signal.SIGKILL)

    @property
    def _history(self) -> History:
        history = self._lab.history
        assert history is not None
        return history

    def compact(self) -> None:
        """Make the state topic's segments old at once, so that the cleaner takes them."""
        admin = AdminClient({"bootstrap.servers": self._lab.cluster.direct})
        entry = ConfigEntry("segment.ms", "500", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(
            ResourceType.TOPIC, topics.CASE_STATE.name, incremental_configs=[entry]
        )
        for altered in admin.incremental_alter_configs([resource]).values():
            altered.result(30)
        self._go_on_for(3.0)

    # -- load and time ------------------------------------------------------

    def one_case(self) -> None:
        self._lab.send(self._load.one_case(3_000))

    def two_sources(self) -> None:
        self._lab.tick(self._load.now + 40 * 86_400, source="worker")

    def doubled(self) -> None:
        for _ in range(3):
            self._lab.tick(self._load.now)

    def no_ticks(self) -> None:
        """Send what comes in ten minutes and more of the hall's time, and no tick."""
        until = self._load.now + 600
        while self._load.left and self._load.now < until:
            self._lab.send(self._load.burst(50))

    def _go_on_for(self, seconds: float) -> None:
        """Let the load go on: the length is the fault's own, not a wait for something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._lab.send(self._load.burst(20))
            time.sleep(0.1)
