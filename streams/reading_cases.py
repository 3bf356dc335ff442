"""The cases in a file of events, each once, however far apart its records stand."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from schemas.decoding import decode_event
from streams.engine.case import assess
from streams.engine.entries import entry_of, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streams.engine.case import Case
    from streams.engine.entries import Entry
    from streams.engine.rules import Rules


def of_case(case_no: str, line: bytes) -> bytes:
    """Write an event, with its line's end, so that those of a case stand together once sorted."""
    return case_no.encode() + b"\0" + line


def cases(lines: Iterable[bytes], rules: Rules) -> Iterator[Case]:
    """Assess each case of the lines that `of_case` wrote, in their order, by all its records."""
    for _, group in groupby(lines, lambda line: line.partition(b"\0")[0]):
        entries: list[Entry] = []
        for line in group:
            event = decode_event(line.partition(b"\0")[2].rstrip(b"\n"))
            entries = merge(entries, entry_of(event)) or entries
        yield assess(entries, rules)
