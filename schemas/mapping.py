"""A mapping (映射): how a hall's table becomes step events, with no code for each source.

`docs/mappings.md` shows one. A mapping is checked against the event contract when it is read, so
that a field that no event has, or a column that the table lacks, is named before any row is read.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from pydantic import Field, model_validator

from schemas.bounds import (
    LONGEST_TEMPLATE,
    MAX_EVENT_BYTES,
    MOST_CODES,
    MOST_RULES,
    SHOWN_TEXT,
    shown,
)
from schemas.decoding import Refusal, decode_event
from schemas.events import KINDS, Code, Fact, StepEvent
from schemas.limits import Stated
from schemas.mapping_values import Unfit, reads_what_it_writes, typed
from schemas.masking import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ASKED_OF: Final[Mapping[Fact, tuple[str, ...]]] = {
    "told_at": ("suspended", "extended"),
    "reason": ("suspended", "extended"),
    "approver_rank": ("extended",),
    "days_asked": ("suspended",),
    "delivered": ("decided", "finished"),
}
"""The kinds of events of which the law asks a fact."""
_PLACE: Final = re.compile(r"\{([^{}|]+)(?:\|([a-z_]+))?\}")
_GIVEN: Final = frozenset({"kind", "source", "schema_version"})


class Table(Stated):
    """How the table is written."""

    encoding: Annotated[str, Field(max_length=40)] = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    time_zone: str | None = None
    """The zone of times without an offset.

    A local time that occurs twice is the first of them; one that never occurs is an error.
    """
    time_format: Annotated[str, Field(max_length=100)] | None = None
    """As `strptime` has it; ISO 8601, when left out."""
    clock_time_of_dates: time | None = None
    """For a source that records dates only: the clock time that a date gets."""
    list_separator: Annotated[str, Field(min_length=1, max_length=10)] | None = None
    """What parts the entries of a field that holds several; left out, a cell is one entry."""

    @model_validator(mode="after")
    def _known(self) -> Table:
        """Check the names that only the machine knows."""
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"there is no time zone {self.time_zone}") from None
        try:
            "a".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(f"there is no encoding {self.encoding}") from None
        if self.time_format is not None and not reads_what_it_writes(self.time_format):
            raise ValueError(f"{self.time_format} is no form of a time, as strptime has it")
        return self


class When(Stated):
    """A condition on a column; without `among` the column must hold something."""

    column: str
    among: tuple[str, ...] | None = None

    def holds(self, row: Mapping[str, str]) -> bool:
        """Tell whether it holds for a row."""
        value = row[self.column].strip()
        return bool(value) if self.among is None else value in self.among


class EventRule(Stated):
    """One event that a row may give."""

    kind: str
    when: Annotated[tuple[When, ...], Field(max_length=MOST_RULES)] = ()
    """All of them must hold."""
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
            if name not in model.model_fields or name in _GIVEN:
                raise ValueError(f"{self.kind} has no field {name}; docs/events.md lists them")
        for name, field in model.model_fields.items():
            if field.is_required() and name not in {*_GIVEN, "event_id", *self.fields}:
                raise ValueError(f"{self.kind} needs {name}")
        return self

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        named = {c for text in self.fields.values() for c, _ in _PLACE.findall(text)}
        return frozenset(named | {condition.column for condition in self.when})


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
                for _, filter_ in _PLACE.findall(text):
                    if filter_ and filter_ not in self.codes and filter_ not in _FILTERS:
                        raise ValueError(f"{filter_} is neither in codes nor one of {_NAMES}")
        return self

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        return frozenset().union(*(rule.columns for rule in self.events))


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row."""

    row: int
    """Counted from 1, without the heading."""
    kind: str
    """The event that it does not give; empty where the whole row cannot be read."""
    field: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """One line for a person: where, what, and what to do."""
        where = f"row {self.row}: " + (f"{self.kind}.{self.field}: " if self.kind else "")
        value = f" ({self.value})" if self.value else ""
        return f"{where}{self.message}{value} → {self.remedy}"


def apply(
    mapping: HallMapping, number: int, row: Mapping[str, str]
) -> Iterator[StepEvent | RowProblem]:
    """Give the events of one row, and what is wrong with it."""
    for rule in mapping.events:
        if all(condition.holds(row) for condition in rule.when):
            yield _event(mapping, rule, number, row)


def _event(
    mapping: HallMapping, rule: EventRule, number: int, row: Mapping[str, str]
) -> StepEvent | RowProblem:
    model = KINDS[rule.kind]
    given: dict[str, Any] = {"kind": rule.kind, "source": mapping.source}
    for name, text in rule.fields.items():
        value = None
        try:
            value = _filled(mapping, text, row)
            if value is not None:
                given[name] = typed(mapping.table, model, name, value)
        except Unfit as error:
            said = shown(harmless(name, value or text))
            return RowProblem(number, rule.kind, name, said, str(error), error.remedy)
    given.setdefault("event_id", _content_id(given))
    unable = [fact for fact in mapping.cannot_record if rule.kind in ASKED_OF[fact]]
    if unable:
        given.setdefault("unrecorded", unable)
    try:
        return decode_event(msgspec.json.encode(given))  # as the engine will, in the same words
    except Refusal as refusal:
        what = (refusal.field, refusal.value, refusal.message, refusal.remedy)
        return RowProblem(number, rule.kind, *what)


def _filled(mapping: HallMapping, text: str, row: Mapping[str, str]) -> str | None:
    """Put the row's values into a text; None where it names columns and all are empty."""
    places = _PLACE.findall(text)
    if places and not any(row[column].strip() for column, _ in places):
        return None

    left = MAX_EVENT_BYTES

    def value(found: re.Match[str]) -> str:
        nonlocal left
        left -= len(row[found[1]])
        if left < 0:
            raise Unfit("longer than an event may be", "map fewer columns, or shorten the cells")
        said, filter_ = row[found[1]].strip(), found[2]
        try:
            said.encode()
        except UnicodeEncodeError:
            raise Unfit("half a character", "state table.encoding in the mapping") from None
        if filter_ in _FILTERS:
            return _FILTERS[filter_](said)
        if filter_:
            codes = mapping.codes[filter_]
            translated = codes.get(said, codes.get("*"))
            if translated is None:
                message = f"the value is not among the codes {filter_}"
                raise Unfit(shown(message, SHOWN_TEXT), "add it to the mapping")
            return translated
        return said

    return _PLACE.sub(value, text)


def _as_code(value: str) -> str:
    """Make a code of a name: single blanks, at most 64 characters, the rest as a hash."""
    code = " ".join(value.split())
    if len(code) <= 64:  # noqa: PLR2004 - the contract's length
        return code
    return f"{code[:55]}-{hashlib.blake2b(code.encode(), digest_size=4).hexdigest()}"


_FILTERS: Final = {"as_code": _as_code}
_NAMES: Final = ", ".join(_FILTERS)


def _content_id(given: Mapping[str, Any]) -> str:
    """Name an event by its content: the same row gives the same event, whenever it is converted."""
    canonical = json.dumps(given, ensure_ascii=False, sort_keys=True, default=_iso)
    return hashlib.blake2b(canonical.encode(), digest_size=12).hexdigest()


def _iso(value: Any) -> str:
    assert isinstance(value, datetime)  # noqa: S101 - nothing else needs it
    return value.isoformat()


def missing_columns(mapping: HallMapping, heading: Sequence[str]) -> list[str]:
    """Give the columns that a mapping names and a table lacks."""
    return sorted(mapping.columns - set(heading))
