"""Explanations of random cases: without a gap, adding up to the figure shown, told in two forms."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random

import pytest

from schemas.codes import Unit
from streams.engine.counting import DAY, DayCount, SpotCount, TimeCount
from streams.engine.explanation import explain_case
from streams.engine.telling import tell
from streams.engine.telling_json import as_json
from tests.support.cases import days, rules
from tests.support.random_cases import LAWS, corrected, random_case

CASES = 40
KINDS = {
    **LAWS,
    "on the spot": rules({"promised": {"unit": "on_the_spot"}}),
    "elapsed, untold": rules(
        {"promised": days(4), "statutory": days(9)},
        mode="elapsed",
        suspension_requires=[],
        extension_requires=[],
    ),
    "minutes": rules({"promised": {"amount": 90, "unit": "working_minute"}}),
    "minutes on the clock": rules({"promised": {"amount": 500, "unit": "minute"}}),
    "to the moment": rules(
        {"promised": {"amount": 9, "unit": "natural_day", "keep_clock_time": True, "roll": "none"}}
    ),
}


def explained(name):
    """Random cases of a law, each at a moment after one of its records."""
    random = Random(name)  # a seed: a failure comes again
    for number in range(CASES):
        events = random_case(random, "c")
        if random.random() < 0.3:
            events.append(corrected(random.choice(events), random))
        after = random.choice(events).occurred_at.timestamp()
        found = explain_case("c", events, KINDS[name], int(after) + random.randrange(20 * DAY))
        if found is not None:
            yield number, events, found


@pytest.mark.parametrize("name", KINDS)
def test_the_intervals_have_no_gap_and_add_up(name):
    clocks = 0
    for number, _, found in explained(name):
        for clock in found.clocks:
            clocks += 1
            where = (name, number, clock.clock.clock_id)
            _follow_each_other(clock, found.as_of, where)
            _add_up(clock, where)
    assert clocks > CASES // 2


def _follow_each_other(clock, as_of, where):
    counting = clock.clock.counting
    if not isinstance(counting, DayCount | TimeCount):
        assert (clock.to_due, clock.used) == ((), ()), where
        return
    begin = counting.calendar.face(counting.start)
    if clock.measure == "day":
        begin -= begin % DAY
    until = max(clock.clock.until(as_of), counting.start)
    for intervals, to in ((clock.to_due, clock.clock.due_at), (clock.used, until)):
        end = counting.calendar.face(to)
        if clock.measure == "day":
            end += DAY - end % DAY
        if intervals:
            assert (intervals[0].begin, intervals[-1].end) == (begin, end), where
        else:
            assert begin == end, where
        for one, following in pairwise(intervals):
            assert one.end == following.begin, where
        assert all(i.end > i.begin and i.counted >= bool(i.amount) for i in intervals), where


def _add_up(clock, where):
    counting, limit = clock.clock.counting, clock.clock.limit
    for intervals, total in (
        (clock.to_due, clock.total_to_due),
        (clock.used, clock.total_used),
    ):
        assert sum(i.amount for i in intervals if i.counted) == total, where
    extra = 0 if clock.clock.extension is None else clock.clock.extension.amount
    if isinstance(counting, TimeCount):
        lengths = {Unit.WORKING_DAY: counting.calendar.standard_day}
        lengths |= {Unit.WORKING_MINUTE: 60, Unit.MINUTE: 60}
        assert clock.total_to_due == (limit.amount + extra) * lengths.get(limit.unit, 3600), where
    elif isinstance(counting, DayCount) and not isinstance(counting, SpotCount):
        if limit.unit is not Unit.MONTH:
            assert clock.total_to_due == limit.amount + extra, where
        else:
            assert 28 * limit.amount <= clock.total_to_due <= 31 * (limit.amount + extra), where
    if clock.overdue and clock.to_due:
        assert clock.total_used >= clock.total_to_due, where


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"stated"}))
def test_what_is_due_is_used_up_at_the_due_moment(name):
    """Asked at its due moment, a clock that still runs has used its limit up, and is in time."""
    compared = 0
    for number, events, found in explained(name):
        for clock in found.clocks:
            then = explain_case("c", events, KINDS[name], clock.clock.due_at)
            for same in then.clocks if then else ():
                there = same.clock
                alike = (there.clock_id, there.due_at) == (clock.clock.clock_id, clock.clock.due_at)
                if alike and same.stopped_at is None and same.to_due:
                    compared += 1
                    assert same.total_used == same.total_to_due, (name, number)
                    assert not same.overdue, (name, number)
    assert compared > 3


@pytest.mark.parametrize("name", KINDS)
def test_text_and_json_say_the_same(name):
    for number, _, found in explained(name):
        told = json.loads(json.dumps(as_json(found)))
        for language in ("zh", "en"):
            lines = tell(found, language).splitlines()
            text = "\n".join(lines)
            assert len(told["clocks"]) == sum(line.startswith("■ ") for line in lines)
            for clock, explanation in zip(told["clocks"], found.clocks, strict=True):
                where = (name, number, clock["clock"], language)
                assert clock["due_at"][:19].replace("T", " ") in text, where
                for each in (*clock["moved_by"], *clock["refused"], *clock["reached"]):
                    said = each.get("words") or each["why"]
                    assert said[language] in text, where
                weekly = isinstance(explanation.clock.counting, TimeCount)  # told by weeks
                for interval in () if weekly else clock["to_due"]:
                    assert interval["reason"][language] in text, where
                if clock["to_due"]:
                    total = explanation.figure(clock["total_used"]).said(language)
                    assert any(line.endswith(f": {total}") for line in lines), where
            for finding in told["findings"]:
                assert finding["words"][language] in text, (name, number)
            assert "%" not in text
