"""The decision clocks (承诺时限, 法定时限): from acceptance to the decision, each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import ClockKind, Level, Outcome
from schemas.findings import FindingCode
from streams.engine.clocks import DECISION, Clock, levels_of
from streams.engine.counting import StatedCount
from streams.engine.findings import Found
from streams.engine.ledger import ENDED_OTHERWISE
from streams.engine.moving import counts, found_in, moved
from streams.engine.statements import stated_anew, stated_by, stated_moved, statement_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.limits import Limit
    from streams.engine.acceptance import Start
    from streams.engine.counting import Counting
    from streams.engine.entries import Entry
    from streams.engine.ledger import Ledger
    from streams.engine.moving import Moved
    from streams.engine.rules import CaseRules
    from streams.engine.statements import Statement

TAKEN_BACK = frozenset({Outcome.WITHDRAWN, Outcome.VOIDED, Outcome.DELETED})


def decision_clocks(
    ledger: Ledger, rules: CaseRules, start: Start | None, found: list[Found]
) -> list[Clock]:
    """Set the decision clocks that a case has; what is found on the way is added to `found`."""
    clocks: list[Clock] = []
    moves: dict[ClockKind, Moved] = {}
    limits: dict[ClockKind, Limit] = {}
    end: Entry | None = None
    if start is not None:
        limits, statement = _limits(ledger, rules, start, found)
        began = start.record.at
        for kind, limit in limits.items():
            moves[kind] = _moved(kind, limit, began, ledger, rules, statement)
        if ledger.extensions:
            found += _stated_too_early(ledger, rules, began, moves)
        cut = None
        if rules.limits_apart or ledger.suspensions or ledger.extensions:
            cut = _cut(start, moves, found)
        if cut is not None:  # promised := statutory
            limits[ClockKind.PROMISED] = limits[ClockKind.STATUTORY]
            moves[ClockKind.PROMISED] = moves[ClockKind.STATUTORY]
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
                    stopped_at=_stopped_at(move.counting, end),
                    known_from=start.known_from,
                    levels=levels_of(kind, move.counting, rules, limits),
                    silence=rules.silences.get(kind),
                    deemed=start.deemed,
                    assumed=start.assumed,
                    extension=move.extension,
                    suspensions=move.suspensions,
                    refused=move.refused,
                    unextended=move.unextended,
                    cut=cut if kind is ClockKind.PROMISED else None,
                )
            )
        found += _voided(ledger, clocks)
    if ledger.suspensions or ledger.extensions:
        found += found_in(ledger, rules, moves, end)
    return clocks


def _limits(
    ledger: Ledger, rules: CaseRules, start: Start, found: list[Found]
) -> tuple[dict[ClockKind, Limit], Statement | None]:
    """Give the limits that this case has, and what the hall states, where one of them is stated.

    One that the hall states counts only where it stated it. Where it did not, or before the start,
    that is a finding, and the item's own limit counts.
    """
    limits: dict[ClockKind, Limit] = {}
    statement: Statement | None = None
    for kind in DECISION:
        limit = rules.limits.get(kind)
        if limit is not None and limit.stated is not None:
            statement = statement or statement_of(ledger)
            if statement is None:
                if rules.version >= 0:  # of an item that is not listed nothing more is asked
                    found.append(Found(FindingCode.DUE_NOT_STATED, start.record, start.known_from))
                limit = rules.own.get(kind)
            elif statement.precedes(start.record.at, rules.calendar):
                found.append(
                    Found(FindingCode.DUE_BEFORE_START, statement.record, start.known_from)
                )
                limit = rules.own.get(kind)
        if limit is not None:
            limits[kind] = limit
    return limits, statement


def _moved(
    kind: ClockKind,
    limit: Limit,
    began: int,
    ledger: Ledger,
    rules: CaseRules,
    statement: Statement | None,
) -> Moved:
    """Count a limit, or the due moment that is stated in its place, with all that moves it."""
    if limit.stated is not None and statement is not None:
        return stated_moved(kind, limit, began, ledger, rules, statement)
    move = moved(kind, limit, began, ledger, rules)
    listed = rules.limits.get(kind)
    if listed is not None and listed.stated is not None:
        return stated_anew(kind, listed, began, ledger, rules, move)
    return move


def _stated_too_early(
    ledger: Ledger, rules: CaseRules, began: int, moves: Mapping[ClockKind, Moved]
) -> Iterator[Found]:
    """Find an extension that counts, and states a due moment before the start: that is none."""
    stated = [m for k, m in moves.items() if (limit := rules.limits.get(k)) and limit.stated]
    for record in ledger.extensions:
        statement = stated_by(record)
        if (
            statement is not None
            and any(counts(record, move) for move in stated)
            and statement.precedes(began, rules.calendar)
        ):
            yield Found(FindingCode.DUE_BEFORE_START, record, record.at)


def _cut(start: Start, moves: Mapping[ClockKind, Moved], found: list[Found]) -> Counting | None:
    """Hold the promise against the statute when both have moved: it cannot end later (§42).

    Give the promise that is cut to the statute, if it is. Where both are counted alike, and nothing
    moves them apart, the catalogue has cut it already.
    """
    if len(moves) < len(DECISION):
        return None
    promise = moves[ClockKind.PROMISED]
    if promise.counting.due_at <= moves[ClockKind.STATUTORY].counting.due_at:
        return None
    promised_by = promise.stated or start.record
    found.append(Found(FindingCode.PROMISE_CUT, promised_by, start.known_from))
    return promise.counting


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


def _stopped_at(counting: Counting, end: Entry | None) -> int | None:
    """Give the second in which a clock ended; against a stated moment, the one after it began."""
    if end is None:
        return None
    return end.at + end.within if isinstance(counting, StatedCount) else end.at


def _voided(ledger: Ledger, clocks: Sequence[Clock]) -> Iterator[Found]:
    """Find a case that was taken back after it was over its time: itself suspicious."""
    if ledger.decided is None and ledger.finished is None:
        return
    for act in sorted([*ledger.of("decided"), *ledger.of("finished")]):
        if act.what not in TAKEN_BACK:
            continue
        for clock in clocks:
            over = [r for r in clock.levels if r.level.rank >= Level.YELLOW.rank and r.at < act.at]
            if any(r.at <= clock.until(act.at) for r in over):
                yield Found(FindingCode.VOIDED_AFTER_BREACH, act, act.at)
                return
