"""Rows of a table beside the events that they give, so that a mapping can be tried by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.bounds import shown
from schemas.mapping import RowProblem
from schemas.mapping_rules import Conversion
from streams.tables import Unreadable, open_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.mapping import HallMapping


def shown_rows(mapping: HallMapping, table: Path, limit: int) -> Iterator[str]:
    """Give the first rows by the columns that the mapping names, each before its events.

    Raises TableError. What is printed is the table's own content, applicants' data included.
    """
    with open_table(mapping, table) as rows:
        conversion = Conversion(mapping, rows.heading)
        for number, row in enumerate(rows, 1):
            if number > limit:
                return
            yield f"row {number}"
            if isinstance(row, Unreadable):
                yield f"  ! {row.message} → {row.remedy}"
                continue
            for column, place in conversion.columns.items():
                yield f"    {shown(column)} = {shown(row[place])}"
            if conversion.is_left_out(row):
                yield "  left out, as table.leave_out says"
                continue
            for made in conversion.row(number, row):
                if isinstance(made, RowProblem):
                    yield f"  {'·' if made.loses == 'nothing' else '!'} {made}"
                else:
                    yield f"  → {made.line.decode()}"
