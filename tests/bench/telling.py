"""An engine worker that tells its bench what it does: arguments are the brokers and the group.

As deployed but for the catalogue, which is of the bench, and the ticks, which are a replay's. Each
line on standard output that begins with TELLS is a thing told, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any, Final

from prometheus_client import CollectorRegistry

from alerts.metrics.runtime import RuntimeMetrics
from streams.logs import configure_logs
from streams.runtime import memory
from streams.runtime.engine import engine_worker
from streams.settings import Engine, Kafka, Settings
from tests.bench.task import bench_metrics, bench_rules

TELLS: Final = "TELLS "


def tell(what: str, **facts: Any) -> None:
    """Say what has happened, with the moment and the CPU seconds that the process has used."""
    told = {"what": what, "at": time.time(), "cpu": time.process_time(), **facts}
    sys.stdout.write(TELLS + json.dumps(told) + "\n")
    sys.stdout.flush()


class Telling(RuntimeMetrics):
    """The runtime's metrics, told as they are counted."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        self._begun = False

    def chunk(self, topic: str, records: int) -> None:
        if not self._begun:
            self._begun = True
            tell("first")
        super().chunk(topic, records)

    def committed(self, records: int, written: int, seconds: float) -> None:
        super().committed(records, written, seconds)
        tell("durable", records=records, written=written)

    def restored(self, records: int, seconds: float) -> None:
        super().restored(records, seconds)
        tell("restored", records=records, seconds=seconds)

    def rebalanced(self, owned: int, kept: int, seconds: float) -> None:
        super().rebalanced(owned, kept, seconds)
        tell("owns", partitions=owned, kept=kept, seconds=seconds)


def main(bootstrap: str, group: str) -> int:
    """Run until SIGTERM."""
    settings = Settings(
        kafka=Kafka(bootstrap_servers=bootstrap), engine=Engine(group=group, ticks_from="replay")
    )
    configure_logs(settings)
    memory.settle()
    rules = bench_rules()
    with tempfile.TemporaryDirectory() as data:
        return engine_worker(settings, rules, data, Telling(), bench_metrics(rules)).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
