"""Taking over: the order of check, claim, restore; what is kept; what overtakes it."""

from __future__ import annotations

import asyncio

import pytest

from streams.runtime.ownership import Ownership
from streams.runtime.ports import Batch, Fatal
from streams.runtime.positions import Partition
from tests.fakes import (
    META,
    CountedMetrics,
    Ended,
    FakeCluster,
    ToyLogic,
    ToyTopics,
    stopper,
    toy_settings,
)

TOPICS = ToyTopics("t")


class Group:
    def __init__(self) -> None:
        self.current = self.count = self.looks = 0
        self.assigned: list[Partition] = []
        self.flows = True

    def join(self, generation, *numbers):
        self.current = generation
        self.count += 1
        self.assigned = [Partition(topic, n) for topic in TOPICS.inputs for n in numbers]

    def generation(self):
        return self.current

    def assignment(self):
        return self.assigned

    def assignments(self):
        return self.count

    def acknowledge(self, message):
        pass

    def reading(self):
        return self.flows

    async def look_again(self):
        self.looks += 1


class Storage:
    """Notes the order of calls; `during` runs in the midst of a call."""

    def __init__(self, cluster) -> None:
        self.calls: list = []
        self.during: dict = {}
        self.records: dict[int, list] = {}
        self.released: list = []
        self.error: Exception | None = None
        self.cluster = cluster

    async def claim(self, numbers):
        self.calls.append(("claim", sorted(numbers)))
        self.during.get("claim", lambda: None)()
        if self.error is not None:
            raise self.error
        return {number: f"producer {number}" for number in numbers}

    async def restore(self, logics, abandoned):
        self.calls.append(("restore", sorted(logics)))
        self.during.get("restore", lambda: None)()
        if abandoned():
            return None
        for number, logic in logics.items():
            for key, value in self.records.get(number, ()):
                logic.restore(key, value)
        return sum(map(len, self.records.values()))

    async def write(self, producer, batch):
        self.calls.append(("write", producer, batch))

    def release(self, producers):
        self.released.extend(producers)


NOW = 1_800_000_000


class Bench:
    def __init__(self, tmp_path, **settings) -> None:
        self.group = Group()
        self.cluster = FakeCluster(count=4, low=0, high=100)
        self.cluster.ids = {topic: f"id of {topic}" for topic in TOPICS.inputs}
        self.storage = Storage(self.cluster)
        self.metrics = CountedMetrics()
        self.made: list = []
        self.logics: list[ToyLogic] = []
        self.ownership = Ownership(
            toy_settings("b:1", TOPICS, tmp_path, **settings),
            self.make,
            self.group,
            self.cluster,
            self.storage,
            self.metrics,
            stopper(self.metrics),
            lambda: NOW + 0.9,
        )

    def make(self, partition, count):
        self.made.append((partition, count))
        self.logics.append(ToyLogic(partition, TOPICS))
        return self.logics[-1]

    def closed(self):
        return [logic.partition for logic in self.logics if logic.closed]

    def take_over(self, generation, *numbers):
        self.group.join(generation, *numbers)
        asyncio.run(self.ownership.take_over())


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_partitions_are_claimed_before_they_are_restored(bench):
    bench.take_over(1, 0, 1)
    assert bench.storage.calls == [("claim", [0, 1]), ("restore", [0, 1])]
    assert sorted(bench.made) == [(0, 4), (1, 4)]
    assert sorted(bench.ownership.owned) == [0, 1]
    assert bench.ownership.taking == {}
    assert bench.metrics.counts["rebalanced"] == 1


def test_a_logic_is_told_the_second_by_the_wall_in_which_it_may_begin(bench):
    bench.take_over(1, 0)
    assert [logic.began for logic in bench.logics] == [NOW]


def test_reading_starts_where_the_restored_state_ends(bench):
    bench.storage.records = {0: [(META, b'{"next": {"t.steps": 42}, "ids": {}}')]}
    bench.take_over(1, 0)
    assert bench.ownership.starts(1)[Partition("t.steps", 0)] == 42
    assert bench.ownership.starts(2) is None


def test_it_is_ready_when_it_reads_what_it_has_taken_over(bench):
    assert not bench.ownership.ready  # nothing yet
    bench.take_over(1, 0)
    assert bench.ownership.ready
    bench.group.flows = False  # a rebalance begins
    assert not bench.ownership.ready
    bench.group.flows = True
    bench.group.join(2, 0)
    assert not bench.ownership.ready


def test_a_partition_held_through_the_next_generation_is_kept_and_rewound(bench):
    bench.take_over(1, 0, 1)
    before = bench.ownership.owned[0]
    before.logic.waiting.append("a tick that waits")
    bench.take_over(2, 0, 2)
    assert bench.ownership.owned[0] is before
    assert not before.logic.waiting
    assert bench.storage.calls[2:] == [("claim", [2]), ("restore", [2])]
    assert bench.storage.released == ["producer 1"]
    assert sorted(bench.ownership.owned) == [0, 2]


def test_after_a_generation_was_missed_nothing_is_kept(bench):
    """Another worker may have owned the partitions in between."""
    bench.take_over(1, 0)
    before = bench.ownership.owned[0]
    bench.take_over(3, 0)
    assert bench.ownership.owned[0] is not before
    assert bench.storage.calls[2:] == [("claim", [0]), ("restore", [0])]
    assert bench.storage.released == ["producer 0"]


def test_an_empty_assignment_is_taken_over_too(bench):
    bench.take_over(1)
    assert bench.ownership.owned == {}
    assert bench.ownership.starts(1) == {}
    assert bench.group.looks == 1  # the leader may have seen no topics


def test_who_is_assigned_something_need_not_look_again(bench):
    bench.take_over(1, 0)
    assert bench.group.looks == 0


def test_an_empty_assignment_for_want_of_topics_ends_the_process(bench):
    async def missing():
        raise Fatal("topics are missing")

    bench.cluster.partitions = missing
    with pytest.raises(Ended):
        bench.take_over(1)
    assert bench.metrics.counts["fail stop take_over"] == 1


@pytest.mark.parametrize("moment", ["claim", "restore"])
def test_a_take_over_overtaken_by_a_rebalance_owns_nothing_and_lets_its_claims_go(moment, bench):
    bench.storage.during[moment] = lambda: bench.group.join(2, 1)
    bench.take_over(1, 0)
    assert bench.ownership.owned == {}
    assert bench.ownership.generation is None
    assert bench.storage.released == ["producer 0"]
    bench.storage.during.clear()
    bench.take_over(2, 1)
    assert sorted(bench.ownership.owned) == [1]


def test_nothing_is_claimed_when_a_rebalance_overtook_the_checks(bench):
    """A late claim would fence the partition's new owner."""

    async def partitions():
        bench.group.join(2, 1)
        return 4

    bench.cluster.partitions = partitions
    bench.take_over(1, 0)
    assert bench.storage.calls == []


def test_partitions_are_not_given_up_while_they_are_claimed(bench):
    """The group waits for the claim: done later it would fence the partition's new owner."""
    order = []

    async def claim(numbers):
        giving_up = asyncio.create_task(settle())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("claimed")
        bench.tasks = [giving_up]
        return {number: f"producer {number}" for number in numbers}

    async def settle():
        await bench.ownership.settle()
        order.append("given up")

    async def run():
        await bench.ownership.take_over()
        await asyncio.gather(*bench.tasks)

    bench.storage.claim = claim
    bench.group.join(1, 0)
    asyncio.run(run())
    assert order == ["claimed", "given up"]
    assert bench.ownership.owned == {}


def test_nothing_is_claimed_of_an_assignment_that_was_given_up(bench):
    bench.group.join(1, 0)
    asyncio.run(bench.ownership.settle())
    asyncio.run(bench.ownership.take_over())
    assert bench.storage.calls == []
    bench.take_over(2, 0)
    assert sorted(bench.ownership.owned) == [0]


def test_what_is_assigned_again_in_the_same_generation_is_owned_again(bench):
    """A static member that rejoins gets back what it had, and no new generation."""
    bench.take_over(1, 0)
    asyncio.run(bench.ownership.settle())
    bench.take_over(1, 0)
    assert sorted(bench.ownership.owned) == [0]
    assert bench.ownership.generation == 1


def test_a_take_over_that_was_given_up_is_not_the_last_one(bench):
    """Else the worker would count as ready, and the watchdog would wait for nothing."""
    bench.take_over(1, 0)
    asyncio.run(bench.ownership.settle())
    asyncio.run(bench.ownership.take_over())
    assert bench.ownership.owned == {}
    assert bench.ownership.generation is None


def test_a_repartition_that_began_before_the_claim_ends_the_process(bench):
    """The state may be half moved by then; after the claim nobody else can move it."""

    async def partitions():
        if bench.storage.calls:
            raise Fatal("a repartition to 7 is half done")
        return 4

    bench.cluster.partitions = partitions
    with pytest.raises(Ended):
        bench.take_over(1, 0)
    assert bench.storage.calls == [("claim", [0])]
    assert bench.ownership.owned == {}


def test_a_worker_that_closes_gives_a_take_over_up(bench):
    bench.ownership.closing = True
    bench.take_over(1, 0)
    assert bench.ownership.owned == {}


def test_an_assignment_that_is_not_co_partitioned_ends_the_process(bench):
    bench.group.join(1, 0)
    bench.group.assigned.pop()
    with pytest.raises(Ended):
        asyncio.run(bench.ownership.take_over())
    assert bench.storage.calls == []
    assert bench.metrics.counts["fail stop take_over"] == 1


def test_a_claim_that_fails_ends_the_process(bench):
    bench.storage.error = Fatal("no broker")
    with pytest.raises(Ended):
        bench.take_over(1, 0)


def test_a_state_beyond_the_log_ends_the_process(bench):
    bench.storage.records = {0: [(META, b'{"next": {"t.steps": 101}, "ids": {}}')]}
    with pytest.raises(Ended):
        bench.take_over(1, 0)


def test_a_topic_made_anew_ends_the_process(bench):
    bench.storage.records = {0: [(META, b'{"next": {}, "ids": {"t.steps": "another"}}')]}
    with pytest.raises(Ended):
        bench.take_over(1, 0)


def test_the_logic_of_a_partition_is_closed_once_it_is_lost_and_not_before(bench):
    bench.take_over(1, 0, 1)
    assert bench.closed() == []
    bench.take_over(2, 0, 2)
    assert bench.closed() == [1]
    bench.take_over(4, 0)
    assert sorted(bench.closed()) == [0, 1, 2]
    assert not bench.ownership.owned[0].logic.closed


@pytest.mark.parametrize("end", ["overtaken", "failed"])
def test_the_logic_of_a_partition_that_is_not_taken_over_after_all_is_closed(end, bench):
    if end == "overtaken":
        bench.storage.during["restore"] = lambda: bench.group.join(2, 1)
        bench.take_over(1, 0)
    else:
        bench.storage.records = {0: [(META, b'{"next": {"t.steps": 101}, "ids": {}}')]}
        with pytest.raises(Ended):
            bench.take_over(1, 0)
    assert bench.closed() == [0]


def test_a_partition_is_given_only_in_the_generation_that_owns_it(bench):
    bench.take_over(1, 0)
    assert bench.ownership.partition(0, 1) is bench.ownership.owned[0]
    assert bench.ownership.partition(1, 1) is None
    assert bench.ownership.partition(0, 2) is None
    bench.group.join(2, 0)
    assert bench.ownership.partition(0, 1) is None


def test_an_owned_partition_writes_with_its_own_producer(bench):
    bench.take_over(1, 0)
    owned = bench.ownership.owned[0]
    owned.logic.changed = True

    async def write():
        owned.writer.add([], 0)
        await owned.writer._task

    asyncio.run(write())
    name, producer, batch = bench.storage.calls[-1]
    assert (name, producer) == ("write", "producer 0")
    assert isinstance(batch, Batch)
    assert batch.state


def test_settling_waits_for_writes_that_no_message_waits_for(bench):
    bench.take_over(1, 0)
    owned = bench.ownership.owned[0]
    owned.logic.changed = True

    async def settle():
        owned.writer.add([], 0)
        await bench.ownership.settle()
        return bench.storage.calls[-1][0]

    assert asyncio.run(settle()) == "write"
