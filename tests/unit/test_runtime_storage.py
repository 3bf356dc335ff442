"""Claims, restores and writes in threads: what is waited for, and for how long."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from streams.runtime import memory, storage
from streams.runtime.ports import Batch, Fatal
from streams.runtime.storage import Storage
from tests.fakes import ToyTopics, toy_settings

BATCH = Batch([], [])


class Producer:
    def __init__(self, _settings, partition) -> None:
        self.partition = partition
        self.done: list = []
        self.gate = threading.Event()

    def claim(self):
        self.done.append(("claim", threading.current_thread().name))

    def write(self, batch):
        if not self.gate.wait(5):
            raise AssertionError("never let through")
        self.done.append(("write", batch))

    def close(self):
        self.done.append("close")


@pytest.fixture
def make(tmp_path):
    made = []

    def storage_of(read_back=None, **settings):
        configured = toy_settings("b:1", ToyTopics("t"), tmp_path, **settings)
        made.append(Storage(configured, Producer, read_back))
        return made[-1]

    yield storage_of
    for each in made:
        each.close()


def test_each_partition_is_claimed_by_a_producer_of_its_own_outside_the_loop(make):
    producers = asyncio.run(make().claim([0, 3]))
    assert {number: each.partition for number, each in producers.items()} == {0: 0, 3: 3}
    assert all(each.done[0][1].startswith("storage") for each in producers.values())


def test_a_write_is_waited_for(make):
    async def scenario():
        held = make()
        producer = Producer(None, 0)
        writing = asyncio.ensure_future(held.write(producer, BATCH))
        await asyncio.sleep(0)
        assert not writing.done()
        producer.gate.set()
        await writing
        assert producer.done == [("write", BATCH)]

    asyncio.run(scenario())


def test_a_write_that_hangs_is_fatal(make, monkeypatch):
    monkeypatch.setattr(storage, "GRACE", 0.0)
    producer = Producer(None, 0)
    try:
        with pytest.raises(Fatal, match=r"a transaction hangs for 0\.05 s"):
            asyncio.run(make(write_timeout=0.05).write(producer, BATCH))
    finally:
        producer.gate.set()


def test_a_restore_gets_the_logics_and_leaves_the_collector_as_it_was(make):
    seen = []

    def read_back(_settings, logics, abandoned):
        seen.append((logics, abandoned(), gc.isenabled()))
        return 7

    count = asyncio.run(make(read_back).restore({0: "logic"}, lambda: False))
    gc.unfreeze()
    assert (count, seen, gc.isenabled()) == (7, [({0: "logic"}, False, False)], True)


def test_the_collector_is_on_again_after_a_restore_that_failed():
    with pytest.raises(Fatal), memory.loading():
        raise Fatal("stood still")
    gc.unfreeze()
    assert gc.isenabled()


def test_settling_makes_collections_rare_and_freezes_what_there_is():
    before = gc.get_threshold()
    try:
        memory.settle()
        assert gc.get_threshold() == memory.THRESHOLDS
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
