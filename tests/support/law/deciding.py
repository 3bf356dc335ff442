"""By which decision the clocks are judged, where they end, and what came after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.law.records import GONE

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.law.facts import Finding, Law, Record
    from tests.support.law.records import History


def judged_decision(law: Law, history: History) -> tuple[Record | None, set[Finding]]:
    """Give the decision by which the clocks are judged, and what second ones there are.

    The first, or a later one where a mandatory step before the decision was finished after it.
    """
    decisions = history.all("decided")
    if not decisions:
        return None, set()
    judged, findings = decisions[0], set()
    for later in decisions[1:]:
        if same_decision(decisions[0], later):
            findings.add(("repeated_act", later.at))
            continue
        findings.add(("second_decision", later.at))
        done = [r for r in history.all("step_finished") if r.get("step") in before_decision(law)]
        if any(step.at > judged.at for step in done):
            judged = later
    return judged, findings


def same_decision(one: Record, other: Record) -> bool:
    return one.at.date() == other.at.date() and one.get("outcome") == other.get("outcome")


def before_decision(law: Law) -> set[str]:
    """Give the mandatory steps that stand in the flow before the decision; without it all are."""
    return {code for code in law.mandatory if not placed_after(law, code)}


def placed_after(law: Law, code: str) -> bool:
    """Tell whether the flow has a step after that of the decision."""
    flow = list(law.steps)
    if law.decision_step not in flow or code not in flow:
        return False
    return flow.index(code) > flow.index(law.decision_step)


def decision_end(
    law: Law, history: History, judged: Record | None, start: datetime
) -> Record | None:
    """Give what ends the decision clocks; nothing ends before it starts."""

    def first(*acts: Record | None) -> Record | None:
        counting = [act for act in acts if act is not None and act.at >= start]
        return min(counting, key=lambda act: (act.at, act.within), default=None)

    finished = history.first("finished")
    decided = first(judged, history.first("refused"))
    end = {
        "earliest": first(decided, finished),
        "decision": decided or first(finished),
        "finishing": first(finished) or decided,
    }[law.clock_ends_at]
    gone = [act for act in (judged, finished) if act is not None and act.get("outcome") in GONE]
    return first(end, *gone)


def after_the_decision(law: Law, history: History, judged: Record | None) -> set[Finding]:
    """Find suspensions, extensions and steps begun after the decision or the finishing."""
    findings: set[Finding] = set()
    finished = history.first("finished")
    ends = [record.at for record in (judged, finished) if record is not None]
    if finished is not None:  # a pair: what decides comes before what finishes
        decisions = (each.at for each in history.all("decided"))
        later = [moment for moment in decisions if moment.date() > finished.at.date()]
        findings |= {("times_reversed", moment) for moment in later[:1]}
    for kind, code in (("suspended", "suspension"), ("extended", "extension")):
        for record in history.all(kind):
            if any(record.at > end for end in ends):
                findings.add((f"{code}_after_decision", record.at))
    for record in history.all("step_started"):
        day = record.at.date()
        if finished is not None and day > finished.at.date():
            findings.add(("step_after_decision", record.at))
        elif judged is not None and day > judged.at.date():
            if not law.steps:
                findings.add(("step_after_decision_no_flow", record.at))
            elif not placed_after(law, record.get("step")):
                findings.add(("step_after_decision", record.at))
    return findings


def after_acceptance(history: History) -> set[Finding]:
    """A refusal after a real acceptance ends the clocks as a denial would, and is found."""
    refused, accepted = history.first("refused"), history.first("accepted")
    if refused is None or accepted is None or accepted.at > refused.at:
        return set()
    return {("refusal_after_acceptance", refused.at)}


def repeated(history: History) -> set[Finding]:
    """Acts that a round has twice; of decisions `judged_decision` says it."""
    return {
        ("repeated_act", record.at)
        for kind in ("received", "accepted", "finished")
        for record in history.all(kind)[1:]
    }
