"""What counts as a refusal of the brokers, in the words of three libraries."""

from __future__ import annotations

import asyncio

import aiokafka.errors
import confluent_kafka
import kafka.errors
import pytest

from streams import kafka_access
from streams.kafka_access import AccessDenied, HungUp, ask_to_enter, denial, enter_or_deny
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


class Door:
    """Brokers that answer who knocks one after another; the last answer stays."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.now, self.knocks = list(answers), 0.0, 0
        monkeypatch.setattr(kafka_access, "_enter", self._enter)

    async def _enter(self, _server, _options):
        self.knocks += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer

    def _pause(self, seconds):
        self.now += seconds

    def enter(self, patience):
        enter_or_deny("b:1", {}, patience, clock=lambda: self.now, pause=self._pause)


def test_a_broker_that_restarts_is_waited_for_at_the_start(monkeypatch):
    door = Door(monkeypatch, HungUp("hangs up"), HungUp("hangs up"), None)
    door.enter(30.0)
    assert door.knocks == 3


def test_one_that_hangs_up_all_the_time_speaks_otherwise(monkeypatch):
    door = Door(monkeypatch, HungUp("hangs up"))
    with pytest.raises(HungUp):
        door.enter(30.0)
    assert door.now == 30.0


@pytest.mark.parametrize("patience", [0.0, 30.0])
def test_a_plain_no_is_told_at_once(monkeypatch, patience):
    door = Door(monkeypatch, AccessDenied("the login is refused"))
    with pytest.raises(AccessDenied):
        door.enter(patience)
    assert (door.knocks, door.now) == (1, 0.0)


def test_a_command_that_a_person_waits_for_says_it_at_once(monkeypatch):
    door = Door(monkeypatch, HungUp("hangs up"))
    with pytest.raises(HungUp):
        door.enter(0.0)
    assert door.knocks == 1


def test_who_names_no_protocol_speaks_plainly(monkeypatch):
    async def hang_up(*_, **__):
        raise ConnectionResetError

    monkeypatch.setattr(kafka_access, "create_conn", hang_up)
    with pytest.raises(HungUp, match="SECURITY_PROTOCOL is PLAINTEXT"):
        asyncio.run(ask_to_enter("b:1", {}))


def test_a_plain_no_outweighs_a_broker_that_hangs_up(monkeypatch):
    Door(monkeypatch, AccessDenied("no"), HungUp("hangs up"))
    with pytest.raises(AccessDenied) as denied:
        asyncio.run(ask_to_enter("a:1,b:1", {}))
    assert not isinstance(denied.value, HungUp)
