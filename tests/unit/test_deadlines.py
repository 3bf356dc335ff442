"""The deadline index against the simplest thing that could be right: a dictionary."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.engine.deadlines import DAY, SLACK, Deadlines
from streams.engine.judge import NEVER

NAMES = st.sampled_from("abcdef")
TIMES = st.one_of(
    st.integers(0, 20),
    st.builds(lambda day, second: day * DAY + second, st.integers(0, 4), st.integers(0, 2)),
)
"""Close together, on several days, at their edges."""
MOMENTS = st.one_of(TIMES, st.just(NEVER))


class AgainstADictionary(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.index, self.model = Deadlines(), {}

    @rule(case=NAMES, at=MOMENTS)
    def set(self, case, at):
        self.index.set(case, at)
        self.model[case] = at

    @rule(now=TIMES)
    def due(self, now):
        expected = sorted((at, case) for case, at in self.model.items() if at <= now)
        assert list(self.index.due(now)) == [case for _, case in expected]
        for _, case in expected:
            del self.model[case]

    @rule(until=TIMES)
    def soonest(self, until):
        expected = min((at for at in self.model.values() if at <= until), default=NEVER)
        assert self.index.soonest(until) == expected

    @invariant()
    def same(self):
        known = {case: at for case, at in self.model.items() if at < NEVER}
        assert dict(self.index.items()) == known
        assert len(self.index) == len(known)
        assert all(self.index.of(case) == self.model.get(case, NEVER) for case in "abcdef")


TestAgainstADictionary = AgainstADictionary.TestCase
TestAgainstADictionary.settings = settings(max_examples=50, stateful_step_count=25)


def test_a_moment_that_was_moved_does_not_come_at_its_old_time():
    index = Deadlines()
    index.set("a", 10)
    index.set("a", 20)
    assert list(index.due(19)) == []
    assert list(index.due(20)) == ["a"]
    assert list(index.due(99)) == []


def test_moved_away_and_back_it_comes_once():
    index = Deadlines()
    for at in (10, 20, 10):
        index.set("a", at)
    assert list(index.due(30)) == ["a"]


def test_a_case_set_again_while_the_due_ones_are_read_comes_again():
    index = Deadlines()
    index.set("a", 10)
    seen = []
    for case in index.due(15):
        seen.append(case)
        if len(seen) == 1:
            index.set(case, 12)
    assert seen == ["a", "a"]


@pytest.mark.parametrize("apart", [1, DAY // 4])
def test_outdated_entries_do_not_pile_up(apart):
    index = Deadlines()
    for at in range(10 * SLACK):
        index.set("a", at * apart)
    assert len(index._heap) + sum(map(len, index._days.values())) <= SLACK + 2
    assert list(index.due((10 * SLACK - 1) * apart - 1)) == []
    assert list(index.due((10 * SLACK - 1) * apart)) == ["a"]


def test_a_day_to_come_costs_a_case_no_entry_of_its_own():
    index = Deadlines()
    for n in range(100):
        index.set(f"case-{n}", DAY + n)
    list(index.due(DAY - 1))
    assert index._heap == []
    assert list(index.due(DAY + 1)) == ["case-0", "case-1"]
