"""Random laws for the random cases: limits in all units, policies, and regional calendars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import TYPE_CHECKING

from tests.support.law import Calendar, Law, Limit
from tests.support.law.days import Season
from tests.support.law.facts import CHINA, STATED, SUSPENSION_KINDS

if TYPE_CHECKING:
    from random import Random

YEARS = range(2004, 2028)
LONGER = ((time(8, 30), time(12)), (time(13, 30), time(17, 30)))
LATER = ((time(8, 30), time(12)), (time(14, 30), time(18)))
SUMMER = ((time(9), time(12)), (time(15), time(18, 30)))
WINTER = ((time(9, 30), time(12)), (time(13), time(16, 30)))
HALVES = [date(year, *day) for year in YEARS for day in ((12, 31), (2, 4), (9, 29), (10, 10))]
UNDECREED = Calendar(supposed=False)
"""2027 has no decree: what crosses its days is provisional."""
BY_SEASON = (
    Calendar(seasons=(Season((6, 1), (9, 30), SUMMER), Season((11, 15), (2, 28), WINTER))),
    Calendar(saturdays=((time(9), time(12)),)),
)
"""Summer and winter hours; half Saturdays."""
CALENDARS = (
    CHINA,
    Calendar(LATER),
    Calendar(LONGER),
    Calendar(off=frozenset(date(year, *day) for year in YEARS for day in ((4, 17), (10, 9)))),
    Calendar(mornings=frozenset(day for day in HALVES if CHINA.worked(day))),
    Calendar(LONGER, standard=25_200),
    UNDECREED,
    *BY_SEASON,
)
STAR = Law({"promised": Limit(6), "statutory": Limit(15)})
"""What a catalogue states for any item that it does not list, where it does."""
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


def some_limit(random: Random, unit: str, longest: int, mode: str) -> Limit:
    """Draw a limit with options that can hold together."""
    if unit == "on_the_spot":
        return Limit(None, unit, extension_cap=None)
    by_days = unit in {"working_day", "natural_day", "month"}
    own = random.choice(("next_day", "elapsed")) if random.random() < 0.05 else None
    own = own if unit == "working_day" else None
    elapsed = unit == "working_day" and (own or mode) == "elapsed"
    by_dates = by_days and not elapsed
    keeps = by_dates and random.random() < 0.1
    cut_off = random.choice(("midnight", "close_of_business")) if random.random() < 0.05 else None
    return Limit(
        random.randrange(1, LENGTHS.get(unit, longest) + 1),
        unit,
        mode=own,
        cut_off=cut_off if by_dates and not keeps else None,
        roll=unit not in {"natural_day", "month"} or random.random() < 0.75,
        keep_clock_time=keeps,
        extension_cap=random.choice((None, None, 2, 15)),
    )


def some_law(random: Random, unit: str, mode: str) -> Law:
    longest = random.choice((3, 6, 22))

    def odd(usual: str) -> str:
        return random.choice(UNITS) if random.random() < 0.15 else usual

    def short(n: int) -> Limit:
        return some_limit(random, odd("working_day"), n, mode)

    promised = some_limit(random, unit, longest, mode)
    if unit == "working_day" and random.random() < 0.5:
        promised = random.choice((STATED, replace(promised, stated=True, keep_clock_time=False)))
    drawn = {
        "promised": (0.85, promised),
        "statutory": (0.6, some_limit(random, odd(unit), longest, mode)),
        "acceptance": (0.6, short(5) if random.random() < 0.5 else Limit(5)),
        "pre_acceptance": (0.3, short(2)),
        "delivery": (0.4, short(10)),
        "e_licence": (0.2, short(3)),
        "step": (0.5, short(4)),
        "opinion": (0.3, short(7)),
        "first_review": (0.3, short(20)),
    }
    flow = {
        "s1": ("step", short(3)),
        "s2": ("step", None),
        "op": ("opinion", None),
        "fr": ("first_review", short(20) if random.random() < 0.5 else None),
    }
    flow = flow if random.random() < 0.85 else {}
    return Law(
        {kind: limit for kind, (chance, limit) in drawn.items() if random.random() < chance},
        steps=flow,
        mandatory=frozenset(code for code in flow if random.random() < 0.4),
        decision_step=random.choice((None, "s1", "s2")) if flow else None,
        in_force=some_days_in_force(random),
        special_procedure=random.random() < 0.5,
        mode=mode,
        cut_off=random.choice(("midnight", "close_of_business")),
        ladder=random.choice(("hunan", "chengdu")),
        calendar=random.choice((CHINA, CHINA, *CALENDARS)),
        clock_ends_at=random.choice(("earliest", "earliest", "decision", "finishing")),
        star=STAR if random.random() < 0.3 else None,
        **(some_policy(random) if random.random() < 0.3 else {}),
    )


def some_days_in_force(random: Random) -> tuple[date, date]:
    """Draw the days on which an item is in force: nearly always all of them."""
    chance, day = random.random(), date(random.randrange(2006, 2026), random.randrange(1, 13), 11)
    if chance < 0.02:
        return date.min, day
    return (day, date.max) if chance < 0.04 else (date.min, date.max)


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
