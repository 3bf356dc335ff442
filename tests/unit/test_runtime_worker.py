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


def joined(worker, generation=2, taken=2, reading=True):
    worker._group = SimpleNamespace(generation=lambda: generation, reading=lambda: reading)
    worker._ownership = SimpleNamespace(generation=taken, owned={}, taking={})
    return worker


def test_before_it_runs_it_is_not_ready_and_owns_nothing(worker):
    assert not worker.ready
    assert worker.progress() == []


@pytest.mark.parametrize(
    ("state", "ready"),
    [
        ({}, True),
        ({"taken": None}, False),
        ({"taken": 1}, False),
        ({"reading": False}, False),
    ],
)
def test_it_is_ready_when_it_reads_what_it_has_taken_over(worker, state, ready):
    assert joined(worker, **state).ready is ready


def test_it_tells_each_partitions_progress_those_on_their_way_included(worker):
    joined(worker)
    worker._ownership.taking = {7: "restoring"}
    worker._ownership.owned = {3: SimpleNamespace(waiting_ticks=2, last_tick_ms=99)}
    worker._stalls.observe({3: {Partition("steps", 3): 5}}, {Partition("steps", 3): 9}, 1.0, {3: 0})
    assert worker.progress() == [
        PartitionProgress(3, "running", {"steps": 4}, 0.0, 2, 99),
        PartitionProgress(7, "restoring", {}, 0.0, 0, None),
    ]
