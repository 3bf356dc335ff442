"""`python -m tests.bench.recovery`: how fast open cases come back from the changelog.

One engine worker beside stock Faust with a table and its default recovery, on real Kafka: the same
keys and states, in memory, one process. The time runs from the assignment of the partitions until
the first event is handed over; events wait in every partition, and a case of each must be there.
The engine's time holds the claims as well, and the making of the deadline index.

Faust restores fewer cases (`--faust-cases`), or it would take too long: rates are compared. Its
Python is that of `make bench-peers`. Exit codes: 0; 1 when a case is missing, a program fails, or
the goal is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.local.real_kafka import KafkaError, RealKafka
from schemas import topics
from schemas.verdicts import CaseRecord, decode
from streams.runtime.placing import partition_of
from tests.bench.__main__ import BenchError, measure, say
from tests.bench.broker import Broker
from tests.bench.change import event_value, named, step_started
from tests.bench.crew import Crew, CrewError
from tests.bench.filling import fill, make, make_topics
from tests.bench.live import Sender
from tests.bench.table import PAGE, publish
from tests.support.reader import Reader
from tests.support.wait import eventually

PARTITIONS: Final = 8
GOAL: Final = 20.0
WITHIN: Final = 180.0
CONCERNED: Final = 0.5
PYTHON: Final = Path(".cache/peers/bin/python")
ENGINE, FAUST = "engine worker", "stock Faust, its table's recovery"
PEER: Final = "tests.bench.peers.recover_faust"


class Bench:
    """One broker with two changelogs, and the programs that read them back."""

    def __init__(self, bootstrap: str, cases: int, faust_cases: int, folder: Path) -> None:
        self._bootstrap, self._folder = bootstrap, folder
        self.cases, self.faust_cases = cases, faust_cases
        self._to = Sender(bootstrap)
        self._broker = Broker(bootstrap, PARTITIONS)
        self._sent = 0

    def fill(self) -> None:
        """Make the topics, and the engine's changelog."""
        say(f"a state of {self.cases:,} open cases")
        make_topics(self._bootstrap, PARTITIONS)
        fill(self._to, topics.CASE_STATE.name, self.cases, PARTITIONS, CONCERNED)

    def engine(self, run: int) -> float:
        """Let a worker restore everything; give the cases a second.

        Raises CrewError when it ends, BenchError when a case was not there, AssertionError when it
        takes too long.
        """
        asked = self._ask()
        with Crew(self._bootstrap, f"bench-recovery-{run}", self._folder) as crew:
            worker = crew.join()
            crew.until_told(worker, "first", WITHIN)
            crew.until_told(worker, "durable", WITHIN)
            eventually(lambda: self._answered(asked), WITHIN, interval=0.5)
            crew.leave(worker, signal.SIGTERM)
        owns, first = _told(worker.last("owns")), _told(worker.last("first"))
        if (restored := _told(worker.last("restored"))["records"]) < self.cases:
            raise BenchError(f"{restored} of {self.cases} cases are there")
        seconds = first["at"] - (owns["at"] - owns["seconds"])
        return self._rate(ENGINE, self.cases, seconds)

    def faust(self, run: int, python: Path) -> float:
        """Let Faust restore its table; give the cases a second. Raises BenchError when it fails."""
        group = f"faust-recovery-{run}"
        changelog = f"{group}-states-changelog"
        make(self._bootstrap, {changelog: {"cleanup.policy": "compact"}}, PARTITIONS)
        fill(self._to, changelog, self.faust_cases, PARTITIONS, CONCERNED)
        self._ask()
        argv = [str(python), "-m", PEER]
        log = self._folder / f"{group}.log"
        measured = measure(self._broker, FAUST, argv, group, self.faust_cases, log)
        return self._rate(FAUST, self.faust_cases, measured.seconds)

    def _rate(self, program: str, cases: int, seconds: float) -> float:
        say(f"{program}: {cases:,} cases in {seconds:.2f} s, {cases / seconds:,.0f} a second")
        return cases / seconds

    def _ask(self) -> set[str]:
        """Put an event of a known case into each partition; give the cases."""
        asked: dict[int, str] = {}
        for number in range(self.faust_cases):
            name = named(number)
            asked.setdefault(partition_of(name, PARTITIONS), name)
            if len(asked) == PARTITIONS:
                break
        for partition, name in asked.items():
            self._sent += 1
            value = event_value(step_started(f"asked-{self._sent}", int(name[-8:])))
            self._to.send(topics.STEPS.name, value, name, partition)
        self._to.flush()
        return set(asked.values())

    def _answered(self, asked: set[str]) -> bool:
        """Whether each case is told, and known to have been accepted before. Raises BenchError."""
        told = {
            record.case_no: record
            for message in Reader(self._bootstrap, PARTITIONS).read(topics.CASES.name)
            if (record := decode(message.value(), CaseRecord)).case_no in asked
        }
        if unknown := [record.case_no for record in told.values() if record.accepted_at is None]:
            raise BenchError(f"{len(unknown)} cases were not restored, e.g. {unknown[0]}")
        return told.keys() == asked


def _told(thing: dict[str, Any] | None) -> dict[str, Any]:
    assert thing is not None
    return thing


def on_real_kafka(given: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    """Give each program's rates, in turns."""
    kafka = RealKafka(folder / "kafka", partitions=PARTITIONS, heap="1g")
    kafka.start()
    try:
        bench = Bench(kafka.bootstrap, given.cases, given.faust_cases, folder)
        bench.fill()
        rates: dict[str, list[float]] = {ENGINE: [], FAUST: []}
        for run in range(given.rounds):
            rates[ENGINE].append(bench.engine(run))
            rates[FAUST].append(bench.faust(run, given.peers))
        return rates
    finally:
        kafka.stop()


def table(rates: dict[str, list[float]], cases: dict[str, int]) -> str:
    """Give the medians, with the slowest and the fastest run beside each."""
    rows = [
        "| program | cases | restored a second | slowest – fastest | seconds | times Faust |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    stock = median(rates[FAUST])
    for program, each in rates.items():
        rate, number = median(each), cases[program]
        rows.append(
            f"| {program} | {number:,} | {rate:,.0f} | {min(each):,.0f} – {max(each):,.0f}"
            f" | {number / rate:.2f} | {rate / stock:.1f} |"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recovery", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--faust-cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", metavar="PYTHON", type=Path, default=PYTHON)
    parser.add_argument("--write", action="store_true", help=f"the table into {PAGE}")
    given = parser.parse_args(arguments)
    if not given.peers.exists():
        say(f"recovery: no {given.peers}: `make bench-recovery` makes it")
        return 1
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as name:
            rates = on_real_kafka(given, Path(name))
    except (AssertionError, BenchError, CrewError, KafkaError, TimeoutError) as error:
        say(f"recovery: {error}")
        return 1
    figures = table(rates, {ENGINE: given.cases, FAUST: given.faust_cases})
    print(figures)  # noqa: T201
    if given.write:
        facts = {"partitions": PARTITIONS, "rounds": given.rounds}
        publish("recovery", figures, facts)
    reached = median(rates[ENGINE]) / median(rates[FAUST])
    say(f"{reached:.1f} times Faust, goal {GOAL:g}; {time.monotonic() - began:.0f} s in all")
    return 0 if reached >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
