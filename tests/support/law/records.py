"""Which records are read, and what their recording itself shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record

ENDINGS = ("none", "granted", "denied")
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
        return [
            record
            for record in self.firsts("decided", "finished")
            if record.get("outcome") in {"granted", "denied"}
            or (record.kind == "finished" and record.get("outcome") is None)
        ]

    def gone(self) -> list[Record]:
        return [r for r in self.firsts("decided", "finished") if r.get("outcome") in GONE]

    def ended(self, *kinds: str) -> Record | None:
        return next(iter(self.firsts(*kinds)), None)


def read(law: Law, records: list[Record]) -> tuple[History, set[Finding]]:
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
        findings |= {
            ("record_conflict", whole(r.at)) for r in standing if not same_facts(r, chosen)
        }
        written = [r.recorded for r in standing if same_facts(r, chosen) and r.recorded]
        history.append(
            replace(chosen, at=whole(chosen.at), recorded=min(written) if written else None)
        )
    history.sort(key=lambda record: record.at)
    read_ = History(tuple(history))
    return read_, findings | recorded_late(law, read_) | repeated(read_)


def same_facts(one: Record, other: Record) -> bool:
    return replace(one, recorded=None) == replace(other, recorded=None)


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def recorded_late(law: Law, history: History) -> set[Finding]:
    """Cases keyed in after the fact (补录)."""
    return {
        ("late_record", record.at)
        for record in history.records
        if record.recorded is not None
        and record.recorded.date() > law.calendar.nth(record.at.date(), law.late_record_days)
    }


def repeated(history: History) -> set[Finding]:
    return {
        ("repeated_act", record.at)
        for kind in ("received", "accepted", "decided")
        for record in history.all(kind)[1:]
    }
