"""What is wrong with a mapping that any row would show, so that it is told before the first one.

Values that no field takes, texts that say the same for every row, conditions that never hold, and
options that nothing heeds: each raises ValueError, which the reader tells with its line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import TypeAdapter, ValidationError

from schemas.bounds import shown
from schemas.events import KINDS
from schemas.mapping_values import kind_of, typed

if TYPE_CHECKING:
    from schemas.mapping import EventRule, HallMapping

FILTERS: Final = ("as_code", "as_version")
"""What may stand behind a column beside the name of a list of codes."""
OF_EACH_ROW: Final = ("case_no", "occurred_at", "event_id")
"""Fields that would be the same for every row of a table, if they named no column."""
PLACE: Final = re.compile(r"\{([^{}|]+)(?:\|([a-z_0-9]+))?\}")
"""Where a text names a column, and how its value is translated."""


def wrong_with_rule(rule: EventRule) -> None:
    """Check a rule by itself. Raises ValueError."""
    for name, text in rule.fields.items():
        rest = PLACE.sub("", text)
        if "{" in rest or "}" in rest:
            raise ValueError(
                f"{name}: {shown(text)} has a brace that opens or closes nothing;"
                " a column stands as {column} or {column|codes}"
            )
        if name in OF_EACH_ROW and not PLACE.search(text):
            raise ValueError(
                f"{name}: {shown(text)} names no column, so every row would give the same;"
                f" did you mean {{{shown(text)}}}?"
            )
    for condition in rule.when:
        if condition.differs_from is not None and condition.among is not None:
            raise ValueError("among and differs_from stand in two conditions, not in one")


def wrong_with_mapping(mapping: HallMapping) -> None:
    """Check what rules, codes and the table's options say together. Raises ValueError."""
    _no_option_in_vain(mapping)
    _dates_are_read(mapping)
    _can_be_met(mapping)
    for rule in mapping.events:
        for name, text in rule.fields.items():
            for value in _certain(mapping, text):
                _fits(mapping, rule, name, value)


def _certain(mapping: HallMapping, text: str) -> list[str]:
    """Give the values that a field has without knowing any row: a constant, or its codes."""
    places = PLACE.findall(text)
    if not places:
        return [text]
    alone = PLACE.fullmatch(text)
    if alone is None or alone[2] not in mapping.codes:
        return []
    return list(mapping.codes[alone[2]].values())


def _fits(mapping: HallMapping, rule: EventRule, name: str, value: str) -> None:
    """Refuse a value that a field never takes. Raises ValueError."""
    model = KINDS[rule.kind]
    try:
        given: Any = typed(mapping.table, model, name, value)
        adapter(rule.kind, name).validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = first["msg"][:1].lower() + first["msg"][1:]
        raise ValueError(f"{rule.kind}.{name} can never be {shown(value)}: {why}") from None
    except ValueError as error:
        raise ValueError(f"{rule.kind}.{name} can never be {shown(value)}: {error}") from None


_KNOWN: Final[dict[tuple[str, str], TypeAdapter[Any]]] = {}


def adapter(kind: str, name: str) -> TypeAdapter[Any]:
    """Give what checks one field of a kind by itself: no field of an event asks for another."""
    found = _KNOWN.get((kind, name))
    if found is None:
        field = KINDS[kind].model_fields[name]
        form: Any = field.annotation
        for constraint in field.metadata:
            form = Annotated[form, constraint]
        found = _KNOWN[kind, name] = TypeAdapter(form)
    return found


def _no_option_in_vain(mapping: HallMapping) -> None:
    """Refuse options of the table that no rule can heed. Raises ValueError."""
    table = mapping.table
    fields = {(kind_of(KINDS[r.kind], n), n) for r in mapping.events for n in r.fields}
    kinds = {kind for kind, _ in fields}
    names = {name for _, name in fields}
    vain = {
        "list_separator": table.list_separator is not None and "list" not in kinds,
        "thousands": table.thousands is not None and kinds.isdisjoint({"number", "money"}),
        "clock_time_of_due_dates": table.clock_time_of_due_dates is not None
        and "promised_due_at" not in names,
    }
    for option, nobody in vain.items():
        if nobody:
            raise ValueError(f"table.{option} is stated, but no field of any event heeds it")


def _dates_are_read(mapping: HallMapping) -> None:
    in_times = {
        column
        for rule in mapping.events
        for name, text in rule.fields.items()
        if kind_of(KINDS[rule.kind], name) == "time"
        for column, _ in PLACE.findall(text)
    }
    for column in mapping.table.date_columns:
        if column not in in_times:
            raise ValueError(
                f"table.date_columns names {shown(column)}, which no time is read from"
            )


def _can_be_met(mapping: HallMapping) -> None:
    """Refuse values that are compared with no cell, whatever a row holds. Raises ValueError."""
    for name, codes in mapping.codes.items():
        for value in codes:
            if value != value.strip():
                raise ValueError(
                    f"codes.{name} has {value!r}: a cell is looked up without blanks at its ends"
                )
