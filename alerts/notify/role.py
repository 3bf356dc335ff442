"""The notify role: its parts, put together, and its end."""

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

if TYPE_CHECKING:
    from threading import Event

    from alerts.metrics import NotifyMetrics
    from alerts.notify.publisher import Publisher
    from streams.settings import Settings

CLOSE_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


def run_notify(settings: Settings, stop: Event, metrics: NotifyMetrics) -> None:
    """Tell alerts until `stop` is set, then end within ten seconds.

    An absent Kafka or Alertmanager is waited for. `metrics` hears of the lag in every round from
    when it is known what rings, as long as Kafka answers. At the end what rings is left ringing:
    the next notifier tells it again, or that it is over. Several may run beside one another:
    Alertmanager takes the same alert from each for one.
    """
    links = settings.links
    metrics.links(links.needed_board().rstrip("/"), (links.grafana or "").rstrip("/"))
    opened = open_verdicts(settings, stop, metrics.unreadable)
    if opened is None:
        return
    consumer, verdicts = opened
    publisher = _publisher(settings)
    notifier = Notifier(
        verdicts,
        Policy(push_rules(settings)),
        _wording(settings),
        publisher,
        metrics,
        clock=time.time,
        chance=random.random,
        resend_every=settings.alertmanager.resend_every,
    )
    try:
        while not stop.is_set():
            notifier.step(stop)
    finally:
        publisher.close()
        consumer.close(autocommit=False, timeout_ms=round(CLOSE_SECONDS * 1000))


def push_rules(settings: Settings) -> PushRules:
    """Translate the settings; without an Alertmanager each alert is told once."""
    alertmanager = settings.alertmanager
    return PushRules(
        min_level=alertmanager.min_level,
        digest_above=alertmanager.digest_above,
        stale_after=alertmanager.stale_after_days * timedelta(days=1).total_seconds(),
        resend_every=alertmanager.resend_every if alertmanager.url else None,
        window=alertmanager.digest_window if alertmanager.url else 0.0,
    )


def _wording(settings: Settings) -> Wording:
    reference = Reference.load(settings.catalogue)
    if reference.problem:
        log.warning("notify_without_catalogue", problem=reference.problem)
    return Wording(reference, settings.links.needed_board())


def _publisher(settings: Settings) -> Publisher:
    url = settings.alertmanager.url
    return AlertmanagerPublisher(url) if url else LogPublisher()
