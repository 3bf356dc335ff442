"""What the peers share: a partition's work on records that come one by one or in lists."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from schemas import topics
from streams.runtime.ports import Chunk, InputTopic
from tests.bench.task import Meter, Task, bench_metrics, bench_rules, partition_logic, report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.runtime.logic import CasePartition
    from streams.runtime.ports import Batch


class Work:
    """The product's own partitions, fed by another engine."""

    def __init__(self, task: Task) -> None:
        self._rules = bench_rules()
        self._metrics = bench_metrics(self._rules)
        self._partitions = task.partitions
        self.logics = [self.restored(number, {}) for number in range(task.partitions)]
        self.meter = Meter(task.records)

    def restored(self, number: int, state: Mapping[bytes, bytes]) -> CasePartition:
        """Make a partition from its state."""
        logic = partition_logic(number, self._partitions, self._rules, self._metrics)
        for key, value in state.items():
            logic.restore(key, value)
        logic.restored({topic.name: InputTopic(None, 0, 1 << 40) for topic in topics.INPUTS})
        return logic

    def one(
        self, topic: str, partition: int, offset: int, key: bytes | None, value: bytes
    ) -> Batch:
        """Apply one record, and give what it causes."""
        self.meter.begin()
        logic = self.logics[partition]
        logic.apply(Chunk(topic, partition, [offset], [key], [value], [0], [()]))
        return logic.take()

    def many(self, partition: int, messages: list[Any]) -> Batch:
        """Apply a partition's records, each topic in order, and give what they cause."""
        self.meter.begin()
        logic = self.logics[partition]
        for topic in {message.topic for message in messages}:
            own = [message for message in messages if message.topic == topic]
            logic.apply(
                Chunk(
                    topic, partition, [m.offset for m in own], [m.key for m in own],
                    [m.value for m in own], [0] * len(own), [()] * len(own),
                )
            )  # fmt: skip
        return logic.take()


def end(meter: Meter) -> None:
    """Report, and leave without the engine's own long good-bye: everything is durable."""
    sys.stdout = sys.__stdout__  # some put another in its place
    sys.stdout.write("\n")
    report(meter.read())
    os._exit(0)


__all__ = ["Task", "Work", "end"]
