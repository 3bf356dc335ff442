"""On quixstreams, stateful: `python -m tests.bench.peers.with_quixstreams TASK`.

Its manual's form: one record at a time, a case's state in its store with a changelog topic, at
least once. What a tick causes goes out as records, since a tick belongs to no case.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from quixstreams import Application, message_context
from quixstreams.models import Serializer

from schemas import topics
from streams.runtime.logic import RESERVED
from tests.bench.peers.common import Task, Work, end


class Value(Serializer):
    """Of an output (topic, key, value), the value."""

    def __call__(self, value: Any, ctx: Any) -> bytes:  # noqa: ARG002
        return value[2]


def main(argument: str) -> None:
    task = Task.from_argument(argument)
    work = Work(task)
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=task.bootstrap,
            consumer_group=task.group,
            auto_offset_reset="earliest",
            commit_interval=1.0,
            state_dir=folder,
            loglevel="ERROR",
            producer_extra_config={
                "linger.ms": 1, "compression.type": "lz4", "enable.idempotence": True,
                "queue.buffering.max.messages": 1_000_000,
            },
            consumer_extra_config={"queued.min.messages": 100_000, "fetch.queue.backoff.ms": 5},
        )  # fmt: skip
        raw = {"key_deserializer": "bytes", "value_deserializer": "bytes"}
        plain = {"key_serializer": "bytes", "value_serializer": Value()}
        outs = {topic.name: app.topic(topic.name, **plain)
                for topic in (topics.EVENTS, topics.CASES, topics.VERDICTS, topics.CASE_STATE,
                              topics.DEAD_LETTERS)}  # fmt: skip

        def judge(value: bytes, key: Any, _time: int, _headers: Any, state: Any = None) -> list:
            context = message_context()
            batch = work.one(context.topic, context.partition, context.offset, key, value)
            out = [(o.topic, o.key, o.value) for o in batch.outputs]
            for state_key, packed in batch.state:
                if state is not None and not state_key.startswith(RESERVED):
                    state.set_bytes("case", packed)
                else:
                    out.append((topics.CASE_STATE.name, state_key, packed))
            if work.meter.durable(1, len(out) + 1):
                app.stop()
            return out

        def steps(value: bytes, key: Any, time: int, headers: Any, state: Any) -> list:
            return judge(value, key, time, headers, state)

        def ticks(value: bytes, key: Any, time: int, headers: Any) -> list:
            return judge(value, key, time, headers)

        for name, frame in (
            (
                topics.STEPS.name,
                lambda sdf: sdf.apply(steps, metadata=True, stateful=True, expand=True),
            ),
            (topics.TICKS.name, lambda sdf: sdf.apply(ticks, metadata=True, expand=True)),
        ):
            judged = frame(app.dataframe(app.topic(name, **raw)))
            judged.to_topic(lambda out, _key, _time, _headers: outs[out[0]], key=lambda out: out[1])
        app.run()
        end(work.meter)


if __name__ == "__main__":
    main(sys.argv[1])
