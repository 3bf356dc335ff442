"""Which records of a source are one, by their ids and versions, and which contradict each other."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from schemas.mapping import RowProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from schemas.mapping import Made


def comparable(made: Made, row: int) -> bytes:
    """Write what tells one record of a source from another: by its id, then as they stand."""
    digest = digest_of(made.line)
    return (
        f"{made.event_id}\0{row:012d}\0{made.rank:02d}\0{made.version}\0{made.kind}"
        f"\0{made.case_no}\0{digest}\n"
    ).encode()


def digest_of(line: bytes) -> str:
    """Name an event's content."""
    return hashlib.blake2b(line, digest_size=16).hexdigest()


def contradictions(
    named: Iterable[bytes], tell: Callable[[RowProblem], None]
) -> tuple[set[str], int]:
    """Tell of records that contradict each other, from lines of `comparable` in their order.

    Gives the digests of those that are left out, and how many records are corrections of another.
    """
    corrections = 0
    refused: set[str] = set()
    current, first, versions = "", ("", "", ""), dict[str, tuple[str, str]]()
    for line in named:
        event_id, row, _, version, kind, case_no, digest = line.decode()[:-1].split("\0")
        if event_id != current:
            current, first, versions = event_id, (kind, case_no, row), {version: (digest, row)}
            continue
        known = versions.setdefault(version, (digest, row))
        if (kind, case_no) != first[:2]:
            tell(_two_facts(event_id, row, kind, case_no, first))
            refused.add(digest)
        elif known[0] != digest:
            tell(_two_contents(event_id, row, version, kind, known[1]))
            refused.add(digest)
        elif known[1] == row and len(versions) > 1:
            corrections += 1
    return refused, corrections


def _two_facts(
    event_id: str, row: str, kind: str, case_no: str, first: tuple[str, str, str]
) -> RowProblem:
    other, other_case, other_row = first
    what = f"{other} in row {int(other_row)}"
    if case_no != other_case:
        what += f" of case {other_case}, {kind} of case {case_no} here"
    return RowProblem(
        int(row),
        kind,
        "event_id",
        event_id,
        f"one id for two facts: {what}; the first row's counts",
        f'make it one for each, such as event_id: "{{…}}-{kind}"',
    )


def _two_contents(event_id: str, row: str, version: str, kind: str, other: str) -> RowProblem:
    return RowProblem(
        int(row),
        kind,
        "event_id",
        event_id,
        f"rows {int(other)} and {int(row)} say different things as version {version} of one record;"
        " the first row's counts",
        "map what grows with each correction to record_version (a time by {column|as_version}),"
        " or take one of the rows out",
    )
