"""Real servers for tests, as context managers; what they hold lies under a test's own folder."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from deploy.local import servers
from deploy.local.ports import free_port
from deploy.local.process import Child
from deploy.local.real_kafka import KafkaError, RealKafka
from deploy.local.supervisor import Supervisor
from tests.support.need import absent, need

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextlib.contextmanager
def embedded_kafka(folder: Path, topics: Mapping[str, int] | None = None) -> Iterator[str]:
    """Run an embedded Kafka; yield its bootstrap address. Topics by name and partition count."""
    layout = servers.Layout(folder)
    with Supervisor(servers.kafka(layout, topics or {}), log=_quiet):
        yield servers.bootstrap(layout)


@contextlib.contextmanager
def embedded_clickhouse(folder: Path, password: str = "") -> Iterator[int]:
    """Run an embedded ClickHouse over `folder`; yield its port on the loopback."""
    need("chdb")
    port = free_port()
    file = None
    if password:
        file = folder / "password"
        file.touch(0o600)
        file.write_text(password, encoding="utf-8")
    with Supervisor(servers.clickhouse(servers.Layout(folder), port, file), log=_quiet):
        yield port


@contextlib.contextmanager
def real_kafka(folder: Path, partitions: int = 4) -> Iterator[RealKafka]:
    """Run real Apache Kafka over `folder`, with `partitions` for its own topics; skip without."""
    need("java")
    try:
        kafka = RealKafka(folder, partitions=partitions, brief=True)
    except KafkaError as error:  # no jars
        absent(str(error))
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()


def python(name: str, code: str, **options) -> Child:
    """Describe a child that runs a piece of Python."""
    return Child(name, [sys.executable, "-c", code], **options)


def _quiet(_line: str) -> None:
    """Drop a server's log line: a failing start names the last one in its error."""
