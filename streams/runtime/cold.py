"""What a partition keeps of closed cases outside its memory, and when they go there.

A cold store is a cache of the changelog, made anew at each take-over and never the truth: losing
it loses nothing. `streams.runtime.cold_file` keeps it on disk.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY: Final = 86_400


class ColdStore(Protocol):
    """Packed cases by their numbers. Every method raises Fatal when the store fails."""

    def __len__(self) -> int: ...

    def get(self, case_no: str) -> bytes | None:
        """Give a case, None when it is not here."""

    def put(self, case_no: str, packed: bytes) -> bytes | None:
        """Take a case; give what was here of it before."""

    def pop(self, case_no: str) -> bytes | None:
        """Take a case out and give it, None when it was not here."""

    def heads(self) -> Iterator[tuple[str, bytes]]:
        """Give each case's number and at least the head of its bytes, little by little.

        One that is put in or taken out meanwhile may be missing, others not.
        """

    def close(self) -> None:
        """Forget everything; the store is not used again."""


class Cold(NamedTuple):
    """Where closed cases go that leave memory, and how many days of the engine's time after."""

    store: ColdStore
    after_days: int


class InMemory:
    """A cold store that is none: what it takes stays in memory. For few cases, and for tests."""

    def __init__(self) -> None:
        self._cases: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._cases)

    def get(self, case_no: str) -> bytes | None:
        """Give a case, None when it is not here."""
        return self._cases.get(case_no)

    def put(self, case_no: str, packed: bytes) -> bytes | None:
        """Take a case; give what was here of it before."""
        before = self._cases.get(case_no)
        self._cases[case_no] = packed
        return before

    def pop(self, case_no: str) -> bytes | None:
        """Take a case out and give it, None when it was not here."""
        return self._cases.pop(case_no, None)

    def heads(self) -> Iterator[tuple[str, bytes]]:
        """Give every case that is here now, by number."""
        return iter(sorted(self._cases.items()))

    def close(self) -> None:
        """Forget everything."""
        self._cases.clear()


class Closings:
    """Which cases closed on which day of the engine's time: eight bytes a case.

    A case may be named more than once: then it is asked about sooner.
    """

    def __init__(self, days: int) -> None:
        self._kept = days
        self._days: deque[tuple[int, list[str]]] = deque()

    def add(self, case_no: str, now: int) -> None:
        """Note a case that closed, or was written as a closed one; `now` never goes back."""
        day = now // DAY
        if not self._days or self._days[-1][0] != day:
            self._days.append((day, []))
        self._days[-1][1].append(case_no)

    def past(self, now: int, limit: int) -> list[str]:
        """Take out and give cases that closed that many days ago or before, `limit` at most."""
        found: list[str] = []
        while self._days and self._days[0][0] + self._kept <= now // DAY and len(found) < limit:
            names = self._days[0][1]
            rest = limit - len(found)
            found += names[-rest:]
            del names[-rest:]
            if not names:
                self._days.popleft()
        return found
