"""The engine worker as it is deployed, with points at which it can be told to die.

`python -m tests.faults.worker`, with the settings of the environment. When a file named after a
point lies in `JIANCHA_FAULTS`, the first worker to pass the point takes the file away and ends by
SIGKILL. A file `clock` holds the seconds by which its clock is wrong.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry

import streams.runtime.engine as put_together
from alerts.metrics import EngineMetrics, RuntimeMetrics
from streams.commands.common import catalogue_or_exit, settings_or_exit
from streams.engine.rules import Rules
from streams.logs import configure_logs
from streams.runtime import beat, cold_file, logic, memory, restore, storage
from streams.runtime.logic import CasePartition
from streams.runtime.ports import Batch
from streams.runtime.transactions import FencedProducer
from streams.runtime.worker import EngineWorker
from tests.faults.points import DOUBLE, FORGET, LOSE, SLOW

FOLDER = Path(os.environ["JIANCHA_FAULTS"])


def pass_by(point: str) -> None:
    """Die here, if it is asked for and nobody else has."""
    asked = FOLDER / point
    if not asked.exists():
        return
    try:
        asked.unlink()
    except FileNotFoundError:  # another worker was quicker
        return
    sys.stderr.write(f"killed at {point}\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def wronged(batch: Batch) -> Batch:
    """Do what would be wrong, if it is asked for: the oracle has to find it."""
    outputs, state = batch.outputs, batch.state
    if (FOLDER / LOSE).exists():
        outputs = outputs[1:]
    if (FOLDER / DOUBLE).exists():
        outputs = [*outputs, *outputs[:1]]
    if (FOLDER / FORGET).exists():
        state = state[-1:]  # the partition's own record, and no case's
    return batch._replace(outputs=outputs, state=state)


class Producer(FencedProducer):
    """Writes as the product does, and passes by what lies on the way."""

    def claim(self) -> None:
        super().claim()
        pass_by("during_rebalance")

    def write(self, batch) -> None:
        pass_by("before_write")
        super().write(wronged(batch))
        pass_by("after_commit")

    def _retry(self, what, call) -> None:
        if what == "commit" and (FOLDER / "between_acknowledgement_and_commit").exists():
            self._producer.flush(10)  # every record is acknowledged, and none is committed
            pass_by("between_acknowledgement_and_commit")
        super()._retry(what, call)


class Partition(CasePartition):
    """The product's partition, with two points."""

    def restore(self, key, value) -> None:
        if (FOLDER / SLOW).exists():
            time.sleep(0.005)
        super().restore(key, value)
        pass_by("during_recovery")

    def apply(self, chunk):
        applied = super().apply(chunk)
        pass_by("after_decode")
        return applied


class Storage(storage.Storage):
    """The product's, with those producers."""

    def __init__(self, settings) -> None:
        super().__init__(settings, Producer, restore.restore)


class Worker(EngineWorker):
    """The product's, with a point on the way out."""

    async def _settle(self) -> None:
        if self._ownership is not None and self._ownership.closing:
            pass_by("during_shutdown")
        await super()._settle()


class WrongClock:
    """The module `time` as the beat sees it: the time of day by so many seconds wrong."""

    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def time_ns() -> int:
        try:
            wrong = int((FOLDER / "clock").read_text())
        except (FileNotFoundError, ValueError):
            wrong = 0
        return time.time_ns() + wrong * 1_000_000_000


def main() -> int:
    settings = settings_or_exit()
    configure_logs(settings)
    memory.settle()
    rules = Rules.of(catalogue_or_exit(settings.catalogue))
    put_together.CasePartition, put_together.EngineWorker = Partition, Worker
    sys.modules["streams.runtime.worker"].Storage = Storage
    usual = put_together.runtime_settings
    put_together.runtime_settings = lambda settings, data_dir: replace(
        usual(settings, data_dir), write_timeout=10.0, restore_stall=30.0, loop_stall=20.0
    )
    beat.time = WrongClock
    cold_file.WRITTEN_AT_ONCE = 20  # so that few closed cases already go to the disk
    logic.DUE_SLICE = 10  # and a few deadlines are a herd already
    with tempfile.TemporaryDirectory(prefix="jiancha-") as scratch:
        registry = CollectorRegistry()
        metrics = RuntimeMetrics(registry), EngineMetrics(registry, rules)
        return put_together.engine_worker(settings, rules, scratch, *metrics).run()


if __name__ == "__main__":
    sys.exit(main())
