"""An explanation as JSON for a program: the same facts as the text, in both languages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from schemas.about import shown
from schemas.findings import RULES
from schemas.words import FINDINGS, Words
from streams.engine.calendar import date_of
from streams.engine.counting import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streams.engine.calendar import Calendar
    from streams.engine.card_stories import CardStory
    from streams.engine.explanation import CaseExplanation, ClockExplanation, Told, ToldLevel
    from streams.engine.findings import Finding
    from streams.engine.intervals import Interval, Shared

    Moment = Callable[[int | None], str | None]


def as_json(found: CaseExplanation) -> dict[str, Any]:
    """Give an explanation as one JSON object; times carry their offset."""
    moment = _moments(found.case.rules.calendar)
    return {
        "case": found.case_no,
        "as_of": moment(found.as_of),
        "known_at": moment(found.known_at),
        "catalogue": found.case.rules.catalogue,
        "records": [
            {
                "record": number,
                "at": moment(entry.at),
                "kind": entry.kind,
                "version": entry.version,
                "source": entry.source,
                "step": entry.step or None,
                "officer": entry.officer or None,
                "what": entry.what or None,
                "amount": entry.amount if entry.amount >= 0 else None,
                "unit": entry.unit or None,
                "told_at": moment(entry.told) if entry.told >= 0 else None,
                "recorded_at": moment(entry.recorded) if entry.recorded >= 0 else None,
                "voided": entry.voided,
            }
            for number, entry in enumerate(found.entries, 1)
        ],
        "rounds": [
            {
                "round": each.number,
                "opened_by": found.number(each.ledger.opener or each.ledger.opened),
                "catalogue": each.rules.catalogue,
                "ended_at": moment(each.ledger.ended_at),
            }
            for each in found.case.rounds
            if each.ledger.entries
        ],
        "clocks": [_clock(clock, found.as_of) for clock in found.clocks],
        "findings": [
            {
                "finding": str(finding.code),
                "finding_id": finding.clock_id,
                "level": str(finding.level),
                "at": moment(finding.at),
                "record": found.number(finding.record),
                "basis": RULES[finding.code].basis,
                "words": _words(FINDINGS[finding.code]),
                **_detail(found, finding, moment),
            }
            for finding in found.findings
        ],
        "cards": None if found.cards is None else [_card(card, moment) for card in found.cards],
    }


def _detail(found: CaseExplanation, finding: Finding, moment: Moment) -> dict[str, Any]:
    """Give what a finding rests on beside its record."""
    detail = finding.detail
    if detail is None:
        return {}
    said: dict[str, Any] = {"by": detail.by, detail.by: moment(detail.at)} if detail.by else {}
    if detail.ruling:
        said["ruling"] = detail.ruling
    if detail.clock_id:
        values = {
            name: None if each is None else {
                "started_at": moment(each.started_at),
                "due_at": moment(each.due_at),
                "stopped_at": moment(each.stopped_at),
            }
            for name, each in (("before", detail.before), ("after", detail.after))
        }  # fmt: skip
        records = [found.numbered(each.record, each.record_version) for each in detail.records]
        said |= {"clock_id": detail.clock_id, **values, "records": records}
    return said


def _moments(calendar: Calendar) -> Moment:
    zone = ZoneInfo(calendar.zone)

    def moment(instant: int | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, zone).isoformat()

    return moment


def _words(words: Words) -> dict[str, str] | None:
    return {"zh": words.zh, "en": words.en} if words.zh else None


def _clock(told: ClockExplanation, as_of: int) -> dict[str, Any]:
    clock, calendar = told.clock, told.clock.counting.calendar
    moment = _moments(calendar)
    projected = told.first_projected
    return {
        "clock": clock.clock_id,
        "round": clock.round,
        "shown": shown(clock.clock_id, clock.round),
        "kind": str(clock.kind),
        "title": _words(told.title),
        "limit": _words(told.limit),
        "basis": clock.limit.basis,
        "calendar": calendar.name,
        "calendar_version": calendar.version,
        "started_at": moment(clock.counting.start),
        "start": _words(told.start),
        "known_from": moment(clock.known_from),
        "deemed": clock.deemed,
        "assumed": clock.assumed,
        "due_at": moment(clock.due_at),
        "due": _words(told.due),
        "stopped_at": moment(told.stopped_at),
        "end": _words(told.end),
        "state": clock.state(as_of),
        "overdue": told.overdue,
        "provisional": clock.counting.provisional,
        "first_projected": None if projected is None else projected.isoformat(),
        "measure": told.measure,
        "to_due": [_interval(interval, told) for interval in told.to_due],
        "total_to_due": told.total_to_due,
        "used": [_interval(interval, told) for interval in told.used],
        "total_used": told.total_used,
        "moved_by": _told(told.moved_by, moment),
        "refused": _told(told.refused, moment),
        "notes": [_words(note) for note in told.notes],
        "reached": _levels(told.reached, moment),
        "coming": _levels(told.coming, moment),
    }


def _interval(interval: Interval, told: ClockExplanation) -> dict[str, Any]:
    """Write a stretch: `begin` and `end` on the local clock, `end` exclusive."""
    return {
        "begin": _local(interval.begin),
        "end": _local(interval.end),
        "span": interval.span(told.measure),
        "counted": interval.counted,
        "amount": interval.amount,
        "reason": _words(interval.reason),
        "share": None if interval.share is None else _share(interval.share),
    }


def _share(share: Shared) -> dict[str, Any]:
    return {
        "suspended": share.suspended,
        "whole": share.whole,
        "sum": str(share.total),
        "rounded": share.rounded,
    }


def _local(face: int) -> str:
    day, second = divmod(face, DAY)
    return f"{date_of(day)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _told(told: Sequence[Told], moment: Moment) -> list[dict[str, Any]]:
    return [
        {
            "at": moment(each.at),
            "record": each.record,
            "reason": each.reason or None,
            "words": _words(each.what),
        }
        for each in told
    ]


def _levels(levels: Sequence[ToldLevel], moment: Moment) -> list[dict[str, Any]]:
    return [
        {
            "level": str(level.level),
            "at": moment(level.at),
            "rule": level.rule,
            "why": _words(level.why),
        }
        for level in levels
    ]


def _card(card: CardStory, moment: Moment) -> dict[str, Any]:
    return {
        "card": card.card_id,
        "clock": card.clock_id,
        "level": str(card.level),
        "sequence": card.sequence,
        "rule": card.rule,
        "holds_from": moment(card.holds_from),
        "due_at": moment(card.due_at),
        "standing": card.standing,
        "moves": [
            {
                "at": moment(each.at),
                "what": each.what,
                "reason": each.reason,
                "actor": each.actor or None,
            }
            for each in card.happened
        ],
    }
