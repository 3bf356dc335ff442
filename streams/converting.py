"""Turn a hall's table into a file of step events, by a mapping."""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, cast

from schemas.bounds import SHOWN_TEXT, shown
from schemas.events import KINDS, STEP_EVENT
from schemas.mapping import HallMapping, RowProblem, apply, missing_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemas.events import StepEvent

TOLD_EVERY: Final = 5_000
LONGEST_LINE: Final = 16 << 20
"""Characters of a line of a table: no row of a hall has a thousandth of them."""
_RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}


class TableError(Exception):
    """Raised when a table cannot be read at all; the text says why and what to do."""


@dataclass(slots=True)
class Converted:
    """The events of a table in the order in which they happened, and what was wrong with it."""

    rows: int = 0
    events: list[StepEvent] = field(default_factory=list)
    repeated: int = 0
    """Events that several rows gave: a column of the case stands in each row of its steps."""
    problems: list[RowProblem] = field(default_factory=list)


def convert(
    mapping: HallMapping, table: Path, progress: Callable[[int], None] = lambda _rows: None
) -> Converted:
    """Convert a table (CSV, plain or `.gz`), all in memory: about 2 KB an event.

    Rows that are wrong are left out and told. Raises TableError.
    """
    done = Converted()
    seen: set[str] = set()
    with _rows(mapping, table) as rows:
        for number, row in enumerate(rows, 1):
            done.rows = number
            if isinstance(row, Unreadable):
                done.problems.append(RowProblem(number, "", "", "", row.message, row.remedy))
                continue
            for made in apply(mapping, number, row):
                if isinstance(made, RowProblem):
                    done.problems.append(made)
                elif made.event_id in seen:
                    done.repeated += 1
                else:
                    seen.add(made.event_id)
                    done.events.append(made)
            if number % TOLD_EVERY == 0:
                progress(number)
    progress(done.rows)
    done.events.sort(key=lambda e: (e.occurred_at, _RANK[e.kind], e.case_no, e.event_id))
    return done


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is none: what is wrong with it, and what to do."""

    message: str
    remedy: str


@contextmanager
def _rows(mapping: HallMapping, table: Path) -> Iterator[Iterator[dict[str, str] | Unreadable]]:
    try:
        with _text(table, mapping.table.encoding) as text:
            reader = csv.reader(_lines(text), delimiter=mapping.table.delimiter, strict=True)
            heading = next(reader, [])
            if _undecoded(heading):
                raise TableError(
                    f"{table}: the heading is not {mapping.table.encoding}; state table.encoding"
                    " in the mapping (e.g. gb18030)"
                )
            missing = missing_columns(mapping, heading)
            if missing:
                columns = shown(", ".join(heading), SHOWN_TEXT)
                raise TableError(
                    f"{table}: there is no column {shown(missing[0])!r}; the columns are "
                    f"{columns}. Correct the mapping, or the delimiter"
                )
            yield _read_rows(reader, heading, mapping.table.encoding)
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeError) as error:
        raise TableError(f"{table}: {error}") from None


def _read_rows(
    reader: Any, heading: list[str], encoding: str
) -> Iterator[dict[str, str] | Unreadable]:
    """Give each row, or why it is none; one that is none spoils no other."""
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Unreadable(
                f"no CSV before line {reader.line_num + 1}: {error}", "mend the quotes"
            )
            continue
        if cells is None:
            return
        if not cells:  # an empty line is no row
            continue
        if _undecoded(cells):
            yield Unreadable(f"holds bytes that are not {encoding}", "state table.encoding")
        elif len(cells) != len(heading):
            yield Unreadable(
                f"{len(cells)} cells under {len(heading)} columns",
                "quote a cell that holds the delimiter or a line break",
            )
        else:
            yield dict(zip(heading, cells, strict=True))


def _lines(text: IO[str]) -> Iterator[str]:
    """Give the lines; one that never ends is not read to its end: it may be a gzip bomb."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise TableError(
                f"a line has more than {LONGEST_LINE:,} characters; check that this is a table"
            )
        yield line


def _undecoded(cells: list[str]) -> bool:
    return any(not cell.isascii() and _ESCAPED.search(cell) for cell in cells)


_ESCAPED: Final = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of a byte that the encoding does not have."""


def _text(path: Path, encoding: str) -> IO[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    return cast(
        "IO[str]", opened(path, "rt", encoding=encoding, errors="surrogateescape", newline="")
    )


def write_events(events: list[StepEvent], path: Path) -> None:
    """Write events as JSON lines: to standard output for `-`, gzipped for `.gz`."""
    if str(path) == "-":
        _write(events, sys.stdout.buffer)
    elif path.suffix == ".gz":
        with gzip.open(path, "wb") as out:
            _write(events, out)
    else:
        with path.open("wb") as out:
            _write(events, out)


def _write(events: list[StepEvent], out: io.BufferedIOBase | IO[bytes]) -> None:
    for event in events:
        out.write(STEP_EVENT.dump_json(event, exclude_none=True, exclude_defaults=False) + b"\n")
