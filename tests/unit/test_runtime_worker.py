"""What a worker tells of itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streams.runtime.ports import PartitionProgress
from streams.runtime.positions import Partition
from streams.runtime.worker import EngineWorker
from tests.fakes import CountedMetrics, ToyLogic, ToyTopics, encode_tick, toy_settings

TOPICS = ToyTopics("t")


@pytest.fixture
def worker(tmp_path):
    def factory(partition, _count):
        return ToyLogic(partition, TOPICS)

    settings = toy_settings("b:1", TOPICS, tmp_path)
    return EngineWorker(settings, factory, encode_tick, CountedMetrics())


def test_before_it_runs_it_is_not_ready_and_owns_nothing(worker):
    assert not worker.ready
    assert worker.progress() == []


def test_it_tells_each_partitions_progress_those_on_their_way_included(worker):
    owned = {3: SimpleNamespace(waiting_ticks=2, last_tick_ms=99)}
    worker._ownership = SimpleNamespace(ready=False, owned=owned, taking={7: "restoring"})
    assert not worker.ready
    worker._stalls.observe({3: {Partition("steps", 3): 5}}, {Partition("steps", 3): 9}, 1.0, {3: 0})
    assert worker.progress() == [
        PartitionProgress(3, "running", {"steps": 4}, 0.0, 2, 99),
        PartitionProgress(7, "restoring", {}, 0.0, 0, None),
    ]
