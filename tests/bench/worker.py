"""The engine worker as a process of its own, measured: `python -m tests.bench.worker TASK`."""

from __future__ import annotations

import os
import signal
import sys
import tempfile

from prometheus_client import CollectorRegistry

from alerts.metrics.runtime import RuntimeMetrics
from streams.runtime.engine import engine_worker
from streams.settings import Engine, Kafka, Settings
from tests.bench.task import Meter, Task, bench_metrics, bench_rules, report


class Metered(RuntimeMetrics):
    """The runtime's metrics, which end the process once the last record is durable."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(CollectorRegistry())
        self._meter = meter

    def chunk(self, topic: str, records: int) -> None:
        self._meter.begin()
        super().chunk(topic, records)

    def committed(self, records: int, written: int, seconds: float) -> None:
        super().committed(records, written, seconds)
        if self._meter.durable(records, written):
            report(self._meter.read())
            os.kill(os.getpid(), signal.SIGTERM)


def main(argument: str) -> int:
    task = Task.from_argument(argument)
    settings = Settings(
        kafka=Kafka(bootstrap_servers=task.bootstrap, partitions=task.partitions),
        engine=Engine(group=task.group, ticks_from="replay"),
    )
    rules = bench_rules()
    metrics = Metered(Meter(task.records)), bench_metrics(rules)
    with tempfile.TemporaryDirectory() as data:
        return engine_worker(settings, rules, data, *metrics).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
