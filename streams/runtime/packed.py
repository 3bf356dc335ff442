"""The packed cases of one owned partition: in memory, or in the cold store.

Closed cases leave memory in slices with the ticks, some days after they closed, and at once when
they are restored. One that a late record comes to is read from the cold store, and goes back as
soon as it is packed again, unless the mere passing of time can change it now.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from streams.engine.state import Head, Summary, head_of
from streams.runtime.cold import Closings

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from streams.runtime.cold import Cold

COOLED_AT_ONCE: Final = 500
"""Closed cases that leave memory with one tick."""


class Packed:
    """Every packed case, by its number. Any method raises Fatal when the cold store fails."""

    def __init__(self, cold: Cold) -> None:
        self._memory: dict[str, bytes] = {}
        self._cold = cold.store
        self._closings = Closings(cold.after_days)
        self._looked_at = False
        self._returned: list[str] = []
        """Back in memory, and in the cold store too until all of it has been looked at."""
        self.summaries: Counter[Summary] = Counter()

    @property
    def in_memory(self) -> int:
        """How many cases lie in memory."""
        return len(self._memory)

    @property
    def in_cold_store(self) -> int:
        """How many cases lie in the cold store only."""
        return len(self._cold) - len(self._returned)

    def get(self, case_no: str) -> bytes | None:
        """Give a case, None when there is none."""
        return self._memory.get(case_no) or self._cold.get(case_no)

    def restore(self, case_no: str, packed: bytes | None) -> None:
        """Take a case as the changelog has it; the latest counts. Raises UnknownFormat.

        A closed one goes to the cold store whenever it closed: memory must not grow with the
        changelog, and before its end nothing tells what time it is.
        """
        head = None if packed is None else head_of(packed)
        if packed is not None and head is not None and head.sleeps:
            self._memory.pop(case_no, None)
            before = self._cold.put(case_no, packed)
            self.summaries[head.summary] += 1
        else:
            before = self._cold.pop(case_no)
            if packed is None:
                self._memory.pop(case_no, None)
            else:
                self._memory[case_no] = packed
        if before is not None:
            self.summaries[head_of(before).summary] -= 1

    def restored(self) -> Iterator[tuple[str, int]]:
        """Count what is in memory; give each case's next moment. Those in the cold have none."""
        for case_no, packed in self._memory.items():
            head = head_of(packed)
            self.summaries[head.summary] += 1
            yield case_no, head.deadline

    def keep(
        self, case_no: str, packed: bytes, head: Head, now: int, before: Summary | None
    ) -> None:
        """Take a case that was worked on; `before` is as what it was counted, None when new."""
        self.summaries[head.summary] += 1
        if before is not None:
            self.summaries[before] -= 1
            if case_no not in self._memory:
                if head.sleeps:
                    self._cold.put(case_no, packed)
                    return
                if self._looked_at:
                    self._returned.append(case_no)
                else:
                    self._cold.pop(case_no)
        self._memory[case_no] = packed
        if head.sleeps:
            self._closings.add(case_no, now)

    def cool(self, now: int, busy: Container[str]) -> None:
        """Let some cases leave memory that closed long enough ago, none that is `busy`."""
        if self._looked_at:
            return
        for case_no in self._closings.past(now, COOLED_AT_ONCE):
            packed = self._memory.get(case_no)
            if packed is None or not head_of(packed).sleeps:
                continue
            if case_no in busy:
                self._closings.add(case_no, now)
            else:
                self._cold.put(case_no, packed)
                del self._memory[case_no]

    def heads(self) -> Iterator[tuple[str, Head]]:
        """Tell of every case that is here now what its head says when its turn comes.

        Until the end none leaves memory, and those that come back are told of all the same.
        """
        self._looked_at = True
        return self._heads(list(self._memory))

    def _heads(self, in_memory: list[str]) -> Iterator[tuple[str, Head]]:
        for case_no in in_memory:
            yield case_no, head_of(self._memory[case_no])
        for case_no, head in self._cold.heads():
            yield case_no, head_of(self._memory.get(case_no, head))
        self._looked_at = False
        for case_no in self._returned:
            self._cold.pop(case_no)
        self._returned.clear()

    def forget(self) -> None:
        """Let go of the cold store; nothing is asked of these cases any more."""
        self._cold.close()
