from __future__ import annotations

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local import real_kafka
from deploy.local.real_kafka import KafkaError, RealKafka
from tests.support.servers import real_kafka as run_kafka
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """A broker of this module's own: it is hurt."""
    with run_kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


def high(kafka, topic):
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "g", "log_level": 0})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=5)[1]
    finally:
        consumer.close()


@pytest.mark.long
def test_what_was_written_survives_a_kill(kafka):
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(10)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    producer.produce("kept", b"x")
    assert producer.flush(10) == 0
    before = kafka.pid
    kafka.kill()
    with pytest.raises(KafkaError, match="does not run"):
        _ = kafka.pid
    kafka.start()
    assert kafka.pid != before
    assert eventually(lambda: high(kafka, "kept"), 20, forgive=KafkaException) == 1


@pytest.mark.long
def test_topics_do_not_come_by_themselves(kafka):
    client = Producer({"bootstrap.servers": kafka.bootstrap})
    assert client.list_topics("nope", timeout=10).topics["nope"].error is not None


@pytest.mark.long
def test_a_frozen_broker_answers_again_when_thawed(kafka):
    client = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    assert client.list_topics(timeout=10)
    kafka.freeze()
    with pytest.raises(KafkaException):
        client.list_topics(timeout=0.3)
    kafka.thaw()
    assert eventually(lambda: client.list_topics(timeout=5), 20, forgive=KafkaException)


@pytest.mark.long
def test_a_taken_port_is_told(kafka, tmp_path):
    with pytest.raises(KafkaError, match=rf"port {kafka.port} is taken"):
        RealKafka(tmp_path, kafka.port).start()


def test_missing_jars_come_with_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(real_kafka.LIBS_VARIABLE, str(tmp_path))
    assert real_kafka.main([f"--data={tmp_path}"]) == 1
    assert "run `make kafka-libs`, or set JIANCHA_KAFKA_LIBS" in capsys.readouterr().err


def test_missing_java_comes_with_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert real_kafka.main([f"--data={tmp_path}"]) == 1
    assert "install a Java runtime of version 17 or later" in capsys.readouterr().err
