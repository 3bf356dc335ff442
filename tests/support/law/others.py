"""Clocks beside the decision: special procedures, pre-acceptance, delivery, steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.law.facts import Limit

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record
    from tests.support.law.moving import Suspension
    from tests.support.law.records import History


@dataclass(frozen=True, slots=True)
class Run:
    """A clock that was found to run: what it is, since when, until when."""

    clock_id: str
    kind: str
    limit: Limit
    start: datetime
    stopped: datetime | None
    known_from: datetime


def earliest(*moments: datetime | None) -> datetime | None:
    return min((m for m in moments if m is not None), default=None)


def special_procedures(law: Law, history: History, suspensions: list[Suspension]) -> list[Run]:
    """Each suspension of an allowed kind with the days asked on record is a clock of its own."""
    runs = []
    end = history.ended("decided", "finished", "refused")
    allowed = [s for s in suspensions if s.allowed]
    for number, suspension in enumerate(allowed, start=1):
        asked, start = suspension.record.get("days_asked"), suspension.record.at
        if law.special_procedure and asked:
            stopped = earliest(suspension.end, end and end.at)
            limit = Limit(asked)
            runs.append(Run(f"special:{number}", "special_procedure", limit, start, stopped, start))
    return runs


def pre_acceptance(law: Law, history: History) -> list[Run]:
    """网上预受理: an application that came in online is to be looked at."""
    received = history.first("received")
    if (
        "pre_acceptance" not in law.limits
        or received is None
        or received.get("channel") not in law.online_channels
    ):
        return []
    acts = ("pre_reviewed", "corrections_requested", "accepted", "refused", "decided", "finished")
    stopped = earliest(*(record.at for record in history.all(*acts)))
    limit = law.limits["pre_acceptance"]
    return [Run("pre_acceptance", "pre_acceptance", limit, received.at, stopped, received.at)]


def deliveries(law: Law, history: History) -> tuple[list[Run], set[Finding]]:
    """送达 (§44), and that of an electronic licence."""
    runs: list[Run] = []
    findings: set[Finding] = set()
    granted = history.first("decided") or history.first("finished")
    if granted is not None and granted.get("outcome") != "granted":
        granted = None
    kinds = [kind for kind in ("delivery", "e_licence") if kind in law.limits]
    if granted is None or not kinds:
        return runs, findings
    if "delivered" in granted.unrecorded:
        return runs, {("fact_unrecorded", granted.at)}
    for kind in kinds:
        delivered = next(
            (r.at for r in history.all("delivered") if delivers(kind, r, len(kinds))), None
        )
        if delivered is not None and delivered < granted.at:
            findings.add(("times_reversed", delivered))
        runs.append(Run(kind, kind, law.limits[kind], granted.at, delivered, granted.at))
    return runs, findings


def delivers(kind: str, record: Record, kinds: int) -> bool:
    method = record.get("method")
    if method is None or (kind == "delivery" and kinds == 1):
        return True
    return (method == "electronic") == (kind == "e_licence")


# --- steps --------------------------------------------------------------------------------------


def steps(law: Law, history: History, decision: datetime | None) -> tuple[list[Run], set[Finding]]:
    """Each run of each step (环节), also one that has no start or no end."""
    runs: list[Run] = []
    findings: set[Finding] = set()
    codes = {r.get("step") for r in history.all("step_started", "step_finished")}
    for code in sorted(codes):
        kind, own = law.steps.get(code, ("step", None))
        limit = own or law.limits.get(kind)
        spans = spans_of(history, code, decision, findings)
        for number, (start, stopped, known_from) in enumerate(spans, start=1):
            if limit is not None:
                clock_id = f"{kind}:{code}:{number}"
                runs.append(Run(clock_id, kind, limit, start, stopped, known_from))
    return runs, findings


Span = tuple["datetime", "datetime | None", "datetime"]


def spans_of(
    history: History, code: str, decision: datetime | None, findings: set[Finding]
) -> list[Span]:
    """Pair each end of a step with the start before it: start, end, since when it is known."""
    spans: list[tuple[datetime, Span]] = []  # numbered by the record that comes first
    begun: list[Record] = []
    records = [r for r in history.all("step_started", "step_finished") if r.get("step") == code]
    for n, record in enumerate(records):
        if record.kind == "step_started":
            begun.append(record)
        elif begun:
            start = begun.pop(0).at
            spans.append((start, (start, record.at, start)))
        elif not record.get("single_moment"):
            start = start_before(history, record, decision)
            spans.append((record.at, (start, record.at, record.at)))
            unended = count_unended(records[n + 1 :])
            findings.add(("times_reversed" if unended else "step_not_started", record.at))
    for record in begun:
        ends = [r.at for r in history.firsts("decided", "finished", "refused")]
        end = earliest(*(moment for moment in ends if moment >= record.at))
        spans.append((record.at, (record.at, end, record.at)))
        if end is not None:
            findings.add(("step_not_finished", end))
    return [span for _, span in sorted(spans, key=lambda each: each[0])]


def count_unended(records: list[Record]) -> int:
    """Count the starts among these that no end follows."""
    begun = 0
    for record in records:
        if record.kind == "step_started":
            begun += 1
        elif begun:
            begun -= 1
    return begun


def start_before(history: History, record: Record, decision: datetime | None) -> datetime:
    """Give the assumed start of a step that was only finished."""
    before = [r.at for r in history.all("step_finished") if r.at < record.at]
    if before:
        return before[-1]
    if decision is not None and decision <= record.at:
        return decision
    return history.records[0].at
