"""The bench's stages: each fills the state, starts the worker, and gives the rows it measures."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from schemas import topics
from tests.bench.change import named
from tests.bench.live import Follower, Sender, percentile, until
from tests.bench.open_flow import Flow
from tests.bench.open_seen import Event, Seen, wrong_cards, wrong_events
from tests.bench.open_states import PARTITIONS, far_moments, fill, law_in, spread, states

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from tests.bench.open_engine import Engine

FEW: Final = 10_000
SETTLE: Final = 5.0
"""Seconds after its start that a worker is left alone."""
IDLE: Final = (6, 5.0)
"""Windows in which an idle worker is looked at, and their seconds."""
BURST: Final = 30_000
WARMING: Final = 4
"""Bursts that do not count."""
WARM: Final = 60.0
"""Seconds of the flow that do not count: Java compiles what a small transaction runs through, and
until then each costs the broker several times as much (`tests.bench.floor`)."""
FLOOD: Final = 10.0
"""Seconds for which more comes than is taken."""
STEADY: Final = 20.0
"""Seconds at half load."""
EVENTS_A_SECOND: Final = 500
"""While deadlines come."""
BREACHES: Final = (60, 50)
"""Seconds in which limits end, and how many in each."""
HERD_SHARE: Final = 10
"""One case in so many is due in the same second."""
BETWEEN: Final = 10
"""Seconds between the last single breach and the herd."""
WITHIN: Final = 120.0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, and what was wanted of it."""

    what: str
    measured: str
    goal: str
    met: bool

    def text(self) -> str:
        missed = "" if self.met else " (missed)"
        return f"| {self.what} | {self.measured} | {self.goal}{missed} |"


class Wrong(Exception):  # noqa: N818 - named after the condition
    """Raised when the engine told something else than it had to."""


class Bench:
    """The stages, in their order, on one broker."""

    def __init__(self, bootstrap: str, cases: int, engine: Engine, catalogue: Path) -> None:
        self._bootstrap, self._cases, self._engine = bootstrap, cases, engine
        self._law = law_in(catalogue)
        self._sender = Sender(bootstrap)
        self._flow = Flow(self._sender, cases)
        self._filled = 0
        self._seen = Seen()
        self._resident_without = 0
        self._idle_with_few = 0.0
        self._start_took = 0.0

    def rows(self, only: Collection[str]) -> Iterator[Row]:
        """Measure. Raises Wrong, and RuntimeError when an engine ends or stands still."""
        self._engine.make_topics()
        follower = Follower(
            self._bootstrap,
            [topics.EVENTS.name, topics.VERDICTS.name],
            PARTITIONS,
            self._seen.take,
        )
        if "memory" in only:
            self._run()
            self._resident_without = self._engine.resident()
            self._engine.stop()
        if "idle" in only:
            self._fill(min(FEW, self._cases))
            self._run()
            self._idle_with_few = self._idle()
            self._engine.stop()
        self._fill(self._cases)
        if {"memory", "idle", "latency"}.intersection(only):
            self._run()
            if "memory" in only:
                yield self._memory()
            if "idle" in only:
                yield self._idle_cost()
            if "latency" in only:
                yield from self._latency()
            self._engine.stop()
        if {"breach", "herd"}.intersection(only):
            yield from self._deadlines(only)
            self._engine.stop()
        follower.close()

    # -- stages ---------------------------------------------------------------------------------

    def _memory(self) -> Row:
        a_case = (self._engine.resident() - self._resident_without) / self._cases
        what = f"memory of the worker an open case, with {self._cases:,} of them"
        return Row(what, f"{a_case:,.0f} bytes", "≤ 1 KB", a_case <= 1024)

    def _idle_cost(self) -> Row:
        few, many = self._idle_with_few, self._idle()
        return Row(
            f"CPU of an idle second, {self._cases:,} open cases ÷ {FEW:,}",
            f"{many / few:.2f} ({many * 1000:.0f} ms ÷ {few * 1000:.0f} ms)",
            "≤ 1.5",
            many / few <= 1.5,
        )

    def _latency(self) -> Iterator[Row]:
        for _ in range(WARMING):
            self._burst(BURST)
        most = self._most(self._burst(BURST))
        say(f"at most {most:,.0f} events a second; now {most / 2:,.0f} for {STEADY:.0f} s")
        self._flow.prepare(int(most / 2 * (WARM + STEADY)))
        with self._flow.steady(most / 2):
            time.sleep(WARM)
            began = time.time()
            time.sleep(STEADY)
        self._all_told()
        waited = [event.waited for event in self._seen.events if event.sent_at >= began]
        p50, p99 = percentile(waited, 50), percentile(waited, 99)
        what = f"event in → readable, at {most / 2:,.0f} events/s, half of the most ({most:,.0f}/s)"
        yield Row(f"{what}, p50", f"{p50 * 1000:.0f} ms", "≤ 50 ms", p50 <= 0.05)
        yield Row(f"{what}, p99", f"{p99 * 1000:.0f} ms", "≤ 250 ms", p99 <= 0.25)
        if self._seen.moves:
            raise Wrong(f"{len(self._seen.moves)} cards before any limit ended")

    def _deadlines(self, only: Collection[str]) -> Iterator[Row]:
        """Limits end one by one, and then many in the same second."""
        if not {"memory", "idle", "latency"}.intersection(only):
            self._run()  # how long does a start take?
            self._engine.stop()
        now = int(time.time())
        first = now + int(2 * self._start_took) + 20  # the engine is at work by then
        single = spread(first, *BREACHES) if "breach" in only else []
        second = first + (BREACHES[0] if single else 0) + BETWEEN
        herd = [second] * (self._cases // HERD_SHARE) if "herd" in only else []
        due = self._add(now, [*single, *herd])
        self._run()
        if time.time() >= first:
            raise RuntimeError("the engine was not at work before the first limit ended")
        self._seen.empty()
        with self._flow.steady(EVENTS_A_SECOND):
            say(f"limits end in {first - time.time():.0f} s")
            if single:
                _sleep_until(first)
                self._engine_tells(lambda: len(self._seen.moves) >= len(single), "the breaches")
                yield self._breaches(len(single))
            if herd:
                _sleep_until(second)
                self._engine_tells(lambda: len(self._seen.moves) >= len(due), "the herd")
                drained = time.time()
                time.sleep(3)  # what came in while it was drained is told too, and no card more
        self._all_told()
        if wrong := wrong_cards([move.record for move in self._seen.moves], due):
            raise Wrong("; ".join(wrong))
        if herd:
            yield from self._herd(second, drained, len(herd))

    def _breaches(self, count: int) -> Row:
        waited = [move.read_at - move.record.holds_from for move in self._seen.moves[:count]]
        p99 = percentile(waited, 99)
        what = f"due → card readable, {self._cases:,} open cases, {EVENTS_A_SECOND} events/s, p99"
        measured = f"{p99:.2f} s (p50 {percentile(waited, 50):.2f} s, {count:,} cards)"
        return Row(what, measured, "≤ 2 s", p99 <= 2)

    def _herd(self, second: int, drained: float, count: int) -> Iterator[Row]:
        took = drained - (second + 1)
        what = f"{count:,} limits end in the same second"
        yield Row(f"{what}: all cards readable after", f"{took:.1f} s", "≤ 30 s", took <= 30)
        meanwhile = [e.waited for e in self._seen.events if second <= e.sent_at <= drained]
        p99, worst = percentile(meanwhile, 99), max(meanwhile)
        measured = f"{p99:.2f} s (p50 {percentile(meanwhile, 50):.2f} s, worst {worst:.2f} s)"
        yield Row(f"{what}: events meanwhile, p99", measured, "≤ 1 s", p99 <= 1)

    # -- steps ----------------------------------------------------------------------------------

    def _fill(self, upto: int) -> None:
        """Write states of cases that are due long after the bench, up to so many."""
        now = int(time.time())
        moments = far_moments(now)
        self._write(states(self._law, now, moments), moments, upto - self._filled)

    def _add(self, now: int, moments: Sequence[int]) -> dict[str, int]:
        """Write states of more cases; give each one's due moment."""
        first = self._filled
        self._write(states(self._law, now, moments), moments, len(moments))
        return {named(first + number): due_at for number, due_at in enumerate(moments)}

    def _write(self, made: dict[int, bytes], moments: Sequence[int], count: int) -> None:
        say(f"writing {count:,} open cases to the state topic")
        for done in fill(self._sender, made, moments, self._filled, count):
            say(f"  {done:,}")
        self._filled += count

    def _run(self) -> None:
        began = time.monotonic()
        self._engine.start()
        self._engine.wait()
        self._start_took = time.monotonic() - began
        say(f"the worker has its {self._filled:,} cases after {self._start_took:.1f} s")
        time.sleep(SETTLE)

    def _idle(self) -> float:
        """Give the worker's seconds of CPU in a second without events, the median of windows."""
        windows, seconds = IDLE
        found = []
        for _ in range(windows):
            before, began = self._engine.cpu(), time.monotonic()
            time.sleep(seconds)
            found.append((self._engine.cpu() - before) / (time.monotonic() - began))
        say("idle, ms of CPU a second: " + ", ".join(f"{each * 1000:.0f}" for each in found))
        return median(found)

    def _burst(self, count: int) -> float:
        """Send events at once; give how many a second the engine took."""
        self._seen.empty()
        began = self._flow.burst(count)
        self._all_told()
        return count / (_last(self._seen.events) - began)

    def _most(self, at_once: float) -> float:
        """Give how many events a second the engine takes while more than that flow in.

        That is less than of events that are there already: sender and broker work as well.
        """
        self._flow.prepare(int(at_once * (SETTLE + FLOOD)))
        with self._flow.steady(at_once):
            time.sleep(SETTLE)
            before, began = self._seen.origins.total(), time.monotonic()
            time.sleep(FLOOD)
            told, seconds = self._seen.origins.total() - before, time.monotonic() - began
        self._all_told()
        return told / seconds

    def _all_told(self) -> None:
        """Wait until all events that were sent are readable. Raises Wrong."""
        self._engine_tells(lambda: self._seen.origins.total() >= self._flow.sent, "the events")
        if wrong := wrong_events(self._seen.origins, self._flow.sent):
            raise Wrong("; ".join(wrong))

    def _engine_tells(self, condition: Callable[[], bool], what: str) -> None:
        until(condition, WITHIN, self._engine.running, what)


def _last(events: Sequence[Event]) -> float:
    """Give when the last event could be read."""
    return max(event.sent_at + event.waited for event in events)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
