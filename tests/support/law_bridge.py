"""From plain facts to the product and back: rules, events, and what the engine reads in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from schemas.calendars import CalendarDefinition, ListedDay
from schemas.catalogue import FlowStep, Item, ItemVersion
from schemas.events import STEP_EVENT
from schemas.limits import Policy
from streams.engine.rules import Rules
from tests.support.cases import BEIJING, assessed, built_in
from tests.support.law.days import SUPPOSED_OFF, SUPPOSED_WORKED
from tests.support.law.facts import ClockView, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.law import Calendar, Law, Limit, Record

POLICY = (
    "ladder",
    "mode",
    "cut_off",
    "clock_ends_at",
    "suspension_stops",
    "suspension_kinds",
    "suspension_requires",
    "suspension_cap_days",
    "untold_suspensions",
    "suspension_max",
    "suspension_brink_days",
    "extension_cap",
    "extension_approver",
    "extension_requires",
    "late_record_days",
    "online_channels",
)
"""What a `Law` and a `Policy` say under the same name."""


def rules_of(laws: Mapping[str, Law]) -> Rules:
    """Make the rules of a catalogue with one item a law: code → law."""
    calendars = {definition(law.calendar).name: definition(law.calendar) for law in laws.values()}
    items = {code: item(code, law) for code, law in laws.items()}
    base = built_in()
    return Rules.of(replace(base, items=items, calendars={**base.calendars, **calendars}))


def item(code: str, law: Law) -> Item:
    clocks: dict[str, Any] = {kind: stated(limit) for kind, limit in law.limits.items()}
    if law.special_procedure:
        clocks["special_procedure"] = {"stated": "days_asked"}
    flow = tuple(
        FlowStep(code=step, name=step, clock=clock, limit=limit and stated(limit))
        for step, (clock, limit) in law.steps.items()
    )
    policy = Policy(
        calendar=definition(law.calendar).name, **{name: getattr(law, name) for name in POLICY}
    )
    version = ItemVersion(clocks=clocks, flow=flow, policy=policy)
    return Item(code=code, name=code, versions=(version,))


def stated(limit: Limit) -> dict[str, Any]:
    return {
        "amount": limit.amount,
        "unit": limit.unit,
        "mode": limit.mode,
        "cut_off": limit.cut_off,
        "roll": "working_day" if limit.roll else "none",
        "keep_clock_time": limit.keep_clock_time,
        "extension_cap": limit.extension_cap,
    }


@cache
def definition(calendar: Calendar) -> CalendarDefinition:
    """Make the country's calendar with a region's hours and days."""
    china = built_in().calendars["cn"]

    def seconds(hours):
        return tuple((of_day(opens), of_day(closes)) for opens, closes in hours)

    own = [ListedDay(date=day, working=False) for day in (*SUPPOSED_OFF, *calendar.off)]
    own += [ListedDay(date=day, working=True) for day in SUPPOSED_WORKED - calendar.off]
    halves = seconds(calendar.hours[:1])
    own += [ListedDay(date=day, working=True, hours=halves) for day in calendar.mornings]
    listed = {day.date: day for day in (*china.days, *own)}
    named = f"cn-{'-'.join(str(opens) for opens, _ in seconds(calendar.hours))}-{len(own)}"
    return china.model_copy(
        update={
            "name": named,
            "hours": seconds(calendar.hours),
            "days": tuple(listed[day] for day in sorted(listed)),
        }
    )


def of_day(moment) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def event(record: Record, code: str):
    """Make the step event that a record is."""
    return STEP_EVENT.validate_python(
        {
            "event_id": record.id,
            "record_version": record.version,
            "voided": record.voided,
            "unrecorded": record.unrecorded,
            "case_no": "c",
            "item": code,
            "source": "hall",
            "kind": record.kind,
            "occurred_at": aware(record.at),
            "recorded_at": record.recorded and aware(record.recorded),
            **{name: aware(fact) for name, fact in record.facts.items()},
        }
    )


def aware(fact):
    return fact.replace(tzinfo=BEIJING).astimezone(UTC) if isinstance(fact, datetime) else fact


def wall(instant: int | None) -> datetime | None:
    return (
        None if instant is None else datetime.fromtimestamp(instant, BEIJING).replace(tzinfo=None)
    )


def read_by_engine(rules: Rules, code: str, records: list[Record]) -> Verdict:
    """Give the engine's reading of a case as the oracle writes one."""
    case = assessed(rules, *(event(record, code) for record in records))
    clocks = {
        clock.clock_id: ClockView(
            wall(clock.counting.start),
            wall(clock.due_at),
            wall(clock.stopped_at),
            wall(clock.known_from),
            {str(level.level): wall(level.at) for level in clock.levels},
        )
        for clock in case.clocks
    }
    return Verdict(clocks, {(str(found.code), wall(found.at)) for found in case.findings})


def differences(engine: Verdict, oracle: Verdict) -> list[str]:
    """Say line by line in what two verdicts differ."""
    lines = []
    for name in sorted({*engine.clocks, *oracle.clocks}):
        theirs, ours = engine.clocks.get(name), oracle.clocks.get(name)
        if theirs is None or ours is None:
            lines.append(f"{name}: engine {theirs}, oracle {ours}")
        elif theirs != ours:
            for part in ("start", "due", "stopped", "known_from", "levels"):
                one, other = getattr(theirs, part), getattr(ours, part)
                if one != other:
                    lines.append(f"{name} {part}: engine {shown(one)}, oracle {shown(other)}")
    lines += [f"engine alone finds {c} at {at}" for c, at in engine.findings - oracle.findings]
    lines += [f"oracle alone finds {c} at {at}" for c, at in oracle.findings - engine.findings]
    return lines


def shown(part) -> str:
    if isinstance(part, dict):
        return ", ".join(f"{name} {moment}" for name, moment in sorted(part.items()))
    return str(part)
