"""Random laws for the random cases: limits in all units, policies, and regional calendars."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING

from tests.support.law import Calendar, Law, Limit
from tests.support.law.days import worked_in_china
from tests.support.law.facts import CHINA, SUSPENSION_KINDS

if TYPE_CHECKING:
    from random import Random

YEARS = range(2004, 2028)
LONGER = ((time(8, 30), time(12)), (time(13, 30), time(17, 30)))
LATER = ((time(8, 30), time(12)), (time(14, 30), time(18)))
HALVES = [date(year, *day) for year in YEARS for day in ((12, 31), (2, 4), (9, 29), (10, 10))]
CALENDARS = (
    CHINA,
    Calendar(LATER),
    Calendar(LONGER),
    Calendar(off=frozenset(date(year, *day) for year in YEARS for day in ((4, 17), (10, 9)))),
    Calendar(mornings=frozenset(day for day in HALVES if worked_in_china(day))),
)
UNITS = (
    "working_day",
    "natural_day",
    "month",
    "hour",
    "minute",
    "working_hour",
    "working_minute",
    "on_the_spot",
)
LENGTHS = {"month": 3, "hour": 60, "minute": 900, "working_hour": 60, "working_minute": 900}


def some_limit(random: Random, unit: str, longest: int) -> Limit:
    if unit == "on_the_spot":
        return Limit(None, unit)
    return Limit(
        random.randrange(1, LENGTHS.get(unit, longest) + 1),
        unit,
        mode=random.choice(("next_day", "elapsed")) if random.random() < 0.05 else None,
        cut_off=random.choice(("midnight", "close_of_business"))
        if random.random() < 0.05
        else None,
        roll=unit not in {"natural_day", "month"} or random.random() < 0.75,
        keep_clock_time="day" in unit and random.random() < 0.1,
        extension_cap=random.choice((None, None, 2, 15)),
    )


def some_law(random: Random, unit: str, mode: str) -> Law:
    longest = random.choice((3, 6, 22))

    def odd(usual: str) -> str:
        return random.choice(UNITS) if random.random() < 0.15 else usual

    def short(n: int) -> Limit:
        return some_limit(random, odd("working_day"), n)

    drawn = {
        "promised": (0.85, some_limit(random, unit, longest)),
        "statutory": (0.6, some_limit(random, odd(unit), longest)),
        "acceptance": (0.6, short(5) if random.random() < 0.5 else Limit(5)),
        "pre_acceptance": (0.3, short(2)),
        "delivery": (0.4, short(10)),
        "e_licence": (0.2, short(3)),
        "step": (0.5, short(4)),
        "opinion": (0.3, short(7)),
        "first_review": (0.3, short(20)),
    }
    return Law(
        {kind: limit for kind, (chance, limit) in drawn.items() if random.random() < chance},
        steps={
            "s1": ("step", short(3)),
            "s2": ("step", None),
            "op": ("opinion", None),
            "fr": ("first_review", short(20) if random.random() < 0.5 else None),
        },
        special_procedure=random.random() < 0.5,
        mode=mode,
        cut_off=random.choice(("midnight", "close_of_business")),
        ladder=random.choice(("hunan", "chengdu")),
        calendar=random.choice((CHINA, CHINA, *CALENDARS)),
        clock_ends_at=random.choice(("earliest", "earliest", "decision", "finishing")),
        **(some_policy(random) if random.random() < 0.3 else {}),
    )


def some_policy(random: Random) -> dict[str, object]:
    return {
        "suspension_stops": random.choice((("statutory",), ("promised", "statutory"), ("step",))),
        "suspension_kinds": random.choice((SUSPENSION_KINDS, ("testing",), ("correction",))),
        "suspension_requires": random.choice((("basis", "told"), ("basis",), ("told",), ())),
        "suspension_cap_days": random.choice((5, 20)),
        "untold_suspensions": random.choice(("stop", "run")),
        "suspension_max": random.choice((1, 2)),
        "suspension_brink_days": random.choice((1, 3)),
        "extension_cap": random.choice((3, 10)),
        "extension_approver": random.choice(("other", "agency_head", "government_head")),
        "extension_requires": random.choice((("reason", "approver", "told"), ("told",), ())),
        "late_record_days": random.choice((1, 3)),
    }
