"""Bytes from a hall: read as an event, or refused in words that its engineer can act on."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bounds import MAX_EVENT_BYTES, SHOWN_VALUE
from schemas.decoding import Refusal, decode_event
from tests.support.bad_messages import BAD_MESSAGES, GOOD, event, text, written


def refused(raw):
    with pytest.raises(Refusal) as caught:
        decode_event(raw)
    return caught.value


def test_a_good_event_is_read():
    read = decode_event(event())
    assert (read.case_no, read.kind) == ("430102-bad", "accepted")
    assert read.occurred_at.isoformat() == "2026-03-02T09:00:00+08:00"


def test_there_are_forty_kinds_of_bad_message_and_one_that_the_replay_test_cures():
    names = [bad.name for bad in BAD_MESSAGES]
    assert len(set(names)) == len(names) >= 40
    (naive,) = [bad for bad in BAD_MESSAGES if bad.reason == "timezone_aware"]
    cured = json.loads(naive.raw) | {naive.field: "2026-03-02T09:00:00+08:00"}
    assert decode_event(json.dumps(cured).encode()).case_no not in {GOOD["case_no"], ""}


@pytest.mark.parametrize("bad", BAD_MESSAGES, ids=lambda bad: bad.name)
def test_each_bad_message_says_what_is_wrong_and_what_to_do(bad):
    refusal = refused(bad.raw)
    assert (refusal.reason, refusal.field) == (bad.reason, bad.field)
    assert len(refusal.message) > 10
    assert len(refusal.remedy) > 10
    assert len(refusal.value) <= SHOWN_VALUE
    assert refusal.value.isprintable()
    assert "pydantic" not in refusal.message + refusal.remedy


@pytest.mark.parametrize("bad", BAD_MESSAGES, ids=lambda bad: bad.name)
def test_a_broker_takes_each_bad_message(bad):
    assert len(bad.raw or b"") <= 1_000_000


@pytest.mark.parametrize(
    ("raw", "message", "remedy"),
    [
        (event(oficer="chen"), "kind accepted has no such field", "did you mean officer?"),
        (event(outcome="granted"), "kind accepted has no such field", "remove this field"),
        (text().encode("gbk").replace(b"hall-a", "厅".encode("gbk")), "is not UTF-8", "GBK"),
        (text().encode("utf-16"), "UTF-16", "send UTF-8"),
        (b"\xef\xbb\xbf" + event(), "byte order mark", "without the mark"),
        (b"\x1f\x8b" + event(), "gzipped", "compression.type"),
        (event() + b"!", "trailing characters", "nothing after it"),
        (event()[:50], "EOF", "cut on its way"),
        (written("hall-a", r"\ud800"), "hex escape", "surrogate"),
        (event(kind="受理"), "received, pre_reviewed", "mapping file"),
        (event(schema_version=2), "schema version 1", "upgrade jiancha"),
        (event(kind="finished", fee=1.005), "2 decimal places", "yuan and fen"),
    ],
)
def test_the_words_fit_the_fault(raw, message, remedy):
    refusal = refused(raw)
    assert message in refusal.message
    assert remedy in refusal.remedy


def test_the_sender_is_made_out_where_it_can_be():
    assert refused(event(case_no=...)).source == "hall-a"
    assert refused(event()[:-1]).source == "hall-a"
    assert refused(b"nonsense").source == "unknown"
    assert refused(event(source="a hall <b>", case_no=...)).source == "unknown"


@pytest.mark.parametrize("moment", ["2026-03-02t09:00:00Z", "2026-03-02 09:00:00+0800"])
def test_moments_that_are_unmistakable_are_read(moment):
    assert decode_event(event(occurred_at=moment)).occurred_at.tzinfo is not None


@pytest.mark.parametrize(
    "moment",
    ["2026-03-02T24:00:00+08:00", "2026-03-02T09:00:60+08:00", "2026-W10-1T09:00:00Z", "-1-01-01"],
)
def test_moments_that_are_not_are_refused(moment):
    assert refused(event(occurred_at=moment)).field == "occurred_at"


def test_a_repeated_key_is_found_however_it_is_spelt():
    escaped = written('"item": "i"', '"item": "i", "ite\\u006d": "j"')
    refusal = refused(escaped)
    assert (refusal.reason, refusal.field, refusal.value) == ("repeated_key", "item", "i / j")


def test_a_colon_after_a_quote_within_a_text_is_no_key():
    assert decode_event(event(item_name='say "x": y')).item_name == 'say "x": y'


def test_the_size_limit_is_exact():
    room = MAX_EVENT_BYTES - len(event())
    assert decode_event(event() + b" " * room).case_no == GOOD["case_no"]
    assert refused(event() + b" " * (room + 1)).reason == "too_large"


def test_nothing_that_is_shown_grows_with_what_was_sent():
    for raw in (event(kind="k" * 200_000), event(**{"f" * 200_000: 1}), b"\xff" * 200_000):
        refusal = refused(raw)
        assert sum(map(len, (refusal.field, refusal.value, refusal.message, refusal.remedy))) < 1000


def only_refuses(raw):
    with contextlib.suppress(Refusal):
        decode_event(raw)
        return
    refusal = refused(raw)
    assert refusal.message
    assert refusal.remedy
    assert len(refusal.value) <= SHOWN_VALUE
    assert refusal.value.isprintable()
    assert refusal.field.isprintable()


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(raw):
    only_refuses(raw)


@given(st.data())
def test_no_damage_to_a_good_event_raises_anything_but_a_refusal(data):
    raw = bytearray(event(item_name="施工许可", record_version=3))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    only_refuses(bytes(raw))


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "record_version", "documents", "fee", "x"]) | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
        max_size=4,
    ),
)
def test_no_values_raise_anything_but_a_refusal(changed):
    only_refuses(json.dumps(GOOD | changed).encode())
