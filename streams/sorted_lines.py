"""Lines in order, more of them than memory holds: sorted in runs on disk, then merged.

The files have no name, so that nothing is left of them whatever happens, and nobody else reads
them. They lie where `TMPDIR` says.
"""

from __future__ import annotations

import heapq
import tempfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

RUN_BYTES: Final = 24 << 20
"""How much is sorted in memory: with Python's own cost of a line some 40 MB."""
MOST_RUNS: Final = 128
"""Files that are open at once; of more, one is made."""
COST: Final = 50
"""Bytes that Python takes beside those of a line."""


class SortedLines:
    """Takes lines, gives them sorted by their bytes. A line ends with a line feed and has no other.

    Raises OSError, where the disk is full for one.
    """

    def __init__(self, run_bytes: int = RUN_BYTES, most_runs: int = MOST_RUNS) -> None:
        self._run_bytes, self._most_runs = run_bytes, most_runs
        self._lines: list[bytes] = []
        self._size = 0
        self._runs: list[IO[bytes]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Give the disk back."""
        self._open.close()

    def add(self, line: bytes) -> None:
        """Take a line."""
        self._lines.append(line)
        self._size += len(line) + COST
        if self._size > self._run_bytes:
            self._to_disk()

    def __iter__(self) -> Iterator[bytes]:
        """Give every line, in order; once."""
        self._lines.sort()
        return heapq.merge(*self._runs, self._lines) if self._runs else iter(self._lines)

    def _to_disk(self) -> None:
        self._lines.sort()
        self._runs.append(self._written(self._lines))
        self._lines, self._size = [], 0
        if len(self._runs) > self._most_runs:
            whole = self._written(heapq.merge(*self._runs))
            for run in self._runs:
                run.close()
            self._runs = [whole]

    def _written(self, lines: list[bytes] | Iterator[bytes]) -> IO[bytes]:
        run = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the rest
        run.writelines(lines)
        run.seek(0)
        return run
