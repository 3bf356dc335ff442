"""A herd: more is due at one tick than is judged at once."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.codes import Level
from schemas.findings import FindingCode
from schemas.verdicts import card_id
from tests.support.cases import at, event, rules
from tests.support.partition import Partition, restarted

LAW = rules({"promised": {"stated": "promised_due_at"}})
NAMES = [f"case-{n}" for n in range(5)]
LAST = NAMES[-1]
DUE = at("2018-10-30 12:00:01")
"""The first second over the limit of every case."""
LATE = event("decided", "2018-10-18 10:00:00", case_no=LAST, outcome="granted")
"""A record that says, too late, that the last case was decided in time: it cures the card, and
an end dated back to before the due is a finding of its own, yellow (超时后更正)."""


def accepted(case_no):
    due_at = "2018-10-30T12:00:00+08:00"
    return event("accepted", "2018-10-15 10:00:00", case_no=case_no, promised_due_at=due_at)


def drained(here):
    """Take until the partition has no more to do by itself; the number of takes."""
    takes = 1
    while here.take().more:
        takes += 1
    return takes


def ticked(here, now):
    done = here.tick(now, source=here.source)
    drained(here)
    return done


def herd(size=2, source="worker"):
    """Five cases whose limits are over in the next second."""
    here = Partition(LAW, slice_cases=size, ticks_from=source)
    here.source = source
    here.feed(*map(accepted, NAMES))
    ticked(here, DUE - 2)
    ticked(here, DUE - 1)
    here.outputs.clear()
    return here


def came_again(here, size=2):
    again = restarted(here, slice_cases=size)
    again.source = here.source
    return again


def told(here):
    """Take, and give the moves of yellow cards so far, with the seconds since the herd."""
    yellow = [move for move in here.moves() if move.level is Level.YELLOW]
    return [(move.case_no, move.move, move.at - DUE) for move in yellow]


def of_last(here):
    """Give the moves of the last case; `corrected` issues the card that tells of the cure."""
    yellow = [m for m in here.moves() if m.level is Level.YELLOW and m.case_no == LAST]
    cure = f"finding:{FindingCode.CORRECTED_AFTER_BREACH}:"
    return [
        ("corrected" if m.clock_id.startswith(cure) else str(m.move), m.at - DUE) for m in yellow
    ]


def ticks_applied(here):
    return here.logic.applied(topics.TICKS.name)


ALL = [(name, "issued", 0) for name in NAMES]


@pytest.fixture
def begun():
    """A herd of which the first slice is judged, and nothing written."""
    here = herd()
    here.before = ticks_applied(here)
    assert here.tick(DUE) == []
    return here


class TestSlices:
    def test_a_tick_judges_so_many_and_each_take_so_many_more(self, begun):
        assert told(begun) == ALL[:4]
        assert told(begun) == ALL

    def test_there_is_more_to_take_until_all_are_judged(self, begun):
        assert [begun.take().more for _ in range(3)] == [True, False, False]

    def test_its_offset_is_applied_with_what_comes_after_its_last_case(self, begun):
        begun.feed(accepted("other"))
        drained(begun)
        assert ticks_applied(begun) == begun.before
        done = begun.tick(DUE + 1)
        assert [chunk.topic for chunk in done] == [topics.TICKS.name] * 2
        assert ticks_applied(begun) == begun.before + 2

    def test_the_next_tick_waits_for_it(self, begun):
        assert begun.tick(DUE + 1) == []
        drained(begun)
        assert told(begun) == ALL

    def test_a_replays_tick_judges_all_at_once(self):
        here = herd(source="replay")
        assert len(ticked(here, DUE)) == 1
        assert told(here) == ALL


class TestRecordsBetween:
    def test_one_that_comes_to_a_case_finds_it_judged(self, begun):
        begun.feed(LATE)
        drained(begun)
        ticked(begun, DUE + 1)
        assert of_last(begun) == [("issued", 0), ("corrected", 1), ("retracted", 1)]

    def test_a_ruling_finds_it_judged_too(self, begun):
        notice = card_id(LAST, "promised", Level.NOTICE, 1)
        ruling = {"ruling_id": "r", "case_no": LAST, "card_id": notice, "action": "closed"}
        ruling |= {"decided_at": "2018-10-30T12:00:01+08:00", "actor": "x", "reason": "y"}
        begun.logic.apply(begun.chunk(topics.RULINGS.name, [json.dumps(ruling).encode()]))
        drained(begun)
        ticked(begun, DUE + 1)
        moves = [(m.move, m.at - DUE) for m in begun.moves() if m.card_id == notice]
        assert moves == [("resolved", 1)]

    def test_what_a_record_makes_due_waits_for_the_next_tick(self, begun):
        begun.feed(accepted("new"))
        drained(begun)
        assert told(begun) == ALL
        ticked(begun, DUE + 1)
        assert {move for move in told(begun) if move not in ALL} == {("new", "issued", 1)}


class TestRestarts:
    def test_the_tick_comes_again_and_judges_the_rest(self, begun):
        written = told(begun)
        assert written == ALL[:4]
        again = came_again(begun)
        ticked(again, DUE)
        assert written + told(again) == ALL
        ticked(again, DUE + 1)
        assert written + told(again) == ALL

    def test_a_record_that_comes_before_the_tick_again_finds_its_case_judged_by_it(self):
        here = herd(size=1)
        here.tick(DUE)
        assert here.take().more
        again = came_again(here)
        again.feed(LATE)
        ticked(again, DUE)
        ticked(again, DUE + 1)
        assert of_last(again) == [("issued", 0), ("corrected", 1), ("retracted", 1)]

    def test_when_the_tick_is_over_the_next_one_judges_what_a_record_makes_due(self):
        here = herd()
        ticked(here, DUE)
        ticked(here, DUE + 1)
        again = came_again(here)
        again.feed(accepted("new"))
        ticked(again, DUE + 2)
        assert {move for _, move, late in told(again) if late == 2} == {"issued"}

    def test_a_rebalance_hands_the_tick_over_again(self, begun):
        begun.take()
        begun.logic.rewind()
        begun.next[topics.TICKS.name] = ticks_applied(begun)
        ticked(begun, DUE)
        ticked(begun, DUE + 1)
        assert told(begun) == ALL
        assert ticks_applied(begun) == begun.before + 2
