"""Stock Faust restores a table: `python -m tests.bench.peers.recover_faust TASK`.

A table with its changelog and its default recovery, in memory. The time runs from the assignment
to the first event that the agent is given, which has to find its case in the table.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from schemas import topics
from tests.bench.peers.common import Task, end
from tests.bench.peers.plain_faust import app_of, serve
from tests.bench.task import Meter


def main(argument: str) -> None:
    task = Task.from_argument(argument)
    meter = Meter(task.records)
    app, raw = app_of(task)
    states = app.Table("states", default=bytes, **raw)

    @app.on_partitions_assigned.connect
    async def began(*_: Any, **__: Any) -> None:
        meter.begin()

    @app.agent(app.topic(topics.STEPS.name, **raw))
    async def steps(stream: Any) -> None:
        async for event in stream.events():
            if len(states) != task.records or event.key not in states:
                sys.stderr.write(f"{len(states)} of {task.records} cases are there\n")
                os._exit(1)
            end(meter)

    serve(app)


if __name__ == "__main__":
    main(sys.argv[1])
