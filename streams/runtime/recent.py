"""Records that a change may still precede (变更先后): its barrier can lie below what was applied.

Which law a record pinned is told by offset: below a change's barrier it came before, else after.
A change is often applied when some records behind its barrier are taken already, as in a replay
that reads ahead; those are pinned anew. A tick's barrier says that what lies below it came before
every later change.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.engine.pins import PINNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.engine.entries import Entry

MOST: Final = 1_000_000
"""Beyond so many the oldest are taken as before every change: no memory grows without end."""


class Taken(NamedTuple):
    """A record that pinned the law in force."""

    offset: int
    case_no: str
    record: int


class Recent:
    """The records that opened a round lately, in one partition; in the order of their offsets."""

    def __init__(self) -> None:
        self._taken: deque[Taken] = deque(maxlen=MOST)

    def took(self, offset: int, case_no: str, entry: Entry) -> None:
        """Remember a record that was new to its case."""
        if entry.kind in PINNING:
            self._taken.append(Taken(offset, case_no, entry.id))

    def passed(self, barrier: int) -> None:
        """Know that a tick names everything below an offset: it came before what follows it."""
        while self._taken and self._taken[0].offset < barrier:
            self._taken.popleft()

    def since(self, barrier: int) -> Iterator[Taken]:
        """Give what lies at or behind a change's barrier: it came after the change."""
        return (each for each in self._taken if each.offset >= barrier)
