"""`python -m tests.bench.engine`: what the engine costs an event, beside an earlier revision.

Both trees work on the same events in one run, in processes of their own, one after the other,
each round beginning with the other one. Exit codes: 0; 1 when a log costs more than the goal, or a
program fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.hall import make_log
from tests.support.boston import convert

BASE: Final = "a993590"
"""0.2.0 as it landed: before rounds, shares of days and arrival."""
GOAL: Final = 1.15
"""Of the base's cost an event."""
EVENTS: Final = 20_000
LOGS: Final = {"hall": "hall", "hall, cn-permit": "preset", "Boston": "boston"}
"""Each log with the rules it is judged by."""
ROOT: Final = Path(__file__).parents[2]
WORK: Final = Path(__file__).with_name("engine_work.py")


class BenchError(Exception):
    """Raised when a program fails."""


def run(tree: Path, *arguments: object) -> str:
    """Run the work in a tree. Raises BenchError when it fails."""
    command = [sys.executable, "-P", str(WORK), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tree, env=environment
    )
    if done.returncode:
        raise BenchError(f"in {tree}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def checked_out(revision: str, folder: Path):
    """Give a tree of an earlier revision, and remove it in the end."""
    tree = folder / "base"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run(
        [*git, "add", "--quiet", "--detach", str(tree), revision], check=True, capture_output=True
    )
    try:
        yield tree
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def make_logs(folder: Path) -> dict[str, Path]:
    """Write the events of each log, in the order of their times."""
    hall, boston = folder / "hall.jsonl", folder / "boston.jsonl"
    (steps,) = make_log(EVENTS, 1).steps
    hall.write_bytes(b"\n".join(sent.value for sent in steps))
    with convert(folder / "all.jsonl").open("rb") as lines, boston.open("w") as written:
        for line in islice(lines, EVENTS):  # without fields that the base does not know
            stated = {name: value for name, value in json.loads(line).items() if value}
            written.write(json.dumps(stated) + "\n")
    return {"hall": hall, "hall, cn-permit": hall, "Boston": boston}


def measure(trees: dict[str, Path], logs: dict[str, Path], rounds: int):
    """Give each log's figures: by tree, the rounds' microseconds an event by part."""
    figures = {log: {name: [] for name in trees} for log in logs}
    for number in range(rounds):
        order = list(trees.items())[:: -1 if number % 2 else 1]
        for log, path in logs.items():
            for name, tree in order:
                figures[log][name].append(json.loads(run(tree, path, LOGS[log])))
        sys.stderr.write(f"round {number + 1} of {rounds}\n")
    return figures


def cost(rounds, part=None) -> float:
    """Give the median of the rounds' microseconds an event, of one part or of all."""
    return median(each[part] if part else sum(each.values()) for each in rounds)


def table(figures) -> str:
    parts = list(next(iter(figures.values()))["base"][0])
    lines = [
        f"| log | base µs/event | now µs/event | ratio | {' | '.join(parts)} |",
        f"|---|---:|---:|---:|{'---:|' * len(parts)}",
    ]
    for log, by_tree in figures.items():
        base, now = by_tree["base"], by_tree["now"]
        shares = [f"{cost(base, part):.1f} → {cost(now, part):.1f}" for part in parts]
        lines.append(
            f"| {log} | {cost(base):.1f} | {cost(now):.1f} | {cost(now) / cost(base):.2f}"
            f" | {' | '.join(shares)} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.engine", description=__doc__)
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", choices=LOGS, help="show where the time goes, and only that")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logs = make_logs(folder)
        try:
            if given.profile:
                print(run(ROOT, logs[given.profile], LOGS[given.profile], "profile"))  # noqa: T201
                return 0
            with checked_out(given.base, folder) as base:
                figures = measure({"base": base, "now": ROOT}, logs, given.rounds)
        except BenchError as error:
            sys.stderr.write(f"bench: {error}\n")
            return 1
    print(table(figures))  # noqa: T201
    return int(any(cost(each["now"]) > GOAL * cost(each["base"]) for each in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
