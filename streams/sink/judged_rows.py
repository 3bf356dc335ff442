"""What the engine judged as rows: cases, clocks, cards, and what it refused. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas.masking import mask_text
from schemas.verdicts import (
    CaseRecord,
    ClockRecord,
    DeadLetter,
    FindingRecord,
    LifeRecord,
    MoveRecord,
    encode,
    is_life,
)
from streams.sink import tables

if TYPE_CHECKING:
    from streams.sink.tables import Row

_CASE: Final = msgspec.json.Decoder(CaseRecord)
_MOVE: Final = msgspec.json.Decoder(MoveRecord)
_LIFE: Final = msgspec.json.Decoder(LifeRecord)
_LETTER: Final = msgspec.json.Decoder(DeadLetter)


def version(case: CaseRecord) -> int:
    """Give what the tables compare a case's rows by: a later epoch outranks every revision."""
    return case.epoch << 32 | case.revision


def case_rows(value: bytes) -> list[Row]:
    """Give the rows of a record of `jiancha.cases`: the case's, one a clock, one a finding.

    Raises `msgspec.MsgspecError` when it is none.
    """
    case = _CASE.decode(value)
    row = (
        case.case_no,
        version(case),
        case.as_of,
        case.source,
        case.item or "",
        case.item_name or "",
        case.region or "",
        case.department or "",
        case.window or "",
        case.case_type or "",
        case.step or "",
        case.officer or "",
        case.opened_at,
        case.received_at,
        case.accepted_at,
        case.decided_at,
        case.outcome or "",
        case.finished_at,
        case.ended_at,
        case.events,
        case.suspended,
        case.level,
        case.catalogue,
    )
    clocks = [(tables.CLOCKS, _clock(case, clock)) for clock in case.clocks]
    findings = [(tables.FINDINGS, _finding(case, finding)) for finding in case.findings]
    return [*clocks, *findings, (tables.CASES, row)]


def _clock(case: CaseRecord, clock: ClockRecord) -> tuple[Any, ...]:
    return (
        case.case_no,
        clock.clock_id,
        version(case),
        clock.clock,
        case.source,
        case.item or "",
        case.item_name or "",
        clock.region or case.region or "",
        clock.department or case.department or "",
        case.window or "",
        case.case_type or "",
        clock.step or "",
        clock.officer or "",
        clock.started_at,
        clock.known_from,
        clock.deemed,
        clock.assumed,
        clock.due_at,
        clock.stopped_at,
        clock.state,
        clock.level,
        [card.level for card in clock.cards],
        [card.at for card in clock.cards],
        [card.rule for card in clock.cards],
        clock.next_at,
        clock.provisional,
        clock.limit,
        clock.basis or "",
        clock.mode,
        clock.calendar,
        clock.calendar_version,
        case.as_of,
        clock.paused_from,
        clock.paused_until,
    )


def _finding(case: CaseRecord, finding: FindingRecord) -> tuple[Any, ...]:
    return (
        case.case_no,
        finding.finding_id,
        version(case),
        finding.code,
        finding.level,
        finding.at,
        finding.basis,
        finding.kind,
        finding.record,
        min(finding.record_version, tables.MOST_IN_KEY),
        finding.record_version,
        finding.occurred_at,
        "" if finding.detail is None else encode(finding.detail).decode(),
        case.source,
        case.item or "",
        case.item_name or "",
        case.region or "",
        case.department or "",
        case.window or "",
        case.case_type or "",
        case.as_of,
    )


def move_rows(value: bytes) -> list[Row]:
    """Give the rows of a record of `jiancha.verdicts`: the move, and the card as it is after it.

    Of a life's there is one. Raises `msgspec.MsgspecError` when it is neither.
    """
    if is_life(value):
        life = _LIFE.decode(value)
        return [(tables.LIVES, (life.epoch, life.partition, life.partitions, life.at))]
    move = _MOVE.decode(value)
    row = (
        move.case_no,
        move.card_id,
        move.epoch,
        move.move_no,
        move.move_id,
        move.move,
        move.at,
        move.reason,
        move.clock_id,
        move.clock,
        move.level,
        move.sequence,
        move.rule,
        move.holds_from,
        move.due_at,
        move.started_at,
        move.stopped_at,
        move.active,
        move.provisional,
        move.limit,
        move.source,
        move.item or "",
        move.item_name or "",
        move.region or "",
        move.department or "",
        move.window or "",
        move.step or "",
        move.officer or "",
        move.revision,
        move.catalogue,
        move.calendar,
        move.calendar_version,
    )
    return [(tables.CARD_MOVES, row), (tables.CARDS, row)]


def letter_rows(header: bytes, refused_ms: int) -> list[Row]:
    """Give the row of a dead letter, refused at `refused_ms` (milliseconds since the epoch).

    Raises `msgspec.MsgspecError` when the header is none.
    """
    letter = _LETTER.decode(header)
    row = (
        letter.letter_id,
        letter.epoch,
        letter.reason,
        letter.field,
        _harmless(letter),
        letter.message,
        letter.remedy,
        letter.source,
        letter.origin.topic,
        letter.origin.partition,
        letter.origin.offset,
        letter.origin.timestamp_ms,
        refused_ms,
        letter.sha256,
        letter.size,
        letter.cut,
    )
    return [(tables.DEAD_LETTERS, row)]


def _harmless(letter: DeadLetter) -> str:
    """Give the wrong value, unless it may hold an applicant's data.

    What cannot be told to belong to one field is a piece of the record itself, whoever it names.
    """
    if not letter.field or letter.field.startswith("applicant_"):
        return ""
    return mask_text(letter.value)
