"""Security is mapped for each Kafka client, and no password is where it is not used."""

from __future__ import annotations

import ssl

import pytest
from crc32c import crc32c
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import (
    BrokerNotAvailableError,
    KafkaConnectionError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
    UnknownBrokerIdError,
)
from kafka.record.util import calc_crc32c
from pydantic import SecretStr
from structlog.testing import capture_logs

from streams.kafka_clients import (
    CALM,
    Steady,
    aiokafka_options,
    kafka_python_consumer_options,
    kafka_python_options,
    librdkafka_options,
)
from streams.settings import Kafka
from tests.support.certificates import certificates

PLAIN = Kafka()
SECRET = Kafka(
    security_protocol="SASL_SSL",
    sasl_mechanism="SCRAM-SHA-512",
    username="jiancha",
    password=SecretStr("hush"),
    ca_file=None,
)


def test_checksums_are_native():
    """In Python they are nine tenths of what sink and notifier take to read."""
    assert calc_crc32c.__defaults__ == (crc32c,)


def test_without_security_only_the_protocol_is_said():
    assert kafka_python_options(PLAIN) == {
        "security_protocol": "PLAINTEXT",
        "api_version": (3, 0),
    }
    assert aiokafka_options(PLAIN) == {"security_protocol": "PLAINTEXT"}
    assert librdkafka_options(PLAIN) == {"security.protocol": "PLAINTEXT"}


def test_sasl_reaches_each_client_under_its_own_names():
    for options in (kafka_python_options(SECRET), aiokafka_options(SECRET)):
        assert options["security_protocol"] == "SASL_SSL"
        assert options["sasl_mechanism"] == "SCRAM-SHA-512"
        assert options["sasl_plain_username"] == "jiancha"
        assert options["sasl_plain_password"] == "hush"
    assert librdkafka_options(SECRET) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "jiancha",
        "sasl.password": "hush",
    }


def test_an_authority_and_a_certificate_of_our_own_reach_each_client(tmp_path):
    tls = certificates(tmp_path, "engine")
    ca, cert, key = tls / "ca.pem", tls / "engine.pem", tls / "engine.key"
    kafka = Kafka(security_protocol="SSL", ca_file=ca, cert_file=cert, key_file=key)
    assert librdkafka_options(kafka) == {
        "security.protocol": "SSL",
        "ssl.ca.location": str(ca),
        "ssl.certificate.location": str(cert),
        "ssl.key.location": str(key),
    }
    for options in (kafka_python_options(kafka), aiokafka_options(kafka)):
        (trusted,) = options["ssl_context"].get_ca_certs()
        assert trusted["subject"] == ((("commonName", "jiancha authority"),),)


@pytest.mark.parametrize("options", [kafka_python_options, aiokafka_options])
def test_the_brokers_certificate_and_name_are_verified(options):
    context = options(SECRET)["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_embedded_broker_is_told_of():
    embedded = Kafka(embedded=True)
    assert kafka_python_options(embedded)["api_version"] == (2, 3)
    assert kafka_python_consumer_options(embedded)["check_crcs"] is False
    assert kafka_python_consumer_options(PLAIN)["check_crcs"] is True


def test_topics_are_made_on_purpose_except_by_the_embedded_broker():
    assert kafka_python_consumer_options(PLAIN)["allow_auto_create_topics"] is False
    assert kafka_python_consumer_options(Kafka(embedded=True))["allow_auto_create_topics"] is True


def test_a_consumer_of_ours_reads_what_is_committed_and_commits_by_hand():
    options = kafka_python_consumer_options(Kafka(session_timeout=8, rebalance_timeout=60))
    assert options["isolation_level"] == "read_committed"
    assert options["enable_auto_commit"] is False
    assert options["auto_offset_reset"] == "earliest"
    assert options["session_timeout_ms"] == 8000
    assert options["heartbeat_interval_ms"] == 2000
    assert options["max_poll_interval_ms"] == 60_000


@pytest.mark.parametrize("kafka", [PLAIN, SECRET, Kafka(embedded=True)])
def test_kafka_python_knows_every_option(kafka):
    for client in (KafkaProducer, KafkaAdminClient):
        assert set(kafka_python_options(kafka)) <= set(client.DEFAULT_CONFIG)
    assert set(kafka_python_consumer_options(kafka)) <= set(KafkaConsumer.DEFAULT_CONFIG)


class Consumer:
    """A consumer that gives, or raises, one answer after another."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def poll(self, **_):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Reading:
    """A steady consumer, and what it waited for and said."""

    def __init__(self, *answers):
        self.now, self.pauses = 0.0, []
        self.steady = Steady(Consumer(*answers), clock=lambda: self.now, pause=self._pause)

    def _pause(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def poll(self, times=1):
        with capture_logs() as lines:
            found = [self.steady.poll(0.2, 10) for _ in range(times)]
        self.said = [line["event"] for line in lines]
        return found


AWAY = KafkaConnectionError("socket disconnected")
RECORDS = {"p": ["r"]}


@pytest.mark.parametrize(
    "error", [AWAY, KafkaTimeoutError(), UnknownBrokerIdError(1), BrokerNotAvailableError()]
)
def test_a_consumer_whose_broker_dies_reads_nothing_for_a_moment(error):
    reading = Reading(error)
    assert reading.poll() == [{}]
    assert reading.pauses == [0.2]


def test_an_absence_is_told_once_and_its_end_once():
    reading = Reading(AWAY, {}, AWAY, AWAY, RECORDS, RECORDS)
    assert reading.poll(4) == [{}] * 4
    assert reading.said == ["not read"]
    assert reading.poll(2) == [RECORDS] * 2
    assert reading.said == ["read again"]


def test_brokers_that_have_nothing_to_send_are_back_after_a_calm():
    reading = Reading(AWAY, {}, {}, AWAY)
    reading.poll(2)
    reading.now += CALM + 1
    reading.poll()
    assert reading.said == ["read again"]
    reading.poll()
    assert reading.said == ["not read"]  # another absence


def test_what_is_asked_meanwhile_is_answered_as_before():
    reading = Reading()

    def away():
        raise AWAY

    assert reading.steady.ask(away, 7) == 7
    assert reading.steady.ask(lambda: 8, 7) == 8


def test_what_waiting_will_not_cure_is_raised():
    with pytest.raises(TopicAuthorizationFailedError):
        Reading(TopicAuthorizationFailedError()).poll()
