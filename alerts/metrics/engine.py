"""What the engine finds: cards, breaches, refusals, open cases, the calendars' reach."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from alerts.metrics import definitions as d
from alerts.metrics.labels import Places, systems, words
from schemas.codes import ClockKind, Level
from streams.engine.zone import zone_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric as Family

    from schemas.verdicts import MoveRecord
    from streams.engine.calendar import Calendar
    from streams.engine.rules import Rules
    from streams.engine.state import Summary

DAY: Final = 86_400
CARD_LEVELS: Final = (Level.NOTICE, Level.YELLOW, Level.RED)


class EngineMetrics:
    """Counts for `streams.runtime.logic.EngineMetrics`; `EngineProgress` shows the gauges."""

    def __init__(self, registry: CollectorRegistry, rules: Rules) -> None:
        self._places = Places(rules.catalogue, d.PLACES)
        self._source, self._reason = systems(d.SOURCES), words(d.REASONS)
        self._tick_reason = words(d.REASONS)
        self._issued = d.CARDS_ISSUED.counter(registry)
        self._retracted = d.CARDS_RETRACTED.counter(registry)
        self._breaches = d.BREACHES.counter(registry)
        self._events = d.EVENTS.counter(registry)
        self._dead_letters = d.DEAD_LETTERS.counter(registry)
        self._misplaced = d.MISPLACED.counter(registry)
        self._ticks_refused = d.TICKS_REFUSED.counter(registry)
        self._partitions: dict[int, tuple[int, dict[Summary, int]]] = {}
        self._start_at_zero()
        ends = d.CALENDAR_END.gauge(registry)
        for calendar in _in_use(rules):
            ends.labels(calendar.name).set(_end_of_decrees(calendar))

    def _start_at_zero(self) -> None:
        """Show a counter before its first card: from nothing to one is no rise to `increase`."""
        for place in self._places.stated:
            for clock in ClockKind:
                self._breaches.labels(*place, clock)
                for level in CARD_LEVELS:
                    self._issued.labels(*place, clock, level)
                    self._retracted.labels(*place, clock, level)

    def accepted(self, source: str, *, repeated: bool) -> None:
        """Count an event that was read; `repeated` when it changed nothing."""
        self._events.labels(self._source(source), "repeated" if repeated else "new").inc()

    def refused(self, source: str, reason: str) -> None:
        """Count a dead letter."""
        self._dead_letters.labels(self._source(source), self._reason(reason)).inc()

    def misplaced(self, source: str, what: str) -> None:
        """Count a record under a wrong key (`key`) or in a wrong partition (`partition`)."""
        self._misplaced.labels(self._source(source), what).inc()

    def moved(self, move: MoveRecord) -> None:
        """Count a card's move."""
        place = self._places(move.region, move.department)
        if move.move == "issued":
            self._issued.labels(*place, move.clock, move.level).inc()
            if move.holds_from == move.due_at + 1:
                self._breaches.labels(*place, move.clock).inc()
        elif move.move == "retracted":
            self._retracted.labels(*place, move.clock, move.level).inc()

    def tick_refused(self, reason: str) -> None:
        """Count a tick that does not count: another source's, or one that strays."""
        self._ticks_refused.labels(self._tick_reason(reason)).inc()

    def partition(
        self,
        partition: int,
        now: int,
        waiting: int,  # noqa: ARG002 - `progress` shows it, of all partitions at one moment
        cases: Mapping[Summary, int],
    ) -> None:
        """Take a partition's time (seconds since the epoch) and its case counts."""
        self._partitions[partition] = (now, dict(cases))

    def open_cases(self, owned: Collection[int]) -> Iterator[Family]:
        """Give the gauges of what is open, over the partitions that the worker owns now.

        What it knew of others is left out: their new owner shows it.
        """
        known = [found for number, found in self._partitions.copy().items() if number in owned]
        total: Counter[Summary] = Counter()
        for _, cases in known:
            total.update(cases)
        levels: dict[tuple[str, ...], float] = {
            (str(level),): sum(n for found, n in total.items() if found.level == level.rank)
            for level in CARD_LEVELS
        }
        still_open = [(found, n) for found, n in total.items() if found.open]
        provisional = sum(n for found, n in still_open if found.provisional)
        yield d.OPEN_CASES.family({(): sum(n for _, n in still_open)})
        yield d.CASES_WITH_CARD.family(levels)
        yield d.CASES_PROVISIONAL.family({(): provisional})
        if known:
            yield d.ENGINE_TIME.family({(): min(now for now, _ in known)})


def _in_use(rules: Rules) -> list[Calendar]:
    """Find the calendars that a policy of the catalogue names."""
    named = set(_named("calendar", rules.catalogue.content))
    return [calendar for name, calendar in rules.calendars.items() if name in named]


def _named(key: str, content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            if name == key and isinstance(value, str):
                yield value
            else:
                yield from _named(key, value)
    elif isinstance(content, list):
        for value in content:
            yield from _named(key, value)


def _end_of_decrees(calendar: Calendar) -> float:
    """Give the last second of the last decreed day on the calendar's clock face."""
    return float(zone_of(calendar.zone).instant(calendar.last_decreed_day * DAY + DAY - 1))
