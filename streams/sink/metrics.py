"""What the sink counts; `alerts.metrics` holds the real ones."""

from __future__ import annotations

from typing import Protocol


class SinkMetrics(Protocol):
    """Where the sink reports to."""

    def inserted(self, table: str, rows: int) -> None:
        """Count rows that ClickHouse has taken."""

    def batch(self, seconds: float, at: float) -> None:
        """Take how long a batch took to insert, and when that was (seconds since the epoch)."""

    def lag(self, topic: str, records: int) -> None:
        """Take how many records of a topic are not yet in ClickHouse."""

    def retried(self, reason: str) -> None:
        """Count an attempt that failed and will be made again: see `errors.Kind`, or `kafka`."""

    def gap(self, topic: str, records: int) -> None:
        """Take how many records of a topic the history lacks and will not get by reading on."""

    def poisoned(self, table: str, rows: int) -> None:
        """Count what went to the sink's dead letters: a table's rows, or records of a topic."""
