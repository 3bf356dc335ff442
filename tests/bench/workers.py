"""`python -m tests.bench.workers`: what an event costs with four workers, beside one.

The same log on the same real broker, put in once the workers have shared its partitions. CPU
seconds are those of the workers' processes with all their threads, each from its first record to
its last durable write. Outcomes are compared with those of the first run, which does not count.

Exit codes: 0; 1 when an outcome differs, a worker ends by itself, or the goal is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from deploy.local.real_kafka import KafkaError, RealKafka
from tests.bench.__main__ import BenchError, same, say
from tests.bench.broker import Broker, Outcome
from tests.bench.crew import Crew, CrewError, Member
from tests.bench.hall import make_log
from tests.bench.table import PAGE, publish, speed
from tests.bench.task import Measured
from tests.support.wait import eventually

if TYPE_CHECKING:
    from tests.bench.hall import Log

PARTITIONS: Final = 8
NUMBERS: Final = (1, 4)
GOAL: Final = 1.15
WITHIN: Final = 240.0


class Bench:
    """One broker, on which crews of some size judge the same log."""

    def __init__(self, broker: Broker, events: int, folder: Path) -> None:
        self._broker, self._folder, self._runs = broker, folder, 0
        self.events = events
        self._log: Log = make_log(events, broker.partitions)

    def run(self, workers: int) -> tuple[Measured, Outcome]:
        """Judge the log once.

        Raises CrewError when a worker ends, AssertionError when it takes too long, BenchError when
        one worker had nothing to do.
        """
        self._runs += 1
        self._broker.empty()
        group = f"bench-workers-{self._runs}"
        with Crew(self._broker.bootstrap, group, self._folder) as crew:
            for _ in range(workers):
                crew.join()
            crew.until_shared(self._broker.partitions, WITHIN)
            self._broker.put(self._log)

            def through() -> bool:
                crew.look()
                return sum(_sum(m, "records") for m in crew.members) >= self._log.records

            eventually(through, WITHIN, interval=0.2)
            measured = _measured(crew.members)
        cpu = measured.cpu_seconds / self.events * 1e6
        say(f"{workers} workers: {cpu:.1f} CPU seconds a million events")
        return measured, self._broker.outcome()


def _sum(member: Member, fact: str) -> int:
    return sum(each[fact] for each in list(member.told) if each["what"] == "durable")


def _measured(members: list[Member]) -> Measured:
    spans = [(member.last("first"), member.last("durable")) for member in members]
    told = [(first, last) for first, last in spans if first is not None and last is not None]
    if len(told) < len(members):
        raise BenchError(f"{len(members) - len(told)} workers had nothing to do")
    return Measured(
        max(last["at"] for _, last in told) - min(first["at"] for first, _ in told),
        sum(last["cpu"] - first["cpu"] for first, last in told),
        sum(_sum(member, "written") for member in members),
    )


def measure(events: int, rounds: int, folder: Path) -> tuple[dict[int, list[Measured]], Outcome]:
    """Measure each number of workers in turns, after a run that warms the broker up."""
    kafka = RealKafka(folder / "kafka", partitions=PARTITIONS)
    kafka.start()
    try:
        bench = Bench(Broker(kafka.bootstrap, PARTITIONS), events, folder)
        say("warming up")
        _, expected = bench.run(NUMBERS[0])
        if expected.events != events or not expected.cards:
            raise BenchError(f"{expected.events} of {events} events, {len(expected.cards)} cards")
        runs: dict[int, list[Measured]] = {number: [] for number in NUMBERS}
        for round_ in range(rounds):
            say(f"round {round_ + 1} of {rounds}")
            for number in NUMBERS if round_ % 2 else reversed(NUMBERS):
                measured, outcome = bench.run(number)
                same(f"{number} workers", outcome, expected)
                runs[number].append(measured)
        return runs, expected
    finally:
        kafka.stop()


def cpu_of(runs: list[Measured], events: int) -> list[float]:
    """Give the CPU seconds a million events of each run, in order."""
    return sorted(run.cpu_seconds / events * 1e6 for run in runs)


def table(runs: dict[int, list[Measured]], events: int) -> str:
    rows = [
        "| workers | CPU s/million events | least – most | ratio | events/s | written/event |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    one = median(cpu_of(runs[NUMBERS[0]], events))
    for number, measured in runs.items():
        cpu = cpu_of(measured, events)
        written = median(run.written / events for run in measured)
        rows.append(
            f"| {number} | {median(cpu):.1f} | {cpu[0]:.1f} – {cpu[-1]:.1f}"
            f" | {median(cpu) / one:.2f} | {speed(measured, events):,.0f} | {written:.2f} |"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.workers", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"the table into {PAGE}")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as name:
            runs, outcome = measure(given.events, given.rounds, Path(name))
    except (AssertionError, BenchError, CrewError, KafkaError, TimeoutError) as error:
        say(f"workers: {error}")
        return 1
    figures = table(runs, given.events)
    print(figures)  # noqa: T201
    if given.write:
        facts = {
            "events": f"{given.events:,} in {len(outcome.cases):,} cases, {PARTITIONS} partitions",
            "rounds": given.rounds,
        }
        publish("workers", figures, facts)
    one, four = (median(cpu_of(runs[number], given.events)) for number in NUMBERS)
    say(f"{NUMBERS[1]} workers ÷ {NUMBERS[0]}: {four / one:.2f}, goal {GOAL}")
    return 0 if four / one <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
