"""What the engine accepted as rows: events, rulings, catalogues and calendars. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from pydantic import AwareDatetime, TypeAdapter

from schemas.masking import mask_text
from schemas.verdicts import (
    Accepted,
    EventRecord,
    GapRecord,
    Origin,
    ReferenceRecord,
    RulingRecord,
)
from streams.engine.entries import identity
from streams.sink import tables

if TYPE_CHECKING:
    from streams.sink.tables import Row

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LENIENT: Final = TypeAdapter(AwareDatetime)
_ACCEPTED: Final[msgspec.json.Decoder[EventRecord | RulingRecord | ReferenceRecord | GapRecord]] = (
    msgspec.json.Decoder(Accepted)
)


class _Event(Struct, frozen=True, kw_only=True):
    """What of a step event has a column of its own."""

    event_id: str
    case_no: str
    source: str
    kind: str
    occurred_at: str
    schema_version: int = 1
    record_version: int = 1
    recorded_at: str | None = None
    item: str | None = None
    item_name: str | None = None
    base_code: str | None = None
    item_version: str | None = None
    region: str | None = None
    department: str | None = None
    department_name: str | None = None
    window: str | None = None
    step: str | None = None
    step_name: str | None = None
    officer: str | None = None
    officer_name: str | None = None
    batch: str | None = None
    outcome: str | None = None
    result: str | None = None
    reason: str | None = None
    promised_due_at: str | None = None
    voided: bool = False


class _Ruling(Struct, frozen=True, kw_only=True):
    ruling_id: str
    card_id: str
    action: str
    actor: str
    decided_at: str
    reason: str


_EVENT: Final = msgspec.json.Decoder(_Event)
_RULING: Final = msgspec.json.Decoder(_Ruling)


def accepted_rows(value: bytes) -> list[Row]:
    """Give the row of a record of `jiancha.events`.

    Raises `msgspec.MsgspecError` or `ValueError` when it is none.
    """
    found = _ACCEPTED.decode(value)
    if isinstance(found, EventRecord):
        return [(tables.EVENTS, _event(found))]
    if isinstance(found, RulingRecord):
        return [(tables.RULINGS, _ruling(found))]
    if isinstance(found, GapRecord):
        return [(tables.GAPS, _gap(found))]
    return [(tables.REFERENCE_VERSIONS, _reference(found))]


def _event(record: EventRecord) -> tuple[Any, ...]:
    raw = bytes(record.event)
    event = _EVENT.decode(raw)
    origin = record.origin
    return (
        record.case_no,
        event.source,
        event.event_id,
        identity(event.source, event.event_id),
        min(event.record_version, tables.MOST_IN_KEY),
        event.record_version,
        _hash(raw),
        event.schema_version,
        event.kind,
        event.voided,
        _milliseconds(event.occurred_at),
        _maybe_milliseconds(event.recorded_at),
        origin.timestamp_ms,
        origin.arrived,
        event.item or "",
        event.item_name or "",
        event.base_code or "",
        event.item_version or "",
        event.region or "",
        event.department or "",
        event.department_name or "",
        event.window or "",
        event.step or "",
        event.step_name or "",
        event.officer or "",
        event.officer_name or "",
        event.batch or "",
        _outcome(event),
        event.reason or "",
        _maybe_milliseconds(event.promised_due_at),
        raw.decode(),
        *_origin(origin),
    )


def _outcome(event: _Event) -> str:
    """Give the coded result; of the other kinds `result` is free text, and stays in the content."""
    return event.outcome or (event.result if event.kind == "step_finished" else None) or ""


def _ruling(record: RulingRecord) -> tuple[Any, ...]:
    raw = bytes(record.ruling)
    ruling = _RULING.decode(raw)
    return (
        record.case_no,
        ruling.ruling_id,
        _hash(raw),
        ruling.card_id,
        ruling.action,
        ruling.actor,
        _milliseconds(ruling.decided_at),
        record.origin.timestamp_ms,
        record.origin.arrived,
        mask_text(ruling.reason),
        *_origin(record.origin),
    )


def _reference(record: ReferenceRecord) -> tuple[Any, ...]:
    raw = bytes(record.content)
    return (
        record.subject,
        record.name,
        record.version,
        record.partition,
        record.at,
        _hash(raw),
        raw.decode(),
    )


def _gap(record: GapRecord) -> tuple[Any, ...]:
    return (
        record.topic,
        record.partition,
        record.first,
        record.following,
        record.at,
        record.accepted_at,
        record.by,
        mask_text(record.reason),
        record.epoch,
    )


def _origin(origin: Origin) -> tuple[str, int, int, int]:
    """Give the columns that say where a record first arrived, and its precedence.

    The same content may arrive more than once. Of equal rows the highest version stays, so the
    precedence falls with time and, within a millisecond, with the offset.
    """
    earliness = (1 << 43) - 1 - origin.timestamp_ms
    within = (1 << 20) - 1 - origin.offset % (1 << 20)
    return origin.topic, origin.partition, origin.offset, max(earliness, 0) << 20 | within


def _hash(raw: bytes) -> int:
    """Hash what JSON means: neither blanks nor the order of keys make another content."""
    same = msgspec.json.encode(msgspec.json.decode(raw), order="sorted")
    return int.from_bytes(hashlib.blake2b(same, digest_size=8).digest(), "big")


def _maybe_milliseconds(written: str | None) -> int | None:
    return None if written is None else _milliseconds(written)


def _milliseconds(written: str) -> int:
    """Read a moment with its offset as milliseconds since the epoch, cut, not rounded."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = _LENIENT.validate_python(written)  # the rarer forms that the contract lets in
    if moment.tzinfo is None:
        raise ValueError(f"the time {written} has no offset from UTC")
    return (moment - _EPOCH) // _MILLISECOND
