"""What the embedded Kafka can do, and what it cannot: docs/embedded.md says the same in words."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaPythonPartition

from deploy.local.kafka import main
from deploy.local.mock_cluster import MockCluster, MockClusterError
from tests.support.servers import embedded_kafka as run_kafka
from tests.support.wait import eventually

TOPICS = {"steps": 6, "ticks": 6, "narrow": 1}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    with run_kafka(tmp_path_factory.mktemp("kafka"), TOPICS) as bootstrap:
        yield bootstrap


@pytest.fixture
def name():
    return f"t{uuid.uuid4().hex}"


def producer(kafka, **options):
    return Producer({"bootstrap.servers": kafka, "compression.type": "lz4", **options})


def transactional(kafka, identity, **options):
    made = producer(kafka, **{"transactional.id": identity}, **options)
    made.init_transactions(10)
    return made


def send(kafka, topic, values, partition=0):
    made = producer(kafka)
    for value in values:
        made.produce(topic, value, partition=partition)
    assert made.flush(10) == 0


def read(kafka, topic, count, partition=0, offset=0, **options):
    """Read `count` messages with confluent-kafka, from `offset`."""
    consumer = Consumer({
        "bootstrap.servers": kafka, "group.id": "reader", "enable.auto.commit": False, **options,
    })  # fmt: skip
    try:
        consumer.assign([TopicPartition(topic, partition, offset)])
        found = consumer.consume(count, 10)
        assert [m.error() for m in found] == [None] * count
        return found
    finally:
        consumer.close()


def bounds(kafka, topic, partition=0):
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "reader"})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
    finally:
        consumer.close()


def test_topics_are_made_with_the_partitions_asked_for(kafka):
    made = producer(kafka).list_topics(timeout=10).topics
    assert {name: len(made[name].partitions) for name in TOPICS} == TOPICS


def test_a_topic_first_named_by_a_client_gets_four(kafka, name):
    assert len(producer(kafka).list_topics(name, timeout=10).topics[name].partitions) == 4


def test_keys_headers_and_timestamps_come_through_a_compressed_transaction(kafka, name):
    made = transactional(kafka, name)
    made.begin_transaction()
    headers = [("source", "大厅".encode()), ("none", None)]
    for n in range(100):
        key = f"case-{n}"
        made.produce(name, b"v" * 100, key, 0, timestamp=1_314_835_200_000 + n, headers=headers)
    made.commit_transaction(10)
    found = read(kafka, name, 100, **{"isolation.level": "read_committed"})
    assert [m.key() for m in found] == [f"case-{n}".encode() for n in range(100)]
    assert [m.timestamp()[1] for m in found] == [1_314_835_200_000 + n for n in range(100)]
    assert found[0].headers() == headers


def test_the_ends_of_a_partition_can_be_asked(kafka, name):
    send(kafka, name, [b"a", b"b", b"c"])
    assert bounds(kafka, name) == (0, 3)
    consumer = KafkaConsumer(bootstrap_servers=kafka, api_version=(2, 3))
    partition = KafkaPythonPartition(name, 0)
    assert consumer.end_offsets([partition]) == {partition: 3}
    assert consumer.beginning_offsets([partition]) == {partition: 0}
    consumer.close()


def test_an_aborted_transaction_is_not_hidden(kafka, name):
    """The limit that sends the tests of aborting to real Kafka."""
    made = transactional(kafka, name)
    made.begin_transaction()
    made.produce(name, b"aborted", partition=0)
    made.flush(10)
    made.abort_transaction(10)
    found = read(kafka, name, 1, **{"isolation.level": "read_committed"})
    assert found[0].value() == b"aborted"


def test_an_open_transaction_is_not_hidden(kafka, name):
    made = transactional(kafka, name)
    made.begin_transaction()
    made.produce(name, b"open", partition=0)
    made.flush(10)
    found = read(kafka, name, 1, **{"isolation.level": "read_committed"})
    assert found[0].value() == b"open"
    made.commit_transaction(10)


def test_an_earlier_producer_is_not_fenced_off_its_partition(kafka, name):
    """The limit that sends the tests of fencing to real Kafka."""
    first = transactional(kafka, name)
    first.begin_transaction()
    first.produce(name, b"first", partition=0)
    first.flush(10)
    second = transactional(kafka, name)
    second.begin_transaction()
    second.produce(name, b"second", partition=0)
    second.commit_transaction(10)
    assert {m.value() for m in read(kafka, name, 2)} == {b"first", b"second"}


def test_only_some_5_megabytes_a_partition_are_kept(kafka, name):
    """Why a replay must wait for the slowest reader."""
    made = producer(kafka, **{"compression.type": "none"})
    for _ in range(100):
        made.produce(name, os.urandom(100_000), partition=0)
        made.flush(10)
    low, high = bounds(kafka, name)
    assert high == 100
    assert 40 <= high - low <= 60


def test_a_message_of_a_megabyte_passes(kafka, name):
    send(kafka, name, [b"x" * 900_000])
    assert len(read(kafka, name, 1)[0].value()) == 900_000


def aio(kafka, *topics, group, **options):
    return AIOKafkaConsumer(
        *topics, bootstrap_servers=kafka, group_id=group, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=300, **options,
    )  # fmt: skip


@pytest.mark.long
def test_a_member_takes_all_partitions_and_its_successor_too(kafka, name):
    """With aiokafka, which Faust stands on; two members at once: see docs/embedded.md."""

    async def assigned():
        consumer = aio(kafka, "steps", group=name)
        await consumer.start()
        try:
            return len(consumer.assignment())
        finally:
            await consumer.stop()

    assert asyncio.run(assigned()) == 6
    assert asyncio.run(assigned()) == 6


@pytest.mark.long
def test_committed_offsets_are_kept_for_the_group(kafka, name):
    send(kafka, name, [b"a", b"b", b"c"])

    async def take(count, commit):
        consumer = aio(kafka, name, group=name)
        await consumer.start()
        try:
            found = [await asyncio.wait_for(consumer.getone(), 15) for _ in range(count)]
            if commit:
                await consumer.commit()
            return [m.value for m in found]
        finally:
            await consumer.stop()

    assert asyncio.run(take(2, commit=True)) == [b"a", b"b"]
    assert asyncio.run(take(1, commit=False)) == [b"c"]
    assert asyncio.run(take(1, commit=False)) == [b"c"]


def kafka_python(kafka, topic, **options):
    consumer = KafkaConsumer(
        topic, bootstrap_servers=kafka, api_version=(2, 3), group_id=f"g-{topic}",
        auto_offset_reset="earliest", enable_auto_commit=False, **options,
    )  # fmt: skip
    consumer.topics()  # one that joins before it knows its topics may fall silent for good
    return consumer


def poll(consumer, count):
    """Read `count` values with kafka-python, in a group."""
    found = []

    def enough():
        for records in consumer.poll(200).values():
            found.extend(record.value for record in records)
        return len(found) >= count

    try:
        eventually(enough, 20, interval=0)
    finally:
        consumer.close(autocommit=False)
    return sorted(found)


@pytest.mark.parametrize("isolation", ["read_committed", "read_uncommitted"])
def test_kafka_python_reads_what_transactions_wrote_without_checking_sums(kafka, name, isolation):
    made = transactional(kafka, name)
    for n in range(3):
        made.begin_transaction()
        made.produce(name, b"%d" % n, partition=0)
        made.commit_transaction(10)
    consumer = kafka_python(kafka, name, check_crcs=False, isolation_level=isolation)
    assert poll(consumer, 3) == [b"0", b"1", b"2"]


def test_kafka_python_joins_and_commits(kafka, name):
    send(kafka, name, [b"a", b"b"])
    consumer = kafka_python(kafka, name)
    eventually(lambda: sum(map(len, consumer.poll(200).values())), 20, interval=0)
    consumer.commit()
    assert consumer.committed(KafkaPythonPartition(name, 0)) == 2
    consumer.close(autocommit=False)


def test_it_ends_on_a_signal_and_says_where_it_was(tmp_path):
    address = tmp_path / "address"
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local.kafka", f"--address-file={address}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == f"kafka ready on {address.read_text()}\n"
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=10)
    assert (process.returncode, complaints) == (0, "")


def test_a_topic_twice_is_one_line(capsys):
    assert main(["--topic=a:1", "--topic=a:2"]) == 1
    assert capsys.readouterr().err.startswith("kafka: topic a of 2: ")


def test_an_address_that_cannot_be_written_is_one_line(tmp_path, capsys):
    assert main([f"--address-file={tmp_path / 'no' / 'address'}"]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_a_cluster_forgets_all_when_it_closes():
    with MockCluster() as cluster:
        cluster.create_topic("a", 3)
        address = cluster.bootstrap
        with pytest.raises(MockClusterError, match="topic a"):
            cluster.create_topic("a", 3)
    with pytest.raises(KafkaException):
        Producer({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=0.3)
