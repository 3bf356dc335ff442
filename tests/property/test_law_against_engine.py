"""The engine and the second reader of the law must read the same second, over random cases.

A seeded part by default; `JIANCHA_ORACLE_CASES=100000` reads more, `JIANCHA_ORACLE_SEED` others.
"""

from __future__ import annotations

import os
from itertools import islice
from random import Random

import pytest

from tests.support.law_bridge import differences, read_by_engine, rules_of
from tests.support.law_cases import some_cases
from tests.support.law_laws import UNITS

CASES = int(os.environ.get("JIANCHA_ORACLE_CASES", "5000"))
SEED = os.environ.get("JIANCHA_ORACLE_SEED", "")
WAYS = [(unit, mode) for unit in UNITS for mode in ("next_day", "elapsed")]
A_CATALOGUE = 500
"""Cases judged under one catalogue, each by an item of its own."""


def drawn(unit, mode):
    return some_cases(Random(f"{unit} {mode} {SEED}"), unit, mode)


def told(law, records, differ):
    """Tell a case so that it can be pasted into a named fixture, and in what the two differ."""
    ordered = sorted(records, key=lambda record: record.at)
    lines = (f"    {record!r}," for record in ordered)
    return "\n".join(["", *differ, f"law = {law!r}", "records = [", *lines, "]"])


@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_two_readers_read_the_same(unit, mode):
    cases, left = drawn(unit, mode), CASES // len(WAYS)
    wrong = []
    while left > 0:
        part = {f"i{n}": case for n, case in enumerate(islice(cases, min(left, A_CATALOGUE)))}
        left -= len(part)
        rules = rules_of({code: law for code, (law, _, _) in part.items()})
        for code, (law, records, oracle) in part.items():
            differ = differences(read_by_engine(rules, code, records), oracle)
            if differ:
                wrong.append((len(records), told(law, records, differ)))
    shortest = min(wrong, default=(0, ""))[1]
    assert not wrong, f"{len(wrong)} cases differ, the shortest:{shortest}"


def test_the_cases_try_what_they_should():
    """Every clock, every finding, and clocks that move or do not, come up in a few cases."""
    clocks, findings, stopped = set(), set(), 0
    for unit, mode in WAYS:
        for _, _, verdict in islice(drawn(unit, mode), 60):
            clocks |= {name.split(":")[0] for name in verdict.clocks}
            findings |= {code for code, _ in verdict.findings}
            stopped += any(view.stopped for view in verdict.clocks.values())
    assert clocks == {
        "acceptance",
        "pre_acceptance",
        "promised",
        "statutory",
        "special",
        "delivery",
        "e_licence",
        "step",
        "opinion",
        "first_review",
    }
    assert len(findings) >= 23
    assert stopped > 500
