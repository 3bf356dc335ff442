"""`python -m tests.proof`: what `make proof` runs: the long oracle, then the mutants.

Exit codes: 0; 1 when the oracle and the engine differ, or fewer mutants are dead than the goal, or
one survives without a reason in `tests/proof/equivalent.yaml`. A run that is broken off goes on
where it ended.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tests.proof.loading import MODULES, Module
from tests.proof.mutating import mutate
from tests.proof.report import Excuses, page, share_dead, table, unexplained
from tests.proof.suite import ROOT
from tests.proof.surveying import CACHE

CASES = 100_000
GOAL = 0.92
REPORT = CACHE / "mutants.md"


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def oracle(cases: int) -> bool:
    """Let the second reader of the law judge many cases; tell whether both agree."""
    say(f"the oracle reads {cases:,} cases")
    tests = "tests/property/test_law_oracle.py"
    environment = os.environ | {"JIANCHA_ORACLE_CASES": str(cases)}
    patience = "--override-ini=faulthandler_timeout=0"  # one test reads thousands
    command = [sys.executable, "-m", "pytest", "--numprocesses", "2", "-v", patience, tests]
    return subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode == 0


def mutation(names: list[str], one_in: int, *, spare: bool) -> bool:
    """Try the mutants of some modules, write the report; tell whether the goal is reached."""
    excuses = Excuses()
    results = mutate([Module(name) for name in names], one_in, excuses.has if spare else None)
    REPORT.write_text(page(results, excuses), encoding="utf-8")
    print("\n".join(table(results, excuses)))  # noqa: T201
    left, dead = unexplained(results, excuses), share_dead(results)
    say(f"{100 * dead:.1f} % dead, goal {100 * GOAL:.0f} %; {len(left)} survive without a reason;")
    say(f"each survivor is in {REPORT.relative_to(ROOT)}")
    return dead >= GOAL and not left


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--only", choices=("oracle", "mutants"))
    parser.add_argument("--cases", type=int, default=CASES, help="of the oracle")
    parser.add_argument("--module", action="append", choices=MODULES, help="of the mutants")
    parser.add_argument("--one-in", type=int, default=1, help="mutants: a sample, one in so many")
    parser.add_argument(
        "--spare", action="store_true", help="mutants: do not try those that have a reason to live"
    )
    given = parser.parse_args(arguments)
    good = given.only == "mutants" or oracle(given.cases)
    if given.only != "oracle":
        names = given.module or list(MODULES)
        good = mutation(names, given.one_in, spare=given.spare) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
