"""Steps (环节): which end belongs to which start, who took over, and what is found of them."""

from __future__ import annotations

from itertools import permutations

import pytest

from streams.engine.records import responsible
from tests.support.cases import assessed, at, clock, days, event, rules, shown

LAW = rules({"step": days(2)})
ACCEPTED = event("accepted", "2026-03-02 10:00:00")


def began(when, officer=None, sequence=None, step="审查"):
    return event("step_started", when, step=step, officer=officer, sequence=sequence)


def ended(when, officer=None, sequence=None, step="审查"):
    return event("step_finished", when, step=step, officer=officer, sequence=sequence)


def passes(case):
    return [
        (
            c.clock_id,
            shown(c.counting.start)[5:16],
            None if c.stopped_at is None else shown(c.stopped_at)[5:16],
        )
        for c in case.clocks
        if c.step
    ]


def found(case):
    return [(str(f.code), shown(f.record.at)[5:16], str(f.level)) for f in case.findings]


class TestNotInTheFlow:
    """Nothing goes unwatched in silence: also not a step under a code that nobody listed."""

    @staticmethod
    def law(clocks):
        return rules(clocks, flow=[{"code": "审查", "name": "审查", "limit": days(2)}])

    def test_it_is_told_once_where_no_limit_holds_for_it(self):
        case = assessed(
            self.law({}),
            ACCEPTED,
            began("2026-03-02 10:05:00", step="审查2"),
            ended("2026-03-03 10:05:00", step="审查2"),
            began("2026-03-04 10:05:00", step="审查2"),
            began("2026-03-05 10:05:00"),
        )
        assert found(case) == [("step_not_in_flow", "03-02 10:05", "none")]
        assert passes(case) == [("step:审查:1", "03-05 10:05", None)]

    def test_nothing_is_told_where_it_has_a_clock_or_no_flow_is_known(self):
        other = began("2026-03-02 10:05:00", step="审查2")
        assert found(assessed(self.law({"step": days(1)}), ACCEPTED, other)) == []
        assert found(assessed(rules({}), ACCEPTED, other)) == []


def test_passes_are_in_order_of_their_starts_whatever_step_they_are_of():
    first, second = began("2026-03-02 10:05:00", step="b"), began("2026-03-02 11:05:00", step="a")
    over, third = ended("2026-03-02 10:30:00", step="b"), began("2026-03-02 12:05:00", step="b")
    case = assessed(LAW, ACCEPTED, first, over, second, third)
    assert [run.started.step for run in case.ledger.steps] == ["b", "a", "b"]


def test_a_step_that_nobody_ended_runs_to_the_decision_that_counts():
    """The first was false: a mandatory step was finished after it."""
    flow = [
        {"code": "审查", "name": "审查", "mandatory": True},
        {"code": "决定", "name": "决定", "mandatory": True},
    ]
    law = rules({"promised": days(7), "step": days(5)}, flow=flow)
    case = assessed(
        law,
        ACCEPTED,
        began("2026-03-02 10:05:00", "o1"),
        began("2026-03-02 11:05:00", "o1", step="决定"),
        began("2026-03-04 11:05:00", "o2", step="决定"),  # handed over before that decision
        event("decided", "2026-03-03 10:00:00", outcome="granted"),
        ended("2026-03-04 10:00:00", "o1"),
        event("decided", "2026-03-06 10:00:00", outcome="granted"),
    )
    assert case.ledger.decided.at == at("2026-03-06 10:00:00")
    assert clock(case, "step:决定:1").stopped_at == at("2026-03-06 10:00:00")
    assert [run.started.step for run in case.ledger.steps] == ["审查", "决定"]


def test_an_end_without_a_start_is_not_reversed_by_the_start_of_another_number():
    case = assessed(LAW, ACCEPTED, ended("2026-03-02 11:00:00", sequence=1),
                    began("2026-03-03 10:05:00", sequence=2))  # fmt: skip
    assert ("step_not_started", "03-02 11:00", "none") in found(case)
    case = assessed(LAW, ACCEPTED, ended("2026-03-02 11:00:00", sequence=1),
                    began("2026-03-03 10:05:00", sequence=1))  # fmt: skip
    assert "times_reversed" in {code for code, *_ in found(case)}


class TestPairs:
    """Kind “a step's end closes another's start”: e E1, d D7."""

    def test_by_sequence_and_what_is_left_was_handed_over(self):
        """E1: one pass from the first start; two days from 03-02 end on 03-04: over."""
        case = assessed(
            LAW,
            ACCEPTED,
            began("2026-03-02 10:05:00", "o1", 1),
            began("2026-03-05 10:05:00", "o2", 2),
            ended("2026-03-05 16:05:00", "o2", 2),
        )
        assert passes(case) == [("step:审查:1", "03-02 10:05", "03-05 16:05")]
        assert shown(clock(case, "step:审查:1").due_at) == "2026-03-04 23:59:59"
        assert found(case) == [("step_handed_over", "03-05 10:05", "none")]

    def test_by_officer(self):
        """D7."""
        case = assessed(
            LAW,
            ACCEPTED,
            began("2026-03-02 10:05:00", "o1"),
            began("2026-03-03 10:05:00", "o2"),
            ended("2026-03-03 16:05:00", "o2"),
        )
        assert passes(case) == [("step:审查:1", "03-02 10:05", "03-03 16:05")]
        assert found(case) == [("step_handed_over", "03-03 10:05", "none")]

    def test_each_officer_ends_their_own(self):
        """a S5."""
        case = assessed(
            LAW,
            ACCEPTED,
            began("2026-03-02 10:05:00", "o1"),
            ended("2026-03-04 10:05:00", "o1"),
            began("2026-03-05 10:05:00", "o2"),
            began("2026-03-06 10:05:00", "o3"),
            ended("2026-03-10 10:05:00", "o2"),
        )
        assert passes(case) == [
            ("step:审查:1", "03-02 10:05", "03-04 10:05"),
            ("step:审查:2", "03-05 10:05", "03-10 10:05"),
            ("step:审查:3", "03-06 10:05", None),
        ]
        assert found(case) == []

    def test_the_sequence_goes_before_the_officer(self):
        case = assessed(
            LAW,
            ACCEPTED,
            began("2026-03-02 10:05:00", "o1", 1),
            began("2026-03-02 11:05:00", "o2", 2),
            ended("2026-03-03 10:05:00", "o2", 1),
            ended("2026-03-04 10:05:00", "o1", 2),
        )
        assert passes(case) == [
            ("step:审查:1", "03-02 10:05", "03-03 10:05"),
            ("step:审查:2", "03-02 11:05", "03-04 10:05"),
        ]

    def test_two_different_sequences_never(self):
        case = assessed(
            LAW,
            ACCEPTED,
            began("2026-03-02 10:05:00", "o1", 1),
            ended("2026-03-03 10:05:00", "o1", 2),
        )
        assert passes(case) == [("step:审查:1", "03-02 10:05", None)]
        assert ("step_not_started", "03-03 10:05", "none") in found(case)

    def test_where_only_one_has_a_sequence_the_officer_tells(self):
        case = assessed(
            LAW, ACCEPTED, began("2026-03-02 10:05:00", "o1", 1), ended("2026-03-03 10:05:00", "o1")
        )
        assert passes(case) == [("step:审查:1", "03-02 10:05", "03-03 10:05")]

    def test_of_one_officers_starts_an_end_takes_the_latest_at_or_before_it(self):
        case = assessed(
            LAW,
            ACCEPTED,
            began("2026-03-02 10:05:00", "o1"),
            began("2026-03-04 10:05:00", "o1"),
            ended("2026-03-04 10:05:00", "o1"),
            began("2026-03-09 10:05:00", "o1"),
        )
        assert passes(case) == [
            ("step:审查:1", "03-02 10:05", "03-04 10:05"),
            ("step:审查:2", "03-09 10:05", None),
        ]

    def test_an_end_of_somebody_else_is_taken_in_order(self):
        case = assessed(
            LAW, ACCEPTED, began("2026-03-02 10:05:00", "o1"), ended("2026-03-03 10:05:00", "o9")
        )
        assert passes(case) == [("step:审查:1", "03-02 10:05", "03-03 10:05")]
        assert found(case) == []


class TestHandedOver:
    CHAIN = (
        began("2026-03-02 10:00:00", "o1"),
        began("2026-03-03 10:00:00", "o2"),
        began("2026-03-04 10:00:00", "o3"),
    )

    def test_the_later_officer_is_responsible_since(self):
        case = assessed(LAW, ACCEPTED, *self.CHAIN)
        only = clock(case, "step:审查:1")
        told = [
            responsible(only, case, at(when))
            for when in ("2026-03-02 12:00:00", "2026-03-03 10:00:00", "2026-03-09 10:00:00")
        ]
        assert told == ["o1", "o2", "o3"]

    def test_what_has_ended_stays_with_who_had_it_then(self):
        end = ended("2026-03-03 16:00:00", "o2")
        case = assessed(LAW, ACCEPTED, *self.CHAIN[:2], end)
        assert responsible(clock(case, "step:审查:1"), case, at("2026-04-01")) == "o2"

    def test_not_after_the_end_of_the_round(self):
        finished = event("finished", "2026-03-03 09:00:00")
        case = assessed(LAW, ACCEPTED, *self.CHAIN[:2], finished)
        assert [p[0] for p in passes(case)] == ["step:审查:1", "step:审查:2"]

    def test_not_from_one_round_to_the_next(self):
        case = assessed(
            LAW,
            ACCEPTED,
            self.CHAIN[0],
            event("decided", "2026-03-02 16:00:00", outcome="returned"),
            event("accepted", "2026-03-03 09:00:00"),
            self.CHAIN[1],
        )
        assert [name.rpartition("/")[2] for name, *_ in passes(case)] == [
            "step:审查:1",
            "step:审查:1",
        ]
        assert "step_handed_over" not in [code for code, *_ in found(case)]

    @pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
    def test_in_any_order(self, order):
        events = [*self.CHAIN, ended("2026-03-05 10:00:00", "o2")]
        case = assessed(LAW, ACCEPTED, *(events[n] for n in order))
        # o2 ends its own start; o1's is handed over to it; o3's is open
        assert passes(case) == [
            ("step:审查:1", "03-02 10:00", "03-05 10:00"),
            ("step:审查:2", "03-04 10:00", None),
        ]
