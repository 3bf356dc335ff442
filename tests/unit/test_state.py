"""The bytes of a case: what is written is what is read, and nothing is ever misread."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.case import assess
from streams.engine.judge import NEVER, judge
from streams.engine.entries import entry_of, merge
from streams.engine.state import (
    FORMAT,
    CaseState,
    Summary,
    UnknownFormat,
    head_of,
    pack,
    size_with,
    unpack,
)
from tests.support.random_cases import LAWS, random_case

NOTHING = Summary(open=False, level=0, provisional=False)


def some_state(seed):
    entries = []
    for each in random_case(Random(seed), "办件-1"):
        entries = merge(entries, entry_of(each)) or entries
    moves = judge(assess(entries, LAWS["next_day"]).clocks, {}, NEVER)
    return CaseState(3, "catalogue", entries, [m.card for m in moves])


@settings(max_examples=60)
@given(
    st.integers(0, 1 << 32),
    st.builds(Summary, st.booleans(), st.integers(0, 3), st.booleans()),
    st.one_of(st.integers(0, NEVER), st.just(NEVER)),
)
def test_what_is_written_is_read(seed, summary, deadline):
    state = some_state(seed)
    raw = pack(state, summary, deadline)
    assert unpack(raw) == state
    assert head_of(raw) == (summary, deadline)
    assert pack(unpack(raw), summary, deadline) == raw


def test_the_head_is_read_without_the_rest():
    raw = pack(CaseState(), Summary(open=True, level=3, provisional=False), 12)
    assert head_of(raw[:10]) == (Summary(open=True, level=3, provisional=False), 12)


@pytest.mark.parametrize("read", [unpack, head_of])
def test_a_format_of_another_program_is_refused(read):
    raw = pack(CaseState(), NOTHING, 0)
    other = bytes([FORMAT + 1]) + raw[1:]
    with pytest.raises(UnknownFormat, match=f"format {FORMAT + 1}.*knows {FORMAT}"):
        read(other)


def test_cards_by_clock_and_level():
    state = next(s for s in map(some_state, range(100)) if len(s.cards) > 1)
    found = state.cards_by_key()
    assert list(found.values()) == state.cards
    assert all(key == f"{card.clock_id}/{card.level}" for key, card in found.items())


def test_the_size_grows_with_each_entry():
    state = next(s for s in map(some_state, range(100)) if len(s.entries) > 3)
    *others, last = state.entries
    without = CaseState(entries=others)
    grown = len(pack(CaseState(entries=state.entries), NOTHING, 0))
    assert grown - size_with(without, last) == len(pack(CaseState(), NOTHING, 0)) - 1
