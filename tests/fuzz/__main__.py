"""`python -m tests.fuzz --inputs 1000000 --seed N`: what `make fuzz` runs.

Exit codes: 0; 1 when an input broke a rule: it is saved small and printed as a ready test. The
other targets are run to their ends all the same. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

from tests.fuzz.running import Broken, Tally, digest, run
from tests.fuzz.targets import TARGETS

SAVED = Path(__file__).parents[2] / ".cache/fuzz"
SHOWN_REASONS = 30
ADDRESS_SPACE = 3 << 30
"""Bytes: what would take more ends in a MemoryError, not in a machine without memory."""


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def shares(inputs: int, names: list[str]) -> dict[str, int]:
    whole = sum(TARGETS[name].share for name in names)
    return {name: max(1, round(inputs * TARGETS[name].share / whole)) for name in names}


def fuzzed(name: str, seed: int, count: int, tally: Tally) -> Broken | None:
    """Run one target; tell how far it is now and then."""
    begin = last = time.monotonic()

    def told(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > 30:
            last = time.monotonic()
            say(f"{name}: {done:,} of {count:,}, {done / (last - begin):,.0f} a second")

    try:
        run(TARGETS[name], seed, count, tally, told)
    except Broken as broken:
        return broken
    say(f"{name}: {time.monotonic() - begin:,.0f} s; {row(name, tally)}")
    return None


def as_test(name: str, broken: Broken) -> str:
    """Write a failing input as a test, and keep it."""
    SAVED.mkdir(parents=True, exist_ok=True)
    path = SAVED / f"{name}-{digest(broken.raw)}.bin"
    path.write_bytes(broken.raw)
    shown = repr(broken.raw) if len(broken.raw) < 2_000 else f"Path({str(path)!r}).read_bytes()"
    return (
        f"\n# {broken.fault}; seen again by: python -m tests.fuzz --again {path.name}\n"
        f"def test_{name}_{digest(broken.raw)}():\n"
        f"    held(TARGETS[{name!r}], {shown})\n"
    )


def row(name: str, tally: Tally) -> str:
    accepted = tally.reasons["accepted"]
    return (
        f"| {name} | {tally.inputs:,} | {accepted:,} | {tally.inputs - accepted:,}"
        f" | {1000 * tally.slowest:.1f} | {tally.memory / 1e6:.1f} |"
    )


def table(tallies: dict[str, Tally]) -> list[str]:
    lines = [
        "| target | inputs | accepted | refused | slowest, ms CPU | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [row(name, tally) for name, tally in tallies.items()]
    lines += ["", "| target | refused because | inputs |", "|---|---|---:|"]
    for name, tally in tallies.items():
        told = [(reason, n) for reason, n in tally.reasons.most_common() if reason != "accepted"]
        lines += [f"| {name} | {reason} | {n:,} |" for reason, n in told[:SHOWN_REASONS]]
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--again", help="a saved input: run it once more, with its traceback")
    given = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, resource.RLIM_INFINITY))
    if given.again:
        raw = (SAVED / given.again).read_bytes()
        print(TARGETS[given.again.partition("-")[0]].run(raw))  # noqa: T201
        return 0
    tallies: dict[str, Tally] = {}
    found: list[str] = []
    begin = time.process_time()
    for name, count in shares(given.inputs, given.target or list(TARGETS)).items():
        tallies[name] = Tally()
        broken = fuzzed(name, given.seed, count, tallies[name])
        if broken is not None:
            found.append(as_test(name, broken))
            say(found[-1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n".join(table(tallies)))  # noqa: T201
    print(f"\nseed {given.seed}; {time.process_time() - begin:,.0f} s of CPU, {peak:,.0f} MB")  # noqa: T201
    print("".join(found) or "every rule held")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
