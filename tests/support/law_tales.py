"""Words in which the second reader's fixtures are told: records, and what is read off them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tests.support.law import Record, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.law import ClockView, Law

WALL = datetime.fromisoformat
OF_THE_RECORD = ("id", "version", "recorded", "voided", "item", "arrived", "offline")


def record(kind: str, at: str, **facts) -> Record:
    """Tell of one record; its id is its kind and time unless given."""
    own = {name: facts.pop(name) for name in OF_THE_RECORD if name in facts}
    return Record(kind, WALL(at), own.pop("id", f"{kind} {at}"), facts, **own)


def suspended(start: str, end: str | None = None, asked: int | None = None) -> Iterator[Record]:
    """Tell of a special procedure with all that it must show."""
    facts = {"suspension": "testing", "suspension_id": start, "basis": "第四十五条"}
    yield record("suspended", start, told_at=WALL(start), days_asked=asked, **facts)
    if end:
        yield record("resumed", end, suspension_id=start)


def extended(approved: str, amount: int = 3, **other) -> Record:
    """Tell of an extension with all that it must show."""
    facts = {"amount": amount, "unit": "working_day", "reason": "依规定"}
    facts |= {"approver_rank": "agency_head", "told_at": WALL(approved)}
    return record("extended", approved, **(facts | other))


def clock(law: Law, *records: Record, clock_id: str = "promised") -> ClockView:
    return verdict(law, list(records)).clocks[clock_id]


def due(law: Law, start: str, *records: Record) -> str:
    """Give the due moment of the promise of a case accepted at `start`."""
    return str(clock(law, record("accepted", start), *records).due)


def findings(law: Law, *records: Record) -> set[tuple[str, str]]:
    return {(code, str(at)) for code, at in verdict(law, list(records)).findings}


def codes(law: Law, *records: Record) -> set[str]:
    return {code for code, _ in findings(law, *records)}
