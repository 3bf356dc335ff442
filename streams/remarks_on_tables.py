"""What a whole table shows that no row of it does: rules that gave nothing, columns that repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.bounds import SHOWN_TEXT, shown
from schemas.mapping import RowProblem
from schemas.mapping_checks import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.mapping import EventRule
    from schemas.mapping_rules import Conversion
    from schemas.mapping_table import When

ENDS: Final = {"step_finished": "step_started", "resumed": "suspended"}
"""Kinds that end what another begins."""


def gave_nothing(conversion: Conversion, rows: int) -> Iterator[RowProblem]:
    """Give a problem for each rule whose conditions held for no row, with the values seen."""
    for rule in conversion.rules:
        if rule.given or not rows or rule.rule.rare or not rule.rule.when:
            continue
        seen = "; ".join(
            f"{shown(column)} holds {_values(values)}" for column, values in rule.seen.items()
        )
        asked = ", ".join(_asked(when) for when in rule.rule.when)
        yield RowProblem(
            0,
            rule.kind,
            "",
            "",
            shown(
                f"the rule events[{rule.number}] gave nothing in {rows} rows: {asked}; {seen}",
                SHOWN_TEXT,
            ),
            "correct the condition, or state rare: true for what not every table has",
        )


def _asked(when: When) -> str:
    said = f"{shown(when.column)} "
    if when.among is not None:
        return said + f"among [{', '.join(map(repr, when.among))}]"
    if when.begins_with is not None:
        return said + f"begins with one of [{', '.join(map(repr, when.begins_with))}]"
    if when.differs_from is not None:
        return said + f"differs from {shown(when.differs_from)}"
    return said + "holds something"


def _values(values: dict[str, None]) -> str:
    told = [repr(shown(value, 40)) if value else "nothing" for value in values]
    return ", ".join([*told[:-1], "…"] if len(told) > 8 else told)  # noqa: PLR2004 - as kept


@dataclass(slots=True)
class _Pair:
    """Two columns, of a start and of its end."""

    start: int
    end: int
    kind: str
    columns: tuple[str, str]
    both: int = 0
    same: int = 0


@dataclass(slots=True)
class _Due:
    """A column of due moments."""

    place: int
    column: str
    kind: str
    filled: int = 0
    midnight: int = 0


class Hints:
    """Looks at each row for what no rule of the mapping says."""

    def __init__(self, conversion: Conversion) -> None:
        rules = conversion.mapping.events
        self._pairs = [
            _Pair(
                conversion.columns[begin],
                conversion.columns[end],
                ended.kind,
                (begin, end),
            )
            for ended in rules
            if ended.kind in ENDS and not any(w.differs_from for w in ended.when)
            for begun in rules
            if begun.kind == ENDS[ended.kind]
            and (begin := _column(begun, "occurred_at"))
            and (end := _column(ended, "occurred_at"))
            and begin != end
        ]
        self._dues = [
            _Due(conversion.columns[column], column, rule.kind)
            for rule in rules
            if (column := _column(rule, "promised_due_at"))
            and column not in conversion.mapping.table.date_columns
            and conversion.mapping.table.clock_time_of_dates is None
        ]

    def look(self, cells: Sequence[str]) -> None:
        """Look at a row."""
        for pair in self._pairs:
            end = cells[pair.end].strip()
            if end and cells[pair.start]:
                pair.both += 1
                pair.same += end == cells[pair.start].strip()
        for due in self._dues:
            written = cells[due.place].strip()
            if written:
                due.filled += 1
                due.midnight += written.endswith(("00:00:00", " 00:00", "T00:00", " 0:00"))

    def remarks(self) -> Iterator[RowProblem]:
        """Give what was seen."""
        for pair in self._pairs:
            if pair.same:
                begin, end = pair.columns
                yield RowProblem(
                    0, pair.kind, "occurred_at", "",
                    f"in {pair.same} of {pair.both} rows {shown(end)} repeats {shown(begin)}; some"
                    " tables write so what has no end yet",
                    f"if so: when: [{{column: {shown(end)}, differs_from: {shown(begin)}}}]",
                    "nothing",
                )  # fmt: skip
        for due in self._dues:
            if due.filled and due.midnight == due.filled:
                yield RowProblem(
                    0, due.kind, "promised_due_at", "",
                    f"every {shown(due.column)} is at 00:00:00, when its day has just begun",
                    f"if the column holds dates: table.date_columns: [{shown(due.column)}];"
                    " a date ends its day",
                    "nothing",
                )  # fmt: skip


def _column(rule: EventRule, name: str) -> str:
    """Give the column that a field is read from, where it is one alone; else ""."""
    found = PLACE.fullmatch(rule.fields.get(name, ""))
    return "" if found is None else found[1]
