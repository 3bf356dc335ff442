"""`jiancha dlq` against both kinds of broker: list, show, and send again after the cure."""

from __future__ import annotations

import json
import uuid

import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, Producer, TopicPartition

from schemas import topics
from schemas.decoding import Refusal, decode_event
from schemas.verdicts import DEAD_LETTER_HEADER, ORIGIN_HEADER, DeadLetter, Origin, decode
from streams.cli import main
from streams.runtime.passing_on import MAX_LETTER_BYTES, dead_letter
from streams.runtime.placing import partition_of
from streams.runtime.ports import Chunk
from tests.support.bad_messages import BAD_MESSAGES, event
from tests.support.servers import embedded_kafka
from tests.support.system import remove_topics
from tests.support.wait import eventually

PARTITIONS = 4
CURE = "occurred_at=2026-03-02T09:00:00+08:00"
BY_NAME = {bad.name: bad for bad in BAD_MESSAGES}


class Hall:
    """A broker with dead letters on it, and the commands."""

    def __init__(self, bootstrap, *, embedded):
        self.bootstrap = bootstrap
        self.env = {
            "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "JIANCHA_KAFKA__EMBEDDED": str(embedded).lower(),
            "JIANCHA_KAFKA__PARTITIONS": str(PARTITIONS),
        }
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "message.max.bytes": 8 << 20, "acks": "all"}
        )

    def run(self, *arguments, code=0):
        done = CliRunner().invoke(main, arguments, env=self.env, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    def write(self, topic, value, key=None, headers=None, partition=0):
        placed = []
        self._producer.produce(
            topic, value, key, partition, lambda _, m: placed.append(m), headers=headers
        )
        assert self._producer.flush(30) == 0
        assert placed[0].error() is None
        return placed[0]

    def refuse(self, raw, partition=0, key=b"k"):
        """Write a record as a hall does, and its dead letter as the engine does."""
        there = self.write(topics.STEPS.name, raw, key, partition=partition)
        chunk = Chunk(
            topics.STEPS.name,
            partition,
            [there.offset()],
            [key],
            [raw],
            [there.timestamp()[1]],
            [[]],
        )
        with pytest.raises(Refusal) as refused:
            decode_event(raw)
        letter = dead_letter(chunk, 0, refused.value)
        self.write(letter.topic, letter.value, letter.key, list(letter.headers), partition)
        return decode(dict(letter.headers)[DEAD_LETTER_HEADER], DeadLetter).letter_id

    def listed(self, *arguments):
        told = self.run("dlq", "list", "--format", "json", *arguments).stdout
        return [json.loads(line) for line in told.splitlines()]

    def steps(self):
        """Give every record of the halls' topic that has an origin: what was sent again."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": uuid.uuid4().hex})
        found = []
        for partition in range(PARTITIONS):
            place = TopicPartition(topics.STEPS.name, partition)
            low, high = consumer.get_watermark_offsets(place, timeout=10)
            consumer.assign([TopicPartition(topics.STEPS.name, partition, low)])
            for _ in range(high - low):
                message = consumer.poll(10)
                if message.headers():
                    found.append(message)
        consumer.close()
        return found


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.long),
        pytest.param("real", marks=pytest.mark.kafka),
    ]
)
def hall(request, tmp_path):
    if request.param == "embedded":
        made = {topic.name: PARTITIONS for topic in topics.ALL}
        with embedded_kafka(tmp_path, made) as bootstrap:
            yield Hall(bootstrap, embedded=True)
        return
    bootstrap = request.getfixturevalue("real_kafka")
    remove_topics(bootstrap)
    hall = Hall(bootstrap, embedded=False)
    hall.run("topics")
    yield hall
    remove_topics(bootstrap)


@pytest.mark.long
def test_dead_letters_are_listed_shown_and_sent_again(hall):
    naive = hall.refuse(BY_NAME["naive-time"].raw, partition=1)
    gbk = hall.refuse(BY_NAME["gbk"].raw, partition=2)
    extra = hall.refuse(event(oficer="chen\x1b[2J", source="hall-b"))
    big = hall.refuse(event(case_no="430102-big", blob="x" * 2 * MAX_LETTER_BYTES))
    hall.write(topics.DEAD_LETTERS.name, b"no letter of ours")
    lists(hall, {naive, gbk, extra, big})
    shows(hall, naive, gbk, extra, big)
    keeps_what_would_be_refused_again(hall, naive, gbk, big)
    sends_again(hall, naive, extra, big)


def lists(hall, expected):
    assert {letter["letter_id"] for letter in hall.listed()} == expected
    assert [letter["reason"] for letter in hall.listed("--reason", "timezone_aware")] == [
        "timezone_aware"
    ]
    assert [letter["field"] for letter in hall.listed("--source", "hall-b")] == ["oficer"]
    assert len(hall.listed("--limit", "2")) == 2
    assert "has no offset from UTC" in hall.run("dlq", "list").stdout


def shows(hall, naive, gbk, extra, big):
    told = hall.run("dlq", "show", naive).stdout
    assert "hall.steps partition 1 offset" in told
    assert "add the offset from UTC" in told
    assert '"case_no": "430102-naive"' in told
    assert r"\xbd" in hall.run("dlq", "show", gbk).stdout
    assert "\x1b" not in hall.run("dlq", "show", extra).stdout
    assert f"{MAX_LETTER_BYTES} bytes follow" in hall.run("dlq", "show", big).stdout
    assert "no dead letter nonsense" in hall.run("dlq", "show", "nonsense", code=1).stderr


def keeps_what_would_be_refused_again(hall, naive, gbk, big):
    kept = hall.run("dlq", "replay", naive, gbk, big, code=1)
    assert "0 sent again, 3 not." in kept.stderr
    assert "would be refused again: occurred_at" in kept.stderr
    assert "larger than" in kept.stderr
    unreadable = hall.run("dlq", "replay", gbk, "--set", CURE, code=1)
    assert "is not JSON" in unreadable.stderr
    assert "no dead letter nowhere" in hall.run("dlq", "replay", "nowhere", code=1).stderr
    assert hall.steps() == []


def sends_again(hall, naive, extra, big):
    for _ in range(2):
        hall.run("dlq", "replay", naive, "--set", CURE)
    hall.run("dlq", "replay", "--reason", "extra_forbidden", "--drop", "oficer", code=0)
    sent = hall.run("dlq", "replay", big, "--drop", "blob")
    assert f"{big}: sent, case 430102-big" in sent.stdout
    forced = hall.run("dlq", "replay", extra, "--force")
    assert "case unknown" in forced.stdout

    def there():
        found = hall.steps()
        assert len(found) == 5
        return found

    found = eventually(there, 10)
    good = [message for message in found if message.key() != b"k"]
    assert sorted(message.key() for message in good) == [
        b"430102-bad",
        b"430102-big",
        b"430102-naive",
        b"430102-naive",
    ]
    for message in good:
        again = decode_event(message.value())
        assert again.case_no.encode() == message.key()
        assert message.partition() == partition_of(again.case_no, PARTITIONS)
    naives = [m for m in good if m.key() == b"430102-naive"]
    assert {decode(dict(m.headers())[ORIGIN_HEADER], Origin).partition for m in naives} == {1}


@pytest.mark.long
def test_a_replay_must_say_which(hall):
    assert "name the letters" in hall.run("dlq", "replay", code=2).stderr
    assert "name the letters" in hall.run("dlq", "replay", "x", "--all", code=2).stderr
    assert "FIELD=VALUE" in hall.run("dlq", "replay", "x", "--set", "y", code=2).stderr
    assert "0 sent again, 0 not." in hall.run("dlq", "replay", "--all").stderr
