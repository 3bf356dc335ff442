"""A card, or a digest of cards, as an alert: labels to route by, annotations to read.

No applicant's data is in either. A case's number stands in an annotation only; what tells that two
cards are about the same clock, so that a breach can inhibit its own warning, is a hash.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from alerts.notify.policy import MINUTE, Digest
from schemas.codes import ClockKind, Level
from schemas.findings import RULES, finding_code
from schemas.words import CLOCKS, DEEMED, FINDINGS, LEVELS, PROVISIONAL, REASONS, SUPERSEDED
from streams.board.spans import moment, zone_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.notify.policy import Push
    from schemas.verdicts import MoveRecord
    from schemas.words import Language
    from streams.board.reference import Reference

CARD: Final = "JianchaCard"
DIGEST: Final = "JianchaDigest"
NONE: Final = "none"
"""The label of a code that is not on record: Alertmanager drops empty ones."""
SEVERITIES: Final = {Level.NOTICE: "info", Level.YELLOW: "warning", Level.RED: "critical"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Times are seconds since the epoch."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float
    ends_at: float
    """When it is over: in the past or now, or when it ends unless it is told again."""
    over: bool
    page: str


class Wording:
    """Makes alerts. `lifetime` is how long one rings, in seconds, unless it is told again."""

    def __init__(self, reference: Reference, page_url: str, lifetime: float) -> None:
        self._reference = reference
        self._page_url = page_url.rstrip("/")
        self._lifetime = lifetime

    def alert(self, push: Push, now: float) -> Alert:
        """Word a push; `now` is in seconds since the epoch."""
        ends = now if push.over else now + self._lifetime
        if isinstance(push.subject, Digest):
            alert = self._of_digest(push.subject, ends, over=push.over)
        else:
            alert = self._of_card(push.subject, ends, over=push.over)
        if push.superseded:
            said = alert.annotations
            why = {
                "summary": f"{SUPERSEDED.zh}：{said['summary']}",
                "summary_en": f"{SUPERSEDED.en}: {said['summary_en']}",
            }
            alert = replace(alert, annotations={**said, **why})
        return alert

    def _of_card(self, card: MoveRecord, ends: float, *, over: bool) -> Alert:
        page = f"{self._page_url}/case?{urlencode({'no': card.case_no})}"
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
        annotations = {
            "summary": self._summary(card, "zh"),
            "summary_en": self._summary(card, "en"),
            "case": card.case_no,
            "officer": card.officer or "",
            "step": card.step or "",
            "holds_from": self._moment(card.holds_from, card.calendar, "zh"),
            "rule": card.rule,
            "page": page,
        }
        found = finding_code(card.clock_id)
        if found is None:
            annotations["due"] = self._due(card, "zh")
            annotations["limit"] = card.limit
        else:
            labels["finding"] = str(found)
            annotations["basis"] = RULES[found].basis
        starts = float(card.holds_from)
        return Alert(labels, annotations, starts, max(ends, starts + 1), over, page)

    def _of_digest(self, digest: Digest, ends: float, *, over: bool) -> Alert:
        region = digest.region or NONE
        page = f"{self._page_url}/"
        labels = {
            "alertname": DIGEST,
            "digest": hashlib.blake2b(digest.key.encode(), digest_size=10).hexdigest(),
            "region": region,
            "level": str(digest.level),
            "severity": SEVERITIES[digest.level],
        }
        count = len(digest.members)
        levels = Counter(digest.members.values())
        in_order = [(level, levels[level]) for level in reversed(Level) if levels[level]]
        when = self._moment(digest.minute * MINUTE, "", "zh")
        zh = "、".join(f"{LEVELS[level].zh} {n}" for level, n in in_order)
        en = ", ".join(f"{LEVELS[level].en} {n}" for level, n in in_order)
        annotations = {
            "summary": f"{self._region(region, 'zh')} 一分钟内另有 {count} 张预警或牌"
            f"（{zh}），请到监察页面查看",
            "summary_en": f"{self._region(region, 'en')}: {count} more cards within a minute"
            f" ({en}); see the board",
            "count": str(count),
            "levels": " ".join(f"{level}={n}" for level, n in in_order),
            "minute": when,
            "page": page,
        }
        starts = float(digest.since)
        return Alert(labels, annotations, starts, max(ends, starts + 1), over, page)

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
        clock, due = CLOCKS[card.clock].said(language), self._due(card, language)
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
