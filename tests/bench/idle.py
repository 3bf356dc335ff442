"""`python -m tests.bench.idle [PARTITIONS …]`: what a partition costs while nothing happens.

A real broker, one engine worker, a tick a second in each partition, each with its transaction.
Measured is the CPU time of worker and broker over half a minute, not the wall: other work on the
machine matters little. The difference between two numbers of partitions is what a partition adds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx

from deploy.local.ports import free_port
from deploy.local.real_kafka import RealKafka
from tests.bench.process import cpu, resident
from tests.support.wait import eventually

NUMBERS: Final = (24, 96)
SECONDS: Final = 30.0
SETTLE: Final = 10.0
ITEMS: Final = """
items:
  - {code: i, name: i, versions: [{clocks: {promised: {amount: 7, unit: working_day}}}]}
"""


def measure(partitions: int, folder: Path) -> tuple[float, float, float]:
    """Give cores used by worker and broker, and the worker's resident MB."""
    (folder / "catalogue").mkdir()
    (folder / "catalogue/items.yaml").write_text(ITEMS, encoding="utf-8")
    kafka = RealKafka(folder / "kafka", partitions=4)
    kafka.start()
    port = free_port()
    environment = os.environ | {
        "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap,
        "JIANCHA_KAFKA__PARTITIONS": str(partitions),
        "JIANCHA_CATALOGUE": str(folder / "catalogue"),
        "JIANCHA_HTTP__PORT": str(port),
    }
    jiancha = [sys.executable, "-m", "streams.cli"]
    try:
        subprocess.run([*jiancha, "topics"], env=environment, check=True, capture_output=True)
        with (folder / "log").open("wb") as log:
            worker = subprocess.Popen(
                [*jiancha, "worker", "--role", "engine"], env=environment, stdout=log, stderr=log
            )
        try:
            eventually(
                lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200,
                120, interval=0.5, forgive=httpx.HTTPError,
            )  # fmt: skip
            time.sleep(SETTLE)
            before, began = (cpu(worker.pid), cpu(kafka.pid)), time.monotonic()
            time.sleep(SECONDS)
            spent = time.monotonic() - began
            after = cpu(worker.pid), cpu(kafka.pid)
            used = [(end - start) / spent for start, end in zip(before, after, strict=True)]
            return used[0], used[1], resident(worker.pid) / 1e6
        finally:
            worker.terminate()
            worker.wait()
    finally:
        kafka.stop()


def main(numbers: list[int]) -> int:
    print("| partitions | worker, cores | broker, cores | worker, MB |\n|---:|---:|---:|---:|")  # noqa: T201
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            worker, broker, resident = measure(number, Path(folder))
        print(f"| {number} | {worker:.3f} | {broker:.3f} | {resident:.0f} |", flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main([int(each) for each in sys.argv[1:]] or list(NUMBERS)))
