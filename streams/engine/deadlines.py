"""The deadline index: which case's verdict can change next. One for each owned partition.

Cases whose moment lies in a day to come are only listed under that day, eight bytes each; a day
that has begun is a heap. Deletion is lazy in both: moving a deadline costs an entry, and an idle
tick looks at the top of the heap only.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from streams.engine.judge import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY: Final = 86_400
SLACK: Final = 1024
"""Outdated entries that are tolerated, beyond as many as there are cases."""


class Deadlines:
    """The next moment of each case, in seconds since the epoch."""

    __slots__ = ("_begun", "_days", "_entries", "_heap", "_next", "_order")

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._days: dict[int, list[str]] = {}  # by day since the epoch; may name a case twice
        self._order: list[int] = []  # a heap of those days
        self._heap: list[tuple[int, str]] = []  # of the days that have begun
        self._begun = -1  # the last of them
        self._entries = 0  # in the lists and the heap

    def __len__(self) -> int:
        return len(self._next)

    def set(self, case: str, at: int) -> None:
        """Set a case's next moment; `NEVER` takes it out."""
        if at >= NEVER:
            self._next.pop(case, None)
        elif self._next.get(case) != at:
            self._next[case] = at
            self._enter(case, at)
            if self._entries > 2 * len(self._next) + SLACK:
                self._rebuild()

    def of(self, case: str) -> int:
        """Give a case's next moment, `NEVER` where it has none."""
        return self._next.get(case, NEVER)

    def due(self, now: int) -> Iterator[str]:
        """Take out and give the cases whose moment has come, by moment, then by name."""
        self._begin_until(now)
        while self._heap and self._heap[0][0] <= now:
            at, case = heapq.heappop(self._heap)
            self._entries -= 1
            if self._next.get(case) == at:
                del self._next[case]
                yield case

    def soonest(self, until: int) -> int:
        """Give the soonest moment of all that is not after `until`, else `NEVER`."""
        self._begin_until(until)
        while self._heap:
            at, case = self._heap[0]
            if at > until:
                break
            if self._next.get(case) == at:
                return at
            heapq.heappop(self._heap)
            self._entries -= 1
        return NEVER

    def items(self) -> Iterator[tuple[str, int]]:
        """Give each case and its moment, in no order."""
        yield from self._next.items()

    def _enter(self, case: str, at: int) -> None:
        self._entries += 1
        day = at // DAY
        if day <= self._begun:
            heapq.heappush(self._heap, (at, case))
        elif day in self._days:
            self._days[day].append(case)
        else:
            self._days[day] = [case]
            heapq.heappush(self._order, day)

    def _begin_until(self, now: int) -> None:
        self._begun = max(self._begun, now // DAY)
        while self._order and self._order[0] <= self._begun:
            self._begin(heapq.heappop(self._order))

    def _begin(self, day: int) -> None:
        names = self._days.pop(day)
        self._entries -= len(names)
        for case in set(names):
            at = self._next.get(case)
            if at is not None and at // DAY == day:
                self._enter(case, at)

    def _rebuild(self) -> None:
        self._days, self._order, self._heap, self._entries = {}, [], [], 0
        for case, at in self._next.items():
            self._enter(case, at)
