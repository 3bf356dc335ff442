"""What counts as a refusal of the brokers, in the words of three libraries."""

from __future__ import annotations

import aiokafka.errors
import confluent_kafka
import kafka.errors
import pytest

from streams.kafka_access import AccessDenied, denial
from streams.runtime.ports import Fatal

GRANT = "`jiancha topics --acls` lists what each role must be allowed"
LOGIN = "JIANCHA_KAFKA__USERNAME and JIANCHA_KAFKA__PASSWORD_FILE"


def librdkafka(code):
    return confluent_kafka.KafkaException(confluent_kafka.KafkaError(code))


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (librdkafka(confluent_kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED), GRANT),
        (librdkafka(confluent_kafka.KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED), GRANT),
        (aiokafka.errors.TopicAuthorizationFailedError("t"), GRANT),
        (aiokafka.errors.GroupAuthorizationFailedError("g"), GRANT),
        (aiokafka.errors.SaslAuthenticationFailed("no"), LOGIN),
        (kafka.errors.TopicAuthorizationFailedError("t"), GRANT),
        (kafka.errors.ClusterAuthorizationFailedError("c"), GRANT),
        (kafka.errors.SaslAuthenticationFailedError("no"), LOGIN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refusal_is_told_with_its_remedy(error, remedy):
    assert denial(error) == f"{type(error).__name__}: {error} → {remedy}"


def test_one_that_another_error_came_from_is_told_in_that_ones_words():
    fatal = Fatal("partition 3: commit: refused")
    fatal.__cause__ = aiokafka.errors.TopicAuthorizationFailedError("t")
    assert denial(fatal) == f"partition 3: commit: refused → {GRANT}"


def test_one_of_ours_has_its_remedy_already():
    assert denial(AccessDenied("the login is refused → …")) == "the login is refused → …"


@pytest.mark.parametrize(
    "error",
    [
        "a reason",
        Fatal("a hole"),
        OSError(29, "Illegal seek"),  # its number is another one's
        OSError(30, "Read-only file system"),
        librdkafka(confluent_kafka.KafkaError._TRANSPORT),
        aiokafka.errors.KafkaConnectionError(),
        kafka.errors.KafkaTimeoutError(),
        kafka.errors.NotLeaderForPartitionError(),
    ],
    ids=repr,
)
def test_everything_else_is_none(error):
    assert denial(error) is None
