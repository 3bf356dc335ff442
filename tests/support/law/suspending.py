"""Special procedures (特别程序, §45): which count, until when, and what each of them lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.law.shares import Pause

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record
    from tests.support.law.records import History


@dataclass(frozen=True, slots=True)
class Suspension:
    """A special procedure (特别程序) on record; `counts`: its time is not counted."""

    record: Record
    end: datetime | None
    allowed: bool
    founded: bool
    counts: bool
    pause: Pause


def suspensions_of(
    law: Law, history: History, judged: Record | None
) -> tuple[list[Suspension], set[Finding]]:
    """Pair the starts with the ends, and say which count and what each lacks."""
    ends, findings = ends_of(history)
    found = []
    for record in history.all("suspended"):
        kind, asked = record.get("suspension"), record.get("days_asked")
        allowed = kind in law.suspension_kinds
        if not allowed and kind != "correction":
            findings.add(("suspension_not_allowed", record.at))
        founded = bool(
            record.get("basis")
            or record.get("reason")
            or "reason" in record.unrecorded
            or "basis" not in law.suspension_requires
        )
        told = not record.lacks("told_at") or "told" not in law.suspension_requires
        if allowed and not founded:
            findings.add(("suspension_without_basis", record.at))
        if allowed and not told:
            findings.add(("suspension_untold", record.at))
        if allowed and asked is None:
            findings.add(("suspension_days_unknown", record.at))
        based = record.get("basis") or record.get("reason")
        if allowed and (
            record.cannot_hold("told_at") or (not based and "reason" in record.unrecorded)
        ):
            findings.add(("fact_unrecorded", record.at))
        counts = allowed and founded and (told or law.untold_suspensions == "stop")
        cap = law.suspension_cap_days if asked is None else asked
        pause = Pause(record.at, ends.get(record.id), cap)
        found.append(Suspension(record, pause.end, allowed, founded, counts, pause))
    return found, findings | many(law, found) | not_ended(history, found, judged)


def ends_of(history: History) -> tuple[dict[str, datetime], set[Finding]]:
    """Give the end of each suspension.

    An end that names a number belongs to the suspension of that number, or where there is none to
    one without a number; an end that names none, to any that no such end belongs to. Of several
    to the one begun last.
    """
    ends: dict[str, datetime] = {}
    findings: set[Finding] = set()
    starts, others = history.all("suspended"), []
    for end in history.all("resumed"):
        number = end.get("suspension_id")
        own = [s.id for s in starts if number and s.get("suspension_id") == number]
        if not paired(ends, starts, end, own):
            others.append(end)
    for end in others:
        named = end.get("suspension_id") is not None
        loose = [s.id for s in starts if not named or s.get("suspension_id") is None]
        if not paired(ends, starts, end, loose):
            findings.add(("resumed_without_start", end.at))
    return ends, findings


def paired(
    ends: dict[str, datetime], starts: list[Record], end: Record, candidates: list[str]
) -> bool:
    """Give an end to the last of these that began before it and has none, if there is one."""
    open_ = [s.id for s in starts if s.id in candidates and s.id not in ends and s.at <= end.at]
    if open_:
        ends[open_[-1]] = end.at
    return bool(open_)


def many(law: Law, found: list[Suspension]) -> set[Finding]:
    too_many = [s for s in found if s.counts][law.suspension_max :]
    return {("suspensions_many", s.record.at) for s in too_many[:1]}


def not_ended(history: History, found: list[Suspension], judged: Record | None) -> set[Finding]:
    acts = [judged, history.first("finished"), history.first("refused")]
    end = min((act.at for act in acts if act is not None), default=None)
    if end is None:
        return set()
    never = [s for s in found if s.allowed and s.end is None and s.record.at < end]
    return {("suspension_not_ended", end)} if never else set()
