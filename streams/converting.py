"""Turn a hall's table into a file of step events, by a mapping: row by row, sorted on disk.

What several rows say of one record is compared before anything is written: the same record in the
same version is one event; in another version, a correction, and both are kept; the same version
with other content, or one id for two facts, is told, and the first row's counts.
"""

from __future__ import annotations

import gzip
import os
import stat
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, cast

from schemas.mapping import RowProblem
from schemas.mapping_cells import AS_TEXT, CERTAIN_DIGITS, long_number, rounded
from schemas.mapping_rules import Conversion
from streams.reading_cases import cases, of_case
from streams.remarks_on_tables import Hints, gave_nothing
from streams.same_records import comparable, contradictions, digest_of
from streams.sorted_lines import SortedLines
from streams.tables import TableError, Unreadable, open_table
from streams.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemas.mapping import HallMapping, Made
    from streams.engine.rules import Rules

TOLD_EVERY: Final = 5_000
MOST_LINES: Final = 20
"""Lines of a row, beyond which somebody should look at its quotes."""
MOST_TOLD: Final = 100
"""Problems that are kept to be told; of more, how many."""
MOST_KINDS_TOLD: Final = 200
_CASE, _LINE = 2, 5
"""Parts of a line that is sorted."""


@dataclass(slots=True)
class Converted:
    """What came of a table, and what was wrong with it."""

    rows: int = 0
    left_out: int = 0
    """Rows that are none, as the mapping says."""
    events: int = 0
    repeated: int = 0
    """Events that several rows gave: a column of the case stands in each row of its steps."""
    corrections: int = 0
    """Records in a later version than the first of them in the table."""
    problems: list[RowProblem] = field(default_factory=list)
    """What is left out, a row, an event or a field: the first of it."""
    wrong: int = 0
    """How often something is left out."""
    remarks: dict[tuple[str, str, str], RowProblem] = field(default_factory=dict)
    """What was mended, and what to look at: nothing is lost. The first of each kind."""
    times: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often each remark, and each problem, was made: kind, field, message."""

    watched: Watched = field(default_factory=Watched)
    """The cases by whether they have a clock, where a catalogue is given."""

    def tell(self, problem: RowProblem) -> None:
        """Take what is wrong with a row."""
        key = (problem.kind, problem.field, problem.message)
        if key in self.times or len(self.times) < MOST_KINDS_TOLD:
            self.times[key] += 1
        if problem.loses == "nothing":
            self.remarks.setdefault(key, problem)
            return
        self.wrong += 1
        if len(self.problems) < MOST_TOLD:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is."""

    rows: int
    read: int
    """Bytes of the table that are read."""
    written: int
    """Events that are written, once all rows are read."""


def convert(
    mapping: HallMapping,
    table: Path,
    output: Path,
    progress: Callable[[Progress], None] = lambda _far: None,
    *,
    limit: int | None = None,
    rules: Rules | None = None,
) -> Converted:
    """Convert a table (CSV, plain or gzipped) into JSON lines, gzipped for `.gz`; `-` is stdout.

    Takes some 100 MB, however long the table is; the events lie on disk until they are sorted. What
    is wrong is left out and told. With the `rules` of a catalogue the cases without a clock are
    counted. Raises TableError; the output is whole, or it is as it was.
    """
    done = Converted()
    with SortedLines() as events, SortedLines() as named, SortedLines() as by_case:
        numbers = _read(mapping, table, (done, events, named), progress, limit)
        refused, done.corrections = contradictions(named, done.tell)
        spoilt = _spoilt(numbers, mapping, done)
        with _written(output) as out:
            for case_no, line in _told_once(events, refused, done, spoilt=spoilt):
                out.write(line)
                if rules is not None:
                    by_case.add(of_case(case_no, line))
                if done.events % TOLD_EVERY == 0:
                    progress(Progress(done.rows, 0, done.events))
        for case in cases(by_case, rules) if rules is not None else ():
            done.watched.see(case)
    progress(Progress(done.rows, 0, done.events))
    return done


@dataclass(slots=True)
class _Numbers:
    """Case numbers of more figures than a spreadsheet keeps."""

    long: int = 0
    rounded: int = 0
    example: str = ""

    def look(self, case_no: str) -> None:
        """Count a case number."""
        if len(case_no) > CERTAIN_DIGITS and long_number(case_no):
            self.long += 1
            if case_no[-1] == "0" and rounded(case_no):
                self.rounded += 1
                self.example = self.example or case_no


@dataclass(slots=True)
class _Reading:
    """A table while it is read."""

    conversion: Conversion
    done: Converted
    events: SortedLines
    named: SortedLines
    """What tells one record that the source names from another."""
    numbers: _Numbers = field(default_factory=_Numbers)

    def row(self, row: list[str] | Unreadable) -> None:
        """Take a row."""
        done = self.done
        if isinstance(row, Unreadable):
            done.tell(RowProblem(done.rows, "", "", "", row.message, row.remedy, "row"))
            return
        if self.conversion.leave_out and self.conversion.is_left_out(row):
            done.left_out += 1
            return
        for made in self.conversion.row(done.rows, row):
            if isinstance(made, RowProblem):
                done.tell(made)
                continue
            self.events.add(_sortable(made))
            self.numbers.look(made.case_no)
            if made.named:
                self.named.add(comparable(made, done.rows))


def _read(
    mapping: HallMapping,
    table: Path,
    into: tuple[Converted, SortedLines, SortedLines],
    progress: Callable[[Progress], None],
    limit: int | None,
) -> _Numbers:
    with open_table(mapping, table) as rows:
        reading = _Reading(Conversion(mapping, rows.heading), *into)
        done, hints = reading.done, Hints(reading.conversion)
        for row in islice(rows, limit):
            done.rows += 1
            reading.row(row)
            if isinstance(row, list):
                hints.look(row)
            if rows.lines > MOST_LINES:
                done.tell(_long(done.rows, rows.lines))
            if done.rows % TOLD_EVERY == 0:
                progress(Progress(done.rows, rows.position, 0))
    if not done.rows:
        raise TableError(f"{table}: there is a heading and no row; was it written to its end?")
    for problem in (
        *gave_nothing(reading.conversion, done.rows - done.left_out),
        *hints.remarks(),
    ):
        done.tell(problem)
    return reading.numbers


def _long(row: int, lines: int) -> RowProblem:
    return RowProblem(
        row,
        "",
        "",
        f"{lines} lines",
        f"a row of more than {MOST_LINES} lines: a quote left open swallows the rows behind it",
        "look at the quotes of this row",
        "nothing",
    )


def _sortable(made: Made) -> bytes:
    """Write an event so that bytes sort as moments, kinds, case numbers and ids do."""
    key = f"{made.at:017d}\0{made.rank:02d}\0{made.case_no}\0{made.event_id}\0{made.version:019d}\0"
    return key.encode() + made.line + b"\n"


def _spoilt(numbers: _Numbers, mapping: HallMapping, done: Converted) -> bool:
    """Tell whether a spreadsheet has rounded the case numbers of a table.

    One in a thousand numbers of 18 figures ends in three zeros by itself; half of them do not.
    """
    if mapping.table.zeros_are_meant or 2 * numbers.rounded < numbers.long or not numbers.rounded:
        return False
    by_chance = 0.1 ** (len(numbers.example) - CERTAIN_DIGITS)
    if by_chance**numbers.rounded > 0.01:  # noqa: PLR2004 - one table in a hundred
        return False
    done.tell(
        RowProblem(
            0,
            "",
            "case_no",
            numbers.example,
            f"a spreadsheet has rounded the case numbers: {numbers.rounded} of {numbers.long}"
            " end in zeros after 15 figures; none of them is written",
            f"{AS_TEXT}; if they do end so, state table.zeros_are_meant: true",
        )
    )
    return True


def _told_once(
    events: SortedLines, refused: set[str], done: Converted, *, spoilt: bool
) -> Iterator[tuple[str, bytes]]:
    """Give each event's case and line once, in order, without those that are left out."""
    last = b""
    for line in events:
        if line == last:
            done.repeated += 1
            continue
        last = line
        parts = line.split(b"\0", _LINE)
        case_no = parts[_CASE].decode()
        if spoilt and rounded(case_no):
            continue
        if refused and digest_of(parts[_LINE][:-1]) in refused:
            continue
        done.events += 1
        yield case_no, parts[_LINE]


@contextmanager
def _written(output: Path) -> Iterator[IO[bytes]]:
    """Open the output; a file is put in its place when it is whole."""
    if str(output) == "-":
        yield sys.stdout.buffer
        return
    target = output.resolve()
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):  # a device, a pipe
        with target.open("wb") as out:
            yield out
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(partial, packed=target.suffix == ".gz") as out:
            yield out
        if target.exists():
            partial.chmod(stat.S_IMODE(target.stat().st_mode))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _opened(path: Path, *, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "wb")) if packed else path.open("wb")
