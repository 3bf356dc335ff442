"""`python -m tests.bench.floor`: what a transaction costs here at least, with nothing else to do.

Bare producers, one for each partition as the engine has them, each writing a few records to four
topics in transaction after transaction: real Kafka, warmed up. What an event waits for cannot be
less, and how many transactions a second the machine can take bounds how often a partition writes.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from confluent_kafka import Producer

from deploy.local.real_kafka import RealKafka
from tests.bench.filling import make
from tests.bench.process import cpu

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTITIONS: Final = 8
TOPICS: Final = ("events", "cases", "verdicts", "states")
RECORDS: Final = 6
"""To each topic, in each transaction."""
VALUE: Final = b"x" * 400
TIMES: Final = 300
WARM: Final = 8
"""Rounds that do not count: Java compiles what a transaction runs through for half a minute, and
until then each costs the broker up to five times as much."""
PAUSES: Final = (0.0, 0.025, 0.1)
"""Seconds between the end of a producer's transaction and the begin of its next."""


def producer(bootstrap: str, partition: int) -> Producer:
    made = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": f"floor-{partition}",
            "linger.ms": 1,
            "compression.type": "lz4",
            "log_level": 2,
        }
    )
    made.init_transactions()
    return made


def write(producer: Producer, partition: int, pause: float) -> list[float]:
    """Write transactions one after the other; give the seconds of each."""
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        producer.begin_transaction()
        for topic in TOPICS:
            for _ in range(RECORDS):
                producer.produce(topic, VALUE, b"key", partition)
        producer.commit_transaction()
        took.append(time.perf_counter() - began)
        time.sleep(pause)
    return took


def row(kafka: RealKafka, producers: Sequence[Producer], pause: float) -> str:
    """Let all write at once; give the figures."""
    used, began = cpu(kafka.pid), time.monotonic()
    with ThreadPoolExecutor(len(producers)) as threads:
        each = threads.map(write, producers, range(len(producers)), [pause] * len(producers))
        took = [seconds for of_one in each for seconds in of_one]
    a_second = len(took) / (time.monotonic() - began)
    broker = (cpu(kafka.pid) - used) / len(took) * 1000
    middle, slow = median(took) * 1000, quantiles(took, n=10)[-1] * 1000
    return (
        f"| {len(producers)} | {pause * 1000:.0f} ms | {a_second:.0f} | {middle:.0f} ms "
        f"| {slow:.0f} ms | {broker:.1f} ms |"
    )


def main() -> int:
    with TemporaryDirectory() as folder:
        kafka = RealKafka(Path(folder), partitions=PARTITIONS)
        kafka.start()
        try:
            make(kafka.bootstrap, {topic: {} for topic in TOPICS}, PARTITIONS)
            all_of_them = [producer(kafka.bootstrap, number) for number in range(PARTITIONS)]
            for _ in range(WARM):
                row(kafka, all_of_them, 0.0)
            print("| producers | pause | transactions/s | median | p90 | broker's CPU each |")  # noqa: T201
            print("|---:|---:|---:|---:|---:|---:|")  # noqa: T201
            for producers in (all_of_them[:1], all_of_them):
                for pause in PAUSES:
                    print(row(kafka, producers, pause), flush=True)  # noqa: T201
        finally:
            kafka.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
