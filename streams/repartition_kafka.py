"""The topics of a repartition on real brokers: `streams.repartitioning.Layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas import topics
from schemas.ticks import Change, Tick, read_tick
from streams.repartitioning import Unread
from streams.runtime.engine import runtime_settings
from streams.runtime.restore import read_to_end, restore
from streams.runtime.transactions import FencedProducer
from streams.state_layout import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streams.runtime.ports import Batch
    from streams.runtime.positions import Partition
    from streams.settings import Settings
    from streams.topic_admin import TopicAdmin

_BY_NAME: Final = {topic.name: topic for topic in topics.ALL if topic.co_partitioned}


class KafkaLayout:
    """One cluster's topics. Reads as an engine does, and writes by the same fenced producers.

    Methods raise Fatal (a write or a read failed) or TopicsUnavailable.
    """

    def __init__(self, settings: Settings, admin: TopicAdmin) -> None:
        self._settings = runtime_settings(settings, data_dir="")
        self._admin = admin
        self._producers: dict[int, FencedProducer] = {}

    def counts(self) -> Mapping[str, int]:
        """Give the partitions of each co-partitioned topic that is there."""
        held = self._admin.held()
        return {name: held[name].partitions for name in _BY_NAME if name in held}

    def members(self) -> int:
        """Count the engines in the group, once those that have ended are out of it."""
        return self._admin.remaining(self._settings.group_id)

    def claim(self, partitions: Iterable[int]) -> None:
        """Shut out whoever wrote these partitions; wait for what they have committed."""
        for number in partitions:
            if number in self._producers:
                self._producers.pop(number).close()
            self._producers[number] = FencedProducer(self._settings, number)
            self._producers[number].claim()

    def kept(self, partition: int) -> Kept:
        """Read a partition of the state topic to its end."""
        kept = Kept()
        restore(self._settings, {partition: kept}, lambda: False)
        return kept

    def unread(self, starts: Mapping[Partition, int]) -> list[Unread]:
        """Find the events, rulings and changes from some offsets on, in the order of each topic."""
        found = []

        def take(message: Any) -> None:
            change_id = ""
            if message.topic() == topics.TICKS.name:
                try:
                    record = read_tick(message.value() or b"")
                except msgspec.MsgspecError:
                    return  # nobody's
                if isinstance(record, Tick):
                    return
                change_id = record.change_id if isinstance(record, Change) else ""
            place = message.topic(), message.partition(), message.offset()
            found.append(Unread(*place, change_id))

        read_to_end(self._settings, starts, take)
        return found

    def write(self, partition: int, batch: Batch) -> None:
        """Write in one transaction, by the producer of a claimed partition."""
        self._producers[partition].write(batch)

    def widen(self, topic: str, partitions: int) -> None:
        """Add partitions to a topic; return when they are there."""
        self._admin.widen(_BY_NAME[topic], partitions)
