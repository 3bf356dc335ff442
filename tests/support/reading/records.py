"""The records that are read: the newest version of each, and none that was taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.reading.days import working_days_from

META = ("recorded_at", "record_version")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its kind, its second, its facts."""

    kind: str
    at: datetime
    facts: dict[str, Any]

    def get(self, name):
        """Give a fact, or None."""
        return self.facts.get(name)

    def unable(self, name) -> bool:
        """Whether the source cannot hold a fact."""
        return name in self.facts.get("unrecorded", ())


class Records:
    """The records of a case, in time order."""

    def __init__(self, given):
        newest = {}
        for facts in given:
            newest.setdefault(facts["event_id"], []).append(facts)
        self.all, self.findings = [], set()
        for versions in newest.values():
            top = max(v.get("record_version", 1) for v in versions)
            same = [v for v in versions if v.get("record_version", 1) == top]
            if any(v.get("voided") for v in same):
                continue
            moments = [v["recorded_at"] for v in same if v.get("recorded_at")]
            last = max(same, key=lambda v: v["occurred_at"])
            at = last["occurred_at"].replace(microsecond=0)
            self.all.append(Record(last["kind"], at, last))
            if any(plain(v) != plain(last) for v in same):
                self.findings.add(("record_conflict", at))
            elif moments and min(moments).date() > working_days_from(at.date(), 1):
                self.findings.add(("late_record", at))
        self.all.sort(key=lambda r: (r.at, r.kind == "step_finished"))
        for kind in ("received", "accepted", "decided"):
            self.findings |= {("repeated_act", r.at) for r in self.of(kind)[1:]}

    def of(self, *kinds):
        """Give the records of some kinds, in time order."""
        return [r for r in self.all if r.kind in kinds]

    def first(self, *kinds):
        """Give the earliest record of some kinds, or None."""
        return next(iter(self.of(*kinds)), None)


def plain(facts):
    """Give what a record says, without when it was written down."""
    return {name: value for name, value in facts.items() if name not in META}
