"""Which cards a catalogue can lead to: what its ladders reach, and the findings that have a level.

A counter that begins at 0 for cards which no ladder names would cost series and say nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas.codes import ClockKind, Level
from schemas.findings import RULES, FindingCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.catalogue import Catalogue

CARD_LEVELS: Final = (Level.NOTICE, Level.YELLOW, Level.RED)


def cards(catalogue: Catalogue) -> set[tuple[ClockKind, Level]]:
    """Give the clocks and levels that cards can have under the ladders that policies name."""
    ladders = [catalogue.ladders[name] for name in set(stated("ladder", catalogue.content))]
    reached = {
        (clock, rung.level)
        for ladder in ladders
        for rung in ladder.rungs
        for clock in (rung.clock, rung.instead)
        if clock is not None
    }
    found = {(ClockKind.FINDING, level) for _, level in _graded(catalogue)}
    return {(clock, level) for clock, level in reached | found if level in CARD_LEVELS}


def breaches(catalogue: Catalogue) -> set[ClockKind]:
    """Give the clocks that have a card for the first second over."""
    return {clock for clock, _ in cards(catalogue) if clock is not ClockKind.FINDING}


def findings(catalogue: Catalogue) -> set[FindingCode]:
    """Give the findings that are carded: by their built-in level, or by a policy's."""
    return {code for code, level in _graded(catalogue) if level in CARD_LEVELS}


def _graded(catalogue: Catalogue) -> Iterator[tuple[FindingCode, Level]]:
    for code, rule in RULES.items():
        yield code, rule.level
    for levels in stated("finding_levels", catalogue.content):
        for code, level in (levels or {}).items():
            yield FindingCode(code), Level(level)


def stated(key: str, content: Any) -> Iterator[Any]:
    """Give all that stands under a key, anywhere in a catalogue's content."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name == key and value is not None:
                yield value
            else:
                yield from stated(key, value)
    elif isinstance(content, list):
        for value in content:
            yield from stated(key, value)
