"""One broker, or three that hold each record twice before it counts; and a network to be cut."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from deploy.local.ports import free_port
from deploy.local.real_kafka import KafkaError, RealKafka
from tests.faults.network import Gate

if TYPE_CHECKING:
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
        self.brokers: list[RealKafka] = []
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
            data = folder / f"broker{node}"
            self.gates.append(gate)
            self.between.append(between)
            self.brokers.append(
                RealKafka(
                    data,
                    direct,
                    partitions=PARTITIONS,
                    heap="320m",
                    brief=True,
                    properties=settings,
                )
            )

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
        for broker in self.brokers:  # none serves before most of them are there
            broker.launch()
        for broker in self.brokers:
            broker.wait_until_up()

    def stop(self) -> None:
        for broker in self.brokers:  # nobody asks them for anything any more
            with contextlib.suppress(KafkaError):
                broker.kill()
        for gate in (*self.gates, *self.between):
            gate.stop()
