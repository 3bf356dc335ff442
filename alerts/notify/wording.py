"""A card, or a digest of cards, as an alert: labels to route by, annotations to read.

No applicant's data is in either. A case's number stands in an annotation only; what tells that two
cards are about the same clock, so that a breach can inhibit its own warning, is a hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from alerts.notify.digests import Digest
from alerts.notify.fitting import fitted, fitted_alert, fitted_list
from schemas.codes import ClockKind, Level
from schemas.findings import RULES, finding_code
from schemas.words import (
    CLOCKS,
    DEEMED,
    FINDINGS,
    LEVELS,
    PROVISIONAL,
    REASONS,
    Words,
    reason_words,
)
from streams.board.spans import limit_words, moment, zone_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.notify.digests import Gathering
    from alerts.notify.policy import Push
    from schemas.verdicts import MoveRecord
    from schemas.words import Language
    from streams.board.reference import Reference

CARD: Final = "JianchaCard"
DIGEST: Final = "JianchaDigest"
NONE: Final = "none"
"""The label of a code that is not on record: Alertmanager drops empty ones."""
SEVERITIES: Final = {Level.NOTICE: "info", Level.YELLOW: "warning", Level.RED: "critical"}


LASTS: Final = 365 * 86_400.0
"""How long an alert rings that nobody tells again, in seconds. Its end is always told: a date that
Alertmanager reached by itself would be an all-clear that nobody gave. So it lies beyond any absence
of the notifier, which rings by an alert of its own; a year ends what is left of a house given up.
"""
LINES: Final = ("summary", "summary_en")
NAMES_BYTES: Final = 500
FIELD_BYTES: Final = 120


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Times are seconds since the epoch."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float
    ends_at: float
    """When it is over: in the past or now, or so far ahead that nothing but word of it ends it."""
    over: bool
    page: str


class Wording:
    """Makes alerts. `board` is the address under which people reach the board."""

    def __init__(self, reference: Reference, board: str) -> None:
        self._reference = reference
        self._board = board.rstrip("/")

    def alert(self, push: Push, now: float) -> Alert:
        """Word a push; `now` is in seconds since the epoch."""
        subject = push.subject
        if isinstance(subject, Digest):
            labels, notes, page = self._of_digest(subject, over=push.over)
            starts = float(subject.since)
        else:
            labels, notes, page = self._of_card(subject, push.why)
            starts = float(subject.holds_from)
        ends = max(push.at if push.over else now + LASTS, starts + 1)
        return Alert(labels, notes, starts, ends, push.over, page)

    def ours(self, page: str) -> bool:
        """Tell whether an alert's page is on this house's board."""
        return page.startswith(f"{self._board}/")

    def forgotten(self, alert: Alert, now: float) -> Alert:
        """Word the end of an alert that rings in Alertmanager and is on record no longer."""
        what = alert.annotations.get("case") or alert.labels.get("region", NONE)
        notes = {
            "summary": f"解除 {what}：此告警在记录中已不存在，请以监察页面为准",
            "summary_en": f"over: {what}: this alert is no longer on record; see the board",
            "ended": "not_on_record",
            "page": alert.page,
        }
        starts = min(alert.starts_at, now - 1)  # Alertmanager refuses an end before the start
        return Alert(alert.labels, notes, starts, now, over=True, page=alert.page)

    def _of_card(
        self, card: MoveRecord, why: MoveRecord | None
    ) -> tuple[dict[str, str], dict[str, str], str]:
        page = f"{self._board}/case?{urlencode({'no': card.case_no})}"
        labels = {
            "alertname": CARD,
            "card_id": card.card_id,
            "clock_ref": clock_ref(card),
            "region": card.region or NONE,
            "department": card.department or NONE,
            "item": card.item or NONE,
            "clock": str(card.clock),
            "level": str(card.level),
            "severity": SEVERITIES[card.level],
        }
        zh, en = (
            (self._summary(card, "zh"), self._summary(card, "en"))
            if why is None
            else (self._ending(card, why, "zh"), self._ending(card, why, "en"))
        )
        annotations = {
            "summary": zh,
            "summary_en": en,
            "case": card.case_no,
            "officer": fitted(card.officer or "", FIELD_BYTES),
            "step": fitted(self._step(card), FIELD_BYTES),
            "holds_from": self._moment(card.holds_from, card.calendar, "zh"),
            "rule": fitted(card.rule, FIELD_BYTES),
            "page": page,
        }
        found = finding_code(card.clock_id)
        if found is None:
            limit = limit_words(card.limit)
            annotations |= {"due": self._due(card, "zh"), "limit": limit.zh, "limit_en": limit.en}
        else:
            labels["finding"] = str(found)
            annotations["basis"] = fitted(RULES[found].basis, FIELD_BYTES)
        if why is not None:
            annotations["ended"] = why.reason
        return labels, fitted_alert(labels, annotations, *LINES), page

    def _of_digest(
        self, digest: Digest, *, over: bool
    ) -> tuple[dict[str, str], dict[str, str], str]:
        gathering = digest.gathering
        region, level = gathering.region or NONE, LEVELS[gathering.level]
        page = f"{self._board}/cases?{urlencode({'level': gathering.level})}"
        labels = {
            "alertname": DIGEST,
            "digest": hashlib.blake2b(gathering.key.encode(), digest_size=10).hexdigest(),
            "region": region,
            "level": str(gathering.level),
            "severity": SEVERITIES[gathering.level],
        }
        named = [card.case_no for card in digest.cards]
        zh, en = self._gathered(digest, "zh"), self._gathered(digest, "en")
        if over:
            why_zh = "、".join(f"{w.zh} {n}" for w, n in _reasons(digest.ended))
            why_en = ", ".join(f"{w.en} {n}" for w, n in _reasons(digest.ended))
            zh, en = f"解除 {zh}，均已解除（{why_zh}）", f"over: {en}, all of them over ({why_en})"
        else:
            zh = f"{level.zh} {zh}，仍在计时 {len(named)} 张，名单见监察页面 {page}"
            en = f"{level.en}: {en}, {len(named)} of them still running; the list: {page}"
        annotations = {
            "summary": zh,
            "summary_en": en,
            "count": str(len(named)),
            "issued": str(digest.issued),
            "cases": fitted_list(named, NAMES_BYTES),
            "minute": self._moment(gathering.begins, "", "zh"),
            "page": page,
        }
        return labels, fitted_alert(labels, annotations, *LINES), page

    def _gathered(self, digest: Digest, language: Language) -> str:
        """Say what was issued together: `长沙市 …00:00:00 起一分钟内 60 张`."""
        gathering: Gathering = digest.gathering
        where = self._region(gathering.region or NONE, language)
        when = self._moment(gathering.begins, "", language)
        level = LEVELS[gathering.level].said(language)
        if language == "zh":
            return f"{where} {when} 起一分钟内发出{level} {digest.issued} 张"
        return f"{where}: {level} {digest.issued} times within the minute of {when}"

    def _ending(self, card: MoveRecord, why: MoveRecord, language: Language) -> str:
        """Say that a card's alert is over, and why: never the words in which it rang."""
        level, what = LEVELS[card.level].said(language), self._what(card, language)
        reason = _reason(why.reason, card.clock).said(language)
        if why.stopped_at is not None:
            at = self._moment(why.stopped_at, card.calendar, language)
            reason = f"{reason}（{at}）" if language == "zh" else f"{reason} ({at})"
        if language == "zh":
            how = "已撤回" if why.move == "retracted" else "告警解除"
            return f"{how} {level} 办件 {card.case_no} {what}：{reason}"
        how = "retracted" if why.move == "retracted" else "over"
        return f"{how}: {level}, case {card.case_no}, {what}: {reason}"

    def _summary(self, card: MoveRecord, language: Language) -> str:
        level = LEVELS[card.level].said(language)
        said = self._said(card, language)
        item = self._reference.item(card.item or "", card.item_name or "", language)
        department = self._reference.department(card.department or "", language)
        what = [text for text in (item, department) if text]
        if language == "zh":
            where = f"：{'，'.join(what)}" if what else ""
            return f"{level} 办件 {card.case_no} {said}{where}"
        where = f": {', '.join(what)}" if what else ""
        return f"{level}: case {card.case_no} {said}{where}"

    def _said(self, card: MoveRecord, language: Language) -> str:
        """Say what the card states: of a finding what was found, of a clock how it stands."""
        found = finding_code(card.clock_id)
        if found is not None:
            words = FINDINGS[found].said(language)
            at = self._moment(card.holds_from, card.calendar, language)
            return f"监察发现：{words}（{at}）" if language == "zh" else f"shows: {words} ({at})"
        clock, due = self._what(card, language), self._due(card, language)
        if card.holds_from <= card.due_at:
            return (
                f"{clock}将于 {due} 到期" if language == "zh" else f"reaches its {clock} at {due}"
            )
        if card.rule.endswith("/silent"):
            more = REASONS["silence"].said(language)
        else:
            more = DEEMED.said(language) if card.clock is ClockKind.ACCEPTANCE else ""
        if language == "zh":
            return f"已超过{clock}（{due} 到期）{'，' if more else ''}{more}"
        return f"is over its {clock} (due {due}){', ' if more else ''}{more}"

    def _what(self, card: MoveRecord, language: Language) -> str:
        """Name what a card is about: its clock, a step's with the step; or what was found."""
        found = finding_code(card.clock_id)
        if found is not None:
            return FINDINGS[found].said(language)
        clock = CLOCKS[card.clock].said(language)
        step = self._step(card)
        if not step:
            return clock
        return f"“{step}”{clock}" if language == "zh" else f"{clock} ({step})"

    def _step(self, card: MoveRecord) -> str:
        return self._reference.step(card.item or "", card.step) if card.step else ""

    def _due(self, card: MoveRecord, language: Language) -> str:
        """Write a due moment; that nobody has decreed its days yet goes wherever it goes."""
        due = self._moment(card.due_at, card.calendar, language)
        if not card.provisional:
            return due
        unsure = PROVISIONAL.said(language)
        return f"{due}（{unsure}）" if language == "zh" else f"{due} ({unsure})"

    def _moment(self, instant: float, calendar: str, language: Language) -> str:
        """Write an instant on the clock face of a calendar, the zone named."""
        known = self._reference.calendar(calendar)
        zone = ZoneInfo(known.zone) if known else self._reference.zone
        return f"{moment(instant, zone)} {zone_words(zone.key).said(language)}"

    def _region(self, code: str, language: Language) -> str:
        return self._reference.region(code, language)


def clock_ref(card: MoveRecord) -> str:
    """Name a case's clock without its number."""
    named = f"{card.case_no}\x00{card.clock_id}"
    return hashlib.blake2b(named.encode(), digest_size=10).hexdigest()


def _reason(reason: str, clock: ClockKind) -> Words:
    """Say why a card moved; a reason without words, of a newer engine, as it is."""
    try:
        return reason_words(reason, clock)
    except KeyError:
        return Words(reason, reason)


def _reasons(ended: Mapping[tuple[str, str], int]) -> list[tuple[Words, int]]:
    most_first = sorted(ended.items(), key=lambda item: (-item[1], item[0]))
    return [(_reason(reason, ClockKind.PROMISED), n) for (_, reason), n in most_first]
