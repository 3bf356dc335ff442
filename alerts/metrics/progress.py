"""How far the engine is, asked at each scrape."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from alerts.metrics import definitions as d

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric as Family

STATES: Final = ("claiming", "restoring", "running")


class Progress(Protocol):
    """One owned partition: `streams.runtime.ports.PartitionProgress` is one."""

    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def lag(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def stalled_for(self) -> float: ...  # noqa: D102
    @property
    def waiting_ticks(self) -> int: ...  # noqa: D102
    @property
    def last_tick_ms(self) -> int | None: ...  # noqa: D102


class Findings(Protocol):
    """What the engine found: `alerts.metrics.engine.EngineMetrics` is one."""

    def open_cases(self, owned: Collection[int]) -> Iterator[Family]:
        """Give the gauges of what is open in some partitions."""


class EngineProgress:
    """A collector over `EngineWorker.progress`, and over what its partitions found.

    `live` says that the worker makes its own ticks, so that none for a while is a delay. A
    replay's ticks may pause; then only those that arrived and wait count.
    """

    def __init__(
        self,
        progress: Callable[[], Sequence[Progress]],
        findings: Findings,
        *,
        live: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._progress = progress
        self._findings = findings
        self._live = live
        self._clock = clock
        self._first_seen: dict[int, float] = {}

    def describe(self) -> Iterator[Family]:
        """Name the metrics, so that registering asks nothing of a worker that has not begun."""
        gauges = (d.PARTITIONS, d.LAG, d.STALLED, d.TICKS_WAITING, d.DEADLINE_DELAY)
        for metric in (*gauges, *d.FINDINGS):
            yield metric.family({})

    def collect(self) -> Iterator[Family]:
        """Give the gauges as they are now."""
        found, now = self._progress(), self._clock()
        states = Counter(each.state for each in found)
        lag: Counter[str] = Counter()
        for each in found:
            lag.update(each.lag)
        yield d.PARTITIONS.family({(state,): states[state] for state in STATES})
        yield d.LAG.family({(topic,): records for topic, records in lag.items()})
        yield d.STALLED.family({(): max((each.stalled_for for each in found), default=0.0)})
        yield d.TICKS_WAITING.family({(): sum(each.waiting_ticks for each in found)})
        yield d.DEADLINE_DELAY.family({(): self._delay(found, now)})
        yield from self._findings.open_cases({e.partition for e in found if e.state == "running"})

    def _delay(self, found: Sequence[Progress], now: float) -> float:
        """Give the seconds since the worst partition's last tick, or since it came here."""
        seen = self._first_seen
        self._first_seen = {each.partition: seen.get(each.partition, now) for each in found}
        last = (
            self._first_seen[each.partition]
            if each.last_tick_ms is None
            else each.last_tick_ms / 1000
            for each in found
            if self._live or each.waiting_ticks
        )
        return max(0.0, now - min(last, default=now))
