"""What a case shows beside its records: what ticks found and remember, and rulings dated back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from schemas.findings import FindingCode
from schemas.verdicts import FindingDetail, card_id
from streams.engine.arrival import past
from streams.engine.corrections import ends_at, found
from streams.engine.entries import Entry, hashed
from streams.engine.findings import Found, graded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streams.engine.calendar import Calendar
    from streams.engine.case import Case
    from streams.engine.clocks import Clock
    from streams.engine.corrections import Correction
    from streams.engine.judge import Answer, Card

RULING: Final = "ruling"
"""What stands for the kind of a record where a finding is about a ruling."""
DAYS: Final = 1
"""Working days from what a ruling says to its arrival; more is a finding."""


def with_remembered(
    case_no: str,
    case: Case,
    corrections: Sequence[Correction],
    answers: Sequence[Answer],
    cards: Iterable[Card],
) -> Case:
    """Give a case with the findings that its records do not show."""
    if not corrections and not answers:
        return case
    more = [found(correction, case.entries) for correction in corrections]
    if answers:
        more += _backdated(case_no, case, answers, cards)
    if not more:
        return case
    added = graded(more, case.rules, running=case.ended_at is None)
    findings = sorted([*case.findings, *added], key=lambda one: (one.at, one.code))
    return replace(case, findings=tuple(findings))


def with_cured(case_no: str, case: Case, cards: Sequence[Card]) -> Case:
    """Give a case whose late records name the cards that they cured: what was over is so no more.

    A record cures a card where it ends the clock before the card would hold, or moves its due.
    """
    gone = [card for card in cards if not card.standing]
    if not gone or all(finding.code is not FindingCode.LATE_RECORD for finding in case.findings):
        return case
    clocks = {clock.clock_id: clock for clock in case.clocks}
    told = []
    for finding in case.findings:
        names: tuple[str, ...] = ()
        if finding.code is FindingCode.LATE_RECORD:
            names = tuple(
                card_id(case_no, card.clock_id, card.level, card.sequence)
                for card in gone
                if card.clock_id in clocks and _cured(card, clocks[card.clock_id], finding.record)
            )
        if names:
            detail = msgspec.structs.replace(finding.detail or FindingDetail(), cured=names)
            finding = replace(finding, detail=detail)  # noqa: PLW2901
        told.append(finding)
    return replace(case, findings=tuple(told))


def _cured(card: Card, clock: Clock, record: Entry) -> bool:
    if clock.stopped_at in ends_at(record):
        return card.holds_from > clock.stopped_at
    moved = record == clock.extension or any(s.record == record for s in clock.suspensions)
    return moved and card.due_at < clock.due_at


def _backdated(
    case_no: str, case: Case, answers: Sequence[Answer], cards: Iterable[Card]
) -> Iterator[Found]:
    """Give the rulings that say they were made more than a working day before they arrived."""
    calendars: dict[str, Calendar] = {}
    if any(answer.arrived > answer.at for answer in answers):
        clocks = {clock.clock_id: clock.counting.calendar for clock in case.clocks}
        calendars = {
            card_id(case_no, card.clock_id, card.level, sequence): clocks[card.clock_id]
            for card in cards
            if card.clock_id in clocks
            for sequence in range(1, card.sequence + 1)
        }
    for answer in answers:
        calendar = calendars.get(answer.card_id, case.rules.calendar)
        if answer.arrived > answer.at and past(calendar, answer.arrived, answer.at, DAYS):
            name = hashed(answer.ruling_id)
            record = Entry(answer.at, 0, name, 1, RULING, "", recorded=answer.arrived)
            detail = FindingDetail(by="arrival", at=answer.arrived, ruling=answer.ruling_id)
            yield Found(FindingCode.RULING_BACKDATED, record, answer.arrived, detail)
