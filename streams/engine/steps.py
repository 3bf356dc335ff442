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
    from collections.abc import Iterator

    from schemas.limits import Limit
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.passes import StepRun
    from streams.engine.rules import CaseRules, Rules


def step_clocks(ledger: Ledger, rules: CaseRules, law: Rules, found: list[Found]) -> list[Clock]:
    """Set a clock for each pass that has a limit; what is found is added to `found`."""
    clocks: list[Clock] = []
    for run in ledger.steps:
        began = run.started.at
        stopped_at = None if run.finished is None else run.finished.at
        if run.finished is None:
            stopped_at = _over_at(ledger, began)
            if stopped_at is not None:
                found.append(Found(FindingCode.STEP_NOT_FINISHED, run.started, stopped_at))
        found += [Found(FindingCode.STEP_HANDED_OVER, e, e.at) for e in run.handed_over]
        clock = _clock(run, stopped_at, ledger, _handling(run.started, ledger, rules, law), found)
        if clock is not None:
            clocks.append(clock)
    found += _loose_ends(ledger)
    return clocks


def _over_at(ledger: Ledger, began: int) -> int | None:
    """Find where a step ends that no record ends: with its round, be that finished or decided."""
    if ledger.finished is not None and ledger.finished.at >= began:
        return ledger.finished.at
    acts = [act.at for act in (ledger.decided, ledger.refused) if act is not None]
    return min((at for at in acts if at >= began), default=None)


def _loose_ends(ledger: Ledger) -> Iterator[Found]:
    """Give the ends that no start precedes: they close nothing.

    One whose start lies after it has its times reversed; a source may keep one time a step.
    """
    for end in ledger.loose:
        if end.single_moment:
            continue
        later = any(
            run.code == end.step
            and run.finished is None
            and run.holder > end
            and (run.holder.sequence < 0 or end.sequence in (-1, run.holder.sequence))
            for run in ledger.steps
        )
        code = FindingCode.TIMES_REVERSED if later else FindingCode.STEP_NOT_STARTED
        yield Found(code, end, end.at)


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
    run: StepRun, stopped_at: int | None, ledger: Ledger, rules: CaseRules, found: list[Found]
) -> Clock | None:
    step, began = rules.steps.get(run.code), run.started.at
    kind = ClockKind.STEP if step is None else step.clock
    asked = (step and step.limit) or rules.limits.get(kind)
    limit = _limit(run.started, asked)
    if limit is None:
        if asked is not None:
            found.append(Found(FindingCode.DUE_NOT_STATED, run.started, began))
        elif step is None and rules.steps and run.number == 1:
            found.append(Found(FindingCode.STEP_NOT_IN_FLOW, run.started, began))
        return None
    suspensions, refused = stopping(kind, ledger.suspensions, rules.policy)
    counting = counted(limit, began, rules, 0, suspensions)
    counting, suspensions, late = without_late(counting, limit, rules, suspensions)
    return Clock(
        clock_id=f"{kind}:{run.code}:{run.number}",
        kind=kind,
        limit=limit,
        counting=counting,
        started=run.started,
        handed_over=run.handed_over,
        stopped_at=stopped_at,
        known_from=run.started.at,
        levels=levels_of(kind, counting, rules),
        silence=rules.silences.get(kind),
        step=run.code,
        post=rules.posts.get(step.post) if step is not None and step.post else None,
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
