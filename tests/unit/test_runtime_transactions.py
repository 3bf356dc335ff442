"""The fenced producer, against a client that fails in exactly one way at a time."""

from __future__ import annotations

import confluent_kafka
import pytest

from streams.kafka_access import denial
from streams.runtime.ports import Batch, Fatal, Output
from streams.runtime.transactions import FencedProducer
from tests.fakes import ToyTopics, toy_settings

TOPICS = ToyTopics("t")
BATCH = Batch([Output("out", None, b"k", b"v", [("h", b"1")])], [(b"case", b"state")])


class Client:
    """confluent_kafka.Producer; `failing` names the call that raises, and what."""

    def __init__(self, failing=None, times=10**9) -> None:
        self.failing = failing or {}
        self.left = times
        self.calls: list = []
        self.refusal = None
        self.configuration: dict = {}

    def __call__(self, configuration):
        self.configuration = configuration
        return self

    def _call(self, name, *arguments):
        self.calls.append((name, *arguments))
        if name in self.failing and self.left > 0:
            self.left -= 1
            raise self.failing[name]

    def init_transactions(self, _timeout):
        self._call("init")

    def begin_transaction(self):
        self._call("begin")

    def produce(self, topic, value, key, partition, on_delivery, headers):
        self._call("produce", topic, partition, key, value, headers)
        if self.refusal is not None:
            on_delivery(self.refusal, self)

    def topic(self):
        return "out"

    def partition(self):
        return 3

    def commit_transaction(self, _timeout):
        self._call("commit")

    def poll(self, _timeout):
        self._call("poll")

    def purge(self):
        self._call("purge")


def error(code, **flags):
    return confluent_kafka.KafkaException(confluent_kafka.KafkaError(code, "why", **flags))


def producer(client, tmp_path, **settings):
    return FencedProducer(toy_settings("b:1", TOPICS, tmp_path, **settings), 3, client)


def test_the_transactional_id_names_the_partition_and_nothing_else(tmp_path):
    client = Client()
    producer(client, tmp_path, write_timeout=7)
    assert client.configuration["transactional.id"] == "t-engine-3"
    assert client.configuration["transaction.timeout.ms"] == 7000
    assert client.configuration["partitioner"] == "murmur2_random"


def test_a_batch_is_one_transaction_with_outputs_and_state(tmp_path):
    client = Client()
    producer(client, tmp_path).write(BATCH)
    assert client.calls == [
        ("begin",),
        ("produce", "out", -1, b"k", b"v", [("h", b"1")]),
        ("produce", "t.state", 3, b"case", b"state", None),
        ("commit",),
    ]


def test_claiming_and_committing_go_on_after_an_error_that_passes(tmp_path):
    passing = error(confluent_kafka.KafkaError._TIMED_OUT, retriable=True)
    for name, call in (("init", lambda p: p.claim()), ("commit", lambda p: p.write(BATCH))):
        client = Client({name: passing}, times=2)
        call(producer(client, tmp_path))
        assert client.calls.count((name,)) == 3


def test_an_error_that_passes_is_fatal_when_the_time_is_up(tmp_path):
    passing = error(confluent_kafka.KafkaError._TIMED_OUT, retriable=True)
    with pytest.raises(Fatal, match="partition 3: claim: why"):
        producer(Client({"init": passing}), tmp_path, write_timeout=0.2).claim()


@pytest.mark.parametrize("name", ["begin", "produce", "commit"])
def test_a_fenced_producer_says_that_another_worker_owns_the_partition(name, tmp_path):
    fenced = error(confluent_kafka.KafkaError._FENCED, fatal=True)
    with pytest.raises(Fatal, match="partition 3: another worker owns it now"):
        producer(Client({name: fenced}), tmp_path).write(BATCH)


@pytest.mark.parametrize("name", ["begin", "produce", "commit"])
def test_any_other_error_is_fatal_and_says_where(name, tmp_path):
    broken = error(confluent_kafka.KafkaError._STATE)
    with pytest.raises(Fatal, match=r"partition 3: (write|commit): why"):
        producer(Client({name: broken}), tmp_path).write(BATCH)


def test_a_refused_record_is_fatal_even_if_the_commit_says_nothing(tmp_path):
    client = Client()
    client.refusal = confluent_kafka.KafkaError(confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE)
    with pytest.raises(Fatal, match=r"out\[3\] refused a record: Broker: Message size too large"):
        producer(client, tmp_path).write(BATCH)


def test_a_clock_that_the_brokers_refuse_is_named_with_the_remedy(tmp_path):
    client = Client()
    client.refusal = confluent_kafka.KafkaError(confluent_kafka.KafkaError.INVALID_TIMESTAMP)
    with pytest.raises(Fatal, match="clock is an hour or more off the brokers': set it"):
        producer(client, tmp_path).write(BATCH)


def test_what_was_not_allowed_is_behind_whatever_the_client_says(tmp_path):
    denied = confluent_kafka.KafkaError(confluent_kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED)
    client = Client({"commit": error(confluent_kafka.KafkaError._INCONSISTENT)})
    client.refusal = denied
    with pytest.raises(Fatal) as fatal:
        producer(client, tmp_path).write(BATCH)
    assert "out[3] refused a record" in denial(fatal.value)


def test_what_was_purged_is_not_what_was_refused(tmp_path):
    code = confluent_kafka.KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    client = Client({"commit": error(code)})
    client.refusal = confluent_kafka.KafkaError(confluent_kafka.KafkaError._PURGE_QUEUE)
    with pytest.raises(Fatal, match=r"partition 3: commit: why$") as fatal:
        producer(client, tmp_path).write(BATCH)
    assert denial(fatal.value)


def test_a_refusal_of_one_batch_is_not_held_against_the_next(tmp_path):
    client = Client()
    client.refusal = confluent_kafka.KafkaError(confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE)
    writer = producer(client, tmp_path)
    with pytest.raises(Fatal):
        writer.write(BATCH)
    client.refusal = None
    writer.write(BATCH)


def test_a_record_over_the_limit_is_named_with_the_remedy(tmp_path):
    large = error(confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE)
    with pytest.raises(Fatal, match=r"2 bytes for out, key b'k'.*raise it"):
        producer(Client({"produce": large}), tmp_path).write(BATCH)


def test_a_full_queue_is_drained_and_the_record_sent_then(tmp_path):
    client = Client({"produce": BufferError()}, times=2)
    producer(client, tmp_path).write(BATCH)
    assert [call[0] for call in client.calls] == [
        "begin", "produce", "poll", "produce", "poll", "produce", "produce", "commit",
    ]  # fmt: skip


def test_a_queue_that_stays_full_is_fatal(tmp_path):
    with pytest.raises(Fatal, match="writing takes too long"):
        producer(Client({"produce": BufferError()}), tmp_path, write_timeout=0.05).write(BATCH)


def test_closing_drops_what_is_queued(tmp_path):
    client = Client()
    producer(client, tmp_path).close()
    assert client.calls == [("purge",)]
