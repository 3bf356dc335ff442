"""A cell's text into what its field asks: a time, a number, a truth value, a list."""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin

from pydantic import AwareDatetime

from schemas.characters import CODE
from schemas.events import Resumed, Suspended
from schemas.mapping_times import END_OF_DAY, Unfit

if TYPE_CHECKING:
    from schemas.events import Envelope
    from schemas.mapping_table import Table

DUE: Final = frozenset({"promised_due_at"})
"""Fields that hold a due moment."""
OF_DATES: Final[dict[type[Envelope], time]] = {Suspended: time(), Resumed: END_OF_DAY}
"""A special procedure of which dates alone are known begins its first date and ends its last."""
IN_CASE: Final = frozenset({"case_no", "event_id"})
"""Fields that name a case or a record."""
_TRUTHS: Final = {"true": True, "false": False}
_WHOLE: Final = re.compile(r"([+-]?\d+)(?:\.0{1,2}|\.0{4,})?")
"""1.0 is 1; 1.000 may be a thousand."""
_APART: Final = re.compile(r"[+-]?\d{1,3}([,，' .])\d{3}(?:\1\d{3})*(?:\.\d+)?")
_YUAN: Final = re.compile(r"(?:¥|￥|CNY|RMB)?\s*(.*?)\s*元?")


@lru_cache(512)
def kind_of(model: type[Envelope], name: str) -> str:
    """Tell what a field holds: time, flag, number, money, list, code or text."""
    field = model.model_fields[name]
    kinds = _types(field.annotation)
    if AwareDatetime in kinds:
        return "time"
    for type_, said in ((bool, "flag"), (int, "number"), (Decimal, "money")):
        if type_ in kinds:
            return said
    if any(get_origin(kind) is tuple for kind in kinds):
        return "list"
    return "code" if _is_code(field) else "text"


def _is_code(field: Any) -> bool:
    """Tell whether a field asks for a code: what names something, and is compared."""
    metadata = [*field.metadata]
    for form in (field.annotation, *get_args(field.annotation)):
        metadata += getattr(form, "__metadata__", ())
    return any(getattr(each, "pattern", None) == CODE for each in metadata)


def typed(
    table: Table, model: type[Envelope], name: str, value: str, *, dated: bool = False
) -> Any:
    """Give a text the type that the field has. Raises Unfit.

    `dated`: its column holds dates, whatever clock time they show.
    """
    match kind_of(model, name):
        case "time":
            at = OF_DATES.get(model) if name == "occurred_at" else None
            return table.moments.read(value, due=name in DUE, dated=dated, of_a_date=at)
        case "flag":
            if value.lower() not in _TRUTHS:
                raise Unfit("neither true nor false", "translate it with codes")
            return _TRUTHS[value.lower()]
        case "number":
            return _whole_number(_plain(table, value))
        case "money":
            return _plain(table, found[1] if (found := _YUAN.fullmatch(value)) else value)
        case "list":
            entries = value.split(table.list_separator) if table.list_separator else [value]
            return [entry.strip() for entry in entries if entry.strip()]
    return value


def _plain(table: Table, value: str) -> str:
    """Write a number with a point and without marks of thousands. Raises Unfit."""
    mark, point = table.thousands, table.decimal
    if mark is not None and mark in value:
        whole, _, fraction = value.partition(point)
        grouped = rf"[+-]?\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+"
        if re.fullmatch(grouped, whole) is None or mark in fraction:
            raise Unfit("no number with thousands apart", "correct it, or table.thousands")
        value = value.replace(mark, "")
    elif mark is None and (apart := _APART.fullmatch(value)) is not None:
        raise Unfit("the thousands stand apart", f'state table.thousands: "{apart[1]}"')
    return value if point == "." else value.replace(point, ".")


def _whole_number(value: str) -> int:
    found = _WHOLE.fullmatch(value)
    try:
        return int(found[1] if found else value)
    except ValueError:
        raise Unfit("no whole number", "correct it, or translate it with codes") from None


def _types(annotation: Any) -> set[Any]:
    """Give the types that a field's annotation stands for, without what constrains them."""
    if get_origin(annotation) is Annotated:
        return _types(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return set().union(*(_types(each) for each in get_args(annotation)))
    return {annotation}
