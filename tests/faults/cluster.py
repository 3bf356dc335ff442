"""One broker, or three that hold each record twice before it counts; and a network to be cut."""

from __future__ import annotations

import contextlib
import shutil
from functools import partial
from typing import TYPE_CHECKING

from deploy.local.ports import free_port
from deploy.local.real_kafka import KafkaError, RealKafka
from tests.faults.network import Gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARTITIONS = 4
"""Of Kafka's own topics."""
HEAP = "320m"
SAFE = {
    "default.replication.factor": 3,
    "min.insync.replicas": 2,
    "offsets.topic.replication.factor": 3,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
    "unclean.leader.election.enable": "false",
    "replica.lag.time.max.ms": 4000,
    "broker.session.timeout.ms": 4000,
    "broker.heartbeat.interval.ms": 1000,
    "controller.quorum.fetch.timeout.ms": 2000,
    "controller.quorum.election.timeout.ms": 1000,
}
"""Replication 3 with two in sync; failover within seconds, so that a round stays short."""


class Cluster:
    """Brokers whose clients come through gates, and the lab by a door of its own."""

    def __init__(self, folder: Path, brokers: int) -> None:
        self.replication = brokers
        controllers = [free_port() for _ in range(brokers)]
        voters = ",".join(f"{n}@127.0.0.1:{port}" for n, port in enumerate(controllers, 1))
        self.gates: list[Gate] = []
        """Between the workers and each broker."""
        self.between: list[Gate] = []
        """Between the other brokers and each."""
        self._made: list[Callable[[], RealKafka]] = []
        self._folder = folder
        for node, controller in enumerate(controllers, 1):
            direct, inside, outside = free_port(), free_port(), free_port()
            gate, between = Gate(outside), Gate(inside)
            names = {"LAB": direct, "CLIENT": outside, "INSIDE": inside, "CONTROLLER": controller}
            listeners = [f"{name}://127.0.0.1:{port}" for name, port in names.items()]
            told = {**names, "CLIENT": gate.port, "INSIDE": between.port}
            del told["CONTROLLER"]
            advertised = [f"{name}://127.0.0.1:{port}" for name, port in told.items()]
            settings = {
                "node.id": node,
                "controller.quorum.voters": voters,
                "listeners": ",".join(listeners),
                "advertised.listeners": ",".join(advertised),
                "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
                "inter.broker.listener.name": "INSIDE",
                "log.cleaner.backoff.ms": 2000,
                **(SAFE if brokers > 1 else {}),
            }
            self.gates.append(gate)
            self.between.append(between)
            data = folder / f"broker{node}"
            self._made.append(
                partial(RealKafka, data, direct,
                        partitions=PARTITIONS, heap=HEAP, brief=True, properties=settings)
            )  # fmt: skip
        self.brokers = [made() for made in self._made]

    @property
    def direct(self) -> str:
        """The address for the lab, which no fault reaches."""
        return ",".join(broker.bootstrap for broker in self.brokers)

    @property
    def address(self) -> str:
        """The address for the workers, through the gates."""
        return ",".join(f"127.0.0.1:{gate.port}" for gate in self.gates)

    def start(self) -> None:
        for gate in (*self.gates, *self.between):
            gate.start()
        self._launch()

    def _launch(self) -> None:
        for broker in self.brokers:  # none serves before most of them are there
            broker.launch()
        for broker in self.brokers:
            broker.wait_until_up()

    def lose(self) -> None:
        """Lose all brokers with their disks; new ones take their places."""
        self._kill()
        for folder in self._disks():
            shutil.rmtree(folder)
        self.brokers = [made() for made in self._made]
        self._launch()

    def back_up(self) -> None:
        """Copy the disks of all brokers as they are at one moment."""
        for broker in self.brokers:
            broker.stop()
        for folder in self._disks():
            shutil.copytree(folder, self._backup(folder))
        self._launch()

    def restore(self) -> None:
        """Lose all brokers; the disks are those of the backup."""
        self._kill()
        for folder in self._disks():
            shutil.rmtree(folder)
            self._backup(folder).rename(folder)
        self._launch()

    def _disks(self) -> list[Path]:
        return [self._folder / f"broker{node}" for node in range(1, len(self.brokers) + 1)]

    @staticmethod
    def _backup(disk: Path) -> Path:
        return disk.with_name(f"{disk.name}-backup")

    def _kill(self) -> None:
        for broker in self.brokers:
            with contextlib.suppress(KafkaError):
                broker.kill()

    def stop(self) -> None:
        self._kill()  # nobody asks them for anything any more
        for gate in (*self.gates, *self.between):
            gate.stop()
