"""`python -m tests.bench`: what `make bench` runs.

Several programs read the same log from the same broker, one after the other, round after round,
each round beginning with another one. Exit codes: 0; 1 when their outputs differ, a program fails,
or the worker is slower than the goal.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local.real_kafka import KafkaError, RealKafka
from tests.bench.broker import Broker, Outcome
from tests.bench.hall import make_log
from tests.bench.table import PAGE, Runs, publish, ratio, table
from tests.bench.task import RESULT, Measured, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Programs = Mapping[str, Sequence[str]]

LOOP: Final = "loop without transactions"
TRANSACTIONS: Final = "loop with transactions"
WORKER: Final = "engine worker"
PROGRAMS: Final[Programs] = {
    LOOP: (sys.executable, "-m", "tests.bench.loop", "plain"),
    TRANSACTIONS: (sys.executable, "-m", "tests.bench.loop", "transactions"),
    WORKER: (sys.executable, "-m", "tests.bench.worker"),
}
"""Each program's command, but for the task."""
PEERS: Final = {
    WORKER: "tests.bench.worker",
    "bytewax": "tests.bench.peers.with_bytewax",
    "bytewax, with recovery": "tests.bench.peers.with_bytewax_recovery",
    "quixstreams, stateful": "tests.bench.peers.with_quixstreams",
    "Faust as its manual shows": "tests.bench.peers.with_faust",
}
"""The worker and its peers, which run in an environment of their own."""
GOALS: Final = {LOOP: 0.70, TRANSACTIONS: 0.85}
"""Of each loop's speed: what the worker has to reach."""
PARTITIONS: Final = 8
RUN_WITHIN: Final = 300.0


class BenchError(Exception):
    """Raised when a run fails, or leaves behind something else than the others."""


def measure(
    broker: Broker, program: str, argv: Sequence[str], group: str, records: int, log: Path
) -> Measured:
    """Run one program over the whole log. Raises BenchError when it fails."""
    task = Task(broker.bootstrap, group, broker.partitions, records)
    command = [*argv, task.argument()]
    with log.open("w+", encoding="utf-8") as written:
        try:
            done = subprocess.run(
                command, check=False, stdout=written, stderr=written, timeout=RUN_WITHIN
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"{program}: not done within {RUN_WITHIN:.0f} s") from None
        written.seek(0)
        lines = written.read().splitlines()
    told = [line.removeprefix(RESULT) for line in lines if line.startswith(RESULT)]
    if done.returncode or not told:
        raise BenchError("\n".join([f"{program}: ended with {done.returncode}", *lines[-10:]]))
    return Measured(*json.loads(told[0]))


def same(program: str, outcome: Outcome, expected: Outcome) -> None:
    """Compare what a run left behind with what the first one did. Raises BenchError."""
    if outcome.events != expected.events:
        raise BenchError(f"{program}: {outcome.events} events, not {expected.events}")
    differing = {
        case_no
        for case_no in outcome.cases.keys() | expected.cases.keys()
        if outcome.cases.get(case_no) != expected.cases.get(case_no)
    }
    if differing:
        raise BenchError(f"{program}: {len(differing)} cases differ, e.g. {min(differing)}")
    if cards := outcome.cards ^ expected.cards:
        raise BenchError(f"{program}: {len(cards)} cards differ, e.g. {min(cards)}")


def bench(
    broker: Broker, programs: Programs, events: int, rounds: int, folder: Path
) -> tuple[Runs, Outcome]:
    """Measure every program `rounds` times, after a run that warms the broker up.

    Raises BenchError when a run fails, or its outcome is not that of the first.
    """
    say(f"making {events:,} events")
    log = make_log(events, broker.partitions)
    broker.fill(log)
    names = count()

    def run(program: str) -> tuple[Measured, Outcome]:
        broker.empty_outputs()
        name = f"bench-{next(names)}"
        argv, told = programs[program], folder / f"{name}.log"
        measured = measure(broker, program, argv, name, log.records, told)
        say(f"{program}: {events / measured.seconds:,.0f} events/s")
        return measured, broker.outcome()

    say("warming up")
    _, expected = run(next(iter(programs)))
    if expected.events != events or not expected.cards:
        raise BenchError(f"{expected.events} of {events} events, {len(expected.cards)} cards")
    names_ = list(programs)
    runs: Runs = {program: [] for program in names_}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        first = number % len(names_)
        for program in names_[first:] + names_[:first]:
            measured, outcome = run(program)
            same(program, outcome, expected)
            runs[program].append(measured)
    return runs, expected


def on_real_kafka(
    programs: Programs, events: int, rounds: int, folder: Path
) -> tuple[Runs, Outcome]:
    """Measure on a broker of the bench's own. Raises BenchError or KafkaError."""
    kafka = RealKafka(folder / "kafka", partitions=PARTITIONS)
    kafka.start()
    try:
        return bench(Broker(kafka.bootstrap, PARTITIONS), programs, events, rounds, folder)
    finally:
        kafka.stop()


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--smoke", action="store_true", help="one small round, compared but not judged or written"
    )
    parser.add_argument(
        "--peers", metavar="PYTHON", help="other engines instead, by the Python that has them"
    )
    return parser.parse_args(arguments)


def programs_of(given: argparse.Namespace) -> Programs:
    """Give what is measured: the loops and the worker, or the worker and its peers."""
    if not given.peers:
        return PROGRAMS
    ours, theirs = sys.executable, given.peers
    return {name: (ours if name == WORKER else theirs, "-m", m) for name, m in PEERS.items()}


def main(arguments: list[str] | None = None) -> int:
    given = options(arguments)
    events, rounds = (10_000, 1) if given.smoke else (given.events, given.rounds)
    try:
        with tempfile.TemporaryDirectory() as name:
            runs, outcome = on_real_kafka(programs_of(given), events, rounds, Path(name))
    except (BenchError, KafkaError) as error:
        say(f"bench: {error}")
        return 1
    figures = table(runs, events)
    print(figures)  # noqa: T201
    if given.smoke:
        return 0
    facts = {
        "events": f"{events:,} in {len(outcome.cases):,} cases, {PARTITIONS} partitions",
        "cards": f"{len(outcome.cards):,}",
        "rounds": rounds,
    }
    publish("peers" if given.peers else "make bench", figures, facts)
    if given.peers:
        return 0
    reached = {loop: ratio(runs, WORKER, loop, events) for loop in GOALS}
    for loop, goal in GOALS.items():
        say(f"worker ÷ {loop}: {reached[loop]:.2f}, goal {goal}")
    say(f"written to {PAGE}")
    return 0 if all(reached[loop] >= goal for loop, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
