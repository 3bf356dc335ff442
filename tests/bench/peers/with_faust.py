"""On Faust as its manual shows it: `python -m tests.bench.peers.with_faust TASK`.

An agent with `async for`, a table with its changelog, `topic.send`.
"""

from __future__ import annotations

import sys
from typing import Any

from schemas import topics
from streams.runtime.logic import RESERVED
from tests.bench.peers.common import Task, Work, end
from tests.bench.peers.plain_faust import app_of, serve


def main(argument: str) -> None:
    task = Task.from_argument(argument)
    work = Work(task)
    app, raw = app_of(task)
    states = app.Table("states", default=bytes, **raw)
    outs = {topic.name: app.topic(topic.name, **raw) for topic in topics.ALL}

    async def judge(event: Any) -> None:
        message = event.message
        batch = work.one(
            message.topic, message.partition, message.offset, message.key, message.value
        )
        for output in batch.outputs:
            await outs[output.topic].send(
                key=output.key, value=output.value, partition=message.partition
            )
        for key, packed in batch.state:
            if key == event.key and not key.startswith(RESERVED):
                states[key] = packed
            else:
                await outs[topics.CASE_STATE.name].send(
                    key=key, value=packed, partition=message.partition
                )
        if work.meter.durable(1, len(batch.outputs) + len(batch.state)):
            await app.producer.flush()
            end(work.meter)

    @app.agent(app.topic(topics.STEPS.name, **raw))
    async def steps(stream: Any) -> None:
        async for event in stream.events():
            await judge(event)

    @app.agent(app.topic(topics.TICKS.name, **raw))
    async def ticks(stream: Any) -> None:
        async for event in stream.events():
            await judge(event)

    serve(app)


if __name__ == "__main__":
    main(sys.argv[1])
