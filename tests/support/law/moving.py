"""The decision clocks, what moves them, and what is refused (§42, §45)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.law.counting import Count, Pause, count
from tests.support.law.rounds import brink
from tests.support.law.stating import count_stated, latest, stated_in, statement_of

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.acceptance import Start
    from tests.support.law.facts import Finding, Law, Limit, Record
    from tests.support.law.records import History
    from tests.support.law.stating import Statement
    from tests.support.law.suspending import Suspension

RANKS = ("other", "agency_head", "government_head")


@dataclass(frozen=True, slots=True)
class DecisionClock:
    """A promised or statutory clock with all that moves it."""

    law: Law
    kind: str
    limit: Limit
    start: datetime
    pauses: tuple[Pause, ...]
    stated: Statement | None = None
    """What the receipt or the acceptance states, where the limit is that."""
    extension: Record | None = None

    def counted(
        self, *, pauses_before: datetime | None = None, approved_by: datetime | None = None
    ) -> Count:
        """Count it: with the pauses begun before a moment, the extension approved by another."""
        pauses = self.pauses
        if pauses_before is not None:
            pauses = tuple(pause for pause in pauses if pause.start < pauses_before)
        extension = self.extension
        if extension and approved_by is not None and extension.at > approved_by:
            extension = None
        statement = self._statement(extension)
        if statement is not None:
            return count_stated(self.law, self.limit, self.start, statement, pauses, extension)
        return count(self.law, longer(self.limit, extension), self.start, pauses)

    def _statement(self, extension: Record | None) -> Statement | None:
        anew = extension and statement_of(extension)
        if anew and (not self.limit.stated or anew.before(self.start)):
            anew = None
        return latest(self.stated, anew or None)

    @property
    def is_stated(self) -> bool:
        return self._statement(self.extension) is not None

    @property
    def statement(self) -> Statement | None:
        return self._statement(self.extension)

    @property
    def counted_limit(self) -> Limit:
        """Give the limit as it is counted in the end: N."""
        counted = self.counted()
        return counted.limit if self.is_stated else longer(self.limit, self.extension)


def longer(limit: Limit, extension: Record | None) -> Limit:
    if extension is None:
        return limit
    return replace(limit, amount=limit.amount + extension.get("amount"))


def decision_clocks(
    law: Law, begun: Start, history: History, suspensions: list[Suspension]
) -> tuple[list[DecisionClock], set[Finding]]:
    """Give the clocks that exist, each with the one extension that is valid for it.

    What is found of a stated due moment is known when the clock is.
    """
    start, known = begun.at, begun.known_from
    findings: set[Finding] = set()
    clocks = []
    for kind in ("promised", "statutory"):
        limit = law.limits.get(kind)
        stated = stated_in(history) if limit and limit.stated else None
        if stated is not None and stated.before(start):
            findings.add(("promise_before_start", known))
            stated = None
        elif limit and limit.stated and stated is None:
            findings.add(("promise_missing", known))
        if limit is None or (stated is None and limit.stated and limit.amount is None):
            continue
        if kind == "promised" and stated is None and is_longer(limit, law.limits.get("statutory")):
            limit = replace(law.limits["statutory"], stated=limit.stated)
        stops = kind in law.suspension_stops
        pauses = tuple(s.pause for s in suspensions if s.counts and stops)
        plain = DecisionClock(law, kind, limit, start, pauses, stated)
        extension = next((r for r in history.all("extended") if valid(law, plain, r)), None)
        anew = extension and limit.stated and statement_of(extension)
        if anew and anew.before(start):
            findings.add(("promise_before_start", extension.at))
        clocks.append(replace(plain, extension=extension))
    clocks, cut = held_against_the_statute(clocks, known)
    refused = {
        ("extension_refused", record.at)
        for record in history.all("extended")
        if all(clock.extension is not record for clock in clocks)
    }
    return clocks, findings | cut | (refused if clocks else set())


def is_longer(promised: Limit, statutory: Limit | None) -> bool:
    """Tell whether a promise is longer than the statute in its own unit: the catalogue cuts it."""
    if statutory is None or statutory.stated or promised.unit != statutory.unit:
        return False
    amounts = promised.amount, statutory.amount
    return None not in amounts and amounts[0] > amounts[1]


def held_against_the_statute(
    clocks: list[DecisionClock], known: datetime
) -> tuple[list[DecisionClock], set[Finding]]:
    """Cut a promise longer than the statute to it, when both have moved, and say so."""
    if len(clocks) < 2:
        return clocks, set()
    promised, statutory = clocks
    if promised.counted().due <= statutory.counted().due:
        return clocks, set()
    return [replace(statutory, kind="promised"), statutory], {("promise_cut", known)}


def unknown_of_extensions(history: History) -> set[Finding]:
    return {
        ("fact_unrecorded", record.at)
        for record in history.all("extended")
        if any(record.cannot_hold(fact) for fact in ("reason", "approver_rank", "told_at"))
    }


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
    unit = "working_day" if clock.stated else clock.limit.unit
    given, anew = record.get("amount"), statement_of(record)
    if clock.stated and anew is not None:
        given = max(given, law.calendar.working_days(due.date(), anew.day))
    return (
        record.get("unit") == unit
        and (given > 0 or (clock.stated and anew is not None))
        and given <= cap
        and ("reason" not in asks or not record.lacks("reason"))
        and ("approver" not in asks or ranked)
        and ("told" not in asks or told)
        and clock.start <= record.at <= due
    )


def late_or_at_the_brink(
    law: Law,
    clocks: list[DecisionClock],
    suspensions: list[Suspension],
    end: datetime | None,
) -> set[Finding]:
    """Suspensions begun after the breach, and those begun just before it (压线挂起)."""
    findings: set[Finding] = set()
    for begun in (s.record.at for s in suspensions if s.counts):
        dues = [c.counted(pauses_before=begun, approved_by=begun).due for c in clocks]
        stopping = [
            clock.counted(pauses_before=begun).due
            for clock in clocks
            if clock.kind in law.suspension_stops
        ]
        if stopping and all(begun > due and (end is None or end > due) for due in stopping):
            findings.add(("suspension_after_breach", begun))
        running = [c for c in clocks if c.start <= begun and (end is None or begun <= end)]
        days = law.suspension_brink_days
        if running and brink(law.calendar, min(dues), days, begun):
            findings.add(("suspension_at_brink", begun))
    return findings
