"""A sweep: the open cases that a change can concern, judged again in slices.

Between two slices live records go on. A sweep goes through the cases by name, so that where it
stands says which cases it has judged: that is kept in the partition's state, and a sweep that a
restart cut off goes on there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from schemas.ticks import Change
from streams.runtime.references import Law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streams.engine.state import Head

SLICE: Final = 50
"""Cases judged at once: about 8 ms. Measured beside 25 to 200 for the events' latency."""
LOOK: Final = 10_000
"""Cases whose heads are looked at, at once: about 8 ms."""


class Task(Struct, frozen=True):
    """What a sweep has to do; kept in the state until it is done."""

    change: Change
    before: Law
    after: Law
    first_day: int | None
    """The first day that a calendar counts otherwise, since 1970-01-01; None: none does."""


class Position(Struct, frozen=True):
    """How far a sweep is."""

    cursor: str = ""
    """The last case that is done."""
    judged: int = 0
    changed: int = 0


class Sweep:
    """One sweep under way, over the `heads` of the cases that are there.

    `concerned` tells of a head whether the change can concern its case.
    """

    def __init__(
        self,
        task: Task,
        heads: Iterator[tuple[str, Head]],
        concerned: Callable[[Head], bool],
        position: Position,
        size: int = SLICE,
    ) -> None:
        self.task = task
        self.position = position
        self._size = size
        self._unseen: Iterator[tuple[str, Head]] | None = heads
        self._concerned = concerned
        self._found: list[str] = []
        self._next = 0

    @property
    def left(self) -> int:
        """How many cases are found and not judged yet."""
        return len(self._found) - self._next

    @property
    def looking(self) -> bool:
        """Whether it still looks for the cases that the change can concern."""
        return self._unseen is not None

    def awaits(self, case_no: str, head: Head) -> bool:
        """Tell whether a case's turn is still to come."""
        return case_no > self.position.cursor and self._concerned(head)

    def look(self) -> None:
        """Look at some more heads; at the end bring what was found in order."""
        assert self._unseen is not None  # noqa: S101 - asked while `looking`
        cursor, concerned, seen = self.position.cursor, self._concerned, 0
        for case_no, head in islice(self._unseen, LOOK):
            seen += 1
            if case_no > cursor and concerned(head):
                self._found.append(case_no)
        if seen < LOOK:
            self._unseen = None
            self._found.sort()

    def slice(self) -> list[str]:
        """Give the next cases to judge; none when all are judged."""
        found = self._found[self._next : self._next + self._size]
        self._next += len(found)
        return found

    def advance(self, cursor: str, judged: int, changed: int) -> None:
        """Count cases as judged, all up to `cursor`; one before its turn gives no cursor."""
        was = self.position
        self.position = Position(cursor or was.cursor, was.judged + judged, was.changed + changed)
