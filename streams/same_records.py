"""Which records of a source are one, by their ids and versions, and which contradict each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from schemas.mapping import RowProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from schemas.mapping import Made


def comparable(made: Made, row: int) -> bytes:
    """Write what tells one record of a source from another: by its id, then as they stand.

    `row` is where it stands, in a table or in a file of events.
    """
    digest = digest_of(made.line)
    return (
        f"{made.event_id}\0{row:012d}\0{made.rank:02d}\0{made.version}\0{made.kind}"
        f"\0{made.case_no}\0{digest}\n"
    ).encode()


def digest_of(line: bytes) -> str:
    """Name an event's content."""
    return hashlib.blake2b(line, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class _Record:
    """What a line of `comparable` says."""

    event_id: str
    place: int
    rank: str
    version: str
    kind: str
    case_no: str
    digest: str


def contradictions(
    named: Iterable[bytes], tell: Callable[[RowProblem], None], place: str = "row"
) -> tuple[set[str], int]:
    """Tell of records that contradict each other, from lines of `comparable` in their order.

    `place` is the word for where they stand. Gives the digests of those that are left out, and how
    many records are corrections of another.
    """
    corrections = 0
    refused: set[str] = set()
    for _, group in groupby(map(_read, named), attrgetter("event_id")):
        first, *others = group
        versions = {first.version: first}
        for record in others:
            known = versions.setdefault(record.version, record)
            if (record.kind, record.case_no) != (first.kind, first.case_no):
                tell(_two_facts(first, record, place))
                refused.add(record.digest)
            elif known.digest != record.digest:
                tell(_two_contents(known, record, place))
                refused.add(record.digest)
            elif known is record:
                corrections += 1
    return refused, corrections


def _read(line: bytes) -> _Record:
    event_id, place, *rest = line.decode()[:-1].split("\0")
    return _Record(event_id, int(place), *rest)


def _two_facts(first: _Record, other: _Record, place: str) -> RowProblem:
    what = f"{first.kind} in {place} {first.place}"
    if first.case_no != other.case_no:
        what += f" of case {first.case_no}, {other.kind} of case {other.case_no} here"
    message = f"one id for two facts: {what}{_which(place)}"
    remedy = f'make it one for each, such as event_id: "{{…}}-{other.kind}"'
    return RowProblem(other.place, other.kind, "event_id", _shown(other), message, remedy)


def _two_contents(known: _Record, other: _Record, place: str) -> RowProblem:
    message = (
        f"{place}s {known.place} and {other.place} say different things as version"
        f" {other.version} of one record{_which(place)}"
    )
    remedy = (
        "map what grows with each correction to record_version (a time by {column|as_version}),"
        f" or take one of the {place}s out"
    )
    return RowProblem(other.place, other.kind, "event_id", _shown(other), message, remedy)


def _which(place: str) -> str:
    """Say which one a conversion keeps; the engine keeps both, and says so."""
    return "; the first row's counts" if place == "row" else ""


def _shown(record: _Record) -> str:
    """Give the id without what `check` sets before it: its source."""
    return record.event_id.rpartition("\1")[2]
