"""The role `notify`: tells Alertmanager of the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.metrics import NotifyMetrics
from alerts.notify.role import run_notify
from streams.commands.roles.serving import read_until_told

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from streams.settings import Settings


def run(settings: Settings, registry: CollectorRegistry) -> int:
    """Run the role; give the exit code."""
    return read_until_told(settings, registry, NotifyMetrics(registry), run_notify)
