"""Acceptance (行政许可法 §32), and where the decision clocks start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.law.counting import count
from tests.support.law.days import SECOND
from tests.support.law.records import whole

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record
    from tests.support.law.records import History


AT_ONCE = ("not_required", "out_of_remit")
"""Grounds that are said at once (§32(1)(2))."""
LATE = {"accepted": "late_acceptance", "refused": "late_refusal"}


@dataclass(slots=True)
class Period:
    """Time in which an answer is owed: from receipt, or from a supply of all corrections."""

    start: datetime
    due: datetime
    stopped: datetime | None = None


@dataclass(slots=True)
class Acceptance:
    periods: list[Period] = field(default_factory=list)
    deemed: bool = False
    """Nobody answered within the last period: accepted from its start."""
    findings: set[Finding] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Start:
    """Where the decision clocks start, and since when that is known."""

    at: datetime
    known_from: datetime


def moment_of(record: Record) -> datetime:
    """Give the time of a notice: when the applicant was told, if on record."""
    if record.kind == "corrections_requested" and record.get("told_at"):
        return whole(record.get("told_at"))
    return record.at


def acceptance(law: Law, history: History) -> Acceptance:
    """Walk from the receipt to the answer."""
    found = Acceptance()
    received, accepted = history.first("received"), history.first("accepted")
    if "acceptance" not in law.limits or received is None:
        return found
    if not law.holds_on(received.at.date()):
        return found
    if accepted is not None and accepted.at < received.at:
        found.findings.add(("times_reversed", received.at))
        return found
    acts = history.all("accepted", "refused", "decided", "finished")
    end = next((act for act in acts if act.at >= received.at), None)
    walk(law, history, received, end, found)
    last = found.periods[-1]
    if last.stopped is None:
        found.deemed = end is None or end.at > last.due
        last.stopped = end and end.at
    if found.deemed and end is not None and end.kind in LATE:
        found.findings.add((LATE[end.kind], end.at))
    if end is not None and end.kind == "refused" and not found.deemed:
        at_once = law.calendar.rolled(received.at.date())
        if end.get("grounds") in AT_ONCE and end.at.date() > at_once:
            found.findings.add(("refusal_not_at_once", end.at))
    return found


def walk(law: Law, history: History, received: Record, end: Record | None, found) -> None:
    """Go through notices and supplies: each full supply in time begins a period."""

    def begin(at: datetime) -> None:
        found.periods.append(Period(at, count(law, law.limits["acceptance"], at).due))

    begin(received.at)
    asked: set[str] = set()  # by the lawful notices
    supplied: set[str] = set()
    notices = 0  # with new items
    acts = history.all("corrections_requested", "corrections_supplied")
    for act in sorted(acts, key=moment_of):
        moment, items = moment_of(act), act.get("items")
        if moment < received.at:
            continue
        asks = act.kind == "corrections_requested"
        answered = end is not None and (moment > end.at or (asks and moment == end.at))
        period = found.periods[-1]
        running = not answered and period.stopped is None and moment <= period.due
        waiting = period.stopped is not None
        if asks:
            new = items is None or not set(items) <= asked
            notices += new
            if new and notices > 1:
                code = "second_notice" if notices == 2 else "third_notice"
                found.findings.add((code, moment))
                continue
            asked |= set(items or ())
            if running:
                period.stopped = moment
        elif waiting and not answered:
            supplied |= set(items or ())
            if supplies_all(act, asked, supplied):
                begin(moment)


def supplies_all(act: Record, asked: set[str], supplied: set[str]) -> bool:
    if act.get("all_supplied") is not None:
        return act.get("all_supplied")
    return not act.get("items") or asked <= supplied


def decision_start(history: History, accepting: Acceptance) -> tuple[Start | None, set[Finding]]:
    """Find the start of the promised and the statutory clock."""
    if accepting.deemed:
        last = accepting.periods[-1]
        return Start(last.start, last.due + SECOND), set()
    accepted = history.first("accepted")
    if accepted is not None:
        return Start(accepted.at, accepted.at), set()
    answer = next(iter(history.answers()), None)
    if answer is None:
        return None, set()
    return Start(assumed_start(history, answer), answer.at), {("acceptance_missing", answer.at)}


def assumed_start(history: History, answer: Record) -> datetime:
    supplies = [r.at for r in history.all("corrections_supplied") if r.at <= answer.at]
    received = history.first("received")
    if supplies:
        return supplies[-1]
    if received is not None and received.at <= answer.at:
        return received.at
    return history.records[0].at
