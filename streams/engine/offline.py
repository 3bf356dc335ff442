"""The same engine without Kafka: a set of events, judged at one moment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from streams.engine.case import assess
from streams.engine.clocks import highest
from streams.engine.entries import entry_of, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.events import Envelope
    from streams.engine.case import Case
    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.rules import Rules


def judge_offline(
    events: Iterable[Envelope], rules: Rules, as_of: int
) -> Iterator[tuple[str, Case]]:
    """Assess every case by what had happened by `as_of` (seconds since the epoch)."""
    cases: dict[str, list[Entry]] = {}
    for event in events:
        entry = entry_of(event)
        if entry.at <= as_of:
            entries = cases.setdefault(event.case_no, [])
            cases[event.case_no] = merge(entries, entry) or entries
    for case_no in sorted(cases):
        yield case_no, assess(cases[case_no], rules)


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
        "step": clock.step,
        "started_at": local(clock.counting.start),
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
