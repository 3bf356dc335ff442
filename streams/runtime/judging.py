"""Time in one partition: which ticks count, and what is due judged by them, in slices.

A hundred thousand limits can end in the same second, with the day: between two slices of them live
records go on. A tick of which only a part is judged is not over: its offset is not applied, so that
whoever goes on from the state has it again.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from schemas.events import EARLIEST, LATEST
from schemas.ticks import REPLAYED_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.ticks import Tick, TickSource
    from streams.runtime.cases import Cases


DUE_SLICE: Final = 100
"""Cases judged at once: 20 ms, at 200 µs of CPU a case on a busy machine."""

DIGITS: Final = 12
"""Of a moment, at most: more are none."""


class Judging:
    """Judges the cases that are due, at most `size` at once where ticks are live.

    In a replay nobody waits for an event, and slices would only make it longer.
    """

    def __init__(
        self, cases: Cases, ticks_from: TickSource, tick_tolerance: float, size: int
    ) -> None:
        self._cases = cases
        self._ticks_from = ticks_from
        self._tolerance_ms = tick_tolerance * 1000
        self.replayed = ticks_from == "replay"
        """Whether time is a replay's, and its records bring it."""
        self._size = size if ticks_from == "worker" else sys.maxsize
        self.busy = False
        """Whether cases are left that the tick under way has to come to."""

    def why_not(self, tick: Tick, timestamp_ms: int) -> str | None:
        """Tell why a tick does not count; `timestamp_ms` is when the broker dated it."""
        if tick.source != self._ticks_from:
            return "other_source"
        if not _possible(tick.now):
            return "impossible"
        if tick.source == "worker" and abs(tick.now * 1000 - timestamp_ms) > self._tolerance_ms:
            return "strays"
        return None

    @staticmethod
    def replayed_at(headers: Sequence[tuple[str, bytes]]) -> int | None:
        """Tell the replay's time at which a record was sent; None where it brings none.

        Asked only where a replay's ticks count: elsewhere a hall would date its own arrival.
        """
        for name, value in headers:
            if name == REPLAYED_AT and value and len(value) <= DIGITS and value.isdigit():
                at = int(value)
                return at if _possible(at) else None
        return None

    def pass_to(self, now: int, *, timed: bool = False) -> bool:
        """Judge what is due; False where that is more than a slice, and `work` has to go on.

        Such a tick is over when it is passed to once more, and no case is left. With `timed`, in a
        replay, each case is judged at its own second: a tick stands for all the seconds before it.
        """
        while timed and (at := self._cases.soonest(now)) < now:
            self.work(at)
        self.work(now)
        if not self.busy:
            self._cases.passed()
        return not self.busy

    def work(self, now: int) -> None:
        """Judge a slice of what is due."""
        self.busy = not self._cases.tick(now, self._size)


def _possible(now: int) -> bool:
    return EARLIEST.timestamp() <= now <= LATEST.timestamp()
