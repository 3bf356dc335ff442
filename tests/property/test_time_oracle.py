"""Two independent readers of the law of time must read the same second, over random cases.

1,500 cases from a fixed seed; `JIANCHA_ORACLE_CASES=50000` reads more.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random

import pytest

from schemas.catalogue import Item, ItemVersion
from schemas.limits import Policy
from streams.engine.rules import Rules
from tests.support.cases import assessed, built_in, event, levels, shown
from tests.support.time_oracle import Case, Clock, Pause, clocks_of

CASES = int(os.environ.get("JIANCHA_ORACLE_CASES", "1500"))
WAYS = (
    ("working_day", "next_day"),
    ("working_day", "elapsed"),
    ("natural_day", "next_day"),
    ("working_hour", "elapsed"),
    ("hour", "next_day"),
)
WALL = datetime.fromisoformat
FIRST, LAST = WALL("2004-02-01"), WALL("2026-06-01")
"""Suspensions reach beyond both ends, and days are known from 2004 to 2026."""
EDGES = (time(0), time(9), time(12), time(13, 30), time(17, 30))
FESTIVE = ((1, 1), (1, 25), (2, 8), (4, 4), (4, 30), (5, 7), (9, 28), (10, 7), (12, 31))


def at_some_time(random, day):
    """A second of a day; those at the edges of the working hours come often."""
    midnight = datetime.combine(day, time())
    if random.random() < 0.5:
        return midnight + timedelta(seconds=random.randrange(86_400))
    edge = datetime.combine(day, random.choice(EDGES))
    return edge + timedelta(seconds=random.choice((-1, 0, 0, 1)))


def some_start(random):
    day = FIRST + timedelta(days=random.randrange((LAST - FIRST).days))
    if random.random() < 0.3:
        month, number = random.choice(FESTIVE)
        day = min(LAST, max(FIRST, day.replace(month=month, day=number)))
    return at_some_time(random, day)


def some_pause(random, case):
    """Around the start, within the limit, or on the very day on which a clock falls due."""
    day = case.accepted + timedelta(days=random.randrange(-4, 40))
    if random.random() < 0.4:
        day = random.choice(list(clocks_of(case).values())).due
    start, end = at_some_time(random, day), None
    chance = random.random()
    if chance < 0.25:
        end = start + timedelta(seconds=random.randrange(86_400))
    elif chance < 0.75:
        end = max(start, at_some_time(random, start + timedelta(days=random.randrange(40))))
    return Pause(start, end, random.choice((None, 0, 1, 1, 2, 3, 5, 10)))


def some_case(random, unit, mode):
    longest = random.choice((3, 6, 60 if "hour" in unit else 22))
    promised, statutory = random.randrange(1, longest + 1), random.randrange(1, longest + 1)
    case = Case(
        accepted=some_start(random),
        unit=unit,
        promised=promised if (stated := random.random()) < 0.9 else None,
        statutory=statutory if stated > 0.4 else None,
        mode=mode,
        cut_off=random.choice(("midnight", "close_of_business")),
        ladder=random.choice(("hunan", "chengdu")),
        extended_by=random.choice((0, 0, random.randrange(1, 10))),
    )
    for _ in range(random.choice((0, 1, 1, 2, 2, 3))):
        case = replace(case, pauses=(*case.pauses, some_pause(random, case)))
    return case


def catalogued(cases):
    """The rules of a catalogue with one item a case."""
    items = {}
    for code, case in cases.items():
        limits = {"promised": case.promised, "statutory": case.statutory}
        stated = {kind: {"amount": n, "unit": case.unit} for kind, n in limits.items() if n}
        policy = Policy(mode=case.mode, cut_off=case.cut_off, ladder=case.ladder)
        version = ItemVersion(clocks=stated, policy=policy)
        items[code] = Item(code=code, name=code, versions=(version,))
    return Rules.of(replace(built_in(), items=items))


def events_of(case, code):
    yield event("accepted", str(case.accepted), item=code)
    if case.extended_by:
        approved = str(case.accepted + timedelta(hours=1))
        yield event("extended", approved, amount=case.extended_by, unit=case.unit)
    for n, pause in enumerate(case.pauses):
        named = {"suspension_id": f"p{n}"}
        asked = {} if pause.asked is None else {"days_asked": pause.asked}
        start = str(pause.start)
        yield event("suspended", start, event_id=f"s{n}", suspension="testing", **named, **asked)
        if pause.end is not None:
            yield event("resumed", str(pause.end), event_id=f"r{n}", **named)


def by_engine(case, code, law):
    assessment = assessed(law, *events_of(case, code))
    return {
        found.clock_id: Clock(
            WALL(shown(found.due_at)),
            {level: WALL(moment) for level, moment in levels(assessment, found.clock_id).items()},
        )
        for found in assessment.clocks
    }


def some_cases(unit, mode, count):
    random = Random(f"{unit} {mode}")
    return {f"i{n}": some_case(random, unit, mode) for n in range(count)}


@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_engine_and_the_oracle_read_the_same_second(unit, mode):
    cases = some_cases(unit, mode, CASES // len(WAYS))
    law = catalogued(cases)
    differ = []
    for code, case in cases.items():
        engine, oracle = by_engine(case, code, law), clocks_of(case)
        if engine != oracle:
            differ.append(f"{case}\n  engine {engine}\n  oracle {oracle}")
    assert not differ, f"{len(differ)} of {len(cases)} differ, the first:\n{differ[0]}"


@pytest.mark.parametrize(("unit", "mode"), WAYS)
def test_the_cases_try_what_they_should(unit, mode):
    """Suspensions that move the due time, and some that do not, are both common."""
    cases = [case for case in some_cases(unit, mode, 100).values() if case.pauses]
    moved = sum(clocks_of(case) != clocks_of(replace(case, pauses=())) for case in cases)
    assert len(cases) // 4 < moved < len(cases)


class TestTheOracleItself:
    """Against what is published, so that two readers are not wrong together."""

    accepted = WALL("2018-10-15 10:00")

    def example(self, **more):
        found = clocks_of(Case(self.accepted, "working_day", 7, 10, **more))
        return {**found["statutory"].levels, **found["promised"].levels}

    @pytest.mark.parametrize(
        ("pauses", "days"),
        [
            ((), ("10-19", "10-24", "10-29")),
            ((Pause(WALL("2018-10-16 10:00"), None, 3),), ("10-24", "10-29", "11-01")),
            (
                (Pause(WALL("2018-10-16 10:00"), WALL("2018-10-18 10:00"), 3),),
                ("10-23", "10-26", "10-31"),
            ),
            (
                (Pause(WALL("2018-10-16 10:00"), WALL("2018-10-23 10:00"), 3),),
                ("10-24", "10-29", "11-01"),
            ),
        ],
    )
    def test_the_worked_example(self, pauses, days):
        moments = [WALL(f"2018-{day} 10:00:01") for day in days]
        assert self.example(mode="elapsed", pauses=pauses) == dict(
            zip(("notice", "yellow", "red"), moments, strict=True)
        )

    def test_whole_days(self):
        assert self.example()["notice"] == WALL("2018-10-23")

    def test_a_decreed_year(self):
        for amount, due in ((1, "09-20"), (5, "09-24"), (10, "10-09"), (20, "10-22")):
            case = Case(WALL("2026-09-18 10:00"), "working_day", amount, None)
            assert str(clocks_of(case)["promised"].due) == f"2026-{due} 23:59:59"
