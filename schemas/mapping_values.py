"""A cell's text into what its field asks: a time, a number, a truth value, a list."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from schemas.bounds import shown

if TYPE_CHECKING:
    from schemas.events import Envelope
    from schemas.mapping import Table

_SOME_TIME: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
_TRUTHS: Final = {"true": True, "false": False}


class Unfit(ValueError):  # noqa: N818 - named after the condition
    """Raised when a cell's text cannot be what its field asks."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def typed(table: Table, model: type[Envelope], name: str, value: str) -> Any:
    """Give a text the type that the field has. Raises Unfit."""
    kinds = _types(model.model_fields[name].annotation)
    if AwareDatetime in kinds:
        return _moment(table, value)
    if bool in kinds:
        if value.lower() not in _TRUTHS:
            raise Unfit("neither true nor false", "translate it with codes")
        return _TRUTHS[value.lower()]
    if int in kinds:
        return _whole_number(value)
    if any(get_origin(kind) is tuple for kind in kinds):
        entries = value.split(table.list_separator) if table.list_separator else [value]
        return [entry.strip() for entry in entries if entry.strip()]
    return value


def _whole_number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise Unfit("no whole number", "correct it, or translate it with codes") from None


def _types(annotation: Any) -> set[Any]:
    """Give the types that a field's annotation stands for, without what constrains them."""
    if get_origin(annotation) is Annotated:
        return _types(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return set().union(*(_types(each) for each in get_args(annotation)))
    return {annotation}


def _moment(table: Table, value: str) -> datetime:
    moment = _written_time(table, value)
    if table.clock_time_of_dates is not None and moment.time() == time():
        moment = datetime.combine(moment.date(), table.clock_time_of_dates, moment.tzinfo)
    if moment.tzinfo is not None:
        return moment
    if table.time_zone is None:
        raise Unfit("the time has no offset", "state table.time_zone in the mapping")
    zone = ZoneInfo(table.time_zone)
    local = moment.replace(tzinfo=zone)
    try:
        back = local.astimezone(UTC).astimezone(zone)
    except OverflowError:  # on the first or the last day that Python knows
        raise Unfit("no year that an event may have", "correct the time") from None
    if back.replace(tzinfo=None) != moment:
        raise Unfit(
            f"the clocks of {table.time_zone} skip this time: daylight saving begins",
            "correct the time, or table.time_zone in the mapping",
        )
    return local


def reads_what_it_writes(form: str) -> bool:
    """Tell whether a form of times is one, as `strptime` has it."""
    try:
        datetime.strptime(_SOME_TIME.strftime(form), form)  # noqa: DTZ007 - only whether it can
    except (ValueError, re.error):  # re.error: a part stands twice
        return False
    return True


def _written_time(table: Table, value: str) -> datetime:
    try:
        if table.time_format is not None:
            return datetime.strptime(value, table.time_format)  # noqa: DTZ007 - the zone follows
        return datetime.fromisoformat(value)
    except ValueError:
        form = table.time_format or "2026-03-02 09:00:00"
        remedy = "correct it, or state table.time_format in the mapping"
        raise Unfit(f"no time written as {shown(form)}", remedy) from None
