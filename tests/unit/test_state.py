"""The bytes of a case: what is written is what is read, and nothing is ever misread."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.horizon import NO_DAY
from streams.engine.judge import NEVER, judge
from streams.engine.state import (
    FORMAT,
    UNLISTED,
    CaseState,
    Head,
    Summary,
    UnknownFormat,
    head_of,
    pack,
    size_with,
    unpack,
)
from tests.support.random_cases import LAWS, random_case

NOTHING = Head(Summary(open=False, level=0, provisional=False), 0, NO_DAY)


def some_state(seed):
    entries = []
    for each in random_case(Random(seed), "办件-1"):
        entries = merge(entries, entry_of(each)) or entries
    moves = judge(assess(entries, LAWS["next_day"]).subjects, {}, NEVER)
    return CaseState(3, "catalogue", True, entries, [m.card for m in moves])


@settings(max_examples=60)
@given(
    st.integers(0, 1 << 32),
    st.builds(
        Summary,
        st.booleans(),
        st.integers(0, 3),
        st.booleans(),
        st.integers(0, UNLISTED),
    ),
    st.one_of(st.integers(0, NEVER), st.just(NEVER)),
    st.one_of(st.integers(0, 50_000), st.just(NO_DAY)),
)
def test_what_is_written_is_read(seed, summary, deadline, horizon):
    state, head = some_state(seed), Head(summary, deadline, horizon)
    raw = pack(state, head)
    assert unpack(raw) == state
    assert head_of(raw) == head
    assert pack(unpack(raw), head) == raw


def test_the_head_is_read_without_the_rest():
    head = Head(Summary(open=True, level=3, provisional=False), 12, 20_000)
    assert head_of(pack(CaseState(), head)[:14]) == head


BEFORE_0_1_0 = b"\x01\x00" + b"\x7f" * 8 + b"\x94\x00\xa0\x90\x90"
"""A state of format 1: format, summary, deadline, and no horizon; no release wrote it."""


@pytest.mark.parametrize("read", [unpack, head_of])
@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        (BEFORE_0_1_0, "format 1, .*an older program wrote it: run `jiancha state rebuild`"),
        (bytes([FORMAT + 1]) + BEFORE_0_1_0[1:], "a newer program wrote it: run that version"),
    ],
    ids=["older", "newer"],
)
def test_a_format_of_another_program_is_refused_with_the_remedy_that_helps(read, raw, remedy):
    with pytest.raises(UnknownFormat, match=f"{remedy}.*docs/upgrade.md") as refused:
        read(raw)
    assert f"this program reads {FORMAT}" in str(refused.value)


def test_cards_by_clock_and_level():
    state = next(s for s in map(some_state, range(100)) if len(s.cards) > 1)
    found = state.cards_by_key()
    assert list(found.values()) == state.cards
    assert all(key == f"{card.clock_id}/{card.level}" for key, card in found.items())


def test_the_size_grows_with_each_record():
    state = next(s for s in map(some_state, range(100)) if len(s.entries) > 3)
    *others, last = state.entries
    without = CaseState(entries=others)
    grown = len(pack(CaseState(entries=state.entries), NOTHING))
    empty = size_with(CaseState(), last) - len(msgspec.msgpack.encode(last))
    spare = len(pack(CaseState(), NOTHING)) - empty
    assert grown - size_with(without, last) == spare
