"""`python -m tests.bench.repartition [CASES]`: how long `jiancha repartition` takes, 24 to 48.

A real broker, states of the hall log under so many names, the command as an operator runs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from deploy.local.real_kafka import RealKafka
from schemas.verdicts import encode
from streams.engine.state import FORMAT
from streams.repartition_kafka import KafkaLayout
from streams.runtime.logic import PARTITION_KEY, PartitionState
from streams.runtime.placing import partition_of
from streams.runtime.ports import Batch
from streams.settings import Kafka, Settings
from streams.topic_admin import open_admin

CASES: Final = 500_000
BEFORE: Final = 24
AFTER: Final = 48
STATE: Final = bytes(os.urandom(400)) + bytes(406)
"""As large as the hall log's states, and about as compressible."""


def fill(kafka: Kafka, cases: int) -> None:
    parts: dict[int, list[tuple[bytes, bytes | None]]] = {n: [] for n in range(BEFORE)}
    for number in range(cases):
        name = f"430102-2025-{number:08d}"
        parts[partition_of(name, BEFORE)].append((name.encode(), STATE))
    with open_admin(kafka) as admin:
        layout = KafkaLayout(Settings(kafka=kafka), admin)
        layout.claim(range(BEFORE))
        for number, states in parts.items():
            states.append((PARTITION_KEY, encode(PartitionState(FORMAT, 1, {}))))
            for first in range(0, len(states), 10_000):
                layout.write(number, Batch([], states[first : first + 10_000]))


def main(cases: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        kafka = RealKafka(Path(folder), partitions=4)
        kafka.start()
        try:
            environment = os.environ | {
                "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap,
                "JIANCHA_KAFKA__PARTITIONS": str(BEFORE),
            }
            jiancha = [sys.executable, "-m", "streams.cli"]
            subprocess.run([*jiancha, "topics"], env=environment, check=True)
            fill(Kafka(bootstrap_servers=kafka.bootstrap), cases)
            began = time.monotonic()
            subprocess.run(
                [*jiancha, "repartition", "--to", str(AFTER)], env=environment, check=True
            )
            print(f"{cases:,} cases in {time.monotonic() - began:.1f} s")  # noqa: T201
        finally:
            kafka.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES))
