"""A judged case and a card's move as the records that leave the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.about import kind_of, step_of
from schemas.codes import Level, Outcome
from schemas.findings import RULES
from schemas.verdicts import (
    CaseRecord,
    ClockRecord,
    FindingRecord,
    MoveRecord,
    RoundRecord,
    card_id,
    move_id,
)
from streams.engine.calendar import date_of
from streams.engine.clocks import Clock, highest
from streams.engine.counting import DAY
from streams.engine.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.engine.case import Case, Round
    from streams.engine.entries import Entry
    from streams.engine.judge import Card, CardMove


def case_record(
    case_no: str,
    revision: int,
    case: Case,
    now: int,
    cards: Iterable[Card] = (),
    epoch: int = 0,
) -> CaseRecord:
    """Write a case with its clocks and findings as they stand at `now` (since the epoch).

    `cards` are those that stand: the level of a case is the highest of what holds and what stands.
    """
    ledger, rules = case.ledger, case.rules
    step = ledger.current_step
    clocks = [clock_record(clock, case, now) for clock in case.known(now)]
    findings = case.findings
    levels = [
        *(clock.level for clock in clocks),
        *(finding.level for finding in findings),
        *(card.level for card in cards if card.standing),
    ]
    outcome = next(
        (e.what for e in (ledger.decided, ledger.finished) if e is not None and e.what), None
    )
    return CaseRecord(
        case_no=case_no,
        epoch=epoch,
        revision=revision,
        as_of=now,
        source=case.opened.source,
        item=ledger.value("item") or None,
        item_name=item_name(case),
        region=ledger.value("region") or None,
        department=department(case),
        window=ledger.value("window") or None,
        case_type=ledger.value("case_type") or None,
        step=None if step is None else step.step or None,
        officer=officer(case),
        opened_at=case.opened.at,
        received_at=_at(ledger.received),
        accepted_at=_at(ledger.accepted),
        decided_at=_at(ledger.decided),
        outcome=Outcome(outcome) if outcome else None,
        finished_at=_at(ledger.finished),
        ended_at=case.ended_at,
        events=len(case.entries),
        suspended=any(clock.state == "paused" for clock in clocks),
        level=max(levels, key=lambda v: v.rank, default=Level.NONE),
        catalogue=rules.catalogue,
        clocks=clocks,
        findings=[finding_record(finding) for finding in findings],
        rounds=[_round_record(each) for each in case.rounds] if len(case.rounds) > 1 else [],
    )


def _round_record(found: Round) -> RoundRecord:
    ledger = found.ledger
    outcomes = (e.what for e in (ledger.decided, ledger.finished) if e is not None and e.what)
    outcome = next(outcomes, None)
    return RoundRecord(
        number=found.number,
        opened_by=None if ledger.opener is None else ledger.opener.id,
        opened_at=(ledger.opener or ledger.opened).at,
        received_at=_at(ledger.received),
        accepted_at=_at(ledger.accepted),
        decided_at=_at(ledger.decided),
        outcome=Outcome(outcome) if outcome else None,
        finished_at=_at(ledger.finished),
        ended_at=ledger.ended_at,
        catalogue=found.rules.catalogue,
    )


def finding_record(finding: Finding) -> FindingRecord:
    """Write a finding with the record that shows it."""
    return FindingRecord(
        finding_id=finding.clock_id,
        code=finding.code,
        level=finding.level,
        at=finding.at,
        basis=RULES[finding.code].basis,
        kind=finding.record.kind,
        record=finding.record.id,
        record_version=finding.record.version,
        occurred_at=finding.record.at,
        detail=finding.detail,
    )


def clock_record(clock: Clock, case: Case, now: int) -> ClockRecord:
    """Write one clock as it stands at `now`."""
    reached = clock.reached(now)
    calendar = clock.counting.calendar
    # A stop on record is one, also where the last tick was before it: nothing is written later.
    seen = now if clock.stopped_at is None else max(now, clock.stopped_at)
    standstills = clock.counting.standstills()
    own = case.round_of(clock)
    return ClockRecord(
        clock_id=clock.clock_id,
        clock=clock.kind,
        round=clock.round,
        step=clock.step,
        region=clock.started.region or own.ledger.value("region") or None,
        department=clock.started.department or department(own),
        officer=responsible(clock, case, now),
        started_at=clock.counting.start,
        known_from=clock.known_from,
        deemed=clock.deemed,
        assumed=clock.assumed,
        due_at=clock.due_at,
        stopped_at=clock.stopped_at,
        state=clock.state(seen),
        paused_from=[begin for begin, _ in standstills],
        paused_until=[end for _, end in standstills],
        overdue=clock.overdue(seen),
        level=highest(reached),
        cards=reached,
        next_at=clock.coming(now),
        provisional=clock.counting.provisional,
        limit=clock.limit.text(),
        basis=clock.limit.basis,
        mode=clock.limit.mode or "next_day",
        calendar=calendar.name,
        calendar_version=calendar.version,
    )


def move_record(
    case_no: str, revision: int, case: Case, moved: CardMove, now: int, epoch: int = 0
) -> MoveRecord:
    """Write a card's move, made when it was `now`."""
    card, subject = moved.card, moved.subject
    clock = subject if isinstance(subject, Clock) else None
    own = case if clock is None else case.round_of(clock)
    ledger = own.ledger
    name = card_id(case_no, card.clock_id, card.level, card.sequence)
    calendar = clock.counting.calendar if clock is not None else case.rules.calendar
    return MoveRecord(
        move_id=move_id(name, card.moves),
        card_id=name,
        move=moved.move,
        epoch=epoch,
        move_no=card.moves,
        at=now,
        reason=moved.reason,
        case_no=case_no,
        clock_id=card.clock_id,
        clock=kind_of(card.clock_id),
        level=card.level,
        sequence=card.sequence,
        rule=card.rule,
        holds_from=card.holds_from,
        known_from=card.holds_from if clock is None else clock.known_from,
        due_at=card.due_at,
        started_at=_started_at(subject, case),
        stopped_at=clock.stopped_at if clock is not None else None,
        active=card.active,
        provisional=clock is not None and clock.counting.provisional,
        limit=clock.limit.text() if clock is not None else "",
        source=case.opened.source,
        item=ledger.value("item") or None,
        item_name=item_name(own),
        region=_record_of(subject, "region") or ledger.value("region") or None,
        department=_record_of(subject, "department") or department(own),
        window=ledger.value("window") or None,
        step=step_of(card.clock_id),
        officer=responsible(clock, case, now) if clock is not None else officer(case),
        revision=revision,
        catalogue=own.rules.catalogue,
        calendar=calendar.name,
        calendar_version=calendar.version,
        round=1 if clock is None else clock.round,
        record=card.record if card.record >= 0 else None,
        replaces=card_named(case_no, card.replaces) if card.replaces else None,
    )


def card_named(case_no: str, name: str) -> str:
    """Give the id of a card by its name within its case (`card_name`)."""
    key, _, sequence = name.rpartition("/")
    clock_id, _, level = key.rpartition("/")
    return card_id(case_no, clock_id, Level(level), int(sequence))


def _started_at(subject: object, case: Case) -> int:
    if isinstance(subject, Clock):
        return subject.counting.start
    return subject.at if isinstance(subject, Finding) else case.opened.at


def _record_of(subject: object, name: str) -> str:
    """Give what the record of a step says of itself: it may be handled elsewhere."""
    if isinstance(subject, Clock) and subject.step is not None:
        said: str = getattr(subject.started, name)
        return said
    return ""


def item_name(case: Case | Round) -> str | None:
    """Name the item: as the catalogue does, or else as the source does."""
    known = case.rules.item
    return known.name if known is not None else (case.ledger.value("item_name") or None)


def department(case: Case | Round) -> str | None:
    """Give the department that answers: the record's own, or else the item's."""
    said = case.ledger.value("department")
    known = case.rules.stated
    return said or (known.department if known is not None else None)


def officer(case: Case | Round) -> str | None:
    """Give the officer who has the case on the desk, as far as the records say."""
    ledger = case.ledger
    step = ledger.current_step
    for entry in (step, ledger.last, ledger.accepted):
        if entry is not None and entry.officer:
            return entry.officer
    return None


def responsible(clock: Clock, case: Case, now: int) -> str | None:
    """Give who answers for a clock at a moment (责任人): the step's officer, or a deputy.

    The officer on record, or else the post's; when away on that day, who stands in (职位代理). What
    has ended stays with who answered when it did. Before the first tick `now` is 0: no date is
    known, and nobody is away.
    """
    own = case.round_of(clock)
    if clock.step is None:
        return officer(own)
    moment = now if clock.stopped_at is None else clock.stopped_at
    named = _holder(clock, moment) if clock.handed_over else clock.started.officer or None
    post = clock.post
    if post is None:
        return named or officer(own)
    if not moment:
        return named or post.officers[0]
    return post.responsible(named, date_of(clock.counting.calendar.face(moment) // DAY))


def _holder(clock: Clock, moment: int) -> str | None:
    """Give who had a step that was handed over, at a moment; 0 is after all."""
    begun = [s for s in (clock.started, *clock.handed_over) if not moment or s.at <= moment]
    return next((start.officer for start in reversed(begun) if start.officer), None)


def _at(entry: Entry | None) -> int | None:
    return None if entry is None else entry.at
