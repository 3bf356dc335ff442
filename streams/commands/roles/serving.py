"""What every role does beside its work: it serves its health and metrics, and ends when told."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from streams.commands.common import WRONG_USE, complain
from streams.http import Health, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from streams.settings import Settings

log = structlog.get_logger(__name__)

PULSE_SECONDS: Final = 60.0
"""A reader that has not said for so long how far it is behind does not do its work."""


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


def read_until_told(
    settings: Settings,
    registry: CollectorRegistry,
    metrics: Any,
    run: Callable[[Settings, threading.Event, Any], None],
) -> int:
    """Run a role that reads topics in its own loop; give the exit code."""
    stop, pulse = stop_on_signal(), Pulse(metrics)
    # An absent server is waited for, which is no ill health: a restart would not bring it back.
    end = serve_or_exit(settings, registry, lambda: Health(ok=True, detail="running"), pulse.health)
    try:
        run(settings, stop, pulse)
    finally:
        end()
    log.info("stopped")
    return 0


def serve_or_exit(
    settings: Settings,
    registry: CollectorRegistry,
    health: Callable[[], Health],
    ready: Callable[[], Health],
) -> Callable[[], None]:
    """Serve until what is given is called; end the process when the port cannot be had."""
    try:
        return serve(settings.http, registry, health, ready)
    except OSError as error:
        http = settings.http
        complain(
            f"{http.host}:{http.port} cannot be used ({error.strerror}):"
            " stop what holds it, or set JIANCHA_HTTP__PORT"
        )
        sys.exit(WRONG_USE)


def stop_on_signal() -> threading.Event:
    """Give the event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
