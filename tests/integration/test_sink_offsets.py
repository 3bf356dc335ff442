"""The offsets beside the rows, in ClickHouse itself: written, read, adopted, forgotten."""

from __future__ import annotations

import pytest

from streams.sink.batches import Partition
from streams.sink.inserts import SchemaDiffers
from streams.sink.offsets import HistoryGap, Offsets, Read
from tests.support import history

P, Q = Partition("jiancha.cases", 0), Partition("jiancha.cases", 1)


class Brokers:
    def __init__(self):
        self.found = {P: Read("id-1", 0, 90, None), Q: Read("id-1", 0, 90, None)}

    def says(self, partition, group, topic_id="id-1"):
        self.found[partition] = Read(topic_id, 0, 90, group)

    def read(self, partitions):
        return {p: self.found[p] for p in partitions}


@pytest.fixture
def house(embedded_clickhouse):
    with history.database(embedded_clickhouse) as (where, client):
        client.execute(f"USE {where.database}")
        brokers = Brokers()
        yield Offsets(client, where.database, brokers, lambda: 2e9), brokers, client


def test_what_was_kept_is_what_the_next_sink_finds(house):
    offsets, brokers, client = house
    offsets.check({P, Q}, adopt=True)
    offsets.keep({P: 50, Q: 7})
    offsets.keep({P: 40})  # a sink that is on its way out, and late
    client.execute("OPTIMIZE TABLE sink_offsets FINAL")
    brokers.says(P, 50)
    brokers.says(Q, 7)
    offsets.check({P, Q}, adopt=True)
    brokers.says(Q, 8)
    with pytest.raises(HistoryGap, match=r"cases\[1\]: the history ends at 7, the group at 8"):
        offsets.check({P, Q}, adopt=True)


def test_a_history_of_the_first_release_gets_the_groups_offsets_once(house):
    """Partition by partition, as they are assigned: another sink may still be an old one."""
    offsets, brokers, client = house
    client.execute("INSERT INTO cases (case_no, revision) VALUES", [("A", 7)])
    brokers.says(P, 50)
    brokers.says(Q, 60)
    offsets.check({P, Q}, adopt=False)
    assert offsets.kept().offsets == {}
    offsets.check({P}, adopt=True)
    assert offsets.kept().offsets == {("jiancha.cases", "id-1", 0): 50}
    brokers.says(Q, 65)
    offsets.check({P, Q}, adopt=True)
    brokers.says(P, 51)
    with pytest.raises(HistoryGap, match="ends at 50, the group at 51"):
        offsets.check({P, Q}, adopt=True)


@pytest.mark.parametrize(("kept", "ends"), [(None, 0), (20, 20)])
def test_a_database_that_is_exchanged_under_a_running_sink_is_noticed(house, kept, ends):
    offsets, _, client = house
    offsets.check({P, Q}, adopt=True)
    offsets.keep({P: 50, Q: 7})
    offsets.stand()
    client.execute("TRUNCATE TABLE sink_offsets")
    rows = [(Q.topic, "id-1", 1, 7)] if kept is None else [(P.topic, "id-1", 0, kept)]
    into = "INSERT INTO sink_offsets (topic, topic_id, partition, next_offset) VALUES"
    client.execute(into, rows)
    with pytest.raises(HistoryGap, match=f"the history ends at {ends}, and had come to 50"):
        offsets.stand()


def test_an_empty_database_of_a_group_that_has_read_is_a_loss(house):
    offsets, brokers, _ = house
    brokers.says(P, 50)
    with pytest.raises(HistoryGap, match="nothing of this topic, the group is at 50"):
        offsets.check({P, Q}, adopt=True)


def test_a_database_that_was_lost_under_a_running_sink_does_not_stand(house):
    offsets, brokers, client = house
    offsets.check({P, Q}, adopt=True)
    offsets.stand()
    offsets.keep({P: 50})
    offsets.keep({P: 40, Q: 7})
    offsets.stand()
    client.execute("TRUNCATE TABLE sink_offsets")
    lost = r"cases\[0\]: the history ends at 0, and had come to 50.*cases\[1\].*come to 7"
    with pytest.raises(HistoryGap, match=lost):
        offsets.stand()
    brokers.says(P, None, "id-2")
    brokers.says(Q, None, "id-2")
    offsets.check({P, Q}, adopt=True)  # topics made anew: nothing of them had come
    offsets.stand()


def test_a_topic_made_anew_is_another_one(house):
    offsets, brokers, client = house
    offsets.check({P}, adopt=True)
    offsets.keep({P: 50})
    brokers.says(P, None, "id-2")
    offsets.check({P}, adopt=True)
    offsets.keep({P: 3})
    offsets.stand()
    assert offsets.kept().offsets == {
        ("jiancha.cases", "id-1", 0): 50,
        ("jiancha.cases", "id-2", 0): 3,
    }
    offsets.forget(P)
    assert client.execute("SELECT count() FROM sink_offsets") == [(0,)]


def test_a_database_without_the_table_says_what_to_run(house):
    offsets, _, client = house
    client.execute("DROP TABLE sink_offsets")
    with pytest.raises(SchemaDiffers, match="run `jiancha migrate`"):
        offsets.check({P}, adopt=True)
