"""A mapping made ready for the columns of one table: each row's events, and what is wrong with it.

Every field of an event is checked by itself, by the contract's own validator, and what a column
gave once is remembered; so a sound row is written without making its events. What is not sound goes
the careful way (`schemas.mapping_careful`), which says what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from schemas.bounds import MAX_EVENT_BYTES
from schemas.decoding import decode_event
from schemas.events import KINDS, Envelope
from schemas.mapping import Made, RowProblem
from schemas.mapping_careful import RANK, Careful, named_by
from schemas.mapping_checks import PLACE, adapter
from schemas.mapping_fields import BY_DATE, RuleField, piece_of
from schemas.mapping_table import Condition
from schemas.mapping_times import Unfit
from schemas.mapping_values import OF_DATES, kind_of, typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.events import StepEvent
    from schemas.mapping import EventRule, HallMapping

SEEN: Final = 8
"""Values that are shown of a column whose condition never held."""


ASKED: Final = {"occurred_at": 1, "case_no": 2, "event_id": 3, "record_version": 4}
"""What is asked of an event beside its line, and where it is noted."""


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
                elif name in Envelope.model_fields and not (
                    name == "occurred_at" and self._model in OF_DATES
                ):  # every other kind takes the same of these
                    field = shared.setdefault((name, text), field)
                self._fields[name] = field
        self._constants = self._constant_values()
        self._careful = Careful(mapping, self.kind, self._fields, self._constants)
        self._lay_out()

    def _constant_values(self) -> dict[str, Any]:
        """Give the fields that are the same for every row, with their types."""
        given: dict[str, Any] = {"kind": self.kind, "source": self._mapping.source}
        for name, text in self.rule.fields.items():
            if name not in self._fields:
                given[name] = typed(self._mapping.table, self._model, name, text)
        return given

    def _lay_out(self) -> None:
        """Write what every row shares, and note where the rest goes."""
        defaults = {
            name: self._default(name, field.default)
            for name, field in self._model.model_fields.items()
            if name != BY_DATE and not field.is_required() and field.default is not None
        }
        used = {*defaults, *self._constants, *self._fields, "event_id"}
        names = [name for name in self._model.model_fields if name in used]
        in_id = sorted({*self._constants, *self._fields} - {"event_id"})
        self._ids = [""] * len(in_id)
        self._line = [defaults.get(name, "") for name in names]
        for name, given in self._constants.items():
            validated = adapter(self.kind, name).validate_python(given)
            piece = piece_of(name, kind_of(self._model, name), given, validated)
            self._ids[in_id.index(name)] = piece.in_id
            self._line[names.index(name)] = piece.in_line
        self._event_id = names.index("event_id")
        self._got = [None] * 4 + [self._constants.get("record_version", 1)]
        self._dynamic = [
            (
                field.columns[0] if len(field.columns) == 1 else -1,
                field,
                field.memo,
                in_id.index(name) if name in in_id else -1,
                names.index(name),
                ASKED.get(name, 0),
                self._model.model_fields[name].is_required() or name == "event_id",
            )
            for name, field in self._fields.items()
        ]

    def _default(self, name: str, default: Any) -> str:
        unable = self._careful.unable
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
            yield from self._careful.make(number, cells)
            return
        for name, value, note in notes:
            yield self._careful.mended(number, name, value, note)
        yield made

    def _quickly(self, cells: Sequence[str], notes: list[tuple[str, str, str]]) -> Made | None:
        """Write a sound row's event; None for one that is not. Raises Unfit, ValidationError."""
        ids, line, got = self._ids.copy(), self._line.copy(), self._got.copy()
        whole = True
        for column, field, memo, in_id, in_line, asked, needed in self._dynamic:
            key: Any = cells[column] if column >= 0 else tuple([cells[c] for c in field.columns])
            piece = memo.get(key)
            if piece is None:
                piece = field.remember(key, field.piece(cells))
            said, written, value, note = piece
            if not said:  # NOTHING
                if needed:
                    return None
                whole = False
                continue
            if asked:
                got[asked] = value
            if in_id >= 0:
                ids[in_id] = said
            line[in_line] = written
            if note:
                notes.append((field.name, str(key), note))
        _, at, case_no, event_id, version = got
        if event_id is None:
            content = ", ".join(ids if whole else [each for each in ids if each])
            event_id = named_by("{" + content + "}")
            line[self._event_id] = f'"event_id":"{event_id}"'
        raw = ("{" + ",".join(line if whole else [each for each in line if each]) + "}").encode()
        if len(raw) > MAX_EVENT_BYTES:
            return None
        return Made(at, self._rank, case_no, event_id, version, raw, self.kind, self._named)


def apply(
    mapping: HallMapping, number: int, row: Mapping[str, str]
) -> Iterator[StepEvent | RowProblem]:
    """Give the events of one row by its columns, and what is wrong with it."""
    conversion = Conversion(mapping, tuple(row))
    for made in conversion.row(number, tuple(row.values())):
        yield made if isinstance(made, RowProblem) else decode_event(made.line)
