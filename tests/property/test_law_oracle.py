"""The engine and the second reader of the law must read the same second, over random cases.

500 cases of 2004–2027 from a fixed seed, 5,000 in `make test-long`; `JIANCHA_ORACLE_CASES=100000`
reads so many instead, and `JIANCHA_ORACLE_SEED=b` reads others.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, datetime
from itertools import islice
from random import Random

import pytest

from schemas.findings import RULES, FindingCode
from tests.support import law_words as words
from tests.support.law import Law, Limit, Record, verdict
from tests.support.law.names import ARRIVAL, LEVELS
from tests.support.law_bridge import differences, read_by_engine, rules_of, watched_by_engine
from tests.support.law_cases import some_cases
from tests.support.law_laws import BY_SEASON, UNITS
from tests.support.law_logs import some_logs

ASKED = os.environ.get("JIANCHA_ORACLE_CASES")
CASES = [int(ASKED)] if ASKED else [500, pytest.param(5000, marks=pytest.mark.long)]
LOGS = [max(64, int(ASKED) // 10)] if ASKED else [64, pytest.param(320, marks=pytest.mark.long)]
"""With ticks between; of all ways to count, as the cases."""
SEED = os.environ.get("JIANCHA_ORACLE_SEED", "")
WAYS = [(unit, mode) for unit in UNITS for mode in ("next_day", "elapsed")]
A_CATALOGUE = 500
"""Cases judged under one catalogue, each by an item of its own."""


BOTH_SPEAK = pytest.mark.skipif(
    bool(words.not_spoken_yet()),
    reason=f"the product has no word yet for {', '.join(words.not_spoken_yet())}",
)
"""Names them all only once the product finds what the second reader finds."""

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


@BOTH_SPEAK
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


@BOTH_SPEAK
@pytest.mark.parametrize("count", CASES)
@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_two_readers_read_the_same(unit, mode, count):
    cases, left = drawn(unit, mode), count // len(WAYS)
    wrong = []
    while left > 0:
        part = {f"i{n}": case for n, case in enumerate(islice(cases, min(left, A_CATALOGUE)))}
        left -= len(part)
        for with_star in (False, True):  # one catalogue has it for all, or for none
            here = {c: case for c, case in part.items() if (case[0].star is not None) == with_star}
            if not here:
                continue
            rules = rules_of({code: law for code, (law, _, _) in here.items()})
            for code, (law, records, oracle) in here.items():
                differ = differences(read_by_engine(rules, code, records), oracle)
                if differ:
                    wrong.append((len(records), pasted(law, records, differ)))
    shortest = min(wrong, default=(0, ""))[1]
    assert not wrong, f"{len(wrong)} cases differ, the shortest:{shortest}"


@BOTH_SPEAK
@pytest.mark.parametrize("count", LOGS)
@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_two_readers_find_the_same_in_what_arrives(unit, mode, count):
    """Over logs with ticks: what is late, dated ahead, or was corrected after a breach."""
    for law, log, read in islice(logs(unit, mode), count // len(WAYS)):
        ours = {(code, at) for code, at in read.verdict.findings if code in ARRIVAL}
        ours |= {("corrected_after_breach", each.found_at) for each in read.corrections}
        theirs = watched_by_engine(rules_of({"i": law}), "i", log)
        assert theirs == ours, f"law = {law!r}\nlog = {log!r}"


@BOTH_SPEAK
def test_both_give_a_finding_the_same_level():
    theirs = {words.reader_code(str(code)): str(RULES[code].level) for code in FindingCode}
    assert {code: theirs[code] for code in LEVELS} == LEVELS


def logs(unit, mode):
    return some_logs(Random(f"log {unit} {mode} {SEED}"), unit, mode)


def tried(law, records, read):
    """Say what a case tries: its clocks, its findings, and what is drawn on purpose."""
    yield from {f"clock {name.split('/')[-1].split(':')[0]}" for name in read.clocks}
    yield from {f"finding {code}" for code, _ in read.findings}
    begun = [record for record in records if record.kind == "suspended"]
    ends = {record.at.date() for record in records if record.kind == "resumed"}
    acts = [r.at for r in records if r.kind in {"received", "accepted", "decided", "finished"}]
    listed = law.limits.get("promised")
    stated = [r.get("promised_due_at") for r in records if listed is not None and listed.stated]
    purposes = {
        "a stopped clock": any(view.stopped for view in read.clocks.values()),
        "a suspension in a part of a day": any(record.at.date() in ends for record in begun),
        "days asked unknown": any(record.get("days_asked") is None for record in begun),
        "several rounds": any("/" in name for name in read.clocks),
        "acts in one second": len(set(acts)) < len(acts),
        "a stated date": any(type(due) is date for due in stated),
        "a stated moment": any(type(due) is datetime for due in stated),
        "a record sent again": any(record.version > 1 for record in records),
        "hours by season": law.calendar is BY_SEASON[0],
        "half Saturdays": law.calendar is BY_SEASON[1],
        "a standard day of its own": law.calendar.standard is not None,
        "a provisional clock": any(view.provisional for view in read.clocks.values()),
        "steps by sequence": any(record.get("sequence") for record in records),
        "steps by officer": any(record.get("officer") for record in records),
    }
    yield from (purpose for purpose, holds in purposes.items() if holds)
    yield from {f"year {record.at.year}" for record in records}


@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_second_reader_reads_a_set(unit, mode):
    """Neither the order nor a repetition says anything, and no clock stops before it starts."""
    random = Random(f"order {unit} {mode} {SEED}")
    for law, records, read in islice(drawn(unit, mode), 8):
        again = random.choices(records, k=3) + random.sample(records, len(records))
        assert verdict(law, again) == read
        for view in read.clocks.values():
            assert view.stopped is None or view.stopped >= view.start


CLOCKS = (
    *("acceptance", "pre_acceptance", "promised", "statutory", "special"),
    *("delivery", "e_licence", "step", "opinion", "first_review"),
)
ONLINE_ONLY = {"corrected_after_breach", "ruling_backdated"}
AT_LEAST = {
    **{f"clock {name}": 20 for name in CLOCKS},
    **{f"finding {code}": 1 for code in LEVELS if code not in ONLINE_ONLY},
    **{f"year {year}": 5 for year in range(2004, 2028)},
    "a stopped clock": 300,
    "a suspension in a part of a day": 100,
    "days asked unknown": 30,
    "several rounds": 150,
    "acts in one second": 10,
    "a stated date": 5,
    "a stated moment": 5,
    "a record sent again": 100,
    "hours by season": 20,
    "half Saturdays": 20,
    "a standard day of its own": 20,
    "a provisional clock": 10,
    "steps by sequence": 30,
    "steps by officer": 50,
    "finding step_handed_over": 50,
    "finding item_unknown": 10,
    "finding item_missing": 10,
    "finding second_decision": 50,
    "finding returned_at_brink": 50,
}


@pytest.mark.long
def test_the_cases_try_what_they_should():
    """Every clock, every finding, and what is drawn on purpose, so often in 640 cases."""
    seen = Counter()
    for unit, mode in WAYS:
        for case in islice(drawn(unit, mode), 40):
            seen.update(tried(*case))
    assert not {what: seen[what] for what, least in AT_LEAST.items() if seen[what] < least}


@pytest.mark.long
def test_the_logs_try_what_they_should():
    """Late and early records, and corrections after a breach, with ticks between."""
    seen = Counter()
    for unit, mode in WAYS[:4]:
        for _, _, read in islice(logs(unit, mode), 8):
            seen.update({code for code, _ in read.verdict.findings if code in ARRIVAL})
            seen.update({each.clock.split("/")[-1].split(":")[0] for each in read.corrections})
    assert seen["late_record"] > 10
    assert seen["dated_ahead"] > 5
    assert seen["promised"] > 5
    assert len(seen) > 5
