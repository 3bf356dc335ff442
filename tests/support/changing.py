"""Changes of calendar and catalogue, for tests: an invented decree for 2027, and how it is sent."""

from __future__ import annotations

import datetime as dt
import json

from msgspec import Raw

from schemas import topics
from schemas.calendars import CalendarDefinition, DecreedYear, ListedDay
from schemas.changes import CaseDifference, ChangeBegun, ChangeEnded, ChangeReport
from schemas.ticks import NO_CONTENT, Change
from schemas.verdicts import decode, encode
from streams.engine.rules import Rules
from tests.support.cases import at

DECREE = "国办发明电〔2026〕9号"
OFF_2027 = ("2027-01-01", "2027-01-04", "2027-01-05")
"""Friday, Monday and Tuesday: as no calendar projects."""
WORKED_2027 = ("2027-01-02",)
"""A Saturday, worked in exchange."""

REST_2027 = (
    *("2027-02-05", "2027-02-06", "2027-02-07", "2027-02-08", "2027-02-09", "2027-02-10"),
    *("2027-04-05", "2027-05-01", "2027-05-02", "2027-05-03", "2027-05-04", "2027-06-09"),
    *("2027-09-15", "2027-10-01", "2027-10-02", "2027-10-03", "2027-10-04", "2027-10-05"),
)
"""Off too in a notice that is whole: the thirteen days of the law, made up where on a weekend."""


def notice_2027():
    """The invented notice, whole and lawful, in the widespread form; 元旦 moves a day to 01-09."""
    off = {**dict.fromkeys(OFF_2027, "元旦"), **dict.fromkeys(REST_2027, "节日")}
    days = [{"name": name, "date": date, "isOffDay": True} for date, name in off.items()]
    worked = (*WORKED_2027, "2027-01-09")
    days += [{"name": "元旦", "date": date, "isOffDay": False} for date in worked]
    return {"year": 2027, "days": days}


def decreed(calendar: CalendarDefinition, off=OFF_2027, worked=WORKED_2027, year=2027):
    """The calendar with one more decreed year, or with more days of a year it has."""
    listed = {day.date: day for day in calendar.days}
    for texts, working in ((off, False), (worked, True)):
        for text in texts:
            date = dt.date.fromisoformat(text)
            listed[date] = ListedDay(date=date, working=working, name="元旦", decree=DECREE)
    years = {y.year: y for y in calendar.years} | {year: DecreedYear(year=year, decree=DECREE)}
    return calendar.model_copy(
        update={
            "years": tuple(years[y] for y in sorted(years)),
            "days": tuple(listed[d] for d in sorted(listed)),
        }
    )


def with_calendar(law: Rules, calendar: CalendarDefinition) -> Rules:
    """The same catalogue with one calendar replaced."""
    from dataclasses import replace

    calendars = {**law.catalogue.calendars, calendar.name: calendar}
    return Rules.of(replace(law.catalogue, calendars=calendars))


def decreed_2027(law: Rules) -> Rules:
    """The same catalogue once 2027 is decreed."""
    return with_calendar(law, decreed(law.catalogue.calendars["cn"]))


def change(*calendars, catalogue=None, change_id="c1", **more) -> Change:
    """A change as the command sends it."""
    return Change(
        **{
            "change_id": change_id,
            "subject": "calendar" if catalogue is None else "catalogue",
            "calendars": tuple(Raw(c.model_dump_json().encode()) for c in calendars),
            "catalogue": NO_CONTENT if catalogue is None else Raw(json.dumps(catalogue).encode()),
            "made_at": at("2026-11-20"),
            "by": "operator",
            "barriers": {},
            **more,
        }
    )


def send(partition, sent: Change):
    """Put a change into the partition's ticks."""
    return partition.logic.apply(partition.chunk(topics.TICKS.name, [encode(sent)]))


def settle(partition, slices=10_000):
    """Take until there is nothing more to do."""
    for _ in range(slices):
        if not partition.take().more:
            return
    raise AssertionError


def reported(partition, change_id="c1"):
    """What was told of a change: begun, the differences by case, ended."""
    begun, found, ended = [], {}, []
    for output in partition.written(topics.EVENTS):
        if json.loads(output.value)["type"] in {"event", "ruling", "reference"}:
            continue
        record = decode(output.value, ChangeReport)
        if record.change_id != change_id:
            continue
        if isinstance(record, ChangeBegun):
            begun.append(record)
        elif isinstance(record, CaseDifference):
            assert record.case_no not in found, "told twice"
            found[record.case_no] = {c.clock_id: c for c in record.clocks}
        elif isinstance(record, ChangeEnded):
            ended.append(record)
    return begun, found, ended
