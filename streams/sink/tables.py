"""The columns that the sink writes, in the order of its rows.

The tables themselves are made by `schemas/clickhouse/`; `migrations.verify` compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

_CODE: Final = "LowCardinality(String)"
_SECOND: Final = "DateTime64(0, 'UTC')"
_MILLI: Final = "DateTime64(3, 'UTC')"
MOST_IN_KEY: Final = 2**32 - 1
"""The largest that `record_version` holds, in the key of `events`; `version` holds any."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its name, with the columns that the sink fills and their types."""

    name: str
    columns: tuple[tuple[str, str], ...]
    insert: str = field(init=False)
    """The statement that rows follow."""

    def __post_init__(self) -> None:
        names = ", ".join(f"`{name}`" for name, _ in self.columns)
        object.__setattr__(self, "insert", f"INSERT INTO {self.name} ({names}) VALUES")


Row = tuple[Table, tuple[Any, ...]]
"""A table and the values of its columns, in their order."""


def _table(name: str, *columns: str | tuple[str, str]) -> Table:
    """Declare a table; a column without a type is a code."""
    return Table(name, tuple(c if isinstance(c, tuple) else (c, _CODE) for c in columns))


def _optional(of: str) -> str:
    return f"Nullable({of})"


EVENTS: Final = _table(
    "events",
    ("case_no", "String"),
    "source",
    ("event_id", "String"),
    ("record", "UInt64"),
    ("record_version", "UInt32"),
    ("version", "UInt64"),
    ("content_hash", "UInt64"),
    ("schema_version", "UInt8"),
    "kind",
    ("voided", "Bool"),
    ("occurred_at", _MILLI),
    ("recorded_at", _optional(_MILLI)),
    ("arrived_at", _MILLI),
    ("came_at", _optional(_SECOND)),
    "item",
    "item_name",
    "base_code",
    "item_version",
    "region",
    "department",
    "department_name",
    "window",
    "step",
    "step_name",
    "officer",
    "officer_name",
    "batch",
    "outcome",
    ("reason", "String"),
    ("promised_due_at", _optional(_MILLI)),
    ("content", "String"),
    "origin_topic",
    ("origin_partition", "UInt32"),
    ("origin_offset", "UInt64"),
    ("precedence", "UInt64"),
)
CASES: Final = _table(
    "cases",
    ("case_no", "String"),
    ("revision", "UInt64"),
    ("as_of", _SECOND),
    "source",
    "item",
    "item_name",
    "region",
    "department",
    "window",
    "case_type",
    "step",
    "officer",
    ("opened_at", _SECOND),
    ("received_at", _optional(_SECOND)),
    ("accepted_at", _optional(_SECOND)),
    ("decided_at", _optional(_SECOND)),
    "outcome",
    ("finished_at", _optional(_SECOND)),
    ("ended_at", _optional(_SECOND)),
    ("events", "UInt32"),
    ("suspended", "Bool"),
    "level",
    "catalogue",
)
CLOCKS: Final = _table(
    "clocks",
    ("case_no", "String"),
    ("clock_id", "String"),
    ("revision", "UInt64"),
    "clock",
    "source",
    "item",
    "item_name",
    "region",
    "department",
    "window",
    "case_type",
    "step",
    "officer",
    ("started_at", _SECOND),
    ("known_from", _SECOND),
    ("deemed", "Bool"),
    ("assumed", "Bool"),
    ("due_at", _SECOND),
    ("stopped_at", _optional(_SECOND)),
    "state",
    "level",
    ("card_levels", f"Array({_CODE})"),
    ("card_times", f"Array({_SECOND})"),
    ("card_rules", f"Array({_CODE})"),
    ("next_at", _optional(_SECOND)),
    ("provisional", "Bool"),
    "limit_text",
    "basis",
    "mode",
    "calendar",
    "calendar_version",
    ("as_of", _SECOND),
    ("paused_from", f"Array({_SECOND})"),
    ("paused_until", f"Array({_SECOND})"),
)
FINDINGS: Final = _table(
    "findings",
    ("case_no", "String"),
    ("finding_id", "String"),
    ("revision", "UInt64"),
    "code",
    "level",
    ("at", _SECOND),
    "basis",
    "kind",
    ("record", "UInt64"),
    ("record_version", "UInt32"),
    ("version", "UInt64"),
    ("occurred_at", _SECOND),
    ("detail", "String"),
    "source",
    "item",
    "item_name",
    "region",
    "department",
    "window",
    "case_type",
    ("as_of", _SECOND),
)
CARD_MOVES: Final = _table(
    "card_moves",
    ("case_no", "String"),
    ("card_id", "String"),
    ("epoch", "UInt32"),
    ("move_no", "UInt32"),
    ("move_id", "String"),
    "move",
    ("at", _SECOND),
    "reason",
    ("clock_id", "String"),
    "clock",
    "level",
    ("sequence", "UInt32"),
    "rule",
    ("holds_from", _SECOND),
    ("due_at", _SECOND),
    ("started_at", _SECOND),
    ("stopped_at", _optional(_SECOND)),
    ("active", "Bool"),
    ("provisional", "Bool"),
    "limit_text",
    "source",
    "item",
    "item_name",
    "region",
    "department",
    "window",
    "step",
    "officer",
    ("revision", "UInt64"),
    "catalogue",
    "calendar",
    "calendar_version",
)
CARDS: Final = Table("cards", CARD_MOVES.columns)
RULINGS: Final = _table(
    "rulings",
    ("case_no", "String"),
    ("ruling_id", "String"),
    ("content_hash", "UInt64"),
    ("card_id", "String"),
    "action",
    "actor",
    ("decided_at", _MILLI),
    ("arrived_at", _MILLI),
    ("came_at", _optional(_SECOND)),
    ("reason", "String"),
    "origin_topic",
    ("origin_partition", "UInt32"),
    ("origin_offset", "UInt64"),
    ("precedence", "UInt64"),
)
DEAD_LETTERS: Final = _table(
    "dead_letters",
    ("letter_id", "String"),
    ("epoch", "UInt32"),
    "reason",
    "field",
    ("value", "String"),
    ("message", "String"),
    ("remedy", "String"),
    "source",
    "origin_topic",
    ("origin_partition", "UInt32"),
    ("origin_offset", "UInt64"),
    ("arrived_at", _MILLI),
    ("refused_at", _MILLI),
    ("sha256", "String"),
    ("size", "UInt64"),
    ("cut", "Bool"),
)
REFERENCE_VERSIONS: Final = _table(
    "reference_versions",
    "subject",
    "name",
    ("version", "String"),
    ("partition", "UInt32"),
    ("in_force_at", _SECOND),
    ("content_hash", "UInt64"),
    ("content", "String"),
)

GAPS: Final = _table(
    "gaps",
    "topic",
    ("partition", "UInt32"),
    ("first_offset", "UInt64"),
    ("next_offset", "UInt64"),
    ("at", _SECOND),
    ("accepted_at", _SECOND),
    ("by", "String"),
    ("reason", "String"),
    ("epoch", "UInt32"),
)
CHANGES: Final = _table(
    "changes",
    ("change_id", "String"),
    ("partition", "UInt32"),
    ("at", _SECOND),
    "subject",
    ("names", "Array(String)"),
    ("retroactive", "Bool"),
    ("dry_run", "Bool"),
    ("made_at", _SECOND),
    ("by", "String"),
    ("first_day", _optional("Date32")),
    ("cases", "UInt64"),
)
CHANGE_ENDS: Final = _table(
    "change_ends",
    ("change_id", "String"),
    ("partition", "UInt32"),
    ("at", _SECOND),
    "result",
    ("reason", "String"),
    ("judged", "UInt64"),
    ("changed", "UInt64"),
)
CHANGE_CLOCKS: Final = _table(
    "change_clocks",
    ("change_id", "String"),
    ("case_no", "String"),
    ("clock_id", "String"),
    ("partition", "UInt32"),
    ("at", _SECOND),
    "item",
    "region",
    "department",
    ("dry_run", "Bool"),
    "clock",
    "step",
    ("due_before", _optional(_SECOND)),
    ("due_after", _optional(_SECOND)),
    "level_before",
    "level_after",
    ("provisional_before", "Bool"),
    ("provisional_after", "Bool"),
)

LIVES: Final = _table(
    "lives",
    ("epoch", "UInt32"),
    ("partition", "UInt32"),
    ("partitions", "UInt32"),
    ("at", _SECOND),
)
SINK_OFFSETS: Final = _table(
    "sink_offsets",
    "topic",
    ("topic_id", "String"),
    ("partition", "UInt32"),
    ("next_offset", "UInt64"),
    ("written_at", _MILLI),
)
"""No record becomes a row of it: the sink writes it after the rows of each batch."""

SET_ASIDES: Final = _table(
    "set_asides",
    ("case_no", "String"),
    ("epoch", "UInt32"),
    ("written_at", _MILLI),
    ("at", _SECOND),
    "move",
    ("partition", "UInt32"),
    "topic",
    ("offset", "UInt64"),
    ("reason", "String"),
    ("by", "String"),
)

ALL: Final = (
    EVENTS,
    CLOCKS,
    FINDINGS,
    CASES,
    CARD_MOVES,
    CARDS,
    RULINGS,
    DEAD_LETTERS,
    REFERENCE_VERSIONS,
    GAPS,
    CHANGES,
    CHANGE_CLOCKS,
    CHANGE_ENDS,
    LIVES,
    SINK_OFFSETS,
    SET_ASIDES,
)
"""In the order in which a batch is inserted: a case after its clocks and findings, a card after its
moves, so that a reader between two inserts never sees a case without clocks, a card without its
issue."""
