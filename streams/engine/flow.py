"""What the course of a round shows (办理过程): acts that come after its end, or are done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.codes import Outcome
from schemas.findings import FindingCode
from streams.engine.clocks import DECISION
from streams.engine.counting import DAY, FarCount
from streams.engine.findings import Found
from streams.engine.moving import on_the_brink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.engine.clocks import Clock
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.rules import CaseRules

SENT_BACK: Final = frozenset({Outcome.WITHDRAWN, Outcome.RETURNED, Outcome.VOIDED})
"""Endings that can hide a breach, where the case is opened again (撤回, 退件, 作废)."""
BRINK_DAYS: Final = 1
"""Working days before the due from which on an ending is at the brink (压线退件)."""


def judged_decision(ledger: Ledger, rules: CaseRules) -> Entry | None:
    """Find the decision by which the clocks are judged: the first, unless that was a false one.

    The later one, where a mandatory step before the decision was finished after the earlier one:
    an early false decision must not end the watch.
    """
    decisions = _decisions(ledger)
    if len(decisions) < 2:  # noqa: PLR2004 - a second one
        return ledger.decided
    judged = decisions[0]
    for later in decisions[1:]:
        if not _is_second(later, decisions[0], rules):
            continue
        before = _before_decision(judged, rules)
        ends = ledger.of("step_finished")
        if any(end.step in before and end.at > judged.at for end in ends):
            judged = later
    return judged


def of_course(ledger: Ledger, rules: CaseRules) -> Iterator[Found]:
    """Give what the order of a round's records shows."""
    if ledger.early:
        first = min(ledger.early)
        yield Found(FindingCode.DECISION_BEFORE_ACCEPTANCE, first, first.at)
    for entry in ledger.after_grant:
        yield Found(FindingCode.ACT_AFTER_GRANT, entry, entry.at)
    opener, follows = ledger.opener, ledger.follows
    forwarded = follows is not None and follows.what == Outcome.FORWARDED
    if opener is not None and opener.kind == "accepted" and not forwarded:
        yield Found(FindingCode.ROUND_WITHOUT_RECEIPT, opener, opener.at)
    decisions = _decisions(ledger)
    for later in decisions[1:]:
        second = _is_second(later, decisions[0], rules)
        code = FindingCode.SECOND_DECISION if second else FindingCode.REPEATED_ACT
        yield Found(code, later, later.at)
    finished = ledger.finished
    if finished is not None:
        late = [entry for entry in decisions if _on_a_later_date(entry, finished, rules)]
        for entry in late[:1]:
            yield Found(FindingCode.TIMES_REVERSED, entry, entry.at)
    refused, accepted = ledger.refused, ledger.accepted
    if refused is not None and accepted is not None and accepted < refused:
        yield Found(FindingCode.REFUSAL_AFTER_ACCEPTANCE, refused, refused.at)
    ends = [act.at for act in (ledger.decided, ledger.finished) if act is not None]
    if ends and ledger.last.at > min(ends):
        yield from _after_the_end(ledger, rules, min(ends))


def returned_at_brink(
    before: Ledger, clocks: Sequence[Clock], rules: CaseRules, opener: Entry
) -> Iterator[Found]:
    """Find a case that was sent back just before its due time or after it, and opened again.

    By dates: from the working date before the earliest due of the decision clocks that still ran,
    or after that due itself (压线退件).
    """
    for ending in sorted([*before.of("decided"), *before.of("finished")]):
        if ending.what not in SENT_BACK:
            continue
        running = [
            clock
            for clock in clocks
            if clock.kind in DECISION
            and clock.counting.start <= ending.at
            and (clock.stopped_at is None or clock.stopped_at >= ending.at)
            and not isinstance(clock.counting, FarCount)
        ]
        if running and _at_brink(min(running, key=lambda clock: clock.due_at), ending, rules):
            yield Found(FindingCode.RETURNED_AT_BRINK, opener, opener.at)
            return


def _at_brink(clock: Clock, ending: Entry, rules: CaseRules) -> bool:
    if ending.at > clock.due_at:
        return True
    return on_the_brink(ending.at, clock.due_at, BRINK_DAYS, rules.calendar)


def _decisions(ledger: Ledger) -> Sequence[Entry]:
    decided = ledger.of("decided")
    if not ledger.early:
        return decided
    return [entry for entry in decided if entry not in ledger.early]


def _on_a_later_date(later: Entry, earlier: Entry, rules: CaseRules) -> bool:
    face = rules.calendar.face
    return face(later.at) // DAY > face(earlier.at) // DAY


def _is_second(later: Entry, first: Entry, rules: CaseRules) -> bool:
    face = rules.calendar.face
    return later.what != first.what or face(later.at) // DAY != face(first.at) // DAY


def _before_decision(decision: Entry, rules: CaseRules) -> frozenset[str]:
    """Give the mandatory steps before a decision: the flow says so by the step that it names."""
    return frozenset(
        code
        for code, step in rules.steps.items()
        if step.mandatory and not _placed_after(code, decision, rules)
    )


def _after_the_end(ledger: Ledger, rules: CaseRules, end: int) -> Iterator[Found]:
    """Give the suspensions, extensions and steps that began after the decision or the finishing."""
    for kind, code in _BEGUN.items():
        for record in ledger.of(kind):
            if record.at > end:
                yield Found(code, record, record.at)
    for start in ledger.of("step_started"):
        told = _of_step(start, ledger, rules) if start.at > end else None
        if told is not None:
            yield Found(told, start, start.at)


def _of_step(start: Entry, ledger: Ledger, rules: CaseRules) -> FindingCode | None:
    """Tell what is found of a step begun on a later date than the decision or the finishing."""
    face, decision, finished = rules.calendar.face, ledger.decided, ledger.finished
    day = face(start.at) // DAY
    if finished is not None and day > face(finished.at) // DAY:
        return FindingCode.STEP_AFTER_DECISION
    if decision is None or day <= face(decision.at) // DAY:
        return None
    if not rules.steps:
        return FindingCode.STEP_AFTER_DECISION_NO_FLOW
    placed = _placed_after(start.step, decision, rules)
    return None if placed else FindingCode.STEP_AFTER_DECISION


_BEGUN: Final = {
    "suspended": FindingCode.SUSPENSION_AFTER_DECISION,
    "extended": FindingCode.EXTENSION_AFTER_DECISION,
}


def _placed_after(step: str, decision: Entry, rules: CaseRules) -> bool:
    """Tell whether the flow has a step after that of the decision.

    That is the step which the flow calls so, or else the one that the decision's record names.
    """
    flow = list(rules.steps)
    stated = next((code for code, each in rules.steps.items() if each.decision), decision.step)
    if stated not in rules.steps or step not in rules.steps:
        return False
    return flow.index(step) > flow.index(stated)
