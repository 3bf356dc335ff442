"""The decision clocks (承诺时限, 法定时限): from acceptance to the decision, each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import ClockKind, Level, Outcome
from schemas.findings import FindingCode
from streams.engine.clocks import DECISION, Clock, levels_of
from streams.engine.findings import Found
from streams.engine.ledger import ENDED_OTHERWISE
from streams.engine.moving import found_in, moved, plain, stated_due

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.limits import Limit
    from streams.engine.acceptance import Start
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.moving import Moved
    from streams.engine.rules import CaseRules

TAKEN_BACK = frozenset({Outcome.WITHDRAWN, Outcome.VOIDED, Outcome.DELETED})


def decision_clocks(
    ledger: Ledger, rules: CaseRules, start: Start | None, found: list[Found]
) -> list[Clock]:
    """Set the decision clocks that a case has; what is found on the way is added to `found`."""
    clocks: list[Clock] = []
    moves: dict[ClockKind, Moved] = {}
    limits: dict[ClockKind, Limit] = {}
    if start is not None:
        began = start.record.at
        limits = _limits(ledger, rules, began)
        moves = {kind: moved(kind, limits[kind], began, ledger, rules) for kind in limits}
        end = _end(ledger, rules, began)
        for kind, limit in limits.items():
            move = moves[kind]
            clocks.append(
                Clock(
                    clock_id=str(kind),
                    kind=kind,
                    limit=limit,
                    counting=move.counting,
                    started=start.record,
                    stopped_at=_stopped_at(limit, end),
                    known_from=start.known_from,
                    levels=levels_of(kind, move.counting, rules, limits),
                    silence=rules.silences.get(kind),
                    deemed=start.deemed,
                    assumed=start.assumed,
                    extension=move.extension,
                    suspensions=move.suspensions,
                    refused=move.refused,
                )
            )
        found += _voided(ledger, clocks)
    if ledger.suspensions or ledger.extensions:
        found += found_in(ledger, rules, limits, None if start is None else start.record.at, moves)
    return clocks


def _limits(ledger: Ledger, rules: CaseRules, start: int) -> dict[ClockKind, Limit]:
    """Give the limits that this case has: one that the hall states, only where it stated it."""
    limits = {
        kind: limit
        for kind in DECISION
        if (limit := rules.limits.get(kind)) is not None
        and (limit.stated is None or stated_due(ledger) is not None)
    }
    if rules.limits_apart and len(limits) == len(DECISION):
        promised, statutory = limits[ClockKind.PROMISED], limits[ClockKind.STATUTORY]
        theirs, law = (plain(limit, start, ledger, rules) for limit in (promised, statutory))
        if theirs.due_at > law.due_at:
            limits[ClockKind.PROMISED] = statutory  # promised := statutory (domain.md §2)
    return limits


def _end(ledger: Ledger, rules: CaseRules, began: int) -> Entry | None:
    """Find what ends the decision clocks: 作出决定 (§42 ¶1), 办结 (¶2), or the earlier of them.

    What is not on record cannot be waited for; a withdrawal, a voiding, a return ends at once.
    """
    acts = [act for act in (ledger.decided, ledger.refused, ledger.finished) if act is not None]
    acts = [act for act in acts if act.at >= began]  # no clock stops before it starts
    if not acts:
        return None
    asked = rules.policy.clock_ends_at
    chosen = acts
    if asked != "earliest":
        chosen = [act for act in acts if (act.kind == "finished") == (asked == "finishing")]
        if chosen:
            chosen += [act for act in acts if act.what in ENDED_OTHERWISE]
    return min(chosen or acts, key=lambda act: (act.at, act.within))


def _stopped_at(limit: Limit, end: Entry | None) -> int | None:
    """Give the second in which a clock ended; against a stated moment, the one after it began."""
    if end is None:
        return None
    return end.at + end.within if limit.stated is not None else end.at


def _voided(ledger: Ledger, clocks: Sequence[Clock]) -> Iterator[Found]:
    """Find a case that was taken back after it was over its time: itself suspicious."""
    acts = [act for act in (ledger.decided, ledger.finished) if act and act.what in TAKEN_BACK]
    if not acts:
        return
    act = min(acts)
    for clock in clocks:
        over = [r for r in clock.levels if r.level.rank >= Level.YELLOW.rank and r.at < act.at]
        if any(r.at <= clock.until(act.at) for r in over):
            yield Found(FindingCode.VOIDED_AFTER_BREACH, act, act.at)
            return
