"""What moves the decision clocks, and what is refused: suspensions (§45) and extensions (§42)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.law.counting import Count, Pause, count

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Limit, Record
    from tests.support.law.records import History

RANKS = ("other", "agency_head", "government_head")


@dataclass(frozen=True, slots=True)
class Suspension:
    """A special procedure (特别程序) on record; `counts`: its time is not counted."""

    record: Record
    end: datetime | None
    allowed: bool
    founded: bool
    counts: bool
    pause: Pause


def suspensions_of(law: Law, history: History) -> tuple[list[Suspension], set[Finding]]:
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
    return found, findings | many(law, found) | not_ended(history, found)


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


def not_ended(history: History, found: list[Suspension]) -> set[Finding]:
    end = history.ended("decided", "finished", "refused")
    if end is None:
        return set()
    never = [s for s in found if s.allowed and s.end is None and s.record.at < end.at]
    return {("suspension_not_ended", end.at)} if never else set()


# --- the decision clocks ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecisionClock:
    """A promised or statutory clock with all that moves it."""

    law: Law
    kind: str
    limit: Limit
    start: datetime
    pauses: tuple[Pause, ...]
    extension: Record | None = None

    def counted(
        self, *, pauses_before: datetime | None = None, approved_by: datetime | None = None
    ) -> Count:
        """Count it: with the pauses begun before a moment, the extension approved by another."""
        pauses, limit = self.pauses, self.limit
        if pauses_before is not None:
            pauses = tuple(pause for pause in pauses if pause.start < pauses_before)
        extended = self.extension is not None
        if extended and (approved_by is None or self.extension.at <= approved_by):
            limit = self.extended_limit
        return count(self.law, limit, self.start, pauses)

    @property
    def extended_limit(self) -> Limit:
        if self.extension is None:
            return self.limit
        return replace(self.limit, amount=self.limit.amount + self.extension.get("amount"))


def decision_clocks(
    law: Law, start: datetime, history: History, suspensions: list[Suspension]
) -> tuple[list[DecisionClock], set[Finding]]:
    """Give the clocks that exist, each with the one extension that is valid for it."""
    clocks = []
    for kind, limit in limits_of(law, start).items():
        stops = kind in law.suspension_stops
        pauses = tuple(s.pause for s in suspensions if s.counts and stops)
        plain = DecisionClock(law, kind, limit, start, pauses)
        extension = next((r for r in history.all("extended") if valid(law, plain, r)), None)
        clocks.append(replace(plain, extension=extension))
    refused = {
        ("extension_refused", record.at)
        for record in history.all("extended")
        if all(clock.extension is not record for clock in clocks)
    }
    return clocks, refused if clocks else set()


def unknown_of_extensions(history: History) -> set[Finding]:
    return {
        ("fact_unrecorded", record.at)
        for record in history.all("extended")
        if any(record.cannot_hold(fact) for fact in ("reason", "approver_rank", "told_at"))
    }


def limits_of(law: Law, start: datetime) -> dict[str, Limit]:
    """Give both limits; a promise longer than the statute is the statute's."""
    limits = {k: law.limits[k] for k in ("promised", "statutory") if k in law.limits}
    if len(limits) == 2:
        promised, statutory = limits["promised"], limits["statutory"]
        amounts = promised.amount, statutory.amount
        longer = promised.unit == statutory.unit and None not in amounts and amounts[0] > amounts[1]
        if longer or count(law, promised, start).due > count(law, statutory, start).due:
            limits["promised"] = statutory
    return limits


def valid(law: Law, clock: DecisionClock, record: Record) -> bool:
    """Tell whether an extension (延期) moves this clock, no other having moved it."""
    due = clock.counted().due
    cap = clock.limit.extension_cap or law.extension_cap
    asks = law.extension_requires
    ranked = not record.lacks("approver_rank")
    if record.get("approver_rank") is not None:
        ranked = RANKS.index(record.get("approver_rank")) >= RANKS.index(law.extension_approver)
    told = not record.lacks("told_at")
    if record.get("told_at") is not None:
        told = record.get("told_at").replace(microsecond=0) <= due
    return (
        record.get("unit") == clock.limit.unit
        and 0 < record.get("amount") <= cap
        and ("reason" not in asks or not record.lacks("reason"))
        and ("approver" not in asks or ranked)
        and ("told" not in asks or told)
        and record.at <= due
    )


def late_or_at_the_brink(
    law: Law, clocks: list[DecisionClock], suspensions: list[Suspension]
) -> set[Finding]:
    """Suspensions begun after the breach, and those begun just before it (压线挂起)."""
    findings: set[Finding] = set()
    clocks = [clock for clock in clocks if clock.kind in law.suspension_stops]
    for begun in (s.record.at for s in suspensions if s.counts):
        dues = [clock.counted(pauses_before=begun).due for clock in clocks]
        if dues and all(begun > due for due in dues):
            findings.add(("suspension_after_breach", begun))
        for clock in clocks:
            counted = clock.counted(pauses_before=begun, approved_by=begun)
            by_days = clock.limit.unit in {"working_day", "natural_day", "month"}
            brink = law.calendar.nth(counted.due.date(), -law.suspension_brink_days)
            if by_days and begun <= counted.due and begun.date() >= brink:
                findings.add(("suspension_at_brink", begun))
    return findings
