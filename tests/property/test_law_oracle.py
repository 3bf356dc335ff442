"""The engine and the second reader of the law must read the same second, over random cases.

1,000 cases of 2004–2027 from a fixed seed, 5,000 in `make test-long`; `JIANCHA_ORACLE_CASES=100000`
reads so many instead, and `JIANCHA_ORACLE_SEED=b` reads others.
"""

from __future__ import annotations

import os
from datetime import datetime
from itertools import islice
from random import Random

import pytest

from tests.support.law import Law, Limit, Record, verdict
from tests.support.law_bridge import differences, read_by_engine, rules_of
from tests.support.law_cases import some_cases
from tests.support.law_laws import UNITS

ASKED = os.environ.get("JIANCHA_ORACLE_CASES")
CASES = [int(ASKED)] if ASKED else [1000, pytest.param(5000, marks=pytest.mark.long)]
SEED = os.environ.get("JIANCHA_ORACLE_SEED", "")
WAYS = [(unit, mode) for unit in UNITS for mode in ("next_day", "elapsed")]
A_CATALOGUE = 500
"""Cases judged under one catalogue, each by an item of its own."""


WALL = datetime.fromisoformat


def told(kind, moment, **facts):
    return Record(kind, WALL(moment), f"{kind} {moment}", facts)


def suspended(name, moment):
    return told(
        "suspended",
        moment,
        suspension="testing",
        suspension_id=name,
        basis="第四十五条",
        told_at=WALL(moment),
        days_asked=5,
    )


DAYS = Limit(3)
BY_THE_CLOCK = Limit(7, "natural_day", keep_clock_time=True)
ONCE_READ_OTHERWISE = {
    "in time, then voided long after: no card ever fell due": (
        Law({"promised": DAYS}),
        told("accepted", "2024-01-08 10:00"),
        told("decided", "2024-01-09 10:00", outcome="granted"),
        told("finished", "2024-03-01 10:00", outcome="voided"),
    ),
    "voided twice: it is the first act that took the case back": (
        Law({"promised": DAYS}),
        told("accepted", "2024-01-08 10:00"),
        told("finished", "2024-03-01 10:00", outcome="voided"),
        told("decided", "2024-03-02 10:00", outcome="voided"),
    ),
    "a promise longer than the statute becomes the statute's limit, with its options": (
        Law({"promised": BY_THE_CLOCK, "statutory": Limit(2, "natural_day", roll=False)}),
        told("accepted", "2008-02-09 09:00"),
    ),
    "a promise that ends after the statute does, though it is counted otherwise": (
        Law({"promised": Limit(2, "month"), "statutory": Limit(20)}),
        told("accepted", "2024-01-08 10:00"),
    ),
    "returned is the end, whatever the policy says of what ends a clock": (
        Law({"promised": DAYS}, clock_ends_at="decision"),
        told("accepted", "2024-01-08 10:00"),
        told("finished", "2024-01-09 10:00", outcome="returned"),
        told("decided", "2024-01-10 10:00", outcome="granted"),
    ),
    "no finishing on record: the refusal, which came first, ends the clock": (
        Law({"promised": DAYS, "acceptance": Limit(5)}, clock_ends_at="finishing"),
        told("received", "2024-01-08 10:00"),
        told("refused", "2024-01-20 10:00"),
        told("decided", "2024-01-21 10:00", outcome="returned"),
    ),
    "an end without a number, before the end that names its procedure: each has its own": (
        Law({"promised": Limit(20)}),
        told("accepted", "2024-01-08 10:00"),
        suspended(None, "2024-01-09 10:00"),
        suspended("p", "2024-01-10 10:00"),
        told("resumed", "2024-01-11 10:00"),
        told("resumed", "2024-01-12 10:00", suspension_id="p"),
    ),
    "one working day to deliver: the notice comes at half, not at the grant": (
        Law({"promised": DAYS, "delivery": Limit(1)}),
        told("accepted", "2024-01-08 10:00"),
        told("decided", "2024-01-09 10:00", outcome="granted"),
    ),
}


@pytest.mark.parametrize("named", ONCE_READ_OTHERWISE)
def test_what_the_engine_once_read_otherwise(named):
    law, *records = ONCE_READ_OTHERWISE[named]
    differ = differences(read_by_engine(rules_of({"i": law}), "i", records), verdict(law, records))
    assert not differ, pasted(law, records, differ)


def drawn(unit, mode):
    return some_cases(Random(f"{unit} {mode} {SEED}"), unit, mode)


def pasted(law, records, differ):
    """Tell a case so that it can be pasted into a named fixture, and in what the two differ."""
    ordered = sorted(records, key=lambda record: record.at)
    lines = (f"    {record!r}," for record in ordered)
    return "\n".join(["", *differ, f"law = {law!r}", "records = [", *lines, "]"])


@pytest.mark.parametrize("count", CASES)
@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_two_readers_read_the_same(unit, mode, count):
    cases, left = drawn(unit, mode), count // len(WAYS)
    wrong = []
    while left > 0:
        part = {f"i{n}": case for n, case in enumerate(islice(cases, min(left, A_CATALOGUE)))}
        left -= len(part)
        rules = rules_of({code: law for code, (law, _, _) in part.items()})
        for code, (law, records, oracle) in part.items():
            differ = differences(read_by_engine(rules, code, records), oracle)
            if differ:
                wrong.append((len(records), pasted(law, records, differ)))
    shortest = min(wrong, default=(0, ""))[1]
    assert not wrong, f"{len(wrong)} cases differ, the shortest:{shortest}"


def test_the_cases_try_what_they_should():
    """Every clock, every finding, and clocks that move or do not, come up in a few cases."""
    clocks, findings, stopped = set(), set(), 0
    for unit, mode in WAYS:
        for _, _, read in islice(drawn(unit, mode), 60):
            clocks |= {name.split(":")[0] for name in read.clocks}
            findings |= {code for code, _ in read.findings}
            stopped += any(view.stopped for view in read.clocks.values())
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
