"""Real Apache Kafka on one machine: `python -m deploy.local.real_kafka --data DIR --port N`.

A KRaft node of its own, broker and controller in one, from jars and a Java runtime (17 or later).
For what the embedded Kafka cannot do: keep data, fence, abort, compact.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local.ports import free_port
from deploy.local.process import Child, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIBS_VARIABLE: Final = "JIANCHA_KAFKA_LIBS"
DEFAULT_LIBS: Final = Path(".cache/kafka/libs")
UP_WITHIN: Final = 60.0
"""Seconds a broker may take to start; 3 on an idle machine."""

LASTING: Final = ("-XX:+UseG1GC",)
BRIEF: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

_CLUSTER_ID: Final = "amlhbmNoYS1sb2NhbC0wMQ"  # any 16 bytes in base64; one node needs no other


class KafkaError(Exception):
    """Raised when the broker cannot be started: one line says why and what to do."""


def libs() -> Path:
    """Return the folder of Kafka's jars. Raises KafkaError when there are none."""
    folder = Path(os.environ.get(LIBS_VARIABLE) or DEFAULT_LIBS)
    if not any(folder.glob("kafka_*.jar")):
        raise KafkaError(
            f"no Kafka jars in {folder}: run `make kafka-libs`, or set {LIBS_VARIABLE}"
        )
    return folder.resolve()


class RealKafka:
    """A broker on the loopback, not started yet, that keeps its data in `data`, over restarts.

    `port` 0 means any free one; `partitions` is for Kafka's own topics. `brief` is for a broker
    that lives for minutes: its code is compiled once, and quickly. `log` gets each line of the
    broker's output. `properties` are more of the broker's own, and win. `users` have passwords
    by name, for SCRAM-SHA-512; they are made with the data. Raises KafkaError without Java or jars.
    """

    def __init__(
        self,
        data: Path,
        port: int = 0,
        *,
        partitions: int = 4,
        heap: str = "512m",
        brief: bool = False,
        log: Callable[[str], None] | None = None,
        properties: Mapping[str, object] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        java = shutil.which("java")
        if java is None:
            raise KafkaError("Java is missing: install a Java runtime of version 17 or later")
        data = data.resolve()
        self._log = log or (lambda _: None)
        self._classpath = f"{libs()}/*"
        self._java = java
        self._machine = [f"-Xms{heap}", f"-Xmx{heap}", *(BRIEF if brief else LASTING)]
        self._process: Process | None = None
        data.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._properties = data / "server.properties"
        settings = _properties(data, self.port, free_port(), partitions) | dict(properties or {})
        lines = (f"{name}={value}\n" for name, value in settings.items())
        self._properties.write_text("".join(lines))
        if not (data / "logs" / "meta.properties").exists():
            self._format(users or {})

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The broker's process id. Raises KafkaError when it does not run."""
        if self._process is None:
            raise KafkaError("the broker does not run")
        return self._process.pid

    def start(self) -> None:
        """Start the broker, and return when it serves. Raises KafkaError when it does not."""
        self.launch()
        self.wait_until_up()

    def launch(self) -> None:
        """Start the broker and do not wait: one of several serves only once most are there.

        From the thread that will live as long as it: the system ends it with that thread.
        """
        if _listens(self.port):
            raise KafkaError(f"port {self.port} is taken: stop what holds it, or choose another")
        argv = [*self._command("kafka.Kafka"), str(self._properties)]
        child = Child("kafka", argv, stop_within=20.0)
        self._process = Process(child, self._log)

    def wait_until_up(self) -> None:
        """Return when the broker serves. Raises KafkaError when it does not."""
        process = self._process
        if process is None:
            raise KafkaError("the broker does not run")
        deadline = time.monotonic() + UP_WITHIN
        while not _listens(self.port):
            if how := process.ended():
                raise KafkaError(f"the broker ended as it started: {how}")
            if time.monotonic() > deadline:
                self.kill()
                raise KafkaError(f"the broker was not up within {UP_WITHIN:g} s")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the broker in good order. Nothing when it does not run."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.thaw()  # a frozen one would not hear
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the broker as a power cut would, except that what it wrote is kept."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def freeze(self) -> None:
        """Stop the broker's time; return when the last of its threads stands still."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let a frozen broker go on."""
        os.kill(self.pid, signal.SIGCONT)

    def ended(self) -> str | None:
        """Return how the broker ended, or None while it runs, or when it was stopped here."""
        return None if self._process is None else self._process.ended()

    def _format(self, users: Mapping[str, str]) -> None:
        storage = ["format", "-t", _CLUSTER_ID, "-c", str(self._properties)]
        for name, password in users.items():
            storage += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        done = subprocess.run(
            [*self._command("kafka.tools.StorageTool"), *storage],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise KafkaError(f"the broker's storage cannot be made: {' '.join(last)}")

    def _command(self, main_class: str) -> list[str]:
        return [self._java, *self._machine, "-cp", self._classpath, main_class]


def _properties(data: Path, port: int, controller: int, partitions: int) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": data / "logs",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": partitions,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": partitions,
        "group.initial.rebalance.delay.ms": 0,
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main(arguments: list[str] | None = None) -> int:
    """Run a broker until a signal; return the exit code: 0, or 1 with one line that says why."""
    parser = argparse.ArgumentParser(description="Real Apache Kafka, for one machine.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=9092)
    options = parser.parse_args(arguments)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        kafka = RealKafka(options.data, options.port, log=print)
        kafka.start()
    except KafkaError as error:
        sys.stderr.write(f"kafka: {error}\n")
        return 1
    print(f"kafka ready on {kafka.bootstrap}", flush=True)  # noqa: T201 - the contract
    while not stopping:
        if how := kafka.ended():
            sys.stderr.write(f"kafka: {how}\n")
            return 1
        time.sleep(0.1)
    kafka.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
