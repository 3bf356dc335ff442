"""A dead letter of the sink keeps the record and says why, and never copies a hall's raw bytes."""

from __future__ import annotations

import hashlib

from schemas import topics
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, decode, letter_id
from streams.settings import Kafka
from streams.sink.batches import Refused
from streams.sink.letters import Letters, letter
from tests.support import history
from tests.support.history import NOW, Sent


def test_a_refused_row_keeps_its_record():
    record = Sent(topics.CASES.name, b"{}", b"c", partition=2, offset=7)
    key, value, headers = letter(Refused(record, "clocks", "TypeMismatchError: no"))
    assert (key, value) == (b"c", b"{}")
    about = decode(dict(headers)[DEAD_LETTER_HEADER], DeadLetter)
    assert about.letter_id == letter_id(topics.CASES.name, 2, 7)
    assert (about.reason, about.field, about.message) == (
        "clickhouse", "clocks", "TypeMismatchError: no",
    )  # fmt: skip
    assert (about.origin.topic, about.origin.partition, about.origin.offset) == (
        topics.CASES.name, 2, 7,
    )  # fmt: skip
    assert about.origin.timestamp_ms == NOW * 1000
    assert (about.sha256, about.size, about.cut) == (hashlib.sha256(b"{}").hexdigest(), 2, False)


def test_a_record_that_cannot_be_read_says_so():
    record = Sent(topics.EVENTS.name, None)
    _, value, headers = letter(Refused(record, record.topic, "Undecodable: truncated"))
    assert value is None
    about = decode(headers[0][1], DeadLetter)
    assert (about.reason, about.field) == ("undecodable", topics.EVENTS.name)


def test_a_halls_bytes_stay_in_their_topic():
    record = history.dead_letter(3)
    _, value, headers = letter(Refused(record, record.topic, "no header"))
    assert value == b""
    about = decode(headers[0][1], DeadLetter)
    assert about.cut
    assert about.size == len(record.value)


def test_no_producer_is_made_for_nothing():
    letters = Letters(Kafka(bootstrap_servers="192.0.2.1:9"))
    letters.send([])
    letters.close()
