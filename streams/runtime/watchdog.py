"""Finds what stands still though it should not: a partition with lag, the event loop itself.

A consumer can stall without an error, so the applied offsets are held against the brokers' own
high water marks. Time counts only while the process runs: one that was frozen has not stalled.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from streams.runtime.failstop import FailStop
    from streams.runtime.positions import Partition

LOOK_EVERY: Final = 1.0  # seconds between two looks at the event loop


class Stalls:
    """How far each owned partition is behind, and how long it has not moved."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._seen: dict[int, tuple[dict[Partition, int], int]] = {}
        self._lag: dict[int, dict[str, int]] = {}
        self._stalled: dict[int, float] = {}
        self._beyond: set[Partition] = set()

    def observe(
        self,
        applied: Mapping[int, Mapping[Partition, int]],
        highs: Mapping[Partition, int],
        seconds: float,
        writes: Mapping[int, int],
        blocked: Collection[int] = (),
    ) -> None:
        """Hold positions against high water marks which were looked up after them.

        `seconds` is how long the process has run since the last look, `writes` how often each
        partition has written: one that judges a herd moves, though its tick is not over. Raises
        Fatal when a partition has not moved for too long, unless it is `blocked` by what no restart
        brings, or its log ends below what was applied.
        """
        self._check_ends(applied, highs)
        before = self._seen
        self._seen = {n: (dict(found), writes[n]) for n, found in applied.items()}
        self._lag = {
            number: {tp.topic: max(0, highs[tp] - offset) for tp, offset in found.items()}
            for number, found in applied.items()
        }
        self._stalled = {
            number: self.stalled(number) + seconds
            if any(lag.values()) and self._seen[number] == before.get(number)
            else 0.0
            for number, lag in self._lag.items()
        }
        for number, stalled in self._stalled.items():
            if stalled > self._timeout and number not in blocked:
                raise Fatal(
                    f"partition {number} has lag {self._lag[number]} and has not moved for "
                    f"{stalled:.0f} s"
                )

    def lag(self, number: int) -> Mapping[str, int]:
        """Tell the offsets behind high water by topic; empty before the first look."""
        return self._lag.get(number, {})

    def stalled(self, number: int) -> float:
        """Tell the seconds with lag and without a move."""
        return self._stalled.get(number, 0.0)

    def _check_ends(
        self, applied: Mapping[int, Mapping[Partition, int]], highs: Mapping[Partition, int]
    ) -> None:
        """Twice in a row, since a replica that has just begun to lead may not know its end yet."""
        positions = {tp: offset for found in applied.values() for tp, offset in found.items()}
        beyond = {tp for tp, offset in positions.items() if offset > highs[tp]}
        for tp in sorted(beyond & self._beyond):
            raise Fatal(
                f"{tp.topic}[{tp.partition}] ends at {highs[tp]}, but {positions[tp]} is next to "
                f"apply: the log lost records or was made anew. Run `jiancha state rebuild`"
            )
        self._beyond = beyond


class LoopWatch:
    """Ends the process when the event loop stands still, from a thread of its own.

    It counts its own looks instead of seconds, so that a process that was stopped and continued is
    not taken for a stalled one.
    """

    def __init__(self, timeout: float, fail_stop: FailStop, every: float = LOOK_EVERY) -> None:
        self._timeout = timeout
        self._fail_stop = fail_stop
        self._every = every
        self._alive = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def alive(self) -> None:
        """Say from the event loop that it turns."""
        self._alive.set()

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()

    def _watch(self) -> None:
        missed = 0
        while not self._closed.wait(self._every):
            missed = 0 if self._alive.is_set() else missed + 1
            self._alive.clear()
            if missed * self._every >= self._timeout:
                self._fail_stop("loop", f"the event loop stands still for {self._timeout:.0f} s")
