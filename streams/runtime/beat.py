"""Once a second: how far are the inputs? That feeds the ticks and the watchdog."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog
from aiokafka.errors import InconsistentGroupProtocolError, KafkaError

from streams.runtime.barriers import Blocked
from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.runtime.cluster import Cluster
    from streams.runtime.ownership import Ownership
    from streams.runtime.ports import RuntimeMetrics, RuntimeSettings
    from streams.runtime.ticker import Ticker
    from streams.runtime.watchdog import Stalls

KNOCK_AFTER: Final = 10.0
"""Seconds without an answer after which the brokers are asked whether they still let us in."""
STRANGER: Final = (
    " → somebody reads with the group's name who is no worker of this version: "
    "`kafka-consumer-groups --describe --members` names him"
)

log = structlog.get_logger(__name__)


class Beat:
    """Asks for the ends of all owned inputs at once, and passes them on.

    A beat that cannot be made in time is left out, never made up for.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        ownership: Ownership,
        cluster: Cluster,
        stalls: Stalls,
        ticker: Ticker | None,
        metrics: RuntimeMetrics,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._interval = settings.tick_interval
        self._ownership = ownership
        self._cluster = cluster
        self._stalls = stalls
        self._blocked = Blocked()
        self._ticker = ticker
        self._metrics = metrics
        self._group = settings.group_id
        self._now_ms = now_ms
        self._patience = settings.stall_timeout
        self._silent = 0.0  # seconds without an answer of the brokers
        self._idle = 0.0  # seconds without reading, and without a take-over under way

    async def run(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Beat until cancelled.

        Raises Fatal when something stands still or the group refuses the worker, or AccessDenied.
        """
        last = due = clock()
        while True:
            now = clock()
            # A frozen process comes back here late: the time it did not run is no stall.
            await self.once(min(now - last, 2 * self._interval))
            last = now
            due = max(due + self._interval, clock())
            await asyncio.sleep(due - clock())

    async def once(self, seconds: float) -> None:
        """Make one beat, `seconds` of running time after the last one."""
        if (refusal := self._ownership.refusal()) is not None:
            hint = STRANGER if isinstance(refusal, InconsistentGroupProtocolError) else ""
            raise Fatal(f"group {self._group} refuses us: {refusal!r}{hint}") from refusal
        if not self._ownership.ready:
            self._metrics.tick_skipped("not_ready")
            self._wait_for_a_take_over(seconds)
            if not self._ownership.taking:
                await self._knock(seconds)
            return
        self._idle = 0.0
        now_ms = self._now_ms()  # before the ends: what is in the log by now is named, or more
        owned = dict(self._ownership.owned)
        applied = {n: each.applied() for n, each in owned.items()}
        writes = {n: each.writer.writes for n, each in owned.items()}
        partitions = [tp for found in applied.values() for tp in found]
        try:
            async with asyncio.timeout(self._interval):
                highs = await self._cluster.highs(partitions) if partitions else {}
        except (TimeoutError, KafkaError) as error:
            log.debug("no high water marks", error=repr(error))
            self._metrics.tick_skipped("slow_broker")
            await self._knock(seconds)
            return
        self._silent = 0.0
        barriers = {n: each.barriers() for n, each in owned.items()}
        blocked = self._blocked.observe(barriers, highs, seconds)
        self._stalls.observe(applied, highs, seconds, writes, blocked)
        if self._ticker is None:
            return
        if not self._ownership.ready:  # a rebalance began meanwhile
            self._metrics.tick_skipped("not_ready")
        elif self._now_ms() - now_ms > self._interval * 1000:
            self._metrics.tick_skipped("late")
        else:
            self._ticker.send(applied, now_ms, highs)

    async def _knock(self, seconds: float) -> None:
        self._silent += seconds
        if self._silent >= KNOCK_AFTER:
            self._silent = 0.0
            await self._cluster.knock()

    def _wait_for_a_take_over(self, seconds: float) -> None:
        """Bear with rebalances, but not for ever; a restore under way has a deadline of its own."""
        self._idle = 0.0 if self._ownership.taking else self._idle + seconds
        if self._idle > self._patience:
            raise Fatal(f"no take-over was completed in {self._idle:.0f} s")
