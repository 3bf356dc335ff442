"""Where alerts go: Alertmanager's v2 API, or the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx
import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.notify.wording import Alert

REQUEST_SECONDS: Final = 3.0
ALERTS_A_REQUEST: Final = 500
_SHOWN_ANSWER: Final = 300

log = structlog.get_logger(__name__)


class PublishError(Exception):
    """Raised when alerts were not taken; telling them again later loses and doubles nothing."""


class Publisher(Protocol):
    """Tells alerts to whoever wakes people."""

    def publish(self, alerts: Sequence[Alert]) -> None:
        """Tell at most `ALERTS_A_REQUEST` alerts. Raises PublishError."""

    def close(self) -> None:
        """Let go of connections."""


class LogPublisher:
    """Writes one structured line an alert: for a house without Alertmanager."""

    def publish(self, alerts: Sequence[Alert]) -> None:
        """Write them."""
        for alert in alerts:
            labels = dict(alert.labels)
            labels["card_level"] = labels.pop("level")  # a log line has a level of its own
            said = {**labels, **alert.annotations, "starts_at": _iso(alert.starts_at)}
            log.info("alert_over" if alert.over else "alert", **said)

    def close(self) -> None:
        """Do nothing."""


class AlertmanagerPublisher:
    """Posts alerts to `POST /api/v2/alerts` below Alertmanager's address."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        # No proxy of the environment: alerts stay in the house.
        self._client = httpx.Client(timeout=REQUEST_SECONDS, trust_env=False, transport=transport)

    def publish(self, alerts: Sequence[Alert]) -> None:
        """Post them. Raises PublishError when Alertmanager is away or says no."""
        try:
            answer = self._client.post(self._url, json=[as_json(alert) for alert in alerts])
        except httpx.HTTPError as error:
            raise PublishError(f"{type(error).__name__}: {error}") from error
        if answer.status_code != httpx.codes.OK:
            said = " ".join(answer.text[:_SHOWN_ANSWER].split())
            raise PublishError(f"Alertmanager answers {answer.status_code}: {said}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def as_json(alert: Alert) -> dict[str, Any]:
    """Write an alert as Alertmanager's API takes it (postableAlert)."""
    return {
        "labels": dict(alert.labels),
        "annotations": {name: text for name, text in alert.annotations.items() if text},
        "startsAt": _iso(alert.starts_at),
        "endsAt": _iso(alert.ends_at),
        "generatorURL": alert.page,
    }


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds")
