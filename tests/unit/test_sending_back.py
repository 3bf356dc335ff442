"""A dead letter of the sink goes back to where its record stood, as it was."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.verdicts import DEAD_LETTER_HEADER, ORIGIN_HEADER, DeadLetter, Origin, decode
from streams.curing import CureFailed
from streams.dead_letters import Letter, LettersUnavailable
from streams.sending_back import once_each, send_back
from streams.sink.batches import Refused
from streams.sink.letters import letter
from streams.sink.rows import rows_of
from tests.support import history
from tests.support.history import Sent, clock

CLOCK = clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59")


def letter_of(record, what="cases"):
    """Give the letter about a record, as the sink writes it and the command reads it."""
    key, value, headers = letter(Refused(record, what, "no"))
    about = decode(dict(headers)[DEAD_LETTER_HEADER], DeadLetter)
    return Letter(about, 1, key, value or b"")


class Topic:
    """Where records stand, and what is sent."""

    def __init__(self, *standing):
        self.standing = standing
        self.sent = []

    def original(self, of):
        for record in self.standing:
            if (record.topic, record.offset) == (of.about.origin.topic, of.about.origin.offset):
                return record
        raise LettersUnavailable("gone")

    def put(self, topic, raw, key, *, partition, headers, timestamp):
        sent = Sent(topic, raw, key, partition, 99, timestamp, headers)
        self.sent.append(sent)


def back(record, *standing, force=False, what="cases"):
    topic = Topic(*standing)
    assert send_back(topic, topic, letter_of(record, what), force=force) == record.topic
    return topic.sent[0]


def test_it_stands_in_its_partition_again_under_its_key_and_time():
    record = history.case("c", [CLOCK])
    record = Sent(record.topic, record.value, record.key, partition=3, offset=7, timestamp=1234)
    sent = back(record)
    assert (sent.topic, sent.partition, sent.key, sent.value, sent.timestamp) == (
        topics.CASES.name, 3, b"c", record.value, 1234,
    )  # fmt: skip
    assert decode(dict(sent.headers)[ORIGIN_HEADER], Origin) == Origin(record.topic, 3, 7, 1234)
    assert rows_of(sent) == rows_of(record)


def test_a_halls_letter_is_read_where_it_stands_since_the_sink_copies_none():
    record = history.dead_letter(5)
    sent = back(record, record, what=record.topic)
    assert sent.value == record.value
    assert rows_of(sent) == rows_of(record)


def test_a_halls_letter_that_is_gone_says_so():
    with pytest.raises(LettersUnavailable):
        back(history.dead_letter(5))


def test_sent_again_twice_its_first_place_stays_the_only_origin():
    record = history.dead_letter(5)
    record.headers.append((ORIGIN_HEADER, b"of before"))
    sent = back(record, record)
    assert [name for name, _ in sent.headers] == [DEAD_LETTER_HEADER, ORIGIN_HEADER]


def test_what_this_program_cannot_read_either_stays_unless_forced():
    record = history.case("c", [CLOCK])
    content = json.loads(record.value)
    content["clocks"][0]["level"] = "purple"
    record = Sent(record.topic, json.dumps(content).encode(), record.key)
    with pytest.raises(CureFailed, match=r"refused again: .*purple.*upgrade"):
        back(record)
    assert back(record, force=True).value == record.value


def test_what_the_sink_does_not_read_is_not_sent_to_it():
    with pytest.raises(CureFailed, match="the sink does not read"):
        back(Sent(topics.STEPS.name, b"{}", b"c"))


def test_a_record_that_several_tables_refused_is_sent_once():
    record = history.case("c", [CLOCK])
    found = [letter_of(record, "cases"), letter_of(record, "clocks")]
    assert len(once_each(found)) == 1
