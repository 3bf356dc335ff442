"""On bytewax: `python -m tests.bench.peers.with_bytewax TASK`.

A stateful batch operator keyed by partition, as its manual has it for custom state; the records of
one poll come together, what they cause goes out through its Kafka sink. No recovery store.
"""

from __future__ import annotations

import sys
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import run_main

from schemas import topics
from tests.bench.peers.common import Task, Work, end


class Judge(StatefulBatchLogic):
    """One partition."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def on_batch(self, values: list[Any]) -> tuple[list[Any], bool]:
        partition = values[0].partition
        batch = self._work.many(partition, values)
        out = [
            KafkaSinkMessage(key=o.key, value=o.value, topic=o.topic, partition=partition)
            for o in batch.outputs
        ]
        out += [
            KafkaSinkMessage(
                key=key, value=value, topic=topics.CASE_STATE.name, partition=partition
            )
            for key, value in batch.state
        ]
        self._work.meter.durable(len(values), len(out))
        return out, False

    def snapshot(self) -> None:
        return None


def main(argument: str) -> None:
    task = Task.from_argument(argument)
    work = Work(task)
    flow = Dataflow("bench")
    source = KafkaSource(
        [task.bootstrap], [topic.name for topic in topics.INPUTS], tail=False, batch_size=4000
    )
    read = op.input("read", flow, source)
    keyed = op.key_on("by_partition", read, lambda message: str(message.partition))
    judged = op.stateful_batch("judge", keyed, lambda _: Judge(work))
    out = op.map("bare", judged, lambda pair: pair[1])
    config = {"linger.ms": "1", "compression.type": "lz4", "enable.idempotence": "true",
              "queue.buffering.max.messages": "1000000"}  # fmt: skip
    op.output("write", out, KafkaSink([task.bootstrap], None, add_config=config))
    run_main(flow)
    end(work.meter)


if __name__ == "__main__":
    main(sys.argv[1])
