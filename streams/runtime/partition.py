"""One owned partition: its logic, the order of what was handed to it, and its open write."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from streams.runtime.ports import Fatal
from streams.runtime.positions import Partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.runtime.ports import (
        Barrier,
        Chunk,
        PartitionLogic,
        RuntimeMetrics,
        RuntimeSettings,
    )
    from streams.runtime.positions import Delivery
    from streams.runtime.transactions import FencedProducer
    from streams.runtime.writer import GroupCommit


class Reader(Protocol):
    """What a partition tells the side that reads: the chunk consumer."""

    def set_aside(self, message: Any) -> None:
        """Leave a waiting message out of what a rebalance waits for."""

    def take_up(self, message: Any) -> None:
        """Let a rebalance wait for a message: it is about to be written."""

    def on_buffer_full(self, tp: Any) -> None:
        """Fetch no more of a partition for now."""

    def on_buffer_drop(self, tp: Any) -> None:
        """Fetch a partition again."""


class Lane:
    """One topic's messages that were handed to the logic and are not finished, in order."""

    def __init__(self) -> None:
        self._messages: deque[Any] = deque()
        self.records = 0

    def push(self, message: Any) -> None:
        """Add a message whose value is a Delivery."""
        self._messages.append(message)
        self.records += message.value.records

    def pop(self) -> Any:
        """Remove the oldest message."""
        message = self._messages.popleft()
        self.records -= message.value.records
        return message

    def holes(self) -> list[Any]:
        """Remove and give the messages without records that are first in order."""
        found = []
        while self._messages and self._messages[0].value.chunk is None:
            found.append(self.pop())
        return found

    def starts_with(self, chunk: Chunk) -> bool:
        """Tell whether the oldest message carries this very chunk."""
        return bool(self._messages) and self._messages[0].value.chunk is chunk

    def ends_with(self, message: Any) -> bool:
        """Tell whether the message is here still, as the newest."""
        return bool(self._messages) and self._messages[-1] is message


class OwnedPartition:
    """Hands deliveries to the logic, and what the logic finishes to the group commit."""

    def __init__(
        self,
        partition: int,
        logic: PartitionLogic,
        producer: FencedProducer,
        writer: GroupCommit,
        settings: RuntimeSettings,
        metrics: RuntimeMetrics,
    ) -> None:
        self.partition = partition
        self.logic = logic
        self.producer = producer
        self.writer = writer
        self.last_tick_ms: int | None = None
        self._inputs = settings.inputs
        self._ticks = Partition(settings.ticks_topic, partition)
        self._waiting_limit = settings.waiting_records
        self._metrics = metrics
        self._lanes = {topic: Lane() for topic in settings.inputs}
        self._full = False

    @property
    def waiting_ticks(self) -> int:
        """Ticks that wait for what they name to be applied."""
        return self._lanes[self._ticks.topic].records

    def applied(self) -> dict[Partition, int]:
        """Tell the next offset to apply of each input."""
        return {
            Partition(topic, self.partition): self.logic.applied(topic) for topic in self._inputs
        }

    def barriers(self) -> Sequence[Barrier]:
        """Tell what the oldest waiting tick names that is not applied."""
        return self.logic.barriers()

    def starts(self, lows: Mapping[Partition, int]) -> dict[Partition, int]:
        """Tell where to read each input from: where the state ends, or what there is at all."""
        return {tp: applied or lows[tp] for tp, applied in self.applied().items()}

    def rewind(self) -> None:
        """Forget what waits: after a rebalance it is handed over again."""
        self.logic.rewind()
        self._lanes = {topic: Lane() for topic in self._inputs}
        self._full = False

    def take_in(self, message: Any, reader: Reader) -> None:
        """Apply a message's delivery; what is finished by it goes to the next transaction.

        Raises Fatal when the logic gives chunks back in another order than it got them.
        """
        delivery: Delivery = message.value
        lane = self._lanes[delivery.tp.topic]
        lane.push(message)
        finished = self._finished(self._apply(delivery))
        finished += lane.holes()
        if lane.ends_with(message):
            reader.set_aside(message)
        for done in finished:
            reader.take_up(done)
        self.writer.add(finished, delivery.records)
        self._regulate(reader)

    def _apply(self, delivery: Delivery) -> Sequence[Chunk]:
        topic, chunk = delivery.tp.topic, delivery.chunk
        if chunk is None:
            return self.logic.advance(topic, delivery.next)
        self._metrics.chunk(topic, delivery.records)
        done = self.logic.apply(chunk)
        if delivery.next > chunk.offsets[-1] + 1:
            done = [*done, *self.logic.advance(topic, delivery.next)]
        return done

    def _finished(self, chunks: Sequence[Chunk]) -> list[Any]:
        finished = []
        for chunk in chunks:
            lane = self._lanes[chunk.topic]
            finished += lane.holes()
            if not lane.starts_with(chunk):
                raise Fatal(f"{chunk.topic}[{chunk.partition}]: chunks were given out of order")
            finished.append(lane.pop())
            finished += lane.holes()
            if chunk.topic == self._ticks.topic:
                self.last_tick_ms = chunk.timestamps[-1]
        return finished

    def _regulate(self, reader: Reader) -> None:
        """Let ticks stay in the broker when too many wait: a replay sends years of them."""
        if self.waiting_ticks > self._waiting_limit:
            self._full = True
            reader.on_buffer_full(self._ticks)
        elif self._full and self.waiting_ticks <= self._waiting_limit // 2:
            self._full = False
            reader.on_buffer_drop(self._ticks)
