"""When records arrive in a replay: at the replay's time, not by the wall clock of its day.

Elsewhere a record arrived when the broker dated it. In a replay that says nothing of the log: each
record would be told as keyed in years late (补录).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.runtime.ports import Chunk


class Arrivals:
    """A chunk of a replay, whose records are dated by the replay's time as they are applied."""

    def __init__(self, chunk: Chunk) -> None:
        self._timestamps = list(chunk.timestamps)
        self.dated = replace(chunk, timestamps=self._timestamps)

    def set(self, index: int, at: int) -> None:
        """Date a record by seconds since the epoch; before the first tick that is not known (0)."""
        if at:
            self._timestamps[index] = at * 1000
