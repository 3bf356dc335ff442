"""The engine worker as a process of its own, measured: `python -m tests.bench.worker TASK`."""

from __future__ import annotations

import os
import signal
import sys
import tempfile

from streams.runtime.engine import engine_worker
from streams.settings import Engine, Kafka, Settings
from tests.bench.task import Meter, Task, bench_rules, engine_metrics, report
from tests.fakes import CountedMetrics


class Metered(CountedMetrics):
    """The runtime's metrics, which end the process once the last record is durable."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def chunk(self, topic: str, records: int) -> None:
        self._meter.begin()
        super().chunk(topic, records)

    def committed(self, records: int, written: int, seconds: float) -> None:
        super().committed(records, written, seconds)
        if measured := self._meter.durable(records, written):
            report(measured)
            os.kill(os.getpid(), signal.SIGTERM)


def main(argument: str) -> int:
    task = Task.from_argument(argument)
    settings = Settings(
        kafka=Kafka(bootstrap_servers=task.bootstrap, partitions=task.partitions),
        engine=Engine(group=task.group, ticks_from="replay"),
    )
    metrics = Metered(Meter(task.records))
    with tempfile.TemporaryDirectory() as data:
        worker = engine_worker(settings, bench_rules(), data, metrics, engine_metrics())
        return worker.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
