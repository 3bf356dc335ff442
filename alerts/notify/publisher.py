"""Where alerts go: Alertmanager's v2 API, or the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import httpx
import structlog

from alerts.notify.wording import CARD, DIGEST, Alert

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUEST_SECONDS: Final = 3.0
ALERTS_A_REQUEST: Final = 500
REFUSALS: Final = frozenset({400, 413, 422})
"""Answers that are about what was sent, not about who takes it: less of it may be taken."""
_SHOWN_ANSWER: Final = 300

log = structlog.get_logger(__name__)


class PublishError(Exception):
    """Raised when alerts were not taken; telling them again later loses and doubles nothing."""


class RefusedError(PublishError):
    """Raised when Alertmanager is there and does not take what was sent."""


class Refused(NamedTuple):
    """An alert that Alertmanager does not take, and what it said."""

    alert: Alert
    why: str


class Standing(NamedTuple):
    """An alert that rings in Alertmanager."""

    alert: Alert
    told_at: float
    """When somebody told it last: seconds since the epoch."""


class Publisher(Protocol):
    """Tells alerts to whoever wakes people."""

    def publish(self, alerts: Sequence[Alert]) -> list[Refused]:
        """Tell at most `ALERTS_A_REQUEST` alerts; give those refused. Raises PublishError."""

    def standing(self) -> list[Standing]:
        """Give what rings of cards and digests. Raises PublishError."""

    def close(self) -> None:
        """Let go of connections."""


class LogPublisher:
    """Writes one structured line an alert: for a house without Alertmanager."""

    def publish(self, alerts: Sequence[Alert]) -> list[Refused]:
        """Write them."""
        for alert in alerts:
            labels = dict(alert.labels)
            labels["card_level"] = labels.pop("level")  # a log line has a level of its own
            said = {**labels, **alert.annotations, "starts_at": _iso(alert.starts_at)}
            log.info("alert_over" if alert.over else "alert", **said)
        return []

    def standing(self) -> list[Standing]:
        """Give nothing: a line that was written rings no more."""
        return []

    def close(self) -> None:
        """Do nothing."""


class AlertmanagerPublisher:
    """Posts alerts to `POST /api/v2/alerts` below Alertmanager's address."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        # No proxy of the environment: alerts stay in the house.
        self._client = httpx.Client(timeout=REQUEST_SECONDS, trust_env=False, transport=transport)

    def publish(self, alerts: Sequence[Alert]) -> list[Refused]:
        """Post them, and give those that it does not take: one that is bad stops no other.

        Raises PublishError when Alertmanager is away or answers otherwise.
        """
        try:
            self._ask("POST", json=[as_json(alert) for alert in alerts])
        except RefusedError as error:
            if len(alerts) == 1:
                return [Refused(alerts[0], str(error))]
            half = len(alerts) // 2
            return self.publish(alerts[:half]) + self.publish(alerts[half:])
        return []

    def standing(self) -> list[Standing]:
        """Ask what rings of cards and digests, silenced and inhibited ones too."""
        found = self._ask("GET", params={"filter": f'alertname=~"{CARD}|{DIGEST}"'})
        try:
            return [_standing(each) for each in found.json()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PublishError(f"Alertmanager's list of alerts is none: {error!r}") from error

    def _ask(self, method: str, **what: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, self._url, **what)
        except httpx.HTTPError as error:
            raise PublishError(f"{type(error).__name__}: {error}") from error
        if answer.status_code != httpx.codes.OK:
            said = " ".join(answer.text[:_SHOWN_ANSWER].split())
            how = RefusedError if answer.status_code in REFUSALS else PublishError
            raise how(f"Alertmanager answers {answer.status_code}: {said}")
        return answer

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


def _standing(found: dict[str, Any]) -> Standing:
    """Read an alert as the API lists it (gettableAlert)."""
    begins, ends, told = (
        datetime.fromisoformat(found[key]).timestamp()
        for key in ("startsAt", "endsAt", "updatedAt")
    )
    page = found.get("generatorURL", "")
    alert = Alert(found["labels"], found["annotations"], begins, ends, over=False, page=page)
    return Standing(alert, told)


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds")
