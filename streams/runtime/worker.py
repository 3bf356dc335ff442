"""The engine's worker process: its event loop, its parts, its signals, its end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import structlog
import uvloop

from streams.runtime.app import FaustGroup, connect_agent, make_app
from streams.runtime.beat import Beat
from streams.runtime.cluster import Cluster
from streams.runtime.failstop import FailStop
from streams.runtime.ownership import Ownership
from streams.runtime.ports import Fatal, PartitionProgress
from streams.runtime.storage import Storage
from streams.runtime.ticker import Ticker
from streams.runtime.watchdog import LOOK_EVERY, LoopWatch, Stalls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.runtime.app import EngineApp
    from streams.runtime.ports import LogicFactory, RuntimeMetrics, RuntimeSettings, TickEncoder
    from streams.runtime.positions import Partition

log = structlog.get_logger(__name__)


class EngineWorker:
    """Runs one member of the engine's group until SIGTERM or SIGINT.

    `progress` and `ready` may be asked from any thread at any time.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        factory: LogicFactory,
        encode_tick: TickEncoder,
        metrics: RuntimeMetrics,
    ) -> None:
        self._settings = settings
        self._factory = factory
        self._encode_tick = encode_tick
        self._metrics = metrics
        self._fail_stop = FailStop(metrics)
        self._stalls = Stalls(settings.stall_timeout)
        self._ownership: Ownership | None = None

    def run(self) -> int:
        """Work until told to stop, then return 0. Anything unexpected ends the process.

        The process has to end with it: what is left of it `shutdown_timeout` after it was told is
        ended.
        """
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # for Faust's own thread as well
        with asyncio.Runner() as runner:
            runner.run(self._fail_stop.guard("worker", self._main()))
        return 0

    @property
    def ready(self) -> bool:
        """Whether the worker has taken over what the group gave it, and reads."""
        return self._ownership is not None and self._ownership.ready

    def progress(self) -> list[PartitionProgress]:
        """Tell how far each partition is, those on their way included."""
        ownership = self._ownership
        if ownership is None:
            return []
        found = [
            PartitionProgress(number, state, {}, 0.0, 0, None)
            for number, state in list(ownership.taking.items())
        ]
        for number, owned in list(ownership.owned.items()):
            lag, stalled = self._stalls.lag(number), self._stalls.stalled(number)
            waiting, tick = owned.waiting_ticks, owned.last_tick_ms
            found.append(PartitionProgress(number, "running", lag, stalled, waiting, tick))
        return sorted(found, key=lambda each: each.partition)

    async def _main(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        settings, metrics, fail_stop = self._settings, self._metrics, self._fail_stop
        cluster, storage = Cluster(settings), Storage(settings)
        await cluster.start()
        app = make_app(settings, metrics, fail_stop, self._starts, self._settle)
        group = FaustGroup(app)
        ownership = self._ownership = Ownership(
            settings, self._factory, group, cluster, storage, metrics, fail_stop
        )
        connect_agent(app, settings, ownership, fail_stop)
        ticker = Ticker(settings, self._encode_tick, metrics) if settings.make_ticks else None
        beat = Beat(settings, ownership, cluster, self._stalls, ticker, metrics)
        beside = [
            asyncio.create_task(fail_stop.guard("watchdog", beat.run())),
            asyncio.create_task(_keep_turning(LoopWatch(settings.loop_stall, fail_stop))),
        ]
        await self._serve(app, ownership, stop)
        for task in beside:
            task.cancel()
        if ticker:
            ticker.close()
        await cluster.stop()
        storage.close()

    async def _serve(self, app: EngineApp, ownership: Ownership, stop: asyncio.Event) -> None:
        """Run Faust until told to stop, then let it finish what is open and leave the group."""

        async def take_over(*_: Any, **__: Any) -> None:
            await ownership.take_over()

        app.on_rebalance_complete.connect(take_over)
        serving = asyncio.create_task(self._fail_stop.guard("faust", _until_stopped(app, stop)))
        await stop.wait()
        log.info("stopping")
        self._fail_stop.unless_ended("shutdown", self._settings.shutdown_timeout)
        ownership.closing = True
        await app.stop()
        serving.cancel()
        log.info("stopped")

    def _starts(self, generation: int) -> Mapping[Partition, int] | None:
        return self._ownership.starts(generation) if self._ownership else None

    async def _settle(self) -> None:
        if self._ownership:
            await self._ownership.settle()


async def _until_stopped(app: EngineApp, stop: asyncio.Event) -> None:
    """Run Faust. Raises Fatal when it ends by itself."""
    await app.start()
    await app.wait_until_stopped()
    if not stop.is_set():
        raise Fatal(f"Faust stopped: {app.crash_reason!r}") from app.crash_reason


async def _keep_turning(watch: LoopWatch) -> None:
    """Show the watch that the event loop turns."""
    watch.start()
    try:
        while True:
            watch.alive()
            await asyncio.sleep(LOOK_EVERY / 2)
    finally:
        watch.close()
