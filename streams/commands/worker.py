"""`jiancha worker --role R`: one process, one role."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import click
import structlog
from kafka.errors import KafkaError

from alerts.metrics import (
    EngineMetrics,
    EngineProgress,
    NotifyMetrics,
    RuntimeMetrics,
    SinkMetrics,
    role_registry,
)
from alerts.notify.role import run_notify
from alerts.notify.verdicts import Widened
from streams.board.server import run_board
from streams.checking import remarks
from streams.commands.common import (
    WRONG_USE,
    catalogue_or_exit,
    complain,
    keys_or_exit,
    settings_or_exit,
)
from streams.engine.rules import Rules
from streams.http import Health, serve
from streams.kafka_access import HANG_UP_SECONDS, denial, enter_or_deny
from streams.kafka_clients import aiokafka_options
from streams.logs import configure_logs
from streams.runtime import memory
from streams.runtime.engine import engine_worker
from streams.runtime.failstop import EXIT_CODE, describe
from streams.settings import SettingsError
from streams.sink.loop import Stalled
from streams.sink.run import run_sink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prometheus_client import CollectorRegistry

    from streams.settings import Settings

log = structlog.get_logger(__name__)

PULSE_SECONDS: Final = 60.0
"""A reader that has not said for so long how far it is behind does not do its work."""


@click.command("worker")
@click.option("--role", type=click.Choice(["engine", "sink", "notify", "board"]), required=True)
def command(role: str) -> None:
    """Run one role until SIGTERM or Ctrl-C; it serves /metrics, /healthz and /readyz.

    It ends with a reason and a non-zero code when going on could lose or double something: run it
    under a supervisor that starts it again.

    \b
    Example:
      JIANCHA_CATALOGUE=catalogue jiancha worker --role engine
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    if role == "notify":
        _links_or_exit(settings)
    configure_logs(settings)
    registry = role_registry(role, version("jiancha"))
    log.info("starting", role=role, version=version("jiancha"))
    memory.settle()
    try:
        if role != "board":
            kafka = settings.kafka
            enter_or_deny(kafka.bootstrap_servers, aiokafka_options(kafka), HANG_UP_SECONDS)
        code = _ROLES[role](settings, registry)
    except Exception as error:
        if (end := _end_of(error)) is None:
            raise
        kind, reason = end
        log.critical("fail-stop", kind=kind, reason=reason)
        code = EXIT_CODE
    sys.exit(code)


def _links_or_exit(settings: Settings) -> None:
    try:
        settings.links.needed_board()
    except SettingsError as error:
        complain(str(error))
        sys.exit(WRONG_USE)


def _end_of(error: Exception) -> tuple[str, str] | None:
    """Tell kind and reason of an end that an operator can do something about; else it is a bug."""
    if (reason := denial(error)) is not None:
        return "access", reason
    if isinstance(error, KafkaError | Stalled | Widened):  # what waiting would not cure
        return "read", describe(error)
    return None


def _engine(settings: Settings, registry: CollectorRegistry) -> int:
    catalogue = catalogue_or_exit(settings.catalogue)
    keys = keys_or_exit(settings, catalogue)
    for remark in remarks(catalogue):
        log.warning("catalogue", warning=str(remark))
    rules = Rules.of(catalogue)
    _usable_or_exit(settings.engine.cold_dir)
    found = EngineMetrics(registry, rules)
    with tempfile.TemporaryDirectory(prefix="jiancha-") as scratch:
        worker = engine_worker(settings, rules, scratch, RuntimeMetrics(registry), found, keys)
        live = settings.engine.ticks_from == "worker"
        registry.register(EngineProgress(worker.progress, found, live=live))

        def ready() -> Health:
            owned = [each.partition for each in worker.progress() if each.state == "running"]
            detail = f"reads {len(owned)} partitions" if worker.ready else "taking over partitions"
            return Health(worker.ready, detail)

        # Whatever stands still ends the process by itself (streams/runtime/watchdog.py).
        end = _serve(settings, registry, lambda: Health(ok=True, detail="running"), ready)
        try:
            return worker.run()
        finally:
            end()


def _usable_or_exit(cold_dir: Path | None) -> None:
    if cold_dir is not None and not (cold_dir.is_dir() and os.access(cold_dir, os.W_OK | os.X_OK)):
        complain(
            f"engine.cold_dir = {cold_dir} is no directory that can be written to:"
            " make it, or set JIANCHA_ENGINE__COLD_DIR to another on a disk with room"
        )
        sys.exit(WRONG_USE)


def _sink(settings: Settings, registry: CollectorRegistry) -> int:
    return _reader(settings, registry, SinkMetrics(registry), run_sink)


def _notify(settings: Settings, registry: CollectorRegistry) -> int:
    return _reader(settings, registry, NotifyMetrics(registry), run_notify)


def _board(settings: Settings, registry: CollectorRegistry) -> int:
    run_board(settings, _stop_on_signal(), registry)
    return 0


_ROLES: Final[dict[str, Callable[[Settings, CollectorRegistry], int]]] = {
    "engine": _engine,
    "sink": _sink,
    "notify": _notify,
    "board": _board,
}


class Pulse:
    """Metrics that also remember when the role last told how far behind it is."""

    def __init__(self, metrics: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics, self._clock = metrics, clock
        self._last: float | None = None
        self._lacking: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        """Pass every count on."""
        return getattr(self._metrics, name)

    def lag(self, *told: Any) -> None:
        """Take how far behind the role is: it reads."""
        self._last = self._clock()
        self._metrics.lag(*told)

    def gap(self, topic: str, records: int) -> None:
        """Take how many records of a topic the history lacks: with any the sink stands still."""
        self._lacking[topic] = records
        self._metrics.gap(topic, records)

    def health(self) -> Health:
        """Tell whether the role has read lately, and whether it stands still for an operator."""
        if lacking := sum(self._lacking.values()):
            return Health(
                ok=False, detail=f"the history lacks {lacking} records: `jiancha history rewind`"
            )
        if self._last is None:
            return Health(ok=False, detail="has not read yet")
        silent = self._clock() - self._last
        return Health(silent < PULSE_SECONDS, f"read {silent:.0f} s ago")


def _reader(
    settings: Settings,
    registry: CollectorRegistry,
    metrics: Any,
    run: Callable[[Settings, threading.Event, Any], None],
) -> int:
    """Run a role that reads topics in its own loop."""
    stop, pulse = _stop_on_signal(), Pulse(metrics)
    # An absent server is waited for, which is no ill health: a restart would not bring it back.
    end = _serve(settings, registry, lambda: Health(ok=True, detail="running"), pulse.health)
    try:
        run(settings, stop, pulse)
    finally:
        end()
    log.info("stopped")
    return 0


def _serve(
    settings: Settings,
    registry: CollectorRegistry,
    health: Callable[[], Health],
    ready: Callable[[], Health],
) -> Callable[[], None]:
    try:
        return serve(settings.http, registry, health, ready)
    except OSError as error:
        http = settings.http
        complain(
            f"{http.host}:{http.port} cannot be used ({error.strerror}):"
            " stop what holds it, or set JIANCHA_HTTP__PORT"
        )
        sys.exit(WRONG_USE)


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
