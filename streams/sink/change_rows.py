"""The report of a change of calendar or catalogue as rows. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas.changes import CaseDifference, ChangeBegun, ChangeEnded, ChangeReport, ClockDifference
from streams.sink import tables

if TYPE_CHECKING:
    from streams.sink.tables import Row

_REPORT: Final[msgspec.json.Decoder[ChangeBegun | CaseDifference | ChangeEnded]] = (
    msgspec.json.Decoder(ChangeReport)
)
_STARTS: Final = (b'{"type":"change_', b'{"type":"case_difference"')
"""How our own records of this kind begin: the tag comes first."""


def is_report(value: bytes) -> bool:
    """Tell whether a record of `jiancha.events` is of a change's report."""
    return value.startswith(_STARTS)


def change_rows(value: bytes) -> list[Row]:
    """Give the rows of a record of a change's report; of a case, one for each clock.

    Raises `msgspec.MsgspecError` when it is none.
    """
    found = _REPORT.decode(value)
    if isinstance(found, ChangeBegun):
        return [(tables.CHANGES, _begun(found))]
    if isinstance(found, ChangeEnded):
        return [(tables.CHANGE_ENDS, _ended(found))]
    return [(tables.CHANGE_CLOCKS, _clock(found, clock)) for clock in found.clocks]


def _begun(record: ChangeBegun) -> tuple[Any, ...]:
    first = record.first_day
    return (
        record.change_id,
        record.partition,
        record.at,
        record.subject,
        record.names,
        record.retroactive,
        record.dry_run,
        record.made_at,
        record.by,
        None if first is None else dt.date.fromisoformat(first),
        record.cases,
    )


def _ended(record: ChangeEnded) -> tuple[Any, ...]:
    return (
        record.change_id,
        record.partition,
        record.at,
        record.result,
        record.reason,
        record.judged,
        record.changed,
    )


def _clock(record: CaseDifference, clock: ClockDifference) -> tuple[Any, ...]:
    return (
        record.change_id,
        record.case_no,
        clock.clock_id,
        record.partition,
        record.at,
        record.item or "",
        record.region or "",
        record.department or "",
        record.dry_run,
        clock.clock,
        clock.step or "",
        clock.due_before,
        clock.due_after,
        clock.level_before,
        clock.level_after,
        clock.provisional_before,
        clock.provisional_after,
    )
