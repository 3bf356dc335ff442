"""The engine and a second reading of the law of time must agree on whole cases.

3,000 cases from a fixed seed; `JIANCHA_ORACLE_CASES=50000` reads more, and
`JIANCHA_ORACLE_SEED=b` reads others.
"""

from __future__ import annotations

import os
from datetime import datetime
from pprint import pformat
from random import Random

import pytest

from tests.support.cases import assessed, rules, shown
from tests.support.reading import Law, read
from tests.support.reading_cases import WAYS, event_of, some_law, some_records

CASES = int(os.environ.get("JIANCHA_ORACLE_CASES", "3000"))
SEED = os.environ.get("JIANCHA_ORACLE_SEED", "")
CASES_A_LAW = 8
WALL = datetime.fromisoformat
ENDS = "finishing"


def rules_of(law):
    return rules(
        law.clocks,
        preset=law.preset,
        flow=law.flow,
        mode=law.mode,
        cut_off=law.cut_off,
        ladder=law.ladder,
        clock_ends_at=law.clock_ends_at,
        untold_suspensions=law.untold_suspensions,
    )


def wall(instant):
    return None if instant is None else WALL(shown(instant))


def by_engine(engine_rules, records):
    case = assessed(engine_rules, *(event_of(record) for record in records))
    clocks = {
        c.clock_id: (
            wall(c.counting.start),
            wall(c.due_at),
            wall(c.stopped_at),
            wall(c.known_from),
            {str(reached.level): wall(reached.at) for reached in c.levels},
        )
        for c in case.clocks
    }
    return clocks, {(str(f.code), wall(f.at)) for f in case.findings}


def some_cases(unit, mode, number):
    random = Random(f"{unit} {mode} {SEED}")
    while number > 0:
        law = some_law(random, unit, mode)
        yield law, [some_records(random, law) for _ in range(min(number, CASES_A_LAW))]
        number -= CASES_A_LAW


def differences(law, records, engine, oracle):
    """Tell a case so that it can be pasted, and in what the two readers differ."""
    lines = [f"law = {law}", f"records = {pformat(sorted(records, key=by_time))}"]
    for name in sorted({*engine[0], *oracle[0]}):
        one, other = engine[0].get(name), oracle[0].get(name)
        if one != other:
            lines += [f"{name}: engine {plain(one)}", f"{name}: oracle {plain(other)}"]
    lines.append(f"found by the engine only: {plain(engine[1] - oracle[1])}")
    lines.append(f"found by the oracle only: {plain(oracle[1] - engine[1])}")
    return "\n".join(lines)


def told(kind, moment, **facts):
    return {"event_id": kind, "kind": kind, "occurred_at": WALL(moment), **facts}


DAYS = {"unit": "natural_day", "roll": "none"}
BY_THE_CLOCK = {"unit": "natural_day", "keep_clock_time": True}
ONCE_READ_OTHERWISE = {
    "in time, then voided long after: no card ever fell due": (
        Law({"promised": {"amount": 3, "unit": "working_day"}}),
        told("accepted", "2024-01-08 10:00"),
        told("decided", "2024-01-09 10:00", outcome="granted"),
        told("finished", "2024-03-01 10:00", outcome="voided"),
    ),
    "voided twice: it is the first act that took the case back": (
        Law({"promised": {"amount": 3, "unit": "working_day"}}),
        told("accepted", "2024-01-08 10:00"),
        told("finished", "2024-03-01 10:00", outcome="voided"),
        told("decided", "2024-03-02 10:00", outcome="voided"),
    ),
    "a promise longer than the statute becomes the statute's limit, with its options": (
        Law({"promised": {"amount": 7, **BY_THE_CLOCK}, "statutory": {"amount": 2, **DAYS}}),
        told("accepted", "2008-02-09 09:00"),
    ),
    "returned is the end, whatever the policy says of what ends a clock": (
        Law({"promised": {"amount": 3, "unit": "working_day"}}, clock_ends_at="decision"),
        told("accepted", "2024-01-08 10:00"),
        told("finished", "2024-01-09 10:00", outcome="returned"),
        told("decided", "2024-01-10 10:00", outcome="granted"),
    ),
    "no finishing on record: the refusal, which came first, ends the clock": (
        Law({"promised": {"amount": 3, "unit": "working_day"}}, "cn-permit", clock_ends_at=ENDS),
        told("received", "2024-01-08 10:00"),
        told("refused", "2024-01-20 10:00"),
        told("decided", "2024-01-21 10:00", outcome="returned"),
    ),
}


@pytest.mark.parametrize("named", ONCE_READ_OTHERWISE)
def test_what_the_engine_once_read_otherwise(named):
    law, *records = ONCE_READ_OTHERWISE[named]
    engine, oracle = by_engine(rules_of(law), records), read(law, records)
    assert engine == oracle, differences(law, records, engine, oracle)


def by_time(record):
    return record["occurred_at"]


def plain(value):
    """Write moments as people do."""
    if isinstance(value, datetime):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, set)):
        return [plain(each) for each in value]
    return value


@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_two_readers_agree(unit, mode):
    differ = []
    for law, cases in some_cases(unit, mode, CASES // len(WAYS)):
        engine_rules = rules_of(law)
        for records in cases:
            engine, oracle = by_engine(engine_rules, records), read(law, records)
            if engine != oracle:
                differ.append((len(records), differences(law, records, engine, oracle)))
    shortest = min(differ, default=(0, ""))[1]
    assert not differ, f"{len(differ)} differ, the shortest:\n{shortest}"
