"""An event made field by field, where its row is not sound: what is wrong is told, and what stands.

The engine's own decoding says what is wrong, in the words that a hall would get. An optional field
that is wrong is left out, and told; the fact stands. What says which record it is, and what has a
meaning when it is left out, is never left out.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas.bounds import shown
from schemas.decoding import Refusal, decode_event
from schemas.events import KINDS, STEP_EVENT
from schemas.mapping import ASKED_OF, Made, RowProblem
from schemas.mapping_fields import BY_DATE, EPOCH
from schemas.mapping_times import Unfit
from schemas.mapping_values import DUE, IN_CASE
from schemas.masking import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.mapping import HallMapping, Loses
    from schemas.mapping_fields import RuleField

RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}
"""How kinds are ordered that happened at the same moment."""
_SAYS_WHICH: Final = frozenset({"event_id", "case_no", "record_version", "suspension_id"})
"""Fields without which a record would be another one."""
_OF_A_STEP: Final = frozenset({"step", "sequence"})


class Careful:
    """One rule's events, one field after the other."""

    def __init__(
        self,
        mapping: HallMapping,
        kind: str,
        fields: Mapping[str, RuleField],
        constants: Mapping[str, Any],
    ) -> None:
        self._kind, self._fields, self._constants = kind, fields, constants
        self._model = KINDS[kind]
        self._by_date = False
        """Whether the event that is being made states a due date."""
        self.unable = [fact for fact in mapping.cannot_record if kind in ASKED_OF[fact]]
        """The facts that the source cannot hold, of those the law asks of this kind."""

    def make(self, number: int, cells: Sequence[str]) -> Iterator[Made | RowProblem]:
        """Make an event field by field: what is optional and wrong is left out, and told."""
        given = dict(self._constants)
        self._by_date = False
        told: list[RowProblem] = []
        whole = all(
            self._gave(number, name, field, cells, given, told)
            for name, field in self._fields.items()
        )
        yield from told
        while whole:
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

    def _gave(
        self,
        number: int,
        name: str,
        field: RuleField,
        cells: Sequence[str],
        given: dict[str, Any],
        told: list[RowProblem],
    ) -> bool:
        """Add a field to what is given, or to what is told; whether the event can still be made."""
        text = field.text
        try:
            filled = field.fill(cells)
            if filled is None:
                return True
            text, note = filled
            given[name] = field.typed(text)
            self._by_date |= field.by_date(text)
        except Unfit as error:
            said = self._as_written(field, text, cells)
            told.append(self._problem(number, name, said, str(error), error.remedy))
            return self._may_go(name)
        if note:
            told.append(self.mended(number, name, _cells_of(field, cells), note))
        return True

    def _decoded(self, given: Mapping[str, Any]) -> Made:
        """Make the event as the engine will read it. Raises Refusal."""
        whole = dict(given)
        if "event_id" not in whole:
            whole["event_id"] = content_id(given)
        unable = self.unable
        if unable:
            whole.setdefault("unrecorded", unable)
        if self._by_date and DUE & given.keys():
            whole[BY_DATE] = True
        event = decode_event(msgspec.json.encode(whole))
        return Made(
            int((event.occurred_at - EPOCH).total_seconds()) * 1_000_000
            + event.occurred_at.microsecond,
            RANK[self._kind],
            event.case_no,
            event.event_id,
            event.record_version,
            _as_written_before(STEP_EVENT.dump_json(event, exclude_none=True)),
            self._kind,
            "event_id" in given,
        )

    def _problem(
        self, number: int, field: str, value: str, message: str, remedy: str
    ) -> RowProblem:
        if message.startswith("The code holds") and field not in IN_CASE:
            remedy += "; a name becomes a code by {column|as_code}"
        loses: Loses = "field" if self._may_go(field.partition(".")[0]) else "event"
        return RowProblem(number, self._kind, field, value, message, remedy, loses)

    def _may_go(self, name: str) -> bool:
        """Tell whether the fact stands without a field: nothing stands for what is left out."""
        field = self._model.model_fields.get(name)
        if field is None or field.is_required() or field.default is not None or name in _SAYS_WHICH:
            return False
        return not (name in _OF_A_STEP and self._kind.startswith("step_"))

    def _as_written(self, field: RuleField, text: str, cells: Sequence[str]) -> str:
        if text == field.text:  # it was not filled: the cell itself is at fault
            text = _cells_of(field, cells)
        return shown(harmless(field.name, text))

    def mended(self, number: int, name: str, value: str, note: str) -> RowProblem:
        """Tell what of a field was mended: nothing is lost."""
        said = shown(harmless(name, value))
        remedy = "nothing is lost; better mend it at the source"
        return RowProblem(number, self._kind, name, said, note, remedy, "nothing")


def _as_written_before(line: bytes) -> bytes:
    """Leave out what says nothing and 0.2.0 does not know: it reads every other event."""
    return line.replace(f',"{BY_DATE}":false'.encode(), b"")


def _cells_of(field: RuleField, cells: Sequence[str]) -> str:
    return " ".join(cells[column].strip() for column in field.columns)


def content_id(given: Mapping[str, Any]) -> str:
    """Name an event by its content: the same row gives the same event, whenever it is converted."""
    return named_by(json.dumps(given, ensure_ascii=False, sort_keys=True, default=_iso))


def named_by(content: str) -> str:
    """Name an event by its content, written as `content_id` writes it."""
    return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


def _iso(value: Any) -> str:
    assert isinstance(value, datetime)  # noqa: S101 - nothing else needs it
    return value.isoformat()
