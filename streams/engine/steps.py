"""Step clocks (环节时限): each pass through a step against its own limit.

Also a co-department's opinion (会签) and the first review of a lower level (下级初审), which are
steps of the flow with limits of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import ClockKind, Unit
from schemas.findings import FindingCode
from streams.engine.clocks import Clock, counted, levels_of
from streams.engine.findings import Found
from streams.engine.moving import stopping, without_late

if TYPE_CHECKING:
    from schemas.limits import Limit
    from streams.engine.acceptance import Start
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.passes import StepRun
    from streams.engine.rules import CaseRules, Rules


def step_clocks(
    ledger: Ledger, rules: CaseRules, law: Rules, start: Start | None, found: list[Found]
) -> list[Clock]:
    """Set a clock for each pass that has a limit; what is found is added to `found`."""
    clocks: list[Clock] = []
    for run in ledger.steps:
        began = run.started.at if run.started is not None else _assumed(run, ledger, start)
        stopped_at = None if run.finished is None else run.finished.at
        if run.finished is None:
            stopped_at = _over_at(ledger, began)
            if stopped_at is not None:
                found.append(Found(FindingCode.STEP_NOT_FINISHED, run.record, stopped_at))
        if run.started is None:
            found.append(Found(_unpaired(run, ledger), run.record, run.record.at))
        found += [Found(FindingCode.STEP_HANDED_OVER, e, e.at) for e in run.handed_over]
        clock = _clock(run, began, stopped_at, ledger, _handling(run.record, ledger, rules, law))
        if clock is not None:
            clocks.append(clock)
    return clocks


def _over_at(ledger: Ledger, began: int) -> int | None:
    """Find where a step ends that no record ends: with its round, be that finished or decided."""
    if ledger.finished is not None and ledger.finished.at >= began:
        return ledger.finished.at
    acts = [act.at for act in (ledger.decided, ledger.refused) if act is not None]
    return min((at for at in acts if at >= began), default=None)


def _assumed(run: StepRun, ledger: Ledger, start: Start | None) -> int:
    """Assume that a step whose start is missing began when the one before it ended."""
    end = run.record
    before = [other.at for other in ledger.of("step_finished") if other < end]
    if before:
        return before[-1]
    if start is not None and start.record.at <= end.at:
        return start.record.at
    return ledger.opened.at


def _unpaired(run: StepRun, ledger: Ledger) -> FindingCode:
    """Tell an end without a start from one whose start lies after it."""
    reversed_ = any(
        other.code == run.code and other.finished is None and other.record > run.record
        for other in ledger.steps
    )
    return FindingCode.TIMES_REVERSED if reversed_ else FindingCode.STEP_NOT_STARTED


def _handling(record: Entry, ledger: Ledger, rules: CaseRules, law: Rules) -> CaseRules:
    """Find what holds where the step is handled: its region's calendar, hours and policy."""
    region, department = record.region, record.department
    if not region and not department:
        return rules
    return law.resolve_as(
        rules,
        region or ledger.value("region"),
        department or ledger.value("department"),
    )


def _clock(
    run: StepRun, began: int, stopped_at: int | None, ledger: Ledger, rules: CaseRules
) -> Clock | None:
    step = rules.steps.get(run.code)
    kind = ClockKind.STEP if step is None else step.clock
    limit = _limit(run.record, (step and step.limit) or rules.limits.get(kind))
    if limit is None:
        return None
    suspensions, refused = stopping(kind, ledger.suspensions, rules.policy)
    counting = counted(limit, began, rules, 0, suspensions)
    counting, suspensions, late = without_late(counting, limit, rules, suspensions)
    return Clock(
        clock_id=f"{kind}:{run.code}:{run.number}",
        kind=kind,
        limit=limit,
        counting=counting,
        started=run.record,
        handed_over=run.handed_over,
        stopped_at=stopped_at,
        known_from=run.record.at,
        levels=levels_of(kind, counting, rules),
        silence=rules.silences.get(kind),
        step=run.code,
        post=rules.posts.get(step.post) if step is not None and step.post else None,
        assumed=run.started is None,
        suspensions=suspensions,
        refused=[*refused, *late],
    )


def _limit(record: Entry, limit: Limit | None) -> Limit | None:
    """Take the step's limit from its record, where the catalogue says so."""
    if limit is None or limit.stated is None:
        return limit
    if record.amount < 1 or not record.unit:
        return None
    return limit.model_copy(
        update={"stated": None, "amount": record.amount, "unit": Unit(record.unit)}
    )
