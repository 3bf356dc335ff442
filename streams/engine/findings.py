"""Findings (监察发现): what a case's records show beside its clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.codes import ClockKind, Level
from schemas.findings import RULES, FindingCode
from schemas.verdicts import LevelReached

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.verdicts import FindingDetail
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.rules import CaseRules

ONCE: Final = ("received", "accepted", "finished")
"""Acts of which a round has one; of decisions `streams.engine.flow` tells."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding before its level is looked up: what, on which record, since when."""

    code: FindingCode
    record: Entry
    at: int
    detail: FindingDetail | None = None
    name: str = ""
    """What tells it from another of the same code on the same record."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a case. One with a level is carded: it stands as long as its record does."""

    clock_id: str
    code: FindingCode
    record: Entry
    at: int
    """The first second at which it holds."""
    level: Level
    running: bool
    """Whether the case has not ended: a card on it rings as long as that."""
    levels: tuple[LevelReached, ...]
    detail: FindingDetail | None = None
    """What it rests on beside its record."""

    @property
    def due_at(self) -> int:
        """The moment itself: nothing falls due."""
        return self.at

    @property
    def kind(self) -> ClockKind:
        """What a card on it is about."""
        return ClockKind.FINDING

    def reached(self, now: int) -> list[LevelReached]:
        """Give the level, once the moment has come."""
        return [level for level in self.levels if level.at <= now]

    def coming(self, now: int) -> int | None:
        """Give its moment, where that is still to come."""
        return self.at if self.levels and self.at > now else None


def graded(found: Sequence[Found], rules: CaseRules, *, running: bool) -> tuple[Finding, ...]:
    """Give each finding its level: the policy's, or else the built-in one. Each one once."""
    levels = rules.policy.finding_levels or {}
    graded: dict[str, Finding] = {}
    for one in sorted(found, key=lambda f: (f.at, f.code)):
        level = levels.get(one.code, RULES[one.code].level)
        name = f"{ClockKind.FINDING}:{one.code}:{one.record.id:x}{one.name}"
        reached = (
            () if level is Level.NONE else (LevelReached(level, one.at, f"finding/{one.code}"),)
        )
        graded.setdefault(
            name, Finding(name, one.code, one.record, one.at, level, running, reached, one.detail)
        )
    return tuple(graded.values())


def of_records(ledger: Ledger) -> Iterator[Found]:
    """Give what the records show by themselves: conflicts, repetitions, ends without a start."""
    for entry in ledger.contradicting:
        yield Found(FindingCode.RECORD_CONFLICT, entry, entry.at)
    for kind in ONCE:
        others = ledger.early if kind == "finished" else ledger.after_grant
        acts = [entry for entry in ledger.of(kind) if entry not in others]
        for again in acts[1:]:
            yield Found(FindingCode.REPEATED_ACT, again, again.at)
    for entry in ledger.unmatched:
        yield Found(FindingCode.RESUMED_WITHOUT_START, entry, entry.at)


def unrecorded(entry: Entry) -> Iterator[Found]:
    """Say so where facts that the law asks for, and that count as given, no source could hold."""
    missing = {
        "told_at": entry.told < 0,
        "reason": not entry.grounds,
        "approver_rank": entry.kind == "extended" and not entry.approver,
    }
    if any(absent and entry.cannot_hold(fact) for fact, absent in missing.items()):
        yield Found(FindingCode.FACT_UNRECORDED, entry, entry.at)
