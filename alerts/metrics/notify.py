"""How the notifier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts.metrics import definitions as d

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry

PUSH_RESULTS: Final = ("ok", "failed")
KINDS: Final = ("card", "digest")


class NotifyMetrics:
    """Counts for the notifier."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._moves = d.MOVES.counter(registry)
        self._pushes = d.PUSHES.counter(registry)
        self._alerts = d.ALERTS.counter(registry)
        self._ringing = d.RINGING.gauge(registry)
        self._lag = d.NOTIFY_LAG.gauge(registry)
        self._unreadable = d.UNREADABLE.counter(registry)
        self._refused = d.REFUSED_ALERTS.counter(registry)
        self._heard = d.NOTIFY_HEARD.gauge(registry)
        self._links = d.LINKS.gauge(registry)
        for result in PUSH_RESULTS:
            self._pushes.labels(result)
        self.ringing(dict.fromkeys(KINDS, 0))

    def took(self, result: str) -> None:
        """Count a move by what came of it: a word of `alerts.notify.policy.Outcome`."""
        self._moves.labels(result).inc()

    def pushed(self, kinds: Mapping[str, int]) -> None:
        """Count a request that Alertmanager took, and its alerts: card, digest, resolved."""
        self._pushes.labels("ok").inc()
        for kind, alerts in kinds.items():
            self._alerts.labels(kind).inc(alerts)

    def failed(self) -> None:
        """Count a request that failed and will be made again."""
        self._pushes.labels("failed").inc()

    def refused(self, alerts: int) -> None:
        """Count alerts that Alertmanager does not take."""
        self._refused.inc(alerts)

    def heard(self, at: float) -> None:
        """Take when Kafka was known to answer: seconds since the epoch."""
        self._heard.set(at)

    def links(self, board: str, grafana: str) -> None:
        """Show the addresses that alerts link to."""
        self._links.labels(board, grafana).set(1)

    def ringing(self, kinds: Mapping[str, int]) -> None:
        """Take how many cards and digests ring now."""
        for kind in KINDS:
            self._ringing.labels(kind).set(kinds.get(kind, 0))

    def lag(self, records: int) -> None:
        """Take how many moves are not yet pushed for good."""
        self._lag.set(records)

    def unreadable(self) -> None:
        """Count a record of the verdicts topic that is no move."""
        self._unreadable.inc()
