"""A judged case and a card's move as the records that leave the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.codes import ClockKind, Outcome
from schemas.verdicts import CaseRecord, ClockRecord, MoveRecord, card_id, move_id
from streams.engine.clocks import highest
from streams.engine.judge import NEVER, coming

if TYPE_CHECKING:
    from streams.engine.clocks import Case, Clock
    from streams.engine.judge import CardMove
    from streams.engine.ledger import Entry, Ledger


def case_record(case_no: str, revision: int, case: Case, now: int) -> CaseRecord:
    """Write a case with its clocks as they stand at `now` (seconds since the epoch)."""
    ledger, rules = case.ledger, case.rules
    step = ledger.current_step
    clocks = [clock_record(clock, case, now) for clock in case.clocks]
    outcome = next(
        (e.what for e in (ledger.decided, ledger.finished) if e is not None and e.what), None
    )
    return CaseRecord(
        case_no=case_no,
        revision=revision,
        as_of=now,
        source=ledger.opened.source,
        item=ledger.value("item") or None,
        item_name=item_name(case),
        region=ledger.value("region") or None,
        department=department(case),
        window=ledger.value("window") or None,
        case_type=ledger.value("case_type") or None,
        step=None if step is None else step.step or None,
        officer=officer(case),
        opened_at=ledger.opened.at,
        received_at=_at(ledger.received),
        accepted_at=_at(ledger.accepted),
        decided_at=_at(ledger.decided),
        outcome=Outcome(outcome) if outcome else None,
        finished_at=_at(ledger.finished),
        ended_at=case.ended_at,
        events=len(ledger.entries),
        suspended=any(clock.state == "paused" for clock in clocks),
        level=max((clock.level for clock in clocks), key=lambda v: v.rank, default=_NONE),
        catalogue=rules.catalogue,
        clocks=clocks,
    )


_NONE = highest(())


def clock_record(clock: Clock, case: Case, now: int) -> ClockRecord:
    """Write one clock as it stands at `now`."""
    reached = clock.reached(now)
    following = coming((clock,), now)
    calendar = clock.counting.calendar
    return ClockRecord(
        clock_id=clock.clock_id,
        clock=clock.kind,
        step=clock.step,
        region=clock.started.region or case.ledger.value("region") or None,
        department=clock.started.department or department(case),
        officer=clock_officer(clock, case),
        started_at=clock.counting.start,
        due_at=clock.due_at,
        stopped_at=clock.stopped_at,
        state=clock.state(now),
        overdue=clock.overdue(now),
        level=highest(reached),
        cards=reached,
        next_at=None if following >= NEVER else following,
        provisional=clock.counting.provisional,
        limit=clock.limit.text(),
        basis=clock.limit.basis,
        mode=clock.limit.mode or "next_day",
        calendar=calendar.name,
        calendar_version=calendar.version,
    )


def move_record(case_no: str, revision: int, case: Case, moved: CardMove, now: int) -> MoveRecord:
    """Write a card's move, made when it was `now`."""
    card, clock, ledger = moved.card, moved.clock, case.ledger
    kind, _, step = card.clock_id.partition(":")
    name = card_id(case_no, card.clock_id, card.level, card.sequence)
    calendar = clock.counting.calendar if clock is not None else case.rules.calendar
    return MoveRecord(
        move_id=move_id(name, card.moves),
        card_id=name,
        move=moved.move,
        move_no=card.moves,
        at=now,
        reason=moved.reason,
        case_no=case_no,
        clock_id=card.clock_id,
        clock=clock.kind if clock is not None else ClockKind(kind),
        level=card.level,
        sequence=card.sequence,
        rule=card.rule,
        holds_from=card.holds_from,
        due_at=card.due_at,
        started_at=clock.counting.start if clock is not None else ledger.opened.at,
        stopped_at=clock.stopped_at if clock is not None else None,
        active=card.active,
        provisional=clock is not None and clock.counting.provisional,
        limit=clock.limit.text() if clock is not None else "",
        source=ledger.opened.source,
        item=ledger.value("item") or None,
        item_name=item_name(case),
        region=ledger.value("region") or None,
        department=department(case),
        window=ledger.value("window") or None,
        step=clock.step if clock is not None else (step.rpartition(":")[0] or None),
        officer=clock_officer(clock, case) if clock is not None else officer(case),
        revision=revision,
        catalogue=case.rules.catalogue,
        calendar=calendar.name,
        calendar_version=calendar.version,
    )


def item_name(case: Case) -> str | None:
    """Name the item: as the catalogue does, or else as the source does."""
    known = case.rules.item
    return known.name if known is not None else (case.ledger.value("item_name") or None)


def department(case: Case) -> str | None:
    """Give the department that answers: the record's own, or else the item's."""
    said = case.ledger.value("department")
    known = case.rules.item
    return said or (known.department if known is not None else None)


def officer(case: Case) -> str | None:
    """Give the officer who has the case on the desk, as far as the records say."""
    ledger: Ledger = case.ledger
    step = ledger.current_step
    for entry in (step, ledger.last, ledger.accepted):
        if entry is not None and entry.officer:
            return entry.officer
    return None


def clock_officer(clock: Clock, case: Case) -> str | None:
    """Give the officer responsible for a clock: the step's own, or else the case's."""
    if clock.step is not None:
        return clock.started.officer or officer(case)
    return officer(case)


def _at(entry: Entry | None) -> int | None:
    return None if entry is None else entry.at
