"""The role `sink`: writes the history to ClickHouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.metrics import SinkMetrics
from streams.commands.roles.serving import read_until_told
from streams.sink.run import run_sink

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from streams.settings import Settings


def run(settings: Settings, registry: CollectorRegistry) -> int:
    """Run the role; give the exit code."""
    return read_until_told(settings, registry, SinkMetrics(registry), run_sink)
