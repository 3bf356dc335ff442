"""The durable side of the owned partitions: producers and changelog, whose clients block.

Their calls run in a bounded pool of threads, so that the event loop never waits.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from streams.runtime import memory
from streams.runtime.ports import Fatal
from streams.runtime.restore import restore
from streams.runtime.transactions import FencedProducer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streams.runtime.ports import Batch, PartitionLogic, RuntimeSettings

THREADS: Final = 16
GRACE: Final = 5.0  # seconds beyond its own timeout until a producer counts as stuck


class Storage:
    """Claims, restores and writes partitions, in threads."""

    def __init__(
        self,
        settings: RuntimeSettings,
        connect: Callable[[RuntimeSettings, int], FencedProducer] = FencedProducer,
        read_back: Callable[..., int | None] = restore,
    ) -> None:
        self._settings = settings
        self._connect = connect
        self._read_back = read_back
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="storage")

    async def claim(self, numbers: Iterable[int]) -> dict[int, FencedProducer]:
        """Fence earlier owners of the partitions. Raises Fatal when a broker does not answer."""
        producers = {number: self._connect(self._settings, number) for number in numbers}
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(self._pool, each.claim) for each in producers.values())
        )
        return producers

    async def restore(
        self, logics: Mapping[int, PartitionLogic], abandoned: Callable[[], bool]
    ) -> int | None:
        """Read the partitions' state back; the number of records, or None when abandoned."""
        loop = asyncio.get_running_loop()
        with memory.loading():
            return await loop.run_in_executor(
                self._pool, self._read_back, self._settings, logics, abandoned
            )

    async def write(self, producer: FencedProducer, batch: Batch) -> None:
        """Write a batch in one transaction. Raises Fatal when that failed or hangs."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.write_timeout + GRACE):
                await loop.run_in_executor(self._pool, producer.write, batch)
        except TimeoutError:
            raise Fatal(
                f"a transaction hangs for {self._settings.write_timeout + GRACE:g} s"
            ) from None

    def release(self, producers: Iterable[FencedProducer]) -> None:
        """Let producers go, without waiting."""
        for producer in producers:
            self._pool.submit(producer.close)

    def close(self) -> None:
        """Take no more work; what runs is left to end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
