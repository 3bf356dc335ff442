"""Turn a hall's table into a file of step events, by a mapping."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, cast

from schemas.events import KINDS, STEP_EVENT
from schemas.mapping import HallMapping, RowProblem, apply, missing_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemas.events import StepEvent

TOLD_EVERY: Final = 5_000
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


@contextmanager
def _rows(mapping: HallMapping, table: Path) -> Iterator[Iterator[dict[str, str]]]:
    try:
        with _text(table, mapping.table.encoding) as lines:
            reader = csv.DictReader(lines, delimiter=mapping.table.delimiter, restval="")
            missing = missing_columns(mapping, reader.fieldnames or ())
            if missing:
                raise TableError(
                    f"{table}: there is no column {missing[0]!r}; the columns are "
                    f"{', '.join(reader.fieldnames or ())}. Correct the mapping, or the delimiter"
                )
            yield iter(reader)
    except UnicodeDecodeError as error:
        raise TableError(
            f"{table}: byte {error.start} is not {mapping.table.encoding}; state table.encoding"
            " in the mapping (e.g. gb18030)"
        ) from None
    except (OSError, EOFError, csv.Error, LookupError) as error:
        raise TableError(f"{table}: {error}") from None


def _text(path: Path, encoding: str) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, "rt", encoding=encoding, newline=""))
    return path.open(encoding=encoding, newline="")


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
