"""The sink on real Kafka: transactions, and a group whose members come and go."""

from __future__ import annotations

import contextlib

import confluent_kafka
import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from schemas import topics
from streams.settings import Kafka, Settings
from streams.settings import Sink as SinkSettings
from streams.sink.rows import TOPICS
from tests.support import history
from tests.support.history import Metrics
from tests.support.system import remove_topics
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka

PARTITIONS = 4


@pytest.fixture(scope="module")
def bootstrap(real_kafka):
    """The shared broker with topics of our own: their names are fixed."""
    remove_topics(real_kafka)
    admin = KafkaAdminClient(bootstrap_servers=real_kafka)
    admin.create_topics([NewTopic(topic.name, PARTITIONS, 1) for topic in topics.ALL])
    admin.close()
    yield real_kafka
    remove_topics(real_kafka)


def settings(bootstrap, where, group):
    return Settings(
        kafka=Kafka(bootstrap_servers=bootstrap, session_timeout=6),
        clickhouse=where,
        sink=SinkSettings(group=group, batch_rows=200, batch_seconds=0.2),
    )


@contextlib.contextmanager
def transactions(bootstrap, name):
    """Yield a function that produces records in one transaction, which it commits or aborts."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": bootstrap, "transactional.id": name, "linger.ms": 1, "log_level": 0}
    )
    producer.init_transactions(20)

    def send(records, *, commit=True):
        producer.begin_transaction()
        for record in records:
            producer.produce(record.topic, record.value, record.key, headers=record.headers)
            producer.poll(0)
        producer.flush(20)
        if commit:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)

    yield send


def events(name, first, count):
    return [
        history.event(f"{name}-{n:05}", "received", "2026-03-02T09:00:00+08:00")
        for n in range(first, first + count)
    ]


def stored(client, name):
    return client.execute(
        "SELECT count(), uniqExact(case_no) FROM v_events WHERE startsWith(case_no, %(name)s)",
        {"name": name},
    )[0]


@pytest.mark.long
def test_what_was_aborted_is_not_stored_and_markers_are_no_lag(bootstrap, embedded_clickhouse):
    with history.database(embedded_clickhouse) as (where, client):
        metrics = Metrics()
        with (
            transactions(bootstrap, "engine-1") as send,
            history.sink(settings(bootstrap, where, "real-1"), metrics),
        ):
            send(events("kept", 0, 50))
            send(events("aborted", 0, 50), commit=False)
            send(events("kept", 50, 50))
            send(events("aborted", 50, 10), commit=False)
            eventually(lambda: stored(client, "kept") == (100, 100), 30)
            eventually(
                lambda: len(metrics.lags) == len(TOPICS) and not any(metrics.lags.values()), 20
            )
        assert stored(client, "aborted") == (0, 0)


@pytest.mark.long
def test_members_that_come_and_go_lose_nothing(bootstrap, embedded_clickhouse):
    with history.database(embedded_clickhouse) as (where, client):
        of, fed = settings(bootstrap, where, "real-2"), 0
        with transactions(bootstrap, "engine-2") as send, contextlib.ExitStack() as members:

            def takes_part(metrics):
                """Feed until a member has had its share."""

                def share():
                    nonlocal fed
                    send(events("group", fed, 40))
                    fed += 40
                    return metrics.rows["events"] > 0

                eventually(share, 30, interval=0.05)

            first, second, third = Metrics(), Metrics(), Metrics()
            members.enter_context(history.sink(of, first))
            takes_part(first)
            with history.sink(of, second):
                takes_part(second)
                members.enter_context(history.sink(of, third))
                takes_part(third)
            eventually(lambda: stored(client, "group") == (fed, fed), 30)
