"""`python -m tests.bench.rebalance`: how long a partition is silent when a worker goes or comes.

Three engine workers share twelve partitions and a state of open cases on real Kafka, with the
settings of production; ten events a second come into each partition. A worker leaves (SIGTERM),
one joins, one dies (SIGKILL), over and over. A partition's silence is the longest time in which a
reader of committed records saw nothing of it; beside it stands how long an event waited from its
sender to that reader. Every event must come out once.

Exit codes: 0; 1 when an event is lost or doubled, a worker ends by itself, or a goal is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from deploy.local.real_kafka import KafkaError, RealKafka
from schemas import topics
from streams.settings import Kafka
from tests.bench.crew import Crew, CrewError
from tests.bench.filling import fill, make_topics
from tests.bench.live import Sender
from tests.bench.table import PAGE, publish
from tests.bench.trickle import EVERY, Trickle

PARTITIONS: Final = 12
WORKERS: Final = 3
CONCERNED: Final = 0.5
SESSION: Final = Kafka().session_timeout
LEAVES, JOINS, DIES = "leaves (SIGTERM)", "joins", "dies (SIGKILL)"
GOALS: Final = {LEAVES: 3.0, JOINS: 3.0, DIES: SESSION + 3.0}
CALM: Final = 3.0
"""Seconds in which every partition must have been heard of all the time before the next change."""
WITHIN: Final = 90.0


class Change(NamedTuple):
    """What one change of the group did. Times are seconds."""

    kind: str
    silence: float
    """The longest of any partition."""
    waited: float
    """The longest of any event."""
    take_over: float
    """The longest take-over (checks, claims, restore) that it caused."""
    restore: float
    """The longest restore in one."""
    shared: float
    """From the signal, or the start of the process, until all partitions are owned again."""


class Rounds:
    """Changes of one group, one after the other."""

    def __init__(self, crew: Crew, trickle: Trickle) -> None:
        self._crew, self._trickle = crew, trickle

    def start(self) -> None:
        """Start the workers, and wait until each partition is heard of."""
        for _ in range(WORKERS):
            self._crew.join()
        self._crew.until_shared(PARTITIONS, WITHIN)
        self._settle()

    def round(self) -> list[Change]:
        """Let one leave, one join, one die; and one join again, which counts as well."""
        return [
            self._change(LEAVES, lambda: self._end(signal.SIGTERM)),
            self._change(JOINS, self._join),
            self._change(DIES, lambda: self._end(signal.SIGKILL)),
            self._change(JOINS, self._join),
        ]

    def _change(self, kind: str, make: Callable[[], float]) -> Change:
        before = time.time()
        since = make()
        self._crew.until_shared(PARTITIONS, WITHIN, since)
        owned, restored = (
            [e for m in self._crew.members if (e := m.last(what)) is not None and e["at"] > since]
            for what in ("owns", "restored")
        )
        self._settle()
        change = Change(
            kind,
            self._trickle.silence(before),
            self._trickle.waited(before),
            max(each["seconds"] for each in owned),
            max(each["seconds"] for each in restored),
            max(each["at"] for each in owned) - since,
        )
        say(
            f"{kind}: "
            + ", ".join(f"{n} {v:.2f} s" for n, v in change._asdict().items() if n != "kind")
        )
        return change

    def _end(self, number: int) -> float:
        return self._crew.leave(self._crew.members[0], number)

    def _join(self) -> float:
        return self._crew.join().began

    def _settle(self) -> None:
        self._trickle.until_calm(CALM, WITHIN, self._crew.look)


def measure(cases: int, repetitions: int, folder: Path) -> tuple[list[Change], int]:
    """Give the changes, and how many events went through meanwhile, each once.

    Raises CrewError when a worker ends by itself, WrongOutcomeError when an event is lost or
    doubled, AssertionError when something takes too long, KafkaError, RuntimeError.
    """
    kafka = RealKafka(folder / "kafka", partitions=PARTITIONS)
    kafka.start()
    try:
        to = Sender(kafka.bootstrap)
        make_topics(kafka.bootstrap, PARTITIONS)
        say(f"a state of {cases:,} open cases")
        fill(to, topics.CASE_STATE.name, cases, PARTITIONS, CONCERNED)
        trickle = Trickle(kafka.bootstrap, PARTITIONS, cases, to)
        with Crew(kafka.bootstrap, "bench-rebalance", folder) as crew, trickle:
            rounds = Rounds(crew, trickle)
            rounds.start()
            changes: list[Change] = []
            for number in range(repetitions):
                say(f"repetition {number + 1} of {repetitions}")
                changes += rounds.round()
            return changes, trickle.end(WITHIN)
    finally:
        kafka.stop()


def table(changes: list[Change]) -> str:
    """Give the medians of each kind of change, and of some figures the worst."""
    rows = [
        (
            "| a worker | times | silence | worst | goal | event waited | worst"
            " | take-over | restore | shared |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, goal in GOALS.items():
        own = [change for change in changes if change.kind == kind]
        silent, waited = [c.silence for c in own], [c.waited for c in own]
        phases = zip(*((c.take_over, c.restore, c.shared) for c in own), strict=True)
        rows.append(
            f"| {kind} | {len(own)} | {median(silent):.2f} s | {max(silent):.2f} s | {goal:g} s"
            f" | {median(waited):.2f} s | {max(waited):.2f} s | "
            + " | ".join(f"{median(each):.2f} s" for each in phases)
            + " |"
        )
    return "\n".join(rows)


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rebalance", description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"the table into {PAGE}")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as name:
            changes, events = measure(given.cases, given.repetitions, Path(name))
    except (AssertionError, CrewError, KafkaError, RuntimeError) as error:
        say(f"rebalance: {error}")
        return 1
    figures = table(changes)
    print(figures)  # noqa: T201
    if given.write:
        facts = {
            "state": f"{given.cases:,} open cases, {PARTITIONS} partitions, {WORKERS} workers",
            "events": f"{events:,}, one each {EVERY:g} s in each partition, each came out once",
            "session timeout": f"{SESSION:g} s",
        }
        publish("rebalance", figures, facts)
    missed = {c.kind for c in changes if c.silence > GOALS[c.kind]}
    if missed:
        say(f"the goal is missed when a worker {' and when one '.join(sorted(missed))}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
