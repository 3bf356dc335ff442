"""A mapping (映射): how a hall's table becomes step events, with no code for each source.

`docs/mappings.md` shows one. A mapping is checked against the event contract when it is read, so
that a field that no event has, a value that no field takes, an option that nothing heeds, or a
column that the table lacks, is named before any row is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from schemas.bounds import LONGEST_TEMPLATE, MOST_CODES, MOST_RULES
from schemas.events import KINDS, Code, Fact
from schemas.limits import Stated
from schemas.mapping_checks import FILTERS, PLACE, wrong_with_mapping, wrong_with_rule
from schemas.mapping_table import Table, When

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ASKED_OF: Final[Mapping[Fact, tuple[str, ...]]] = {
    "told_at": ("suspended", "extended"),
    "reason": ("suspended", "extended"),
    "approver_rank": ("extended",),
    "days_asked": ("suspended",),
    "delivered": ("decided", "finished"),
}
"""The kinds of events of which the law asks a fact."""
GIVEN: Final = frozenset({"kind", "source", "schema_version"})
"""Fields that no rule states."""


class EventRule(Stated):
    """One event that a row may give."""

    kind: str
    when: Annotated[tuple[When, ...], Field(max_length=MOST_RULES)] = ()
    """All of them must hold."""
    rare: bool = False
    """Not every table has a row for it; otherwise a rule that gives nothing is told."""
    fields: dict[str, Annotated[str, Field(max_length=LONGEST_TEMPLATE)]]
    """Each field's text, with `{column}` or `{column|codes}` for a value of the row.

    Where every column that it names is empty the field is left out. Without `event_id` the event
    is named by its content.
    """

    @model_validator(mode="after")
    def _fields_of_the_kind(self) -> EventRule:
        model = KINDS.get(self.kind)
        if model is None:
            raise ValueError(f"there is no kind {self.kind}; the kinds are {', '.join(KINDS)}")
        for name in self.fields:
            if name not in model.model_fields or name in GIVEN:
                raise ValueError(f"{self.kind} has no field {name}; docs/events.md lists them")
        for name, field in model.model_fields.items():
            if field.is_required() and name not in {*GIVEN, "event_id", *self.fields}:
                raise ValueError(f"{self.kind} needs {name}")
        wrong_with_rule(self)
        return self

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        named = {c for text in self.fields.values() for c, _ in PLACE.findall(text)}
        return frozenset(named.union(*(condition.columns for condition in self.when)))


class HallMapping(Stated):
    """A whole mapping file."""

    source: Code
    """The source system that the events name."""
    table: Table = Table()
    codes: dict[str, Annotated[dict[str, str], Field(max_length=MOST_CODES)]] = Field(
        default_factory=dict
    )
    """Translations of values; one that is not listed is an error, unless `*` says what it is."""
    cannot_record: tuple[Fact, ...] = ()
    """Facts that the source cannot hold (unrecorded is not 'no'): each event that the law asks
    them of says so."""
    events: tuple[EventRule, ...] = Field(min_length=1, max_length=MOST_RULES)

    @model_validator(mode="after")
    def _known_codes(self) -> HallMapping:
        for rule in self.events:
            for text in rule.fields.values():
                for _, filter_ in PLACE.findall(text):
                    if filter_ and filter_ not in self.codes and filter_ not in FILTERS:
                        names = ", ".join(FILTERS)
                        raise ValueError(f"{filter_} is neither in codes nor one of {names}")
        wrong_with_mapping(self)
        return self

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        return self.table.columns.union(*(rule.columns for rule in self.events))


Loses = Literal["row", "event", "field", "nothing"]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row."""

    row: int
    """Counted from 1, without the heading; 0 for what is wrong with no one row."""
    kind: str
    """The event that it does not give; empty where the whole row cannot be read."""
    field: str
    value: str
    message: str
    remedy: str
    loses: Loses = "event"
    """What is left out for it: of a field, or of nothing, the event stands."""

    def __str__(self) -> str:
        """One line for a person: where, what, and what to do."""
        where = ".".join(part for part in (self.kind, self.field) if part)
        where = (f"row {self.row}: " if self.row else "") + (f"{where}: " if where else "")
        value = f" ({self.value})" if self.value else ""
        kept = "; the event stands without the field" if self.loses == "field" else ""
        return f"{where}{self.message}{value}{kept} → {self.remedy}"


class Made(NamedTuple):
    """An event that a row gave."""

    at: int
    """When it happened: microseconds since 1970."""
    rank: int
    case_no: str
    event_id: str
    version: int
    line: bytes
    """The event as JSON, without the end of the line."""
    kind: str
    named: bool
    """Whether the source names it; otherwise its content does."""


def missing_columns(mapping: HallMapping, heading: Sequence[str]) -> list[str]:
    """Give the columns that a mapping names and a table lacks."""
    return sorted(mapping.columns - set(heading))
