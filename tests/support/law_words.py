"""Where the product says otherwise what the second reader of the law says: each word once.

The reader's words are those of the law. Whoever names a thing in the product names it here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.about import in_round
from schemas.calendars.seasons import Season
from schemas.findings import FindingCode
from streams.engine.entries import identity
from tests.support.law.names import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

CODES: dict[str, str] = {
    "promise_missing": "due_not_stated",
    "promise_before_start": "due_before_start",
}
"""The reader's name of a finding → the product's, where they differ."""

ANY_ITEM = "*"
"""The code under which a catalogue states limits for any item that it does not list."""

MAKES_THE_DECISION: Mapping[str, Any] = {"decision": True}
"""What a flow says of the step in which the decision is made."""

STATED_OR_ELSE: Mapping[str, Any] = {"stated": "promised_due_at"}
"""What a limit says beside its amount when a due moment that the hall states comes first."""

PROMISED_A_DATE: Mapping[str, Any] = {"promised_by_date": True}
"""What an event says when `promised_due_at` is a date: the last second of it."""


def hours_by_season(seasons: list[tuple]) -> Mapping[str, Any]:
    """Say of a calendar: (first month and day, last ones, hours) in seconds of the day."""
    made = tuple(
        Season(first="{:02}-{:02}".format(*first), last="{:02}-{:02}".format(*last), hours=hours)
        for first, last, hours in seasons
    )
    return {"seasons": made} if made else {}


def hours_by_weekday(hours: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say of a calendar: weekday → hours in seconds of the day."""
    return {"weekday_hours": dict(hours)}


def standard_day(seconds: int | None) -> Mapping[str, Any]:
    """Say of a calendar how long its standard day is (D), where it states it."""
    return {} if seconds is None else {"standard_day": seconds}


def round_named_by(event) -> str:
    """Give what stands before the `/` of the clocks of a round that this event opens."""
    return in_round(identity(event.source, event.event_id), "").removesuffix("/")


def is_provisional(clock) -> bool:
    """Tell whether a clock of an assessed case is marked provisional."""
    return clock.counting.provisional


def reader_code(code: str) -> str:
    """Give the reader's name of a finding of the product."""
    return {theirs: ours for ours, theirs in CODES.items()}.get(code, code)


def not_spoken_yet() -> list[str]:
    """Give the findings of the reader that the product has no word for: none, once both agree."""
    theirs = set(FindingCode)
    return sorted(ours for ours in LEVELS if CODES.get(ours, ours) not in theirs)
