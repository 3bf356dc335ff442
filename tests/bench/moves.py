"""`python -m tests.bench.moves [--moves N]`: how fast a notifier that starts reads what rings.

It reads every move of the verdicts topic, a card's issue, its answer and its retraction, before it
tells anything: real Kafka, the notifier's own reader and policy, one process. Exit codes: 0; 1 when
it has not read every move.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from alerts.notify.policy import Policy
from alerts.notify.role import push_rules
from alerts.notify.verdicts import open_verdicts
from deploy.local.real_kafka import RealKafka
from schemas.topics import VERDICTS
from schemas.verdicts import encode
from streams.settings import Kafka, Settings
from tests.bench.filling import make
from tests.bench.live import Sender
from tests.bench.process import Resident
from tests.support.moves import moved

PARTITIONS: Final = 8
LIFE: Final = ("issued", "resolved", "retracted")


def fill(bootstrap: str, moves: int) -> None:
    """Put so many moves into the topic, each card's three after one another."""
    make(bootstrap, {VERDICTS.name: VERDICTS.config()}, PARTITIONS)
    sender = Sender(bootstrap, linger=20)
    for number in range(moves):
        case, step = divmod(number, len(LIFE))
        case_no = f"430102-{case:09d}"
        value = encode(moved(case_no, move=LIFE[step], move_no=step + 1))
        sender.send(VERDICTS.name, value, case_no, case % PARTITIONS)
    sender.flush()


def read(bootstrap: str) -> tuple[int, float, float]:
    """Read as a notifier does that starts; give the moves, the seconds, and those of CPU."""
    settings = Settings(kafka=Kafka(bootstrap_servers=bootstrap))
    began, cpu, count = time.monotonic(), time.process_time(), 0
    opened = open_verdicts(settings, threading.Event(), lambda: None)
    if opened is None:
        raise RuntimeError("told to stop before it began")
    consumer, verdicts = opened
    policy = Policy(push_rules(settings))
    while not verdicts.caught_up:
        for each in verdicts.read(0.5):
            policy.take(each.move, each.written_at, told=each.told)
            count += 1
    took = time.monotonic() - began, time.process_time() - cpu
    consumer.close(autocommit=False, timeout_ms=1000)
    return count, *took


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.moves", description=__doc__)
    parser.add_argument("--moves", type=int, default=1_000_000)
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        kafka = RealKafka(Path(folder), partitions=PARTITIONS)
        kafka.start()
        try:
            sys.stderr.write(f"writing {given.moves:,} moves\n")
            fill(kafka.bootstrap, given.moves)
            before = Resident.of().own
            count, seconds, cpu = read(kafka.bootstrap)
            grown = Resident.of().own - before
        finally:
            kafka.stop()
    rate, each = count / seconds, cpu / count * 1e6
    print(f"{count:,} moves in {seconds:.1f} s, {rate:,.0f} a second")  # noqa: T201
    print(f"{each:.0f} µs of CPU each; memory grew by {grown / 1e6:.0f} MB")  # noqa: T201
    return 0 if count == given.moves else 1


if __name__ == "__main__":
    sys.exit(main())
