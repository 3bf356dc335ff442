"""Cases for tests, written the way a lawyer would tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue, CatalogueFile
from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.events import STEP_EVENT
from streams.engine.calendar import Calendar
from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.rules import Rules

BEIJING = ZoneInfo("Asia/Shanghai")


@cache
def built_in() -> Catalogue:
    """Ladders, presets and calendars that come with the product."""
    with TemporaryDirectory() as empty:
        return load_catalogue(Path(empty))


@cache
def _built_in_calendar(name: str) -> Calendar:
    return Calendar(built_in().calendars[name])


def rules_of(catalogue: Catalogue) -> Rules:
    """The rules of a catalogue; the calendars that come with the product are built once."""
    ours = built_in().calendars
    return Rules(
        catalogue,
        {
            name: _built_in_calendar(name) if made is ours.get(name) else Calendar(made)
            for name, made in catalogue.calendars.items()
        },
    )


def rules(clocks=None, *, preset=None, flow=(), posts=(), calendars=None, **policy) -> Rules:
    """Rules with one item, `i`."""
    base = built_in()
    version = {"clocks": clocks or {}, "flow": flow, "preset": preset}
    content = {
        **base.content,
        "policy": {**base.content["policy"], **policy},
        "items": [{"code": "i", "name": "事项", "versions": [version]}],
    }
    if posts:
        content["regions"] = [{"code": "r", "name": "区"}]
        content["departments"] = [{"code": "d", "name": "局", "region": "r"}]
        content["posts"] = list(posts)
    CatalogueFile.model_validate(content)
    return rules_of(catalogue_from(content, {**base.calendars, **(calendars or {})}))


def days(amount, **more):
    return {"amount": amount, "unit": "working_day", **more}


def at(text: str, zone: ZoneInfo = BEIJING) -> int:
    """Seconds since the epoch of a local time: `2018-10-15 10:00:00`, or a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def shown(instant: int, zone: ZoneInfo = BEIJING) -> str:
    return datetime.fromtimestamp(instant, zone).strftime("%Y-%m-%d %H:%M:%S")


def event(kind: str, when: str, *, zone: ZoneInfo = BEIJING, **facts):
    """A step event of case `c`, item `i`; its id is its kind and time unless given."""
    moment = datetime.fromisoformat(when).replace(tzinfo=zone)
    given = {
        "event_id": f"{kind}-{when.replace(' ', 'T')}",
        "case_no": "c",
        "item": "i",
        "source": "hall",
        "kind": kind,
        "occurred_at": moment.astimezone(UTC).isoformat(),
        **lawful(kind, moment),
        **facts,
    }
    return STEP_EVENT.validate_python(given)


def lawful(kind, moment):
    """What a record must show to move a clock (§42, §45)."""
    told = {"reason": "依规定", "told_at": moment.astimezone(UTC).isoformat()}
    if kind == "suspended":
        return told
    return {**told, "approver_rank": "agency_head"} if kind == "extended" else {}


def assessed(rules: Rules, *events):
    """The case that these events make."""
    entries = []
    for each in events:
        entries = merge(entries, entry_of(each)) or entries
    return assess(entries, rules)


def clock(case, clock_id="promised"):
    return next(c for c in case.clocks if c.clock_id == clock_id)


def levels(case, clock_id="promised"):
    """What the clock reaches: level → the first second at which it holds, in Beijing time."""
    return {str(r.level): shown(r.at) for r in clock(case, clock_id).levels}
