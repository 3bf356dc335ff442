"""Where the group goes back to, what comes again, and what no longer does."""

from __future__ import annotations

import pytest
from kafka import TopicPartition

from streams.rewinding import Refused, rewind, rewinds
from streams.sink.batches import Partition
from streams.sink.offsets import Kept, Read

P = Partition("jiancha.cases", 0)
ID = "id-1"


def kept(n=None, *, rows=True):
    return Kept({} if n is None else {(P.topic, ID, 0): n}, rows)


def one(read, history, **more):
    return [(r.to, r.again, r.gone, r.other) for r in rewinds({P: read}, history, **more)]


@pytest.mark.parametrize(
    ("read", "history", "expected"),
    [
        (Read(ID, 0, 90, 50), kept(50), []),
        (Read(ID, 0, 90, 40), kept(50), []),
        (Read(ID, 0, 90, 50), kept(), []),  # 0.1.0: the group is believed
        (Read(ID, 0, 90, 50), kept(20), [(20, 30, 0, False)]),
        (Read(ID, 30, 90, 50), kept(20), [(30, 20, 10, False)]),
        (Read(ID, 0, 90, 50), kept(rows=False), [(0, 50, 0, False)]),
        (Read(ID, 30, 90, 50), kept(rows=False), [(30, 20, 30, False)]),
        (Read(ID, 60, 90, 50), kept(50), [(60, 0, 10, False)]),  # deleted before it was read
        (Read(ID, 5, 90, 50), kept(95), [(5, 45, 0, True)]),  # the topic is an older copy
    ],
)
def test_the_group_goes_back_to_where_the_history_ends_or_the_topic_begins(read, history, expected):
    assert one(read, history) == expected


def test_from_the_first_reads_all_that_the_topics_hold():
    assert one(Read(ID, 10, 90, 50), kept(50), from_the_first=True) == [(10, 40, 0, False)]


class World:
    """The brokers, the group and the history's account, as a rewind sees and changes them."""

    def __init__(self, read, history, members=0):
        self.found, self.history = {P: read}, history
        self.members = members
        self.done = []

    def partitions(self, topics):
        assert list(topics) == [P.topic]
        return {P}

    def read(self, partitions):
        assert set(partitions) == {P}
        return self.found

    def kept(self):
        return self.history

    def know(self, found):
        assert found is self.found
        self.done.append("know")

    def forget(self, partition):
        self.done.append(("forget", partition))

    def keep(self, offsets):
        self.done.append(("keep", offsets))

    def commit(self, offsets, timeout_ms):
        assert timeout_ms
        self.done.append(("commit", {tp: found.offset for tp, found in offsets.items()}))

    def rewind(self, **more):
        return rewind(self, self, self, [P.topic], lambda: self.members, **more)


WIRE = TopicPartition(*P)


def test_the_offsets_are_set_before_the_account_of_them():
    """Cut off between the two the history still says that it lacks them: it is run again."""
    world = World(Read(ID, 0, 90, 50), kept(20))
    world.rewind()
    assert world.done == [("commit", {WIRE: 20}), "know", ("keep", {P: 20})]


def test_the_account_of_another_topic_is_forgotten():
    world = World(Read(ID, 5, 90, 50), kept(95))
    world.rewind()
    assert world.done == [("commit", {WIRE: 5}), "know", ("forget", P), ("keep", {P: 5})]


def test_a_dry_run_changes_nothing_and_looks_at_no_members():
    world = World(Read(ID, 0, 90, 50), kept(20), members=9)
    assert len(world.rewind(dry_run=True)) == 1
    assert world.done == []


def test_while_sinks_are_in_the_group_it_is_refused():
    world = World(Read(ID, 0, 90, 50), kept(20), members=2)
    with pytest.raises(Refused, match="2 sinks are in the group, and stay: stop them"):
        world.rewind()
    assert world.done == []
