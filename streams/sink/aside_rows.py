"""The cases set aside as rows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas.aside import AsideReport, CaseSetAside, CaseTakenUp
from streams.sink import tables

if TYPE_CHECKING:
    from streams.sink.tables import Row

_REPORT: Final[msgspec.json.Decoder[CaseSetAside | CaseTakenUp]] = msgspec.json.Decoder(AsideReport)
_STARTS: Final = (b'{"type":"case_set_aside"', b'{"type":"case_taken_up"')
"""How our own records of this kind begin: the tag comes first."""


def is_aside(value: bytes) -> bool:
    """Tell whether a record of `jiancha.events` is of a case that is set aside or taken up."""
    return value.startswith(_STARTS)


def aside_rows(value: bytes, written_ms: int) -> list[Row]:
    """Give the row of such a record, written at `written_ms` (milliseconds since the epoch).

    Raises `msgspec.MsgspecError` when it is none.
    """
    found = _REPORT.decode(value)
    if isinstance(found, CaseTakenUp):
        told: tuple[Any, ...] = ("taken_up", found.partition, "", 0, "", found.by)
    else:
        written_ms = 0 if found.from_state else written_ms
        told = ("set_aside", found.partition, found.topic, found.offset, found.reason, "")
    return [(tables.SET_ASIDES, (found.case_no, found.epoch, written_ms, found.at, *told))]
