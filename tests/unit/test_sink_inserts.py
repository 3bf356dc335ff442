"""The row that no table takes is sifted out; the rest is in; a bad table refuses nothing for us."""

from __future__ import annotations

import pytest
from clickhouse_driver.errors import NetworkError, ServerException

from schemas import topics
from streams.sink import tables
from streams.sink.batches import Batcher, Entry
from streams.sink.inserts import MOST_REFUSED, SchemaDiffers, TooManyRefused, Writer, sift
from tests.support.history import Sent


def entries(*values):
    return [Entry((value,), Sent(topics.EVENTS.name, b"", offset=value)) for value in values]


class Store:
    """Takes rows, but not those that are bad."""

    def __init__(self, bad=(), error=None):
        self.bad = set(bad)
        self.error = error or ServerException("Type mismatch", 53)
        self.taken = []
        self.calls = 0

    def insert(self, some):
        self.calls += 1
        if self.bad & {entry.values[0] for entry in some}:
            raise self.error
        self.taken += [entry.values[0] for entry in some]


def test_what_is_good_goes_in_at_once():
    store = Store()
    assert sift(entries(*range(1000)), store.insert) == []
    assert store.calls == 1
    assert store.taken == list(range(1000))


@pytest.mark.parametrize("bad", [{0}, {999}, {500}, {3, 4, 777}])
def test_only_the_poison_is_sifted_out_and_the_order_stays(bad):
    store = Store(bad)
    refused = sift(entries(*range(1000)), store.insert)
    assert {entry.values[0] for entry, _ in refused} == bad
    assert store.taken == [n for n in range(1000) if n not in bad]
    assert all("Type mismatch" in why for _, why in refused)
    assert store.calls <= 1 + 2 * 10 * len(bad)


def test_a_failure_that_is_not_the_rows_ends_the_sifting():
    store = Store({5}, error=NetworkError("gone"))
    with pytest.raises(NetworkError):
        sift(entries(*range(10)), store.insert)


def test_a_table_that_refuses_everything_is_itself_wrong():
    store = Store(range(10_000))
    with pytest.raises(TooManyRefused, match="Type mismatch"):
        sift(entries(*range(10_000)), store.insert)
    assert store.calls < 2 * MOST_REFUSED + 20


class Client:
    """A ClickHouse that has given columns, and keeps what is inserted."""

    def __init__(self, columns):
        self.columns = columns
        self.inserted = []
        self.asked = 0
        self.failing = 0

    def execute(self, statement, values=None, **options):
        if "system.columns" in statement:
            self.asked += 1
            return self.columns
        if self.failing:
            self.failing -= 1
            for column in values:
                column[:] = [0] * len(column)  # as the driver does with NULLs
            raise NetworkError("gone")
        assert options["columnar"]
        self.inserted.append((statement, values))
        return None


def columns(*without):
    return [
        (table.name, column, kind)
        for table in tables.ALL
        for column, kind in table.columns
        if (table.name, column) not in without
    ]


def batch():
    batcher = Batcher(10, 1.0)
    batcher.add(Sent(topics.CASES.name, b""), [(tables.CASES, (1, None)), (tables.CLOCKS, (2,))], 0)
    batcher.add(Sent(topics.CASES.name, b"", offset=1), [(tables.CASES, (3, None))], 0)
    return batcher.seal()


def test_a_batch_is_inserted_table_by_table_and_counted():
    client, counted = Client(columns()), []
    assert Writer(client, "d", lambda *count: counted.append(count)).write(batch()) == []
    assert client.inserted == [
        (tables.CLOCKS.insert, [[2]]),
        (tables.CASES.insert, [[1, 3], [None, None]]),
    ]
    assert counted == [("clocks", 1), ("cases", 2)]


def test_a_batch_that_is_sent_again_is_the_same():
    client, sealed = Client(columns()), batch()
    writer = Writer(client, "d", lambda *_: None)
    client.failing = 1
    with pytest.raises(NetworkError):
        writer.write(sealed)
    writer.write(sealed)
    assert client.inserted[-1] == (tables.CASES.insert, [[1, 3], [None, None]])


def test_tables_are_looked_at_before_the_first_insert_and_after_a_failure():
    client = Client(columns())
    writer = Writer(client, "d", lambda *_: None)
    writer.write(batch())
    writer.write(batch())
    assert client.asked == 1
    client.failing = 1
    with pytest.raises(NetworkError):
        writer.write(batch())
    writer.write(batch())
    assert client.asked == 2


def test_nothing_is_inserted_into_tables_that_differ():
    client = Client(columns(("cases", "revision")))
    with pytest.raises(SchemaDiffers, match=r"column d.cases.revision is missing: run `jiancha m"):
        Writer(client, "d", lambda *_: None).write(batch())
    assert client.inserted == []
