"""One field of a rule, made ready: from the cells of a row to what stands in an event."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from schemas.bounds import MAX_EVENT_BYTES, SHOWN_TEXT, shown
from schemas.events import KINDS
from schemas.mapping_cells import mended, odd
from schemas.mapping_checks import PLACE, adapter
from schemas.mapping_times import Unfit
from schemas.mapping_values import DUE, IN_CASE, kind_of, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from schemas.mapping import EventRule, HallMapping
    from schemas.mapping_table import Table

LONGEST_CODE: Final = 64
KEPT: Final = 4_096
"""Values of a field that are remembered: most columns repeat what they hold."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
BY_DATE: Final = "promised_by_date"
"""What says that a due moment is the end of a date; it stands behind that moment in an event."""
_MICROSECOND: Final = timedelta(microseconds=1)


_SURE: Final = {longest: re.compile(rf"[0-9A-Za-z_-]{{1,{longest}}}") for longest in (50, 64)}


class Piece(NamedTuple):
    """A field of an event as it is written."""

    in_id: str
    """As the id's content has it; "" where the field is left out."""
    in_line: str
    """As the event's line has it."""
    value: Any
    """A moment as microseconds since 1970; any other value as it is."""
    note: str
    """What was mended, or ""."""


NOTHING: Final = Piece("", "", None, "")


def piece_of(name: str, kind: str, given: Any, validated: Any, note: str = "") -> Piece:
    """Write a field as `json.dumps` writes an id's content, and as pydantic writes an event."""
    if type(given) is str:
        said = encode_basestring(given)
        written = said if kind != "money" else f'"{validated}"'
        return Piece(f'"{name}": {said}', f'"{name}":{written}', given, note)
    match given:
        case bool():
            said = written = "true" if given else "false"
        case int():
            said = written = str(given)
        case datetime():
            iso = given.isoformat()
            said = f'"{iso}"'
            written = f'"{iso[:-6]}Z"' if iso.endswith("+00:00") else said
            given = (given - EPOCH) // _MICROSECOND
        case _:
            entries = [encode_basestring(each) for each in given]
            said, written = f"[{', '.join(entries)}]", f"[{','.join(entries)}]"
    return Piece(f'"{name}": {said}', f'"{name}":{written}', given, note)


class RuleField:
    """A field that names columns. `place` gives a column's place in the row."""

    def __init__(
        self, mapping: HallMapping, rule: EventRule, name: str, place: Callable[[str], int]
    ) -> None:
        text = rule.fields[name]
        found = PLACE.findall(text)
        self.name, self.text = name, text
        self.model = KINDS[rule.kind]
        self.kind = kind_of(self.model, name)
        self.columns = tuple(place(column) for column, _ in found)
        self.memo: dict[Any, Piece] = {}
        self.suffix = ""
        """What tells this record from one of another kind with the same id, or ""."""
        self._filters = tuple(filter_ for _, filter_ in found)
        self._between = tuple(PLACE.sub("\0", text).split("\0"))
        self._says_by_date = name in DUE and BY_DATE not in rule.fields
        self._plain = self._between == ("", "") and not self._filters[0] and name != "event_id"
        """Whether it is one column and nothing else."""
        self._codes: Mapping[str, Mapping[str, str]] = mapping.codes
        self._table: Table = mapping.table
        self._empty = frozenset(("", *mapping.table.empty_values))
        self._dated = any(column in mapping.table.date_columns for column, _ in found)
        self._validate = adapter(rule.kind, name).validate_python
        self._moments = mapping.table.moments
        self._at_once = self._plain and self.kind == "time" and not self._dated
        self._is_sure = (
            _SURE[50 if name == "case_no" else LONGEST_CODE].fullmatch
            if self._plain and self.kind == "code"
            else None
        )
        """Tells of a code that no validator could refuse, and nothing could be mended in."""

    def piece(self, cells: Sequence[str]) -> Piece:
        """Give the field of a row; NOTHING where all its columns are empty.

        Raises Unfit, or pydantic's ValidationError, where it cannot be what the field asks.
        """
        if self._is_sure is not None:
            text = cells[self.columns[0]].strip()
            if self._is_sure(text) and text not in self._empty:
                return Piece(f'"{self.name}": "{text}"', f'"{self.name}":"{text}"', text, "")
        elif self._at_once:
            text = cells[self.columns[0]].strip()
            if (found := self._moments.at_once(text)) is not None and text not in self._empty:
                said, written, at = found
                return Piece(f'"{self.name}": "{said}"', f'"{self.name}":"{written}"', at, "")
        filled = self.fill(cells)
        if filled is None:
            return NOTHING
        text, note = filled
        given = self.typed(text)
        piece = piece_of(self.name, self.kind, given, self._validate(given), note)
        if self.by_date(text):
            return piece._replace(in_line=f'{piece.in_line},"{BY_DATE}":true')
        return piece

    def by_date(self, text: str) -> bool:
        """Tell whether the field is a due moment of which the table states the date alone."""
        return self._says_by_date and self._moments.is_date(text, dated=self._dated)

    def typed(self, text: str) -> Any:
        """Give the field's text its type. Raises Unfit."""
        try:
            return typed(self._table, self.model, self.name, text, dated=self._dated)
        except Unfit as error:
            if self.name == "record_version" and self._is_a_moment(text):
                raise Unfit("no whole number, but a time", "write {column|as_version}") from error
            raise

    def _is_a_moment(self, text: str) -> bool:
        try:
            self._moments.read(text)
        except Unfit:
            return False
        return True

    def remember(self, key: Any, piece: Piece) -> Piece:
        """Keep a value for the next rule, or row, that has it."""
        if len(self.memo) >= KEPT:
            self.memo.clear()
        self.memo[key] = piece
        return piece

    def fill(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """Put the row's values into the text; None where all its columns are empty.

        With it comes what was mended, or "". Raises Unfit.
        """
        if self._plain:
            value = cells[self.columns[0]].strip()
            if value in self._empty:
                return None
            if value.isascii() and (self.kind != "code" or not odd(value)):
                return value, ""
        said = [cells[column].strip() for column in self.columns]
        if all(value in self._empty for value in said):
            return None
        if sum(map(len, said)) > MAX_EVENT_BYTES:
            raise Unfit("longer than an event may be", "map fewer columns, or shorten the cells")
        notes: list[str] = []
        values = [
            self._value("" if value in self._empty else value, filter_, notes)
            for value, filter_ in zip(said, self._filters, strict=True)
        ]
        text = self._between[0] + "".join(
            value + after for value, after in zip(values, self._between[1:], strict=True)
        )
        if self.name == "event_id":
            text = self._id(text, notes)
        return text, "; ".join(dict.fromkeys(notes))

    def _value(self, said: str, filter_: str, notes: list[str]) -> str:
        try:
            said.encode()
        except UnicodeEncodeError:
            raise Unfit("half a character", "state table.encoding in the mapping") from None
        if self.kind == "code" and not (self.name == "item_version" and said.endswith(".0")):
            said, note = mended(said, number=self.name in IN_CASE)
            if note:
                notes.append(note)
        match filter_:
            case "":
                return said
            case "as_code":
                return as_code(said)
            case "as_version":
                return str((self._moments.read(said) - EPOCH) // timedelta(milliseconds=1))
        codes = self._codes[filter_]
        translated = codes.get(said, codes.get("*"))
        if translated is None:  # a column of figures with gaps, as many programs write it: 2.0
            translated = codes.get(said.removesuffix(".0"))
        if translated is None:
            message = f"the value is not among the codes {filter_}"
            raise Unfit(shown(message, SHOWN_TEXT), "add it to the mapping")
        return translated

    def _id(self, text: str, notes: list[str]) -> str:
        text += self.suffix
        if len(text) <= LONGEST_CODE:
            return text
        notes.append("an id of more than 64 characters ends in a hash of the whole")
        return as_code(text)


def as_code(value: str) -> str:
    """Make a code of a name: single blanks, at most 64 characters, the rest as a hash."""
    code = " ".join(value.split())
    if len(code) <= LONGEST_CODE:
        return code
    return f"{code[:55]}-{hashlib.blake2b(code.encode(), digest_size=4).hexdigest()}"
