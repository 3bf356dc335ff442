"""The notify role: its parts, its health, its end."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from alerts.notify.loop import Notifier
from alerts.notify.policy import Policy, PushRules
from alerts.notify.publisher import AlertmanagerPublisher, LogPublisher
from alerts.notify.verdicts import open_verdicts
from alerts.notify.wording import Wording
from streams.board.reference import Reference
from streams.http import Health

if TYPE_CHECKING:
    from threading import Event

    from alerts.metrics import NotifyMetrics
    from alerts.notify.publisher import Publisher
    from streams.settings import Settings

LIVES: Final = 4
"""An alert ends by itself after so many times that it was not told again."""
STANDSTILL: Final = 60.0
"""Seconds without a round of the loop after which the role is not well."""
CLOSE_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class NotifyRole:
    """Runs a notifier. `health` and `ready` may be asked from any thread.

    Several may run beside one another: Alertmanager takes the same alert from each for one.
    """

    def __init__(self, settings: Settings, metrics: NotifyMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._turned = time.monotonic()
        self._ready = False
        self._waiting = True

    def run(self, stop: Event) -> None:
        """Tell alerts until `stop` is set, then end within ten seconds.

        An absent Kafka or Alertmanager is waited for. What rings is left ringing: the next
        notifier tells it again, or it ends by itself.
        """
        opened = open_verdicts(self._settings, stop, self._metrics.unreadable)
        if opened is None:
            return
        consumer, verdicts = opened
        self._waiting = False
        publisher = _publisher(self._settings)
        notifier = Notifier(
            verdicts,
            Policy(push_rules(self._settings)),
            _wording(self._settings),
            publisher,
            self._metrics,
            clock=time.time,
            chance=random.random,
        )
        try:
            while not stop.is_set():
                notifier.step(stop)
                self._turned = time.monotonic()
                self._ready = notifier.caught_up
        finally:
            publisher.close()
            consumer.close(autocommit=False, timeout_ms=round(CLOSE_SECONDS * 1000))

    def health(self) -> Health:
        """Tell whether the loop turns; waiting for Kafka is no illness of ours."""
        if self._waiting:
            return Health(ok=True, detail="waits for Kafka")
        still = time.monotonic() - self._turned
        return Health(ok=still < STANDSTILL, detail=f"the last round was {still:.0f} s ago")

    def ready(self) -> Health:
        """Tell whether everything that rings is known."""
        return Health(ok=self._ready, detail="ready" if self._ready else "reads what rings")


def run_notify(settings: Settings, stop: Event, metrics: NotifyMetrics) -> None:
    """Run the notify role until `stop` is set."""
    NotifyRole(settings, metrics).run(stop)


def push_rules(settings: Settings) -> PushRules:
    """Translate the settings; without an Alertmanager each alert is told once."""
    alertmanager = settings.alertmanager
    return PushRules(
        min_level=alertmanager.min_level,
        digest_above=alertmanager.digest_above,
        stale_after=alertmanager.stale_after_days * timedelta(days=1).total_seconds(),
        resend_every=alertmanager.resend_every if alertmanager.url else None,
    )


def _wording(settings: Settings) -> Wording:
    reference = Reference.load(settings.catalogue)
    if reference.problem:
        log.warning("notify_without_catalogue", problem=reference.problem)
    alertmanager = settings.alertmanager
    return Wording(reference, alertmanager.page_url, LIVES * alertmanager.resend_every)


def _publisher(settings: Settings) -> Publisher:
    url = settings.alertmanager.url
    return AlertmanagerPublisher(url) if url else LogPublisher()
