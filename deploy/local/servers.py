"""The embedded servers as children for the supervisor, and where they keep things."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.local import native_protocol as wire
from deploy.local.process import Child

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """What lies where under one data directory."""

    root: Path

    @property
    def clickhouse(self) -> Path:
        """The tables; they survive."""
        return self.root / "clickhouse"

    @property
    def clickhouse_password(self) -> Path:
        """The password of the embedded ClickHouse, which its owner alone can read."""
        return self.root / "clickhouse.password"

    @property
    def kafka_address(self) -> Path:
        """Where the embedded Kafka writes its bootstrap address; stale when it does not run."""
        return self.root / "kafka.address"


def kafka(layout: Layout, topics: Mapping[str, int]) -> Child:
    """Describe an embedded Kafka with `topics`, by name with their partition counts.

    Its address is in `bootstrap(layout)` once it is ready.
    """
    address = layout.kafka_address
    layout.root.mkdir(parents=True, exist_ok=True)
    address.unlink(missing_ok=True)
    listed = [f"--topic={name}:{partitions}" for name, partitions in topics.items()]
    return Child(
        "kafka",
        [sys.executable, "-m", "deploy.local.kafka", f"--address-file={address}", *listed],
        ready=address.exists,
        stop_within=3.0,
    )


def bootstrap(layout: Layout) -> str:
    """Return the embedded Kafka's address. Raises FileNotFoundError before it is ready."""
    return layout.kafka_address.read_text(encoding="ascii")


def new_password(layout: Layout) -> Path:
    """Make a random password, write it where its owner alone can read it, and say where.

    Raises OSError when it cannot be written.
    """
    file = layout.clickhouse_password
    file.unlink(missing_ok=True)  # a new file, so that nobody has it open, with our own mode
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secrets.token_urlsafe(32))
    return file


def clickhouse(layout: Layout, port: int, password_file: Path | None = None) -> Child:
    """Describe an embedded ClickHouse on a port of the loopback, for the user `default`.

    Without a password's file it is open to every program of this machine: for tests.
    """
    argv = [sys.executable, "-m", "deploy.local.clickhouse", f"--port={port}"]
    argv.append(f"--data={layout.clickhouse}")
    argv.append(f"--password-file={password_file}" if password_file else "--open")
    return Child("clickhouse", argv, ready=lambda: answers("127.0.0.1", port), stop_within=6.0)


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Tell whether a ClickHouse speaks on this port, in `timeout` seconds: it greets, or says no.

    One that refuses our name serves, too. Raises OSError when nothing listens, or in time.
    """
    who = b"".join(map(wire.text, ("", "default", "")))  # database, user, password
    greeting = wire.varint(wire.ClientPacket.HELLO) + wire.text("readiness probe")
    version = b"".join(map(wire.varint, (1, 0, wire.REVISION)))
    with socket.create_connection((host, port), timeout) as client:
        client.sendall(greeting + version + who)
        first = client.recv(1)
    return first in {bytes([wire.ServerPacket.HELLO]), bytes([wire.ServerPacket.EXCEPTION])}
