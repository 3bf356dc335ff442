"""The laws that accepted events are judged by: all units, and calendars at their edges."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from schemas.calendars import CalendarDefinition
from tests.support.cases import days, rules
from tests.support.random_cases import LAWS

if TYPE_CHECKING:
    from streams.engine.rules import Rules

_EDGES = {
    "behind": {"time_zone": "America/New_York"},
    "farthest-behind": {"time_zone": "Etc/GMT+12"},
    "farthest-ahead": {"time_zone": "Pacific/Kiritimati"},
    "nobody-works": {
        "week": ["mon"],
        "days": [{"date": f"20{y:02}-01-01", "working": False} for y in range(100)],
    },
    "one-second": {"hours": ["09:00:00-09:00:01"]},
    "all-day": {
        "hours": ["00:00-24:00"],
        "week": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    },
    "starts-later": {"start_rule": {"closes_at": "16:00", "resumes_at": "08:00"}},
}
_BASE = {
    "time_zone": "Asia/Shanghai",
    "week": ["mon", "tue", "wed", "thu", "fri"],
    "hours": ["09:00-12:00", "13:30-17:30"],
    "decrees": "week",
}
_STEP = {"step": {"stated": "step_limit"}, "opinion": days(3), "first_review": days(20)}
_FLOW = [
    {"code": "审查", "name": "审查", "limit": days(2)},
    {"code": "会签", "name": "会签", "clock": "opinion"},
    {"code": "初审", "name": "初审", "clock": "first_review"},
]


@cache
def laws() -> list[Rules]:
    """Give every law; those of the random cases first."""
    found = list(LAWS.values())
    for name, changed in _EDGES.items():
        made = CalendarDefinition.model_validate({**_BASE, **changed, "name": name})
        clocks = {**_STEP, "promised": days(7), "special_procedure": {"stated": "days_asked"}}
        law = {"clocks": clocks, "preset": "cn-permit", "flow": _FLOW}
        found += [
            rules(**law, calendars={name: made}, calendar=name, mode=mode)
            for mode in ("next_day", "elapsed")
        ]
    return found


def law_for(raw: bytes) -> Rules:
    """Give a law that depends on the input alone, so that an input is judged the same each time."""
    return laws()[crc32(raw) % len(laws())]
