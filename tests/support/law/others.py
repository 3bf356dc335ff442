"""Clocks beside the decision: special procedures, pre-acceptance, delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.law.facts import Limit

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record
    from tests.support.law.records import History
    from tests.support.law.suspending import Suspension


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
    ends = [r.at for r in history.all("decided", "finished", "refused")]
    allowed = [s for s in suspensions if s.allowed]
    for number, suspension in enumerate(allowed, start=1):
        asked, start = suspension.record.get("days_asked"), suspension.record.at
        if law.special_procedure and asked:
            stopped = earliest(suspension.end, *(end for end in ends if end >= start))
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
    stopped = earliest(*(r.at for r in history.all(*acts) if r.at >= received.at))
    limit = law.limits["pre_acceptance"]
    return [Run("pre_acceptance", "pre_acceptance", limit, received.at, stopped, received.at)]


def deliveries(law: Law, history: History, judged: Record | None) -> tuple[list[Run], set[Finding]]:
    """送达 (§44), and that of an electronic licence."""
    runs: list[Run] = []
    findings: set[Finding] = set()
    granted = grant_of(history, judged)
    kinds = [kind for kind in ("delivery", "e_licence") if kind in law.limits]
    if granted is None or not kinds:
        return runs, findings
    if "delivered" in granted.unrecorded:
        return runs, {("fact_unrecorded", granted.at)}
    for kind in kinds:
        moments = [r.at for r in history.all("delivered") if delivers(kind, r, len(kinds))]
        findings |= {("times_reversed", moment) for moment in moments if moment < granted.at}
        delivered = next((moment for moment in moments if moment >= granted.at), None)
        runs.append(Run(kind, kind, law.limits[kind], granted.at, delivered, granted.at))
    return runs, findings


def grant_of(history: History, judged: Record | None) -> Record | None:
    """Give the grant by which the clocks are judged, or else the first one on record."""
    if judged is not None and judged.get("outcome") == "granted":
        return judged
    acts = history.all("decided", "finished")
    return next((act for act in acts if act.get("outcome") == "granted"), None)


def delivers(kind: str, record: Record, kinds: int) -> bool:
    method = record.get("method")
    if method is None or (kind == "delivery" and kinds == 1):
        return True
    return (method == "electronic") == (kind == "e_licence")
