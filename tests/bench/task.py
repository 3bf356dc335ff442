"""What one program of the bench is told, what it measures, and the work that all three share."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client import CollectorRegistry

from alerts.metrics.engine import EngineMetrics
from streams.runtime.logic import CasePartition
from tests.support.cases import days, rules

if TYPE_CHECKING:
    from streams.engine.rules import Rules

LIMITS: Final = {"promised": days(7), "statutory": days(20)}
RESULT: Final = "RESULT "
"""Before the line with which a program ends."""


@dataclass(frozen=True, slots=True)
class Task:
    """A run: where the log lies, how long it is, and under which group it is read."""

    bootstrap: str
    group: str
    partitions: int
    records: int
    """Of all input topics: what has to be durable for the run to be over."""

    @classmethod
    def from_argument(cls, argument: str) -> Task:
        return cls(**json.loads(argument))

    def argument(self) -> str:
        return json.dumps(asdict(self))


class Measured(NamedTuple):
    """One run, from its first record to its last durable write."""

    seconds: float
    cpu_seconds: float
    """Of the process, all its threads together."""
    written: int


class Meter:
    """Measures a run. Every record counts that is read or written; start-up does not."""

    def __init__(self, records: int) -> None:
        self._left = records
        self._began: tuple[float, float] | None = None
        self._written = 0

    def begin(self) -> None:
        """Start with the first record; later calls change nothing."""
        if self._began is None:
            self._began = time.perf_counter(), time.process_time()

    def durable(self, records: int, written: int) -> bool:
        """Count input records whose effects are durable; tell whether that was the last."""
        self._left -= records
        self._written += written
        return self._left <= 0

    def read(self) -> Measured:
        """Give what has passed since the first record."""
        assert self._began is not None
        wall, cpu = self._began
        return Measured(time.perf_counter() - wall, time.process_time() - cpu, self._written)


def report(measured: Measured) -> None:
    """Tell the bench, which looks for this line."""
    sys.stdout.write(RESULT + json.dumps(measured) + "\n")
    sys.stdout.flush()


def bench_rules() -> Rules:
    """Give the catalogue: one item, promised 7 and statutory 20 working days, `next_day`."""
    return rules(LIMITS)


def bench_metrics(rules: Rules) -> EngineMetrics:
    """Make the engine's real metrics: counting is part of the work."""
    return EngineMetrics(CollectorRegistry(), rules)


def partition_logic(
    number: int, partitions: int, rules: Rules, metrics: EngineMetrics
) -> CasePartition:
    """Make a partition's whole work, as the engine worker makes it."""
    return CasePartition(number, partitions, rules, metrics, ticks_from="replay")
