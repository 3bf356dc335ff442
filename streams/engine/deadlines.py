"""The deadline index: which case's verdict can change next. One for each owned partition.

A heap with lazy deletion: moving a deadline costs a push, and an idle tick looks at the top only.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from streams.engine.judge import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

SLACK = 1024
"""Outdated entries that are tolerated, beyond as many as there are cases."""


class Deadlines:
    """The next moment of each case, in seconds since the epoch."""

    __slots__ = ("_heap", "_next")

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._next: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._next)

    def set(self, case: str, at: int) -> None:
        """Set a case's next moment; `NEVER` takes it out."""
        if at >= NEVER:
            self._next.pop(case, None)
        elif self._next.get(case) != at:
            self._next[case] = at
            heapq.heappush(self._heap, (at, case))
            if len(self._heap) > 2 * len(self._next) + SLACK:
                self._rebuild()

    def load(self, moments: dict[str, int]) -> None:
        """Set all cases at once, after a restore."""
        self._next = {case: at for case, at in moments.items() if at < NEVER}
        self._rebuild()

    def of(self, case: str) -> int:
        """Give a case's next moment, `NEVER` where it has none."""
        return self._next.get(case, NEVER)

    def due(self, now: int) -> Iterator[str]:
        """Take out and give the cases whose moment has come, by moment, then by name."""
        while self._heap and self._heap[0][0] <= now:
            at, case = heapq.heappop(self._heap)
            if self._next.get(case) == at:
                del self._next[case]
                yield case

    @property
    def soonest(self) -> int | None:
        """The earliest moment, if there is one."""
        while self._heap and self._next.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def items(self) -> Iterator[tuple[str, int]]:
        """Give each case and its moment, in no order."""
        yield from self._next.items()

    def _rebuild(self) -> None:
        self._heap = [(at, case) for case, at in self._next.items()]
        heapq.heapify(self._heap)
