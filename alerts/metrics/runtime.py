"""How the engine's worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.metrics import definitions as d
from alerts.metrics.labels import words

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class RuntimeMetrics:
    """Counts for `streams.runtime.ports.RuntimeMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._skip, self._stop = words(d.REASONS), words(d.REASONS)
        self._chunks = d.CHUNKS.counter(registry)
        self._records = d.RECORDS.counter(registry)
        self._committed = d.COMMITTED.counter(registry)
        self._written = d.WRITTEN.counter(registry)
        self._transaction = d.TRANSACTION.histogram(registry)
        self._restored = d.RESTORED.counter(registry)
        self._restore_seconds = d.RESTORE_SECONDS.counter(registry)
        self._rebalances = d.REBALANCES.counter(registry)
        self._rebalance_seconds = d.REBALANCE_SECONDS.counter(registry)
        self._kept = d.KEPT.gauge(registry)
        self._gave_back = d.GAVE_BACK.counter(registry)
        self._looked_again = d.LOOKED_AGAIN.counter(registry)
        self._holes = d.HOLES.counter(registry)
        self._ticks_skipped = d.TICKS_SKIPPED.counter(registry)
        self._fail_stops = d.FAIL_STOPS.counter(registry)

    def chunk(self, topic: str, records: int) -> None:
        """Count a chunk handed to the logic."""
        self._chunks.labels(topic).inc()
        self._records.labels(topic).inc(records)

    def committed(self, records: int, written: int, seconds: float) -> None:
        """Count a durable batch: input records, records written, seconds in its transaction."""
        self._committed.inc(records)
        self._written.inc(written)
        self._transaction.observe(seconds)

    def restored(self, records: int, seconds: float) -> None:
        """Count the changelog records read back, of one or more partitions."""
        self._restored.inc(records)
        self._restore_seconds.inc(seconds)

    def rebalanced(self, owned: int, kept: int, seconds: float) -> None:  # noqa: ARG002
        """Count a take-over; how many are owned, `progress` shows."""
        self._rebalances.inc()
        self._rebalance_seconds.inc(seconds)
        self._kept.set(kept)

    def gave_back(self, topic: str) -> None:
        """Count records fetched across a rebalance and given back, to be read again."""
        self._gave_back.labels(topic).inc()

    def looked_again(self, topic: str) -> None:
        """Count a hole in the offsets that is read once more."""
        self._looked_again.labels(topic).inc()

    def hole(self, topic: str, offsets: int) -> None:
        """Count a confirmed hole: so many offsets carry no record."""
        self._holes.labels(topic).inc(offsets)

    def tick_skipped(self, reason: str) -> None:
        """Count a beat left out."""
        self._ticks_skipped.labels(self._skip(reason)).inc()

    def fail_stop(self, reason: str) -> None:
        """Count the end of the process; seen only if a scrape comes in between."""
        self._fail_stops.labels(self._stop(reason)).inc()
