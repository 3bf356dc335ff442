"""What anybody who may write to the halls' topic can put beside a value: headers, key, time.

None of it may end a partition, stop the history, or be believed where it cannot be true.
"""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.events import STEP_EVENT
from schemas.macs import MAC_HEADER
from schemas.ticks import REPLAYED_AT
from schemas.verdicts import DEAD_LETTER_HEADER, ORIGIN_HEADER, DeadLetter, Origin, decode, encode
from streams.runtime.passing_on import MAX_KEY_BYTES
from streams.sink.rows import rows_of
from tests.support.cases import days, event, rules
from tests.support.history import Sent
from tests.support.partition import Partition, elsewhere

LAW = rules({"promised": days(3)})
STEPS = topics.STEPS.name
HERE = Origin(STEPS, 0, 0, 0)
MOST = {  # what the columns of ClickHouse hold (UInt32, UInt64, DateTime64 of milliseconds)
    "partition": (1 << 32) - 1,
    "offset": (1 << 64) - 1,
    "timestamp_ms": 4_102_444_800_000,  # 2100-01-01T00:00:00Z
}
FORGED = [
    Origin(topics.RULINGS.name, 0, 7, 5),  # of another topic: a replay would send it there
    Origin("jiancha.case-state", 0, 7, 5),
    Origin("x" * 900, 0, 7, 5),
    Origin(STEPS, -1, 7, 5),
    Origin(STEPS, 1 << 31, 7, 5),
    Origin(STEPS, 0, -1, 5),
    Origin(STEPS, 0, 1 << 63, 5),
    Origin(STEPS, 0, 10**30, 5),
    Origin(STEPS, 0, 7, -1),
    Origin(STEPS, 0, 7, 4_102_444_800_001),
    Origin(STEPS, 0, 7, 10**30),
]


def given(here, value, headers=(), *, key=b"c", timestamp=0):
    here.logic.apply(
        here.chunk(STEPS, [value], keys=[key], headers=[list(headers)], timestamp=timestamp)
    )
    return here


def letter_of(here):
    (out,) = here.written(topics.DEAD_LETTERS)
    return decode(dict(out.headers)[DEAD_LETTER_HEADER], DeadLetter), out


def accepted(case_no="c"):
    return STEP_EVENT.dump_json(event("accepted", "2018-10-15 10:00:00", case_no=case_no))


class TestAForgedOrigin:
    @pytest.mark.parametrize("forged", FORGED, ids=lambda each: repr(each)[7:60])
    def test_that_cannot_be_true_says_nothing(self, forged):
        here = given(Partition(LAW), b"no event", [(ORIGIN_HEADER, encode(forged))])
        assert letter_of(here)[0].origin == HERE

    def test_of_this_topic_is_believed(self):
        true = Origin(STEPS, 3, 7, 1_539_568_800_000)
        here = given(Partition(LAW), b"no event", [(ORIGIN_HEADER, encode(true))])
        assert letter_of(here)[0].origin == true

    @pytest.mark.parametrize("timestamp", [-1, -(1 << 62), (1 << 63) - 1])
    def test_nor_does_a_time_of_the_senders_own_leave_what_the_history_holds(self, timestamp):
        refused = given(Partition(LAW), b"no event", timestamp=timestamp)
        taken = given(Partition(LAW), accepted(), timestamp=timestamp)
        letter, out = letter_of(refused)
        (told,) = [o for o in taken.written(topics.EVENTS) if o.key == b"c"]
        for output, topic in ((out, topics.DEAD_LETTERS), (told, topics.EVENTS)):
            sent = Sent(topic.name, output.value, output.key, 0, 0, 5, output.headers or ())
            (table, values), *_ = rows_of(sent)
            row = dict(zip((name for name, _ in table.columns), values, strict=True))
            assert 0 <= row["origin_partition"] <= MOST["partition"]
            assert 0 <= row["origin_offset"] <= MOST["offset"]
            assert 0 <= row["arrived_at"] <= MOST["timestamp_ms"]
            assert 0 <= row.get("precedence", 0) <= MOST["offset"]
        assert 0 <= letter.origin.timestamp_ms <= MOST["timestamp_ms"]


class TestSize:
    """A broker measures what was compressed: a megabyte there can be a hundred here."""

    def test_what_is_sent_on_takes_no_header_along_that_nobody_reads(self):
        name, _ = elsewhere(8)
        headers = [
            ("trace", b"x" * 10_000_000),
            *[("y", b"")] * 1_000,
            (REPLAYED_AT, b"1" * 1_000),
            *[(MAC_HEADER, b"m" * 60)] * 1_000,
            (ORIGIN_HEADER, b"z" * 10_000_000),
        ]
        here = given(Partition(LAW, partitions=8), accepted(name), headers)
        (sent,) = here.written(topics.STEPS)
        assert sum(len(key) + len(value) for key, value in sent.headers) < 1_000
        assert [key for key, _ in sent.headers] == [MAC_HEADER, MAC_HEADER, ORIGIN_HEADER]

    def test_a_dead_letter_leaves_out_a_key_that_is_no_case_number(self):
        here = given(Partition(LAW), b"no event", key=b"k" * (MAX_KEY_BYTES + 1))
        assert letter_of(here)[1].key is None
        here = given(Partition(LAW), b"no event", key=b"k" * MAX_KEY_BYTES)
        assert letter_of(here)[1].key == b"k" * MAX_KEY_BYTES
