"""Faust's transport over aiokafka, with one message for each fetched chunk of a partition.

Stock Faust spends most of its time handing over single messages. Here a message carries a
`Delivery`; its offset is the last of the span, so Faust's own order checks hold. What is
overridden, and why, stands in docs/delivery.md; each private name that this module touches is held
by tests/integration/test_faust_contract.py.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Consumer,
    Transport,
)
from faust.types.tuples import ConsumerMessage
from mode.utils.futures import notify

from streams.runtime.inputs import accept_gap
from streams.runtime.ports import Fatal
from streams.runtime.positions import Delivery, Partition, Positions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from streams.runtime.failstop import FailStop
    from streams.runtime.ports import RuntimeMetrics, RuntimeSettings

POLL: Final = 0.25  # seconds: how long a fetch waits at the tail, where a marker may have passed
FETCH_WAIT_MS: Final = 250  # the broker's patience; a seek waits for the fetch in flight


class ChunkThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that owns aiokafka's consumer, which is made from our settings alone."""

    def _create_worker_consumer(self, transport: ChunkTransport) -> AIOKafkaConsumer:
        """Make the consumer: `read_committed` and Faust's co-partitioning assignor.

        Stock Faust reads uncommitted records, and without tables takes a round-robin assignor.
        """
        settings = transport.settings
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap_servers,
            client_id=settings.client_id,
            group_id=settings.group_id,
            partition_assignment_strategy=[self._assignor],
            isolation_level="read_committed" if settings.read_committed else "read_uncommitted",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=settings.fetch_bytes,
            max_poll_records=None,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_poll_interval_ms=24 * 3600 * 1000,  # a long restore is alive; the watchdog looks
            session_timeout_ms=int(settings.session_timeout * 1000),
            heartbeat_interval_ms=int(settings.heartbeat_interval * 1000),
            rebalance_timeout_ms=int(settings.rebalance_timeout * 1000),
            request_timeout_ms=int((settings.session_timeout + 10) * 1000),
            **settings.security.aiokafka,
        )

    def position_now(self, tp: Partition) -> int | None:
        """Tell the offset that the next fetch starts from; None while it is being looked up."""
        assignment = self._ensure_consumer()._fetcher._subscriptions.subscription.assignment  # noqa: SLF001
        state = assignment.state_value(TopicPartition(*tp)) if assignment else None
        if state is None or not state.has_valid_position:
            return None
        position: int = state.position
        return position

    def refusal(self) -> BaseException | None:
        """Tell why the group will not have us; None while it does.

        aiokafka keeps such an error for the next fetch, and does nothing more until it is taken: a
        worker without partitions fetches nothing, and would wait for ever.
        """
        coordinator = self._consumer._coordinator if self._consumer else None  # noqa: SLF001
        refusal: BaseException | None = coordinator._pending_exception if coordinator else None  # noqa: SLF001
        return refusal

    async def look_again(self) -> None:
        """Ask a broker which topics there are: if that is news to a group's leader, it rejoins."""
        await self.call_thread(self._look_again)

    async def _look_again(self) -> None:
        await self._ensure_consumer()._client.force_metadata_update()  # noqa: SLF001

    async def seek_all(self, offsets: Mapping[Partition, int]) -> None:
        """Move the partitions that are still assigned, in the consumer's own thread."""
        await self.call_thread(self._seek_all, offsets)

    async def _seek_all(self, offsets: Mapping[Partition, int]) -> None:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in offsets.items():
            if tp in assigned:
                consumer.seek(TopicPartition(*tp), offset)


class ChunkConsumer(Consumer):  # type: ignore[misc]
    """Hands over chunks, gives back what a rebalance overtook, and keeps linear books."""

    _thread: ChunkThread

    def __init__(self, transport: ChunkTransport, *args: Any, **kwargs: Any) -> None:
        self.settings = transport.settings
        self.metrics = transport.metrics
        self.fail_stop = transport.fail_stop
        self.starts = transport.starts
        self.settle = transport.settle
        self.positions = Positions(self.settings.chunk_records)
        self.generation: int | None = None  # whose positions these are
        self.assignments = 0  # that the group has given us so far
        super().__init__(transport, *args, **kwargs)

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    def refusal(self) -> BaseException | None:
        """Tell why the group will not have us; None while it does."""
        return self._thread.refusal()

    async def look_again(self) -> None:
        """Ask a broker which topics there are: if that is news to a group's leader, it rejoins."""
        await self._thread.look_again()

    # --- assignment

    async def perform_seek(self) -> None:
        """Read on from where each partition's state ends, not from what the group committed.

        Called by Faust after the take-over. A commit beyond the state ends the process: the state
        was lost, and reading on from the commit would leave its records out for good.
        """
        generation = self.app.consumer_generation_id
        starts = self.starts(generation)
        if starts is None:
            return  # overtaken by another rebalance, whose take-over seeks again
        await super().perform_seek()
        for tp, start in starts.items():
            committed = self._committed_offset.get(tp)
            if committed is not None and committed > start:
                self.fail_stop("state_lost", _lost(tp, committed, start))
            self._read_offset[ensure_TP(tp)] = None
        self.positions.begin(starts)
        self.generation = generation
        await self._thread.seek_all(starts)

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Finish what is open before the partitions go; the wait is bounded."""
        try:
            await asyncio.wait_for(
                super().on_partitions_revoked(revoked), self.settings.revoke_timeout
            )
        except TimeoutError:
            self.fail_stop("revoke", f"{len(self._unacked_messages)} chunks are still open")

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Count the assignment before Faust works on it: what comes after belongs to it."""
        self.assignments += 1
        await super().on_partitions_assigned(assigned, generation_id)

    async def wait_empty(self) -> None:
        """Finish what is open, at a rebalance and at the end.

        Faust waits for messages; a write may be open without one, for ticks of which only some
        could be applied.
        """
        await super().wait_empty()
        await self.settle()

    # --- fetching

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109 - Faust's signature
    ) -> AsyncIterator[tuple[Any, ConsumerMessage]]:
        """Fetch once, and yield a message for each chunk.

        The generation is read before the fetch: records that were fetched for an earlier one are
        given back, or they would be skipped in this one.
        """
        generation = self.app.consumer_generation_id
        began = {tp: self._thread.position_now(tp) for tp in self.positions.expected}
        records, active = await self._wait_next_records(min(timeout, POLL))
        if records is None or self.should_stop:
            return
        if not self._current(generation):
            await self._give_back(records)
            return
        positions = {tp: self._thread.position_now(tp) for tp in self.positions.expected}
        fetched = {Partition(*tp): found for tp, found in records.items()}
        for tp, position in positions.items():
            found = fetched.get(tp, ())
            if position is None or (not found and position <= self.positions.expected[tp]):
                continue
            if tp not in active and tp not in self._buffered_partitions:  # paused by a rebalance
                await self._thread.seek_all({tp: self.positions.expected[tp]})
                continue
            for delivery in await self._admit(tp, began.get(tp), found, position):
                if not self._current(generation):
                    return
                yield ensure_TP(tp), _message(delivery, generation)

    async def _admit(
        self, tp: Partition, began: int | None, records: Iterable[Any], position: int
    ) -> Iterable[Delivery]:
        admission = self.positions.admit(tp, began, list(records), position)
        if admission.look_again:
            self.metrics.looked_again(tp.topic)
            await self._thread.seek_all({tp: self.positions.expected[tp]})
        if admission.hole is not None:
            low = (await self.earliest_offsets(TopicPartition(*tp)))[tp]
            if admission.hole.first < low:
                self.fail_stop("data_gone", _gone(tp, admission.hole.first, low))
            self.metrics.hole(tp.topic, admission.hole.next - admission.hole.first)
        return admission.deliveries

    def _current(self, generation: int) -> bool:
        """Tell whether a fetch made in `generation` may be delivered."""
        return (
            self.flow_active
            and self.generation == generation
            and self.app.consumer_generation_id == generation
        )

    async def _give_back(self, records: Mapping[Any, Any]) -> None:
        """Undo a fetch that a rebalance overtook, where this generation reads already."""
        for tp in records:
            self.metrics.gave_back(tp.topic)
        if self.generation == self.app.consumer_generation_id:
            expected = self.positions.expected
            await self._thread.seek_all(
                {Partition(*tp): expected[tp] for tp in records if tp in expected}
            )

    # --- acknowledging

    def ack(self, message: ConsumerMessage) -> bool:
        """Take a message as durable; one of another generation does not count."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        try:
            if message.generation_id != self.app.consumer_generation_id:
                return False
            self.positions.acknowledge(message.value)
        except Fatal as error:
            self.fail_stop("order", error)
        finally:
            notify(self._waiting_for_ack)
        self._n_acked += 1
        return True

    def set_aside(self, message: ConsumerMessage) -> None:
        """Leave a message out of what a rebalance waits for: it is read again after it."""
        self._unacked_messages.discard(message)

    def take_up(self, message: ConsumerMessage) -> None:
        """Let a rebalance wait for a message again: it is about to be written."""
        self._unacked_messages.add(message)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[Any]:
        return [
            ensure_TP(tp)
            for tp in self.positions.acknowledged
            if topics is None or tp in topics or tp.topic in topics
        ]

    def _new_offset(self, tp: Any) -> int | None:
        return self.positions.acknowledged.get(tp)

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Keep no gaps: a delivery's span holds them."""

    async def verify_all_partitions_active(self) -> None:
        """Leave liveness to our own watchdog: Faust's only logs, and takes chunks for silence."""


class ChunkTransport(Transport):  # type: ignore[misc]
    """What the consumer needs beside Faust's app: where to start, and what to wait for."""

    Consumer = ChunkConsumer

    def __init__(
        self,
        url: Any,
        app: Any,
        settings: RuntimeSettings,
        metrics: RuntimeMetrics,
        fail_stop: FailStop,
        starts: Callable[[int], Mapping[Partition, int] | None],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(url, app)
        self.settings = settings
        self.metrics = metrics
        self.fail_stop = fail_stop
        self.starts = starts
        self.settle = settle


def _message(delivery: Delivery, generation: int) -> ConsumerMessage:
    """Wrap a delivery as Faust's message: its value, at the last offset of its span."""
    return ConsumerMessage(
        delivery.tp.topic,
        delivery.tp.partition,
        delivery.next - 1,
        None,  # no timestamp, type or headers: the chunk holds each record's
        None,
        None,
        None,
        delivery,
        None,
        tp=ensure_TP(delivery.tp),
        generation_id=generation,
    )


def _lost(tp: Partition, committed: int, start: int) -> str:
    return (
        f"{tp.topic}[{tp.partition}]: the group has committed offset {committed}, but the state "
        f"ends at {start}: the state topic lost records. Run `jiancha state rebuild`"
    )


def _gone(tp: Partition, expected: int, low: int) -> str:
    return (
        f"{tp.topic}[{tp.partition}]: offset {expected} is next, but the broker keeps only from "
        f"{low} on: retention removed records before they were judged. Raise the topic's"
        f" retention; go on without them by {accept_gap(tp.topic, tp.partition, expected, low)}"
    )
