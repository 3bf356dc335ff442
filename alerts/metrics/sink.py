"""How the sink runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.metrics import definitions as d
from alerts.metrics.labels import words

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class SinkMetrics:
    """Counts for `streams.sink.metrics.SinkMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reason = words(d.REASONS)
        self._rows = d.SINK_ROWS.counter(registry)
        self._batch = d.SINK_BATCH.histogram(registry)
        self._last = d.SINK_LAST.gauge(registry)
        self._lag = d.SINK_LAG.gauge(registry)
        self._retries = d.SINK_RETRIES.counter(registry)
        self._gap = d.SINK_GAP.gauge(registry)
        self._poisoned = d.SINK_POISONED.counter(registry)

    def inserted(self, table: str, rows: int) -> None:
        """Count rows that ClickHouse has taken."""
        self._rows.labels(table).inc(rows)

    def batch(self, seconds: float, at: float) -> None:
        """Take how long a batch took to insert, and when that was (seconds since the epoch)."""
        self._batch.observe(seconds)
        self._last.set(at)

    def lag(self, topic: str, records: int) -> None:
        """Take how many records of a topic are not yet in ClickHouse."""
        self._lag.labels(topic).set(records)

    def retried(self, reason: str) -> None:
        """Count an attempt that failed and will be made again."""
        self._retries.labels(self._reason(reason)).inc()

    def gap(self, topic: str, records: int) -> None:
        """Take how many records of a topic the history lacks and will not get by reading on."""
        self._gap.labels(topic).set(records)

    def poisoned(self, table: str, rows: int) -> None:
        """Count what went to the sink's dead letters."""
        self._poisoned.labels(table).inc(rows)
