"""What the peers share: a partition's work on records that come one by one or in lists."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from schemas import topics
from streams.runtime.ports import Chunk, InputTopic
from tests.bench.task import Meter, Task, bench_metrics, bench_rules, partition_logic, report

if TYPE_CHECKING:
    from streams.runtime.logic import CasePartition
    from streams.runtime.ports import Batch


class Work:
    """The product's own partitions, fed by another engine."""

    def __init__(self, task: Task) -> None:
        rules = bench_rules()
        metrics = bench_metrics(rules)
        inputs = {topic.name: InputTopic(None, 0, 0) for topic in topics.INPUTS}
        self.logics: list[CasePartition] = []
        for number in range(task.partitions):
            logic = partition_logic(number, task.partitions, rules, metrics)
            logic.restored(inputs)
            self.logics.append(logic)
        self.meter = Meter(task.records)

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
