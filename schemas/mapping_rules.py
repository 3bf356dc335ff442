"""A mapping made ready for the columns of one table: each row's events, and what is wrong with it.

Every field of an event is checked by itself, by the contract's own validator, and what a column
gave once is remembered; so a sound row is written without making its events. What is not sound goes
the slow way: there the engine's own decoding says what is wrong, in the words that a hall would
get. An optional field that is wrong is left out, and told; the fact stands.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from pydantic import ValidationError

from schemas.bounds import MAX_EVENT_BYTES, shown
from schemas.decoding import Refusal, decode_event
from schemas.events import KINDS, STEP_EVENT, Envelope
from schemas.mapping import ASKED_OF, RowProblem
from schemas.mapping_checks import PLACE, adapter
from schemas.mapping_fields import EPOCH, NOTHING, RuleField, piece_of
from schemas.mapping_table import Condition
from schemas.mapping_times import Unfit
from schemas.mapping_values import kind_of, typed
from schemas.masking import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.events import StepEvent
    from schemas.mapping import EventRule, HallMapping, Loses

RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}
"""How kinds are ordered that happened at the same moment."""
SEEN: Final = 8
"""Values that are shown of a column whose condition never held."""
_SAYS_WHICH: Final = frozenset({"event_id", "case_no", "record_version", "suspension_id"})
"""Fields without which a record would be another one."""
_OF_A_STEP: Final = frozenset({"step", "sequence"})


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


class Conversion:
    """A mapping over the columns of one table."""

    def __init__(self, mapping: HallMapping, heading: Sequence[str]) -> None:
        places = {column: place for place, column in reversed(list(enumerate(heading)))}
        self.mapping = mapping
        self.columns = {column: places[column] for column in sorted(mapping.columns)}
        """The place of each column that the mapping names."""
        taken: dict[str, set[str]] = {}
        shared: dict[tuple[str, str], RuleField] = {}
        self.rules = []
        for number, rule in enumerate(mapping.events):
            kinds = taken.setdefault(rule.fields.get("event_id", ""), set())
            suffix = f"-{rule.kind}" if kinds - {rule.kind} and _first(mapping, rule) else ""
            kinds.add(rule.kind)
            self.rules.append(_Rule(mapping, rule, number, places, suffix, shared))
        self.leave_out = [
            Condition(when, places.__getitem__, mapping.table) for when in mapping.table.leave_out
        ]

    def is_left_out(self, cells: Sequence[str]) -> bool:
        """Tell whether a row is none, as the mapping says."""
        return any(condition.holds(cells) for condition in self.leave_out)

    def row(self, number: int, cells: Sequence[str]) -> Iterator[Made | RowProblem]:
        """Give the events of one row, and what is wrong with it; `number` counts from 1."""
        for rule in self.rules:
            if rule.holds(cells):
                yield from rule.make(number, cells)


def _first(mapping: HallMapping, rule: EventRule) -> bool:
    """Tell whether a rule is not of the kind that keeps the id as the source has it: the first."""
    text = rule.fields.get("event_id")
    first = next(each for each in mapping.events if each.fields.get("event_id") == text)
    return text is not None and first.kind != rule.kind


class _Rule:
    """One rule over the columns of one table."""

    def __init__(
        self,
        mapping: HallMapping,
        rule: EventRule,
        number: int,
        places: Mapping[str, int],
        suffix: str,
        shared: dict[tuple[str, str], RuleField],
    ) -> None:
        self.rule, self.number, self.kind = rule, number, rule.kind
        self.given = 0
        """Rows for which its conditions held."""
        self.seen: dict[str, dict[str, None]] = {}
        """Some values of the columns of its conditions, until they hold once."""
        self._mapping = mapping
        self._model = KINDS[rule.kind]
        self._rank = RANK[rule.kind]
        self._conditions = [Condition(w, places.__getitem__, mapping.table) for w in rule.when]
        self._named = "event_id" in rule.fields
        self._fields = {}
        for name, text in rule.fields.items():
            if PLACE.search(text):
                field = RuleField(mapping, rule, name, places.__getitem__)
                if name == "event_id":
                    field.suffix = suffix
                elif name in Envelope.model_fields:  # every kind takes the same of these
                    field = shared.setdefault((name, text), field)
                self._fields[name] = field
        self._constants = self._constant_values()
        self._lay_out()

    def _constant_values(self) -> dict[str, Any]:
        """Give the fields that are the same for every row, with their types."""
        given: dict[str, Any] = {"kind": self.kind, "source": self._mapping.source}
        for name, text in self.rule.fields.items():
            if name not in self._fields:
                given[name] = typed(self._mapping.table, self._model, name, text)
        return given

    def _unable(self) -> list[str]:
        """Give the facts that the source cannot hold, of those the law asks of this kind."""
        return [fact for fact in self._mapping.cannot_record if self.kind in ASKED_OF[fact]]

    def _lay_out(self) -> None:
        """Write what every row shares, and note where the rest goes."""
        names = list(self._model.model_fields)
        in_id = sorted({*self._constants, *self._fields} - {"event_id"})
        self._ids, self._line = [""] * len(in_id), [""] * len(names)
        for name, field in self._model.model_fields.items():
            if not field.is_required() and field.default is not None:
                self._line[names.index(name)] = self._default(name, field.default)
        for name, given in self._constants.items():
            validated = adapter(self.kind, name).validate_python(given)
            piece = piece_of(name, kind_of(self._model, name), given, validated)
            self._ids[in_id.index(name)] = piece.in_id
            self._line[names.index(name)] = piece.in_line
        self._event_id = names.index("event_id")
        self._dynamic = [
            (
                field.columns[0] if len(field.columns) == 1 else -1,
                field,
                field.memo,
                in_id.index(name) if name in in_id else -1,
                names.index(name),
                name,
                self._model.model_fields[name].is_required() or name == "event_id",
            )
            for name, field in self._fields.items()
        ]

    def _default(self, name: str, default: Any) -> str:
        unable = self._unable()
        if name == "unrecorded" and unable:
            default = tuple(unable)
        written = adapter(self.kind, name).dump_json(default).decode()
        return f'"{name}":{written}'

    def holds(self, cells: Sequence[str]) -> bool:
        """Tell whether all conditions hold; until they do, note what the columns have."""
        for condition in self._conditions:
            if not condition.holds(cells):
                if not self.given:
                    seen = self.seen.setdefault(condition.when.column, {})
                    if len(seen) <= SEEN:
                        seen[condition.value(cells)] = None
                return False
        self.given += 1
        return True

    def make(self, number: int, cells: Sequence[str]) -> Iterator[Made | RowProblem]:
        """Give the event of one row, with what is told of it; or why there is none."""
        notes: list[tuple[str, str, str]] = []
        try:
            made = self._quickly(cells, notes)
        except (Unfit, ValidationError):
            made = None
        if made is None:
            yield from self._slowly(number, cells)
            return
        for name, value, note in notes:
            yield self._mended(number, name, value, note)
        yield made

    def _mended(self, number: int, name: str, value: str, note: str) -> RowProblem:
        said = shown(harmless(name, value))
        remedy = "nothing is lost; better mend it at the source"
        return RowProblem(number, self.kind, name, said, note, remedy, "nothing")

    def _quickly(self, cells: Sequence[str], notes: list[tuple[str, str, str]]) -> Made | None:
        """Write a sound row's event; None for one that is not. Raises Unfit, ValidationError."""
        ids, line = self._ids.copy(), self._line.copy()
        got: dict[str, Any] = {}
        for column, field, memo, in_id, in_line, name, needed in self._dynamic:
            key: Any = cells[column] if column >= 0 else tuple(cells[c] for c in field.columns)
            piece = memo.get(key)
            if piece is None:
                piece = field.remember(key, field.piece(cells))
            if piece is NOTHING:
                if needed:
                    return None
                continue
            got[name] = piece.value
            if in_id >= 0:
                ids[in_id] = piece.in_id
            line[in_line] = piece.in_line
            if piece.note:
                notes.append((name, str(key), piece.note))
        event_id = got.get("event_id")
        if event_id is None:
            event_id = _named_by("{" + ", ".join([each for each in ids if each]) + "}")
            line[self._event_id] = f'"event_id":"{event_id}"'
        raw = ("{" + ",".join([each for each in line if each]) + "}").encode()
        if len(raw) > MAX_EVENT_BYTES:
            return None
        return Made(
            got["occurred_at"],
            self._rank,
            got["case_no"],
            event_id,
            got.get("record_version", self._constants.get("record_version", 1)),
            raw,
            self.kind,
            self._named,
        )

    def _slowly(self, number: int, cells: Sequence[str]) -> Iterator[Made | RowProblem]:
        """Make an event field by field: what is optional and wrong is left out, and told."""
        given = dict(self._constants)
        for name, field in self._fields.items():
            text = field.text
            try:
                filled = field.fill(cells)
                if filled is None:
                    continue
                text, note = filled
                given[name] = field.typed(text)
            except Unfit as error:
                said = self._as_written(field, text, cells)
                yield self._problem(number, name, said, str(error), error.remedy)
                if not self._may_go(name):
                    return
            else:
                if note:
                    yield self._mended(number, name, _cells_of(field, cells), note)
        while True:
            try:
                yield self._decoded(given)
            except Refusal as refusal:
                name = refusal.field.partition(".")[0]
                what = (refusal.field, refusal.value, refusal.message, refusal.remedy)
                yield self._problem(number, *what)
                if name not in given or not self._may_go(name):
                    return
                del given[name]
            else:
                return

    def _decoded(self, given: Mapping[str, Any]) -> Made:
        """Make the event as the engine will read it. Raises Refusal."""
        whole = dict(given)
        if "event_id" not in whole:
            whole["event_id"] = content_id(given)
        unable = self._unable()
        if unable:
            whole.setdefault("unrecorded", unable)
        event = decode_event(msgspec.json.encode(whole))
        return Made(
            int((event.occurred_at - EPOCH).total_seconds()) * 1_000_000
            + event.occurred_at.microsecond,
            self._rank,
            event.case_no,
            event.event_id,
            event.record_version,
            STEP_EVENT.dump_json(event, exclude_none=True),
            self.kind,
            "event_id" in given,
        )

    def _problem(
        self, number: int, field: str, value: str, message: str, remedy: str
    ) -> RowProblem:
        loses: Loses = "field" if self._may_go(field.partition(".")[0]) else "event"
        return RowProblem(number, self.kind, field, value, message, remedy, loses)

    def _may_go(self, name: str) -> bool:
        """Tell whether the fact stands without a field: nothing stands for what is left out."""
        field = self._model.model_fields.get(name)
        if field is None or field.is_required() or field.default is not None or name in _SAYS_WHICH:
            return False
        return not (name in _OF_A_STEP and self.kind.startswith("step_"))

    def _as_written(self, field: RuleField, text: str, cells: Sequence[str]) -> str:
        if text == field.text:  # it was not filled: the cell itself is at fault
            text = _cells_of(field, cells)
        return shown(harmless(field.name, text))


def _cells_of(field: RuleField, cells: Sequence[str]) -> str:
    return " ".join(cells[column].strip() for column in field.columns)


def content_id(given: Mapping[str, Any]) -> str:
    """Name an event by its content: the same row gives the same event, whenever it is converted."""
    return _named_by(json.dumps(given, ensure_ascii=False, sort_keys=True, default=_iso))


def _named_by(content: str) -> str:
    return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


def _iso(value: Any) -> str:
    assert isinstance(value, datetime)  # noqa: S101 - nothing else needs it
    return value.isoformat()


def apply(
    mapping: HallMapping, number: int, row: Mapping[str, str]
) -> Iterator[StepEvent | RowProblem]:
    """Give the events of one row by its columns, and what is wrong with it."""
    conversion = Conversion(mapping, tuple(row))
    for made in conversion.row(number, tuple(row.values())):
        yield made if isinstance(made, RowProblem) else decode_event(made.line)
