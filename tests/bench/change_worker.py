"""An engine worker of the bench of a change: its arguments are the brokers and the group."""

from __future__ import annotations

import sys
import tempfile

from prometheus_client import CollectorRegistry

from alerts.metrics.runtime import RuntimeMetrics
from streams.runtime import memory
from streams.runtime.engine import engine_worker
from streams.settings import Engine, Kafka, Settings
from tests.bench.task import bench_metrics, bench_rules


def main(bootstrap: str, group: str) -> int:
    """Run until SIGTERM, with the rules of the bench and a replay's ticks."""
    settings = Settings(
        kafka=Kafka(bootstrap_servers=bootstrap), engine=Engine(group=group, ticks_from="replay")
    )
    memory.settle()
    rules = bench_rules()
    with tempfile.TemporaryDirectory() as data:
        metrics = RuntimeMetrics(CollectorRegistry())
        return engine_worker(settings, rules, data, metrics, bench_metrics(rules)).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
