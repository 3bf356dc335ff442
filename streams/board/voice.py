"""How the templates speak: one language, one time zone, one present."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.about import plain
from schemas.codes import ClockKind
from schemas.findings import finding_code
from schemas.words import (
    CLOCKS,
    FINDINGS,
    KINDS,
    LEVELS,
    MOVES,
    OUTCOMES,
    RULINGS,
    STATES,
    Words,
    reason_words,
)
from streams.board import spans
from streams.board.texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.words import Language
    from streams.board.reference import Reference

_VOCABULARIES: Mapping[str, Mapping[str, Words]] = {
    "level": {str(k): v for k, v in LEVELS.items()},
    "clock": {str(k): v for k, v in CLOCKS.items()},
    "state": STATES,
    "kind": KINDS,
    "move": MOVES,
    "finding": {str(k): v for k, v in FINDINGS.items()},
    "outcome": OUTCOMES,
    "ruling": RULINGS,
}

_SHORT = {"special": str(ClockKind.SPECIAL_PROCEDURE)}


class Voice:
    """Says texts, codes and moments in one language; `now` is what moments are compared with."""

    def __init__(self, language: Language, reference: Reference, now: int = 0) -> None:
        self.language: Language = language
        self.reference = reference
        self.now = now
        self.zone = reference.zone

    def of(self, now: int) -> Voice:
        """Give the same voice at a present."""
        return Voice(self.language, self.reference, now)

    def text(self, key: str, **values: object) -> str:
        """Say one of the page's own texts. Raises KeyError for one that there is not."""
        return TEXTS[key].said(self.language).format(**values)

    def words(self, words: Words) -> str:
        """Say words in this language."""
        return words.said(self.language)

    def code(self, vocabulary: str, code: str) -> str:
        """Say a code of a vocabulary; one that it lacks speaks for itself."""
        known = _VOCABULARIES[vocabulary].get(code)
        return known.said(self.language) if known else code

    def about(self, clock_id: str) -> str:
        """Say what a card is about by the name of its clock, or of what was found."""
        found = finding_code(clock_id)
        if found is not None:
            return self.code("finding", found)
        kind = plain(clock_id).partition(":")[0]
        return self.code("clock", _SHORT.get(kind, kind))

    def reason(self, reason: str, clock: str) -> str:
        """Say why a card moved; a reason that is not known speaks for itself."""
        try:
            return self.words(reason_words(reason, clock))
        except KeyError:
            return reason

    def title(self, words: str) -> str:
        """Write words as a heading begins."""
        return words[:1].upper() + words[1:]

    def department(self, code: str) -> str:
        """Name a department."""
        return self.reference.department(code, self.language) or self.text("no_department")

    def region(self, code: str) -> str:
        """Name a region."""
        return self.reference.region(code, self.language)

    def item(self, code: str, recorded: str) -> str:
        """Name an item."""
        return self.reference.item(code, recorded, self.language)

    def step(self, item: str, code: str) -> str:
        """Name a step."""
        return self.reference.step(item, code)

    def moment(self, instant: float, calendar: str = "") -> str:
        """Write an instant to the second, in the calendar's zone or the page's."""
        return spans.moment(instant, self._zone(calendar))

    def near(self, instant: float) -> str:
        """Write an instant as short as is clear."""
        return spans.near(instant, self.now, self.zone)

    def machine(self, instant: float) -> str:
        """Write an instant for machines."""
        return spans.machine(instant, self.zone)

    def age(self, instant: float, now: float) -> str:
        """Say how long ago something was."""
        return self.words(spans.age(now - instant))

    def left(self, due_at: int, calendar: str, limit: str = "") -> str:
        """Say what is left, or by how much it is over."""
        known = self.reference.calendar(calendar)
        return self.words(spans.left(self.now, due_at, known, limit))

    def limit(self, limit: str) -> str:
        """Say a limit as it stands on record."""
        return self.words(spans.limit_words(limit))

    def zone_name(self, calendar: str = "") -> str:
        """Name the zone that moments are written in."""
        return self.words(spans.zone_words(self._zone(calendar).key))

    def number(self, amount: int) -> str:
        """Write a number with its thousands apart."""
        return f"{amount:,}"

    def _zone(self, calendar: str) -> ZoneInfo:
        known = self.reference.calendar(calendar) if calendar else None
        return ZoneInfo(known.zone) if known else self.zone
