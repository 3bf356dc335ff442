"""`python -m tests.faults`: rounds of faults on real Kafka, each from its seed.

`make faults SEED=a ROUNDS=10`. Exit codes: 0; 1 when a round found anything: its seed is printed,
and the folder with the logs is kept.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.rounds import Outcome, Plan, run

RECOVERIES = (
    "begin anew",
    "an older state restored",
    "Kafka restored from an hour ago",
    "Kafka lost",
    "upgrade",
)


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", default="a", help="of a single round; else SEED-0, SEED-1, …")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="of faults in each round")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=None, help="else both")
    parser.add_argument("--workers", type=int, choices=range(1, 5), default=None)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--history", action="store_true", help="with a sink and ClickHouse")
    parser.add_argument("--live", action="store_true", help="in the time of the world")
    parser.add_argument("--outage", type=float, default=30.0, help="of ClickHouse, in seconds")
    parser.add_argument("--every", action="store_true", help="each fault once")
    parser.add_argument("--only", action="append", default=[], help="a fault by its name")
    parser.add_argument(
        "--recover", action="append", default=[], choices=RECOVERIES,
        help="a loss that a person sees to; more than once: one after the other",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    outcomes: list[Outcome] = []
    for number in range(given.rounds):
        plan = Plan(
            seed=given.seed if given.rounds == 1 else f"{given.seed}-{number}",
            seconds=given.seconds,
            brokers=given.brokers or (1, 3)[number % 2],
            workers=given.workers or 1 + number % 3,
            partitions=given.partitions,
            events=40_000 if given.every else int(given.seconds * 200),
            history=given.history,
            live=given.live,
            outage=given.outage,
            only=given.only,
            every=given.every,
            recover=given.recover,
        )
        say(f"round {number + 1} of {given.rounds}: {plan}")
        folder = Path(tempfile.mkdtemp(prefix="jiancha-faults-"))
        outcome = run(plan, folder, say)
        outcomes.append(outcome)
        wrong = outcome.findings.told() or "nothing lost, invented, doubled; states equal"
        say(f"  {len(outcome.done)} faults; {outcome.ends}; at the end in "
            f"{outcome.seconds_to_end:.0f} s: {wrong}")  # fmt: skip
        if outcome.findings:
            say(f"  again: --seed {plan.seed} --brokers {plan.brokers} --workers {plan.workers}")
            say(f"  logs in {folder}")
        else:
            shutil.rmtree(folder)
    done = Counter(name for outcome in outcomes for name in outcome.done)
    bad = [outcome.plan.seed for outcome in outcomes if outcome.findings]
    say(f"{len(outcomes)} rounds, {sum(done.values())} faults: {dict(done.most_common())}")
    say(f"rounds with findings: {bad or 'none'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
