"""Every metric of every role (监测指标): defined once, counted by classes that the roles are given.

The classes match the protocols of `streams.runtime`, `streams.sink` and `alerts.notify` by their
shape: this package lies below them and imports none.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from alerts.metrics import definitions
from alerts.metrics.engine import EngineMetrics
from alerts.metrics.notify import NotifyMetrics
from alerts.metrics.progress import EngineProgress
from alerts.metrics.runtime import RuntimeMetrics
from alerts.metrics.sink import SinkMetrics

__all__ = [
    "EngineMetrics",
    "EngineProgress",
    "NotifyMetrics",
    "RuntimeMetrics",
    "SinkMetrics",
    "role_registry",
]


def role_registry(role: str, version: str) -> CollectorRegistry:
    """Make a role's registry, with what every process shows: memory, threads, files, version."""
    # A `_created` gauge beside each counter would double the series, and nobody asks for it.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    definitions.BUILD.gauge(registry).labels(role, version).set(1)
    return registry
