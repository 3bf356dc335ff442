"""What the engine finds: cards, breaches, refusals, open cases, the calendars' reach."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final, get_args

from alerts.metrics import definitions as d
from alerts.metrics import reach
from alerts.metrics.labels import Places, Regions, systems, words
from alerts.metrics.sources import Sources
from schemas.changes import ChangeResult
from schemas.decoding import NOT_ALLOWED
from schemas.findings import finding_code
from schemas.ticks import ChangeSubject
from streams.engine.listing import NO_CLOCK
from streams.engine.zone import zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric as Family

    from schemas.catalogue import Catalogue
    from schemas.verdicts import MoveRecord
    from streams.engine.calendar import Calendar
    from streams.engine.rules import Rules
    from streams.engine.state import Summary

DAY: Final = 86_400


class EngineMetrics:
    """Counts for `streams.runtime.logic.EngineMetrics`; `EngineProgress` shows the gauges."""

    def __init__(
        self,
        registry: CollectorRegistry,
        rules: Rules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sources = Sources(rules, clock)
        self._places = Places(rules.catalogue, d.PLACES)
        self._regions = Regions(rules.catalogue, d.REGIONS)
        self._source, self._reason = systems(d.SOURCES), words(d.REASONS)
        self._tick_reason = words(d.REASONS)
        self._issued = d.CARDS_ISSUED.counter(registry)
        self._retracted = d.CARDS_RETRACTED.counter(registry)
        self._breaches = d.BREACHES.counter(registry)
        self._findings = d.FINDING_CARDS.counter(registry)
        self._events = d.EVENTS.counter(registry)
        self._dead_letters = d.DEAD_LETTERS.counter(registry)
        self._misplaced = d.MISPLACED.counter(registry)
        self._ticks_refused = d.TICKS_REFUSED.counter(registry)
        self._changes = d.CHANGES.counter(registry)
        self._partitions: dict[int, tuple[int, dict[Summary, int], int]] = {}
        self._held: dict[int, tuple[int, int]] = {}
        self._set_aside: dict[int, tuple[str, ...]] = {}
        self._ends: dict[int, dict[str, float]] = {}
        for name, known in ((NOT_ALLOWED, self._reason), (rules.catalogue.sources, self._source)):
            for each in name:  # so that no flood of other words makes them `other`
                known(each)
        self._start_at_zero(rules.catalogue)

    def _start_at_zero(self, catalogue: Catalogue) -> None:
        """Show a counter before its first card: from nothing to one is no rise to `increase`."""
        cards = reach.cards(catalogue)
        for place in self._places.stated:
            for clock in reach.breaches(catalogue):
                self._breaches.labels(*place, clock)
            for clock, level in cards:
                self._issued.labels(*place, clock, level)
        for clock, level in cards:
            self._retracted.labels(clock, level)
        for region in self._regions.stated:
            for code in reach.findings(catalogue):
                self._findings.labels(region, code)
        for subject in get_args(ChangeSubject):
            for result in get_args(ChangeResult):
                self._changes.labels(subject, result)

    def accepted(self, source: str, *, repeated: bool) -> None:
        """Count an event that was read; `repeated` when it changed nothing."""
        self._events.labels(self._source(source), "repeated" if repeated else "new").inc()
        self._sources.heard(self._source(source))

    def refused(self, source: str, reason: str) -> None:
        """Count a dead letter."""
        self._dead_letters.labels(self._source(source), self._reason(reason)).inc()
        self._sources.heard(self._source(source))

    def misplaced(self, source: str, what: str) -> None:
        """Count a record under a wrong key (`key`) or in a wrong partition (`partition`)."""
        self._misplaced.labels(self._source(source), what).inc()

    def moved(self, move: MoveRecord) -> None:
        """Count a card's move."""
        place = self._places(move.region, move.department)
        if move.move == "issued" and move.replaces is None:
            self._issued.labels(*place, move.clock, move.level).inc()
            if move.holds_from == move.due_at + 1:
                self._breaches.labels(*place, move.clock).inc()
            found = finding_code(move.clock_id)
            if found is not None:
                self._findings.labels(self._regions(move.region), found).inc()
        elif move.move == "retracted":
            self._retracted.labels(move.clock, move.level).inc()

    def tick_refused(self, reason: str) -> None:
        """Count a tick that does not count: another source's, or one that strays."""
        self._ticks_refused.labels(self._tick_reason(reason)).inc()

    def changed(self, subject: ChangeSubject, result: ChangeResult) -> None:
        """Count a change of calendar or catalogue in one partition, by what came of it."""
        self._changes.labels(subject, result).inc()

    def in_force(self, partition: int, rules: Rules) -> None:
        """Take the rules that are in force in a partition from now on."""
        self._sources.in_force(rules)
        self._ends[partition] = {each.name: _end_of_decrees(each) for each in _in_use(rules)}

    def partition(
        self,
        partition: int,
        now: int,
        waiting: int,  # noqa: ARG002 - `progress` shows it, of all partitions at one moment
        cases: Mapping[Summary, int],
        left: int,
    ) -> None:
        """Take a partition's time (seconds since the epoch), its case counts, its change's rest."""
        self._partitions[partition] = (now, dict(cases), left)

    def held(self, partition: int, in_memory: int, in_cold_store: int) -> None:
        """Take how many cases a partition holds, by where they lie."""
        self._held[partition] = (in_memory, in_cold_store)

    def set_aside(self, partition: int, names: Collection[str]) -> None:
        """Take the cases of a partition that are set aside; a record's name begins with NUL."""
        self._set_aside[partition] = tuple(names)

    def open_cases(self, owned: Collection[int]) -> Iterator[Family]:
        """Give the gauges of what is open, over the partitions that the worker owns now.

        What it knew of others is left out: their new owner shows it.
        """
        known = [found for number, found in self._partitions.copy().items() if number in owned]
        total: Counter[Summary] = Counter()
        for _, cases, _ in known:
            total.update(cases)
        levels: dict[tuple[str, ...], float] = {
            (str(level),): sum(n for found, n in total.items() if found.level == level.rank)
            for level in reach.CARD_LEVELS
        }
        still_open = [(found, n) for found, n in total.items() if found.open]
        provisional = sum(n for found, n in still_open if found.provisional)
        yield d.OPEN_CASES.family({(): sum(n for _, n in still_open)})
        yield d.CASES_WITH_CARD.family(levels)
        yield d.CASES_PROVISIONAL.family({(): provisional})
        unwatched: dict[tuple[str, ...], float] = {(reason,): 0.0 for reason in NO_CLOCK}
        for found, n in still_open:
            if found.no_clock is not None:
                unwatched[found.no_clock,] += n
        yield d.CASES_WITHOUT_CLOCK.family(unwatched)
        yield d.CHANGE_LEFT.family({(): sum(left for _, _, left in known)})
        held = [found for number, found in self._held.copy().items() if number in owned]
        in_memory, in_cold_store = (sum(column) for column in zip((0, 0), *held, strict=True))
        yield d.CASES_HELD.family({("memory",): in_memory, ("cold",): in_cold_store})
        yield d.SET_ASIDE.family(self._named(owned))
        yield d.CALENDAR_END.family(self._earliest_ends(owned))
        yield from self._sources.families()
        if known:
            yield d.ENGINE_TIME.family({(): min(now for now, _, _ in known)})

    def _named(self, owned: Collection[int]) -> dict[tuple[str, ...], float]:
        """Count what is set aside: the first cases by their numbers."""
        aside = [(n, names) for n, names in self._set_aside.copy().items() if n in owned]
        every = sorted(name for _, names in aside for name in names)
        cases = [name for name in every if not name.startswith("\x00")]
        found: dict[tuple[str, ...], float] = {(name,): 1 for name in cases[: d.NAMED]}
        if len(cases) > d.NAMED:
            found["other",] = len(cases) - d.NAMED
        if len(every) > len(cases):
            found["unreadable",] = len(every) - len(cases)
        return found

    def _earliest_ends(self, owned: Collection[int]) -> dict[tuple[str, ...], float]:
        """Give the end of each calendar's decrees, where partitions differ the earliest."""
        earliest: dict[tuple[str, ...], float] = {}
        for partition, ends in self._ends.copy().items():
            for name, end in ends.items() if partition in owned else ():
                earliest[name,] = min(end, earliest.get((name,), end))
        return earliest


def _in_use(rules: Rules) -> list[Calendar]:
    """Find the calendars that a policy of the catalogue names."""
    named = set(reach.stated("calendar", rules.catalogue.content))
    return [calendar for name, calendar in rules.calendars.items() if name in named]


def _end_of_decrees(calendar: Calendar) -> float:
    """Give the last second of the last decreed day on the calendar's clock face."""
    return float(zone_of(calendar.zone).instant(calendar.last_decreed_day * DAY + DAY - 1))
