"""Which records are read, and what their recording itself shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record

SOURCE = "hall"
"""The one source of all records here."""
AHEAD = timedelta(minutes=5)
"""A record dated later than this after its arrival is dated ahead."""
GONE = ("withdrawn", "voided", "deleted", "returned", "forwarded")
"""Outcomes by which a case goes away without being answered."""


@dataclass(frozen=True, slots=True)
class History:
    """The records that count, in order of time."""

    records: tuple[Record, ...]

    def all(self, *kinds: str) -> list[Record]:
        return [record for record in self.records if record.kind in kinds]

    def first(self, kind: str) -> Record | None:
        """Give the earliest act of a kind: that is the one which counts."""
        return next(iter(self.all(kind)), None)

    def firsts(self, *kinds: str) -> list[Record]:
        """Give the act that counts of each kind, in order of time."""
        return [r for r in self.records if r.kind in kinds and r is self.first(r.kind)]

    def answers(self) -> list[Record]:
        """Give the decision and the finishing that answer the application."""
        return [record for record in self.firsts("decided", "finished") if answers(record)]

    def ended(self, *kinds: str) -> Record | None:
        return next(iter(self.firsts(*kinds)), None)


def answers(record: Record) -> bool:
    """Tell whether a record answers the application: a grant, a denial, a finishing as such."""
    if record.kind == "finished" and record.get("outcome") is None:
        return True
    return record.kind in {"decided", "finished"} and record.get("outcome") in {"granted", "denied"}


def read(records: list[Record]) -> tuple[History, set[Finding]]:
    """Read the records: the newest version of each, none that was taken back, by whole seconds."""
    by_id: dict[str, list[Record]] = {}
    for record in records:
        by_id.setdefault(record.id, []).append(record)
    history: list[Record] = []
    findings: set[Finding] = set()
    for versions in by_id.values():
        newest = max(record.version for record in versions)
        standing = [record for record in versions if record.version == newest]
        chosen = max(standing, key=lambda record: record.at)
        if chosen.voided:
            continue
        copies = [record for record in standing if same_facts(record, chosen)]
        findings |= {("record_conflict", whole(r.at)) for r in standing if r not in copies}
        written = [whole(copy.recorded) for copy in copies if copy.recorded]
        came = [whole(copy.arrived) for copy in copies if copy.arrived]
        unknown = any(copy.arrived is None for copy in copies)  # that one came before the ticks
        history.append(
            replace(
                chosen,
                at=whole(chosen.at),
                within=chosen.at.microsecond > 0,
                recorded=min(written, default=None),
                arrived=None if unknown else min(came, default=None),
                came_by=min((c.came_by for c in copies if c.came_by), default=None),
            )
        )
    history.sort(key=in_time)
    found = History(tuple(history))
    return found, findings


def in_time(record: Record) -> tuple[datetime, int]:
    """Order records by their time; alike, by the number that the history's tables show of them.

    That number stands in docs/time.md: of two acts in one second, which counts is on record.
    """
    said = f"{SOURCE}\x00{record.id}".encode()
    return record.at, int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big") >> 1


def same_facts(one: Record, other: Record) -> bool:
    plain = {"recorded": None, "arrived": None, "came_by": None, "offline": True}
    return replace(one, **plain) == replace(other, **plain)


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def as_recorded(law: Law, records: list[Record]) -> set[Finding]:
    """Find what their recording shows of records: keyed in after the fact (补录), dated ahead."""
    findings: set[Finding] = set()
    for record in records:
        if loading(law, record):
            continue
        last = law.calendar.nth(record.at.date(), law.late_record_days)
        if any(came and came.date() > last for came in (record.recorded, record.arrival)):
            findings.add(("late_record", record.at))
        if record.known_by is not None and record.at > record.known_by + AHEAD:
            findings.add(("dated_ahead", record.known_by))
    return findings


def loading(law: Law, record: Record) -> bool:
    """Tell whether a record came while its source was being loaded."""
    if law.loading_until is None or record.arrival is None:
        return False
    return record.arrival <= law.loading_until
