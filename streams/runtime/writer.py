"""Group commit: one open transaction a partition, while the next batch fills.

One write for each chunk gave a quarter of the speed.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from streams.runtime.failstop import describe
from streams.runtime.ports import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from streams.runtime.failstop import FailStop
    from streams.runtime.ports import Batch, RuntimeMetrics

log = structlog.get_logger(__name__)

PAUSE: Final = 0.005  # seconds for records and writes between two slices
SPACING: Final = 0.025
"""Seconds from the begin of a partition's write to that of the next. The first record after a calm
is written at once; of a flow, each transaction costs the broker more than the records in it."""


class Turns:
    """Lets one partition of a worker at a time do what it does by itself, with pauses between.

    A record passes through many turns of the event loop on its way: if each partition did a slice
    in each of them, a record would wait for a hundred slices.
    """

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause
        self._taken = asyncio.Lock()

    async def next(self) -> None:
        """Wait for one's turn; it is over some time after what the caller does at once."""
        await self._taken.acquire()
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_later, self._pause, self._taken.release)


class GroupCommit:
    """Writes what a partition's logic gives, then acknowledges what it was computed from.

    `take` gives the batch, `write` makes it durable (any error ends the process), `acknowledge`
    gets each finished message, in the order in which they were given to `add`. The partitions of
    a worker share their `turns`.
    """

    def __init__(
        self,
        take: Callable[[], Batch],
        write: Callable[[Batch], Awaitable[None]],
        acknowledge: Callable[[Any], None],
        metrics: RuntimeMetrics,
        fail_stop: FailStop,
        turns: Turns,
        spacing: float = SPACING,
    ) -> None:
        self._take = take
        self._write = write
        self._acknowledge = acknowledge
        self._metrics = metrics
        self._fail_stop = fail_stop
        self._turns = turns
        self._finished: list[Any] = []
        self._dirty = False
        self._more = False  # the logic has more to do by itself
        self._waited_for = 0  # who waits until nothing is left to write
        self._task: asyncio.Task[None] | None = None
        self._spacing = spacing
        self._began = -spacing
        self.pending = 0  # input records whose effects are not yet in a transaction
        self.writes = 0  # that are durable
        self._given_up = False

    def add(self, finished: Sequence[Any], records: int) -> None:
        """Note that the logic took `records` in, and that the `finished` messages are applied.

        Without a finished message there may still be effects: a chunk of ticks of which only some
        could be applied.
        """
        self._finished.extend(finished)
        self._dirty = True
        self.pending += records
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._fail_stop.guard("transaction", self._run()))

    async def room(self, limit: int) -> None:
        """Wait while `limit` records or more are pending: reading waits for the write."""
        while self.pending >= limit and self._task is not None:
            await asyncio.shield(self._task)

    async def idle(self) -> None:
        """Wait until nothing is left to write.

        What the logic does by itself stops, and goes on with the next record: until then the
        partition may change hands.
        """
        self._waited_for += 1
        try:
            while self._task is not None and not self._task.done():
                await asyncio.shield(self._task)
        finally:
            self._waited_for -= 1

    async def give_up(self, fault: Fault) -> None:
        """Write what has to outlive the end, once nothing else is being written, and nothing more.

        The process ends whether it can be written or not.
        """
        self._given_up = True
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait([self._task])
        if fault.last.state:
            try:
                await self._write(fault.last)
            except Exception as error:  # noqa: BLE001 - it must not hide the fault
                log.warning("end not counted", reason=describe(error))

    async def _run(self) -> None:
        while self._dirty or (self._more and not self._waited_for):
            if (early := self._began + self._spacing - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            if self._more:  # last: a turn is over soon after it was given
                await self._turns.next()
            if self._given_up:  # what the logic holds may be half changed
                return
            self._began = time.perf_counter()
            finished, self._finished = self._finished, []
            records, self.pending = self.pending, 0
            self._dirty = False
            try:
                batch = self._take()
            except Fault as fault:
                await self.give_up(fault)
                raise
            self._more = batch.more
            written = len(batch.outputs) + len(batch.state)
            if written:
                began = time.perf_counter()
                await self._write(batch)
                self.writes += 1
                self._metrics.committed(records, written, time.perf_counter() - began)
            for message in finished:
                self._acknowledge(message)
