"""From plain facts to the product and back: rules, events, and what the engine reads in them.

Where the two readers have different words for one thing, `law_words` says so, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from schemas import topics
from schemas.calendars import CalendarDefinition, ListedDay
from schemas.calendars.definition import DecreedYear
from schemas.catalogue import FlowStep, Item, ItemVersion
from schemas.events import STEP_EVENT
from schemas.limits import Policy
from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.rules import Rules
from tests.support import law_words as words
from tests.support.cases import BEIJING, built_in
from tests.support.law.arriving import Tick
from tests.support.law.decrees import SUPPOSED_OFF, SUPPOSED_WORKED
from tests.support.law.facts import CHINA, OWN_ITEM, ClockView, Verdict
from tests.support.law.names import ARRIVAL
from tests.support.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.engine.entries import Entry
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


OTHER_ITEM = "not-listed"
"""What a record of another item names; no catalogue here lists it."""


def rules_of(laws: Mapping[str, Law]) -> Rules:
    """Make the rules of a catalogue with one item a law: code → law.

    All of them have the same law for any other item, or none has one.
    """
    star = next(iter(laws.values())).star
    named = {code: item(code, law) for code, law in laws.items()}
    if star is not None:
        named[words.ANY_ITEM] = item(words.ANY_ITEM, star)
    theirs = [definition(law.calendar) for law in (*laws.values(), *([star] if star else ()))]
    base = built_in()
    ours = {each.name: each for each in theirs}
    calendars = {**base.calendars, "cn": named_as("cn", definition(CHINA)), **ours}
    return Rules.of(replace(base, items=named, calendars=calendars))


def item(code: str, law: Law) -> Item:
    clocks: dict[str, Any] = {kind: stated(limit) for kind, limit in law.limits.items()}
    if law.special_procedure:
        clocks["special_procedure"] = {"stated": "days_asked"}
    flow = tuple(flow_step(law, step) for step in law.steps)
    policy = Policy(
        calendar=definition(law.calendar).name, **{name: getattr(law, name) for name in POLICY}
    )
    first, last = law.in_force
    force = {"from": None if first == date.min else first, "to": None if last == date.max else last}
    version = ItemVersion(clocks=clocks, flow=flow, policy=policy, **force)
    return Item(code=code, name=code, versions=(version,))


def flow_step(law: Law, code: str) -> FlowStep:
    clock, limit = law.steps[code]
    own = {"code": code, "name": code, "clock": clock, "limit": limit and stated(limit)}
    if code == law.decision_step:
        own |= words.MAKES_THE_DECISION
    return FlowStep(**own, mandatory=code in law.mandatory)


def stated(limit: Limit) -> dict[str, Any]:
    if limit.stated and limit.amount is None:
        return {"stated": "promised_due_at", "extension_cap": limit.extension_cap}
    return {
        "amount": limit.amount,
        "unit": limit.unit,
        "mode": limit.mode,
        "cut_off": limit.cut_off,
        "roll": "working_day" if limit.roll else "none",
        "keep_clock_time": limit.keep_clock_time,
        "extension_cap": limit.extension_cap,
        **(words.STATED_OR_ELSE if limit.stated else {}),
    }


@cache
def definition(calendar: Calendar) -> CalendarDefinition:
    """Make the country's calendar with a region's hours and days."""
    china = built_in().calendars["cn"]
    supposed = calendar.supposed
    own = [ListedDay(date=day, working=False) for day in calendar.off]
    if supposed:
        own += [ListedDay(date=day, working=False) for day in SUPPOSED_OFF - calendar.off]
        own += [ListedDay(date=day, working=True) for day in SUPPOSED_WORKED - calendar.off]
    halves = seconds(calendar.hours[:1])
    own += [ListedDay(date=day, working=True, hours=halves) for day in calendar.mornings]
    listed = {day.date: day for day in (*china.days, *own)}
    years = (*china.years, DecreedYear(year=2027)) if supposed else china.years
    update = {
        "hours": seconds(calendar.hours),
        "years": years,
        "days": tuple(listed[day] for day in sorted(listed)),
        **words.hours_by_season([(s.first, s.last, seconds(s.hours)) for s in calendar.seasons]),
        **words.standard_day(calendar.standard),
    }
    if calendar.saturdays:
        update |= {"week": (*china.week, "sat")}
        update |= words.hours_by_weekday({"sat": seconds(calendar.saturdays)})
    made = china.model_copy(update=update)
    return named_as(f"cn-{made.version}", made)


def named_as(name: str, calendar: CalendarDefinition) -> CalendarDefinition:
    return calendar.model_copy(update={"name": name})


def seconds(hours):
    return tuple((of_day(opens), of_day(closes)) for opens, closes in hours)


def of_day(moment) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def event(record: Record, code: str):
    """Make the step event that a record is."""
    named = {OWN_ITEM: code, None: None}.get(record.item, OTHER_ITEM)
    facts = {name: aware(fact) for name, fact in record.facts.items()}
    promise = record.get("promised_due_at")
    if promise is not None and not isinstance(promise, datetime):
        ends = datetime.combine(promise, datetime.min.time()).replace(hour=23, minute=59, second=59)
        facts |= {"promised_due_at": aware(ends), **words.PROMISED_A_DATE}
    return STEP_EVENT.validate_python(
        {
            "event_id": record.id,
            "record_version": record.version,
            "voided": record.voided,
            "unrecorded": record.unrecorded,
            "case_no": "c",
            "item": named,
            "source": "hall",
            "kind": record.kind,
            "occurred_at": aware(record.at),
            "recorded_at": record.recorded and aware(record.recorded),
            **facts,
        }
    )


def aware(fact):
    return fact.replace(tzinfo=BEIJING).astimezone(UTC) if isinstance(fact, datetime) else fact


def instant(moment: datetime) -> int:
    return int(aware(moment).timestamp())


def wall(instant: int | None) -> datetime | None:
    return (
        None if instant is None else datetime.fromtimestamp(instant, BEIJING).replace(tzinfo=None)
    )


def read_by_engine(rules: Rules, code: str, records: list[Record]) -> Verdict:
    """Give the engine's reading of a case as the oracle writes one."""
    events = [event(record, code) for record in records]
    entries: Sequence[Entry] = ()
    for record, each in zip(records, events, strict=True):
        arrived = -1 if record.arrival is None else instant(record.arrival)
        entries = merge(entries, entry_of(each, arrived).known_by(arrived)) or entries
    case = assess(entries, rules)
    rounds = {words.round_named_by(each): each.event_id for each in events}
    clocks = {
        named(clock.clock_id, rounds): ClockView(
            wall(clock.counting.start),
            wall(clock.due_at),
            wall(clock.stopped_at),
            wall(clock.known_from),
            {str(level.level): wall(level.at) for level in clock.levels},
            words.is_provisional(clock),
        )
        for clock in case.clocks
    }
    found = {(words.reader_code(str(each.code)), wall(each.at)) for each in case.findings}
    return Verdict(clocks, found)


def named(clock_id: str, rounds: Mapping[str, str]) -> str:
    """Name a clock of a later round by the record that opens it, as the reader does."""
    opener, slash, name = clock_id.rpartition("/")
    return f"{rounds[opener]}/{name}" if slash else name


def watched_by_engine(rules: Rules, code: str, log: list[Record | Tick]) -> set[tuple]:
    """Give what a partition finds of arrival and of corrections, up to the last tick of a log."""
    partition = Partition(rules)
    last = max(place for place, entry in enumerate(log) if isinstance(entry, Tick))
    for entry in log[: last + 1]:
        if isinstance(entry, Tick):
            barriers = {topics.STEPS.name: partition.next[topics.STEPS.name]}
            partition.tick(instant(entry.now), barriers=barriers)
        else:
            partition.feed(event(entry, code))
    found = [each for case in partition.cases().values() for each in case.findings]
    codes = {(words.reader_code(str(each.code)), wall(each.at)) for each in found}
    return {(named_, at) for named_, at in codes if named_ in ARRIVAL}


def differences(engine: Verdict, oracle: Verdict) -> list[str]:
    """Say line by line in what two verdicts differ."""
    lines = []
    for name in sorted({*engine.clocks, *oracle.clocks}):
        theirs, ours = engine.clocks.get(name), oracle.clocks.get(name)
        if theirs is None or ours is None:
            lines.append(f"{name}: engine {theirs}, oracle {ours}")
        elif theirs != ours:
            for part in ("start", "due", "stopped", "known_from", "levels", "provisional"):
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
