"""Taking partitions over: check, fence, restore, and only then read on.

Runs when a rebalance is complete and before Faust's streams resume. One take-over follows another,
never two at once.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from streams.runtime.partition import OwnedPartition
from streams.runtime.ports import Fatal, InputTopic
from streams.runtime.positions import Partition
from streams.runtime.writer import GroupCommit, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streams.runtime.cluster import Cluster
    from streams.runtime.failstop import FailStop
    from streams.runtime.ports import (
        LogicFactory,
        PartitionLogic,
        PartitionState,
        RuntimeMetrics,
        RuntimeSettings,
    )
    from streams.runtime.storage import Storage
    from streams.runtime.transactions import FencedProducer

log = structlog.get_logger(__name__)


class Group(Protocol):
    """This worker's membership in the consumer group."""

    def generation(self) -> int:
        """Tell the generation that the worker is in now."""

    def assignment(self) -> Iterable[Partition]:
        """Tell the partitions that are assigned in it."""

    def assignments(self) -> int:
        """Count the assignments so far; a generation may have more than one."""

    def acknowledge(self, message: Any) -> None:
        """Take a message as durable."""

    async def look_again(self) -> None:
        """Let the group's leader, if that is us, see whether there are other topics by now."""

    def reading(self) -> bool:
        """Tell whether records flow: neither a rebalance nor a recovery is under way."""

    def refusal(self) -> BaseException | None:
        """Tell why the group will not have the worker; None while it does."""


class Ownership:
    """The partitions that this worker owns, and how it comes to own them."""

    def __init__(
        self,
        settings: RuntimeSettings,
        factory: LogicFactory,
        group: Group,
        cluster: Cluster,
        storage: Storage,
        metrics: RuntimeMetrics,
        fail_stop: FailStop,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._wall = wall
        self._factory = factory
        self._group = group
        self._cluster = cluster
        self._storage = storage
        self._metrics = metrics
        self._fail_stop = fail_stop
        self._turns = Turns()
        self._starts: dict[Partition, int] = {}
        self.owned: dict[int, OwnedPartition] = {}
        self.taking: dict[int, PartitionState] = {}  # partitions on their way
        self.generation: int | None = None  # the last one taken over
        self._let_go = 0  # the last assignment that was given up
        self._claiming = asyncio.Lock()
        self.closing = False  # a take-over under way is given up

    @property
    def ready(self) -> bool:
        """Whether what the group gave is taken over, and read."""
        taken, group = self.generation, self._group
        return taken is not None and taken == group.generation() and group.reading()

    def refusal(self) -> BaseException | None:
        """Tell why the group will not have the worker; None while it does."""
        return self._group.refusal()

    def starts(self, generation: int) -> Mapping[Partition, int] | None:
        """Tell where to read from; None unless that generation is the one taken over."""
        return self._starts if generation == self.generation else None

    def partition(self, number: int, generation: int) -> OwnedPartition | None:
        """Give a partition that is owned in the generation, if that is the group's latest."""
        if generation != self.generation or generation != self._group.generation():
            return None
        return self.owned.get(number)

    async def settle(self) -> None:
        """Wait for every open write and claim: the partitions may go to other workers after it."""
        self._let_go = self._group.assignments()
        for owned in list(self.owned.values()):
            await owned.writer.idle()
        async with self._claiming:
            pass

    async def take_over(self) -> None:
        """Own what the group assigned; errors end the process."""
        await self._fail_stop.guard("take_over", self._take_over())

    async def _take_over(self) -> None:
        began = time.monotonic()
        generation = self._group.generation()
        mine = self._co_partitioned(self._group.assignment())
        # Partitions held through consecutive generations cannot have had another owner between.
        consecutive = self.generation is not None and generation == self.generation + 1
        self.generation = None  # until all of it is owned: the watchdog waits for that
        kept = mine & set(self.owned) if consecutive else set[int]()
        lost = set(self.owned) - kept
        for number in lost:
            owned = self.owned.pop(number)
            self._storage.release([owned.producer])
            owned.logic.close()
        for number in kept:
            self.owned[number].rewind()
        if not mine:  # there may be more workers than partitions
            await self._nothing()
        if mine - kept and not await self._acquire(mine - kept, generation):
            log.info("take-over overtaken by another rebalance", generation=generation)
            return
        self._starts = await self._where_to_read(mine)
        self.generation = generation
        seconds = time.monotonic() - began
        self._metrics.rebalanced(len(mine), len(kept), seconds)
        log.info(
            "took over",
            generation=generation,
            partitions=sorted(mine),
            kept=len(kept),
            seconds=round(seconds, 3),
        )

    async def _nothing(self) -> None:
        """Do what helps if it is for want of topics that nothing was assigned.

        A broker that has just begun may know of none; the leader then assigns nothing to anybody,
        and would not look again for five minutes. Raises Fatal where there are none in truth.
        """
        await self._cluster.partitions()
        await self._group.look_again()

    def _co_partitioned(self, assignment: Iterable[Partition]) -> set[int]:
        by_topic: dict[str, set[int]] = {topic: set() for topic in self._settings.inputs}
        for topic, number in assignment:
            by_topic[topic].add(number)
        mine = by_topic[self._settings.ticks_topic]
        if any(numbers != mine for numbers in by_topic.values()):
            found = {topic: sorted(numbers) for topic, numbers in by_topic.items()}
            raise Fatal(f"the assignment is not co-partitioned: {found}")
        return mine

    async def _acquire(self, numbers: set[int], generation: int) -> bool:
        """Fence, restore and check partitions; False when a newer rebalance made it idle."""
        # A member that comes back with its name may be assigned the same again in one generation.
        assignment = self._group.assignments()

        def abandoned() -> bool:
            gone = assignment == self._let_go or self._group.generation() != generation
            return self.closing or gone

        count = await self._cluster.partitions()
        ids = await self._cluster.topic_ids()
        self.taking = dict.fromkeys(numbers, "claiming")
        producers: dict[int, FencedProducer] = {}
        logics: dict[int, PartitionLogic] = {}
        try:
            async with self._claiming:
                if abandoned():  # a late claim would fence the partition's new owner
                    return False
                producers = await self._storage.claim(numbers)
            await self._cluster.partitions()  # the same as before the claim: no repartition began
            self.taking = dict.fromkeys(numbers, "restoring")
            logics = {number: self._factory(number, count) for number in numbers}
            began = time.monotonic()
            records = await self._storage.restore(logics, abandoned)
            if records is None:
                return False
            self._metrics.restored(records, time.monotonic() - began)
            await self._check_inputs(logics, ids)
            for number in numbers:
                self.owned[number] = self._own(number, logics.pop(number), producers.pop(number))
            return True
        finally:
            self.taking = {}
            self._storage.release(producers.values())
            for logic in logics.values():
                logic.close()

    async def _check_inputs(
        self, logics: Mapping[int, PartitionLogic], ids: Mapping[str, str | None]
    ) -> None:
        """Show each logic its inputs as they are: it knows how they should be."""
        partitions = [Partition(topic, n) for topic in self._settings.inputs for n in logics]
        lows = await self._cluster.lows(partitions)
        highs = await self._cluster.highs(partitions)
        began = int(self._wall())
        for number, logic in logics.items():
            inputs = {}
            for topic in self._settings.inputs:
                tp = Partition(topic, number)
                inputs[topic] = InputTopic(ids[topic], lows[tp], highs[tp])
            logic.restored(inputs, began)

    def _own(self, number: int, logic: PartitionLogic, producer: FencedProducer) -> OwnedPartition:
        write = partial(self._storage.write, producer)
        acknowledge = self._group.acknowledge
        writer = GroupCommit(
            logic.take, write, acknowledge, self._metrics, self._fail_stop, self._turns
        )
        return OwnedPartition(number, logic, producer, writer, self._settings, self._metrics)

    async def _where_to_read(self, mine: set[int]) -> dict[Partition, int]:
        partitions = [Partition(topic, n) for topic in self._settings.inputs for n in mine]
        lows = await self._cluster.lows(partitions) if partitions else {}
        starts: dict[Partition, int] = {}
        for number in mine:
            starts |= self.owned[number].starts(lows)
        return starts
