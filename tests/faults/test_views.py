"""What the rounds hold the history by: it says nothing of one that is right, and what is wrong."""

from __future__ import annotations

import pytest

from schemas import topics
from streams.sink.batches import Batcher
from streams.sink.inserts import Writer
from streams.sink.rows import TOPICS, rows_of
from tests.faults.views import Views
from tests.support import history
from tests.support.cases import at, days, event, rules
from tests.support.history import Sent
from tests.support.partition import Partition

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")


class Told:
    """A message of a topic."""

    def __init__(self, sent):
        self.sent = sent

    def key(self):
        return self.sent.key

    def value(self):
        return self.sent.value

    def headers(self):
        return self.sent.headers


class Topics:
    """What an engine has written, to be read as from brokers."""

    def __init__(self, engine):
        self.records = [
            Sent(o.topic, o.value, o.key, offset=n, headers=list(o.headers or ()))
            for n, o in enumerate(engine.outputs)
        ]
        self.state = [
            Sent(topics.CASE_STATE.name, value, key)
            for key, value in engine.changelog
            if value is not None
        ]

    def read(self, topic):
        return (Told(sent) for sent in [*self.records, *self.state] if sent.topic == topic)


@pytest.fixture(scope="module")
def there(embedded_clickhouse):
    """A history that the sink has made of what an engine wrote, and the engine's topics."""
    engine = Partition(LAW, began=1_800_000_000)
    engine.feed(event("accepted", "2018-10-08 10:00:00", case_no="A"), b"no event")
    engine.feed(event("accepted", "2018-10-09 10:00:00", case_no="B"))
    for day in range(10, 32):
        engine.tick(at(f"2018-10-{day} 12:00:00"))
    engine.take()
    topics_ = Topics(engine)
    with history.database(embedded_clickhouse) as (where, client):
        client.execute(f"USE {where.database}")
        batcher = Batcher(100_000, 0)
        for record in topics_.records:
            if record.topic in TOPICS:
                batcher.add(record, rows_of(record), 0)
        assert Writer(client, where.database, lambda *_: None).write(batcher.seal()) == []
        yield client, topics_


def compared(there):
    client, topics_ = there
    views = Views()
    views.read(topics_)
    return views.compare(client.execute)


def test_a_history_that_is_right(there):
    assert compared(there) == []


@pytest.mark.parametrize(
    ("table", "view"),
    [
        ("events", "v_events"),
        ("dead_letters", "v_dead_letters"),
        ("card_moves", "v_card_history"),
        ("cases", "v_cases"),
        ("clocks", "v_clocks"),
        ("cards", "v_cards"),
    ],
)
def test_a_table_that_lost_its_rows_is_found(there, table, view):
    client, _ = there
    client.execute(f"CREATE TABLE kept AS {table}")
    client.execute(f"INSERT INTO kept SELECT * FROM {table}")
    client.execute(f"TRUNCATE TABLE {table}")
    try:
        assert any(text.startswith(f"{view} lacks") for text in compared(there))
    finally:
        client.execute(f"INSERT INTO {table} SELECT * FROM kept")
        client.execute("DROP TABLE kept")
    assert compared(there) == []


def test_a_card_that_the_state_does_not_have_is_found(there):
    client, topics_ = there
    views = Views()
    views.read(topics_)
    views._cards.clear()
    assert any(text.startswith("v_cards invents") for text in views.compare(client.execute))
