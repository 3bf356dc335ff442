"""Read a hall's table: what kind of file it is, its heading, its rows."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

from schemas.bounds import SHOWN_TEXT, shown
from schemas.mapping import missing_columns
from streams.kinds_of_files import GZIP, HEAD, encoding_of, kind_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.mapping import HallMapping
    from schemas.mapping_table import Table

LONGEST_LINE: Final = 16 << 20
"""Characters of a line of a table: no row of a hall has a thousandth of them."""
LOOKED_AT: Final = 20
"""Lines in which a heading is looked for, where it is not where the mapping says."""
END_OF_DOS: Final = "\x1a"
"""What old programs write at the end of a file."""
_SEPARATOR: Final = re.compile(r'"?sep=(.)"?\s*')
_ESCAPED: Final = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of a byte that the encoding does not have."""
_UNSEEN: Final = re.compile("[\u200b-\u200f\u2060\ufeff\u00a0]")


class TableError(Exception):
    """Raised when a table cannot be read at all; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is none: what is wrong with it, and what to do."""

    message: str
    remedy: str


class Rows:
    """The rows of an open table, each once: its cells, or why it is none."""

    def __init__(self, text: IO[str], table: Table, raw: IO[bytes]) -> None:
        self._lines = _Lines(text)
        self._table, self._raw = table, raw
        self._reader: Any = None
        self.heading: tuple[str, ...] = ()
        self.lines = 0
        """Lines of the file that the last row spans."""

    @property
    def position(self) -> int:
        """Bytes of the file that are read."""
        return self._raw.tell()

    def read_heading(self, mapping: HallMapping) -> None:
        """Read up to the heading. Raises TableError where it lacks a column, or has it twice."""
        first = next(self._lines, None)
        if first is None:
            raise TableError(
                "the file is empty; is it the right one, and was it written to its end?"
            )
        delimiter = self._table.delimiter
        first = first.removeprefix("\ufeff")  # before a quote it would hide it
        said = _SEPARATOR.fullmatch(first)
        if said is None:
            self._lines.back(first)
        elif said[1] != delimiter:
            delimiter = said[1]
        top = list(islice(self._lines, self._table.heading_line + LOOKED_AT))
        for line in reversed(top[self._table.heading_line - 1 :]):
            self._lines.back(line)
        self._reader = csv.reader(
            self._lines,
            delimiter=delimiter,
            strict=True,
            escapechar=self._table.escape,
            doublequote=self._table.escape is None,
        )
        raw: list[str] = next(self._reader, [])
        if _undecoded(raw):
            raise TableError(
                f"the heading is not {self._table.encoding}; state table.encoding in the mapping"
                f" (e.g. {self._guess(top)})"
            )
        self._lines.undecoded = False
        self.heading = _cleaned(raw, mapping)
        missing = missing_columns(mapping, self.heading)
        if missing:
            raise TableError(self._lacking(missing[0], raw, top, mapping))
        for column in sorted(mapping.columns):
            if self.heading.count(column) > 1:
                raise TableError(
                    f"the column {shown(column)!r} stands {self.heading.count(column)} times in the"
                    " heading, and nobody can tell which is meant: rename the others in the table"
                )

    def _guess(self, top: list[str]) -> str:
        raw = "".join(top).encode(self._table.encoding, "surrogateescape")
        return encoding_of(raw) or "gb18030"

    def _lacking(self, column: str, raw: list[str], top: list[str], mapping: HallMapping) -> str:
        """Say that a column is not there, and where it may be."""
        columns = shown(", ".join(raw), SHOWN_TEXT)
        told = f"there is no column {shown(column)!r}; the columns are {columns}."
        for number, line in enumerate(top, 1):
            if number != self._table.heading_line and all(name in line for name in mapping.columns):
                return f"{told} Line {number} has it: state table.heading_line: {number}"
        if len(raw) == 1:
            for mark, written in ((";", '";"'), ("\t", '"\\t"'), ("|", '"|"'), (",", '","')):
                if raw[0].count(mark) and mark != self._table.delimiter:
                    return f"{told} State table.delimiter: {written}"
        return f"{told} Correct the mapping, or the delimiter"

    def __iter__(self) -> Iterator[list[str] | Unreadable]:
        """Give each row, or why it is none; one that is none spoils no other."""
        reader, lines, width = self._reader, self._lines, len(self.heading)
        before = reader.line_num
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                lines.undecoded = False
                self.lines, before = reader.line_num - before, reader.line_num
                many = f" in {self.lines} lines" if self.lines > 1 else ""
                yield Unreadable(
                    f"no CSV{many} before line {reader.line_num + 1}: {error}",
                    "mend the quotes" + ("" if "\\" not in lines.last else _BACKSLASH),
                )
                continue
            if cells is None:
                return
            self.lines, before = reader.line_num - before, reader.line_num
            if not cells or cells == [END_OF_DOS]:  # an empty line is no row
                continue
            if lines.undecoded:
                lines.undecoded = False
                yield Unreadable(
                    f"holds bytes that are not {self._table.encoding}", "state table.encoding"
                )
            elif len(cells) == width or (len(cells) > width and not any(cells[width:])):
                yield cells[:width]
            else:
                yield Unreadable(
                    f"{len(cells)} cells under {width} columns",
                    "quote a cell that holds the delimiter or a line break",
                )


_BACKSLASH: Final = r', or state table.escape: "\\" if quotes within quotes stand behind one'


class _Lines:
    """The lines of a text; one that never ends is not read to its end: it may be a gzip bomb."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._ahead: list[str] = []
        self.undecoded = False
        """Whether a line since this was last cleared has a byte that the encoding lacks."""
        self.last = ""

    def back(self, line: str) -> None:
        """Give a line again."""
        self._ahead.append(line)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._ahead.pop() if self._ahead else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) == LONGEST_LINE:
            raise TableError(
                f"a line has more than {LONGEST_LINE:,} characters; check that this is a table"
            )
        if not line.isascii() and _ESCAPED.search(line):
            self.undecoded = True
        self.last = line
        return line


def _cleaned(raw: list[str], mapping: HallMapping) -> tuple[str, ...]:
    """Give the names of columns without blanks at their ends, but as the mapping has them."""
    wanted = mapping.columns
    return tuple(name if name in wanted else _UNSEEN.sub("", name).strip() for name in raw)


def _undecoded(cells: list[str]) -> bool:
    return any(not cell.isascii() and _ESCAPED.search(cell) for cell in cells)


@contextmanager
def open_table(mapping: HallMapping, table: Path) -> Iterator[Rows]:
    """Open a table (CSV, plain or gzipped). Raises TableError, also while it is read."""
    try:
        with table.open("rb") as raw:
            opened: Any = gzip.GzipFile(fileobj=raw) if raw.peek(2).startswith(GZIP) else raw
            wrong = kind_of_file(opened.peek(HEAD), mapping.table.encoding)
            if wrong:
                raise TableError(wrong)  # noqa: TRY301 - told with the table's name below
            with io.TextIOWrapper(
                opened, mapping.table.encoding, errors="surrogateescape", newline=""
            ) as text:
                rows = Rows(text, mapping.table, raw)
                rows.read_heading(mapping)
                yield rows
    except TableError as error:
        raise TableError(f"{table}: {error}") from None
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeError) as error:
        raise TableError(f"{table}: {error}") from None


def size_of(table: Path) -> int:
    """Give the bytes of a table, 0 where the machine does not know."""
    try:
        return os.stat(table).st_size  # noqa: PTH116 - follows links, like open
    except OSError:
        return 0
