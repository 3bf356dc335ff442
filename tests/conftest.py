"""What every test runs under: no network for the pure ones, and one home for each server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import servers

TESTS = Path(__file__).parent
PURE = ("unit", "property")
LAST_LINES = 20  # of each log, that a failure shows

# Servers and other tests share the cores: an example that was slow is not one that is wrong.
hypothesis.settings.register_profile("jiancha", deadline=None, print_blob=True)
hypothesis.settings.load_profile("jiancha")


def room(path: Path) -> str:
    """Return the directory under tests/ that `path` is in, e.g. `unit`."""
    return path.relative_to(TESTS).parts[0]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell xdist (`--dist loadgroup`) which tests must share a process; leave out the long ones.

    Session fixtures live once a process. Real Kafka takes 330 MB and 3 s to start, so all that use
    it run in one; an integration module stays whole, for it may load a log once and ask it often;
    the pure tests go wherever there is room.
    """
    left_out = pytest.mark.skip(reason="long: `make test-long`, or set JIANCHA_LONG=1")
    for item in items:
        if item.get_closest_marker("long") and os.environ.get("JIANCHA_LONG") != "1":
            item.add_marker(left_out)
        if item.get_closest_marker("kafka") or "real_kafka" in getattr(item, "fixturenames", ()):
            group = "real-kafka"
        elif room(item.path) not in PURE:
            group = item.path.stem
        else:
            continue
        if config.getoption("loadgroup", default=False):  # set in xdist's processes
            # The mark `xdist_group` is lost with pytest 9.2: xdist writes its name where nobody
            # looks (pytest-xdist#1386). It is looked for behind the @ of a test's id.
            item._id = type(item.id).parse(f"{item.nodeid}@{group}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[pytest.TestReport]:
    """Show beneath a failure what the processes of the test said last: CI keeps no files."""
    report = yield
    if report.failed:
        given = getattr(item, "funcargs", {})
        folders = {given.get("tmp_path"), *(getattr(each, "folder", 0) for each in given.values())}
        logs = (log for each in folders if isinstance(each, Path) for log in each.rglob("*.log"))
        for log in sorted(log for log in logs if not log.stem.isdigit()):  # as a broker's data is
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
            report.sections.append((f"the end of {log}", "\n".join(lines)))
    return report


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a unit or property test that opens a connection from Python, be it to loopback.

    Sockets opened by C libraries (librdkafka) are out of its reach.
    """
    if room(request.path) not in PURE:
        return

    def refuse(_socket: socket.socket, address: object) -> None:
        raise AssertionError(f"a test in tests/{room(request.path)} connects to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@pytest.fixture(scope="session")
def real_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Real Apache Kafka: its bootstrap address. Shared: give topics and groups your own names.

    A test that hurts the broker starts one for itself: `tests.support.servers.real_kafka`.
    """
    with servers.real_kafka(tmp_path_factory.mktemp("real-kafka")) as kafka:
        yield kafka.bootstrap


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded Kafka: its bootstrap address. A new topic gets 4 partitions.

    A test that needs other topics starts one for itself: `tests.support.servers.embedded_kafka`.
    """
    with servers.embedded_kafka(tmp_path_factory.mktemp("embedded-kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def embedded_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The embedded ClickHouse: its port on loopback. Shared: make a database of your own."""
    with servers.embedded_clickhouse(tmp_path_factory.mktemp("clickhouse")) as port:
        yield port
