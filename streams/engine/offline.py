"""The same engine without Kafka: a set of events, judged at one moment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from schemas.findings import RULES
from streams.engine.case import assess
from streams.engine.clocks import highest
from streams.engine.entries import entry_of, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schemas.events import Envelope
    from streams.engine.case import Case
    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.findings import Finding
    from streams.engine.rules import Rules

    Came = Mapping[tuple[str, str, int], int]
    """When each version of a record arrived, by source, id and version: seconds since the epoch."""


def by_then(
    events: Iterable[Envelope], as_of: int, rules: Rules, came: Came | None = None
) -> list[Entry]:
    """Give what had happened by a moment (seconds since the epoch), as these events tell it.

    A record counts with its latest version, though that was written later: what it now says had
    happened at another time had not happened at the old one. `came` says when each arrived;
    without it they arrived when they were written down, as far as that is known.
    """
    entries: list[Entry] = []
    for event in events:
        entries = merge(entries, _entry(event, rules, came)) or entries
    return _until(entries, as_of)


def judge_offline(
    events: Iterable[Envelope], rules: Rules, as_of: int
) -> Iterator[tuple[str, Case]]:
    """Assess every case by what had happened by `as_of` (seconds since the epoch)."""
    cases: dict[str, list[Entry]] = {}
    for event in events:
        entries = cases.setdefault(event.case_no, [])
        cases[event.case_no] = merge(entries, _entry(event, rules)) or entries
    for case_no in sorted(cases):
        entries = _until(cases[case_no], as_of)
        if entries:
            yield case_no, assess(entries, rules)


def _entry(event: Envelope, rules: Rules, came: Came | None = None) -> Entry:
    """Take what an event says, with when it arrived."""
    arrived = -1 if event.recorded_at is None else int(event.recorded_at.timestamp())
    if came is not None:
        arrived = came.get((event.source, event.event_id, event.record_version), -1)
    entry = entry_of(event, arrived, rules.catalogue.loads_until(event.source))
    return entry if came is not None else entry.known_by(arrived)  # it came when it was written


def _until(entries: list[Entry], as_of: int) -> list[Entry]:
    """Leave out the records that lie after a moment, by the one of each that is read."""
    if not entries or entries[-1].at <= as_of:  # sorted by when they happened
        return entries
    later = {entry.id for entry in entries if entry.at > as_of}
    return [entry for entry in entries if entry.id not in later]


def clock_line(case_no: str, clock: Clock, as_of: int) -> dict[str, Any]:
    """Write a clock as one JSON object; times carry the offset of the clock's own calendar."""
    zone = ZoneInfo(clock.counting.calendar.zone)

    def local(instant: int | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, zone).isoformat()

    reached = clock.reached(as_of)
    stopped = clock.stopped_at
    return {
        "case": case_no,
        "clock": str(clock.kind),
        "clock_id": clock.clock_id,
        "step": clock.step,
        "started_at": local(clock.counting.start),
        "known_from": local(clock.known_from),
        "deemed": clock.deemed,
        "assumed": clock.assumed,
        "due_at": local(clock.due_at),
        "stopped_at": local(stopped if stopped is not None and stopped <= as_of else None),
        "state": clock.state(as_of),
        "overdue": clock.overdue(as_of),
        "level": str(highest(reached)),
        "provisional": clock.counting.provisional,
        "cards": [
            {"level": str(level.level), "at": local(level.at), "rule": level.rule}
            for level in reached
        ],
    }


def finding_line(case_no: str, case: Case, finding: Finding) -> dict[str, Any]:
    """Write a finding as one JSON object, told from a clock's by its key `finding`."""
    zone, record = ZoneInfo(case.rules.calendar.zone), finding.record

    def local(instant: int) -> str:
        return datetime.fromtimestamp(instant, zone).isoformat()

    return {
        "case": case_no,
        "finding": str(finding.code),
        "finding_id": finding.clock_id,
        "level": str(finding.level),
        "at": local(finding.at),
        "basis": RULES[finding.code].basis,
        "record": {
            "kind": record.kind,
            "occurred_at": local(record.at),
            "source": record.source,
            "version": record.version,
        },
    }
