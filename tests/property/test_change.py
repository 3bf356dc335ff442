"""A change of calendar in the middle of a log, against a partition that had it from the start.

Both must say the same, at the end, of every clock that ran when the change came: cards that were
issued before it and retracted are the history, and no difference. What a silence leads to depends
on when its card was issued, so that is left out.
"""

from __future__ import annotations

from random import Random

import pytest

from streams.engine.case import assess
from streams.engine.state import head_of, unpack
from streams.runtime.logic import RESERVED
from tests.property.test_partition import DAYS_A_SLOT, SLOTS, deliveries
from tests.support.changing import change, decreed, reported, send, settle, with_calendar
from tests.support.partition import Partition, restarted
from tests.support.random_cases import FIRST, LAWS

OTHER_DAYS = (
    ("2024-04-10", "2024-05-21", "2024-06-17", "2024-06-18", "2024-07-15", "2024-08-30"),
    ("2024-04-13", "2024-05-25", "2024-06-15", "2024-07-20", "2024-09-08"),
)
"""Days off and days worked that the calendar has until it is corrected."""

MOVED = ("next_day", "elapsed", "permit")
"""Laws of which some case is moved for certain."""


def moment(slot):
    return int(FIRST.timestamp()) + slot * DAYS_A_SLOT * 86_400


def before_and_after(name):
    """The law with some days otherwise, and as it is."""
    law = LAWS[name]
    cn = law.catalogue.calendars["cn"]
    return with_calendar(law, decreed(cn, *OTHER_DAYS, year=2024)), law


def run(partition, slots, first, last):
    for number in range(first, last):
        if slots[number]:
            partition.feed(*slots[number])
        partition.tick(moment(number + 1))
        settle(partition)


def states(partition):
    kept = {k.decode(): v for k, v in partition.changelog if not k.startswith(RESERVED)}
    return {case: unpack(packed) for case, packed in kept.items()}


def cards(state, clocks):
    """What stands on some clocks, and what each card says."""
    return {
        (card.clock_id, card.level, card.holds_from, card.due_at, card.active)
        for card in state.cards
        if card.standing and card.clock_id in clocks and not card.rule.endswith("/silent")
    }


@pytest.mark.parametrize("cases", [80, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", LAWS)
def test_what_still_runs_ends_as_if_the_calendar_had_always_been_so(name, cases):
    random = Random(name)
    old, new = before_and_after(name)
    slots = deliveries(random, cases)
    always = Partition(new)
    run(always, slots, 0, SLOTS)
    expected = states(always)
    for slot in (4, 6):
        here = Partition(old, slice_cases=7)
        run(here, slots, 0, slot)
        running = {
            case: {s.clock_id for s in assess(state.entries, new).subjects if s.running}
            for case, state in states(here).items()
        }
        send(here, change(new.catalogue.calendars["cn"]))
        for _ in range(random.randrange(12)):  # live records come between the slices
            here.take()
        feed_and_tick(here, slots, slot, random)
        settle(here)
        run(here, slots, slot + 1, SLOTS)
        found = states(here)
        for case, clocks in running.items():
            assert cards(found[case], clocks) == cards(expected[case], clocks), case
            assert found[case].entries == expected[case].entries
        assert reported(here)[2][0].changed > 0 or name not in MOVED


def feed_and_tick(partition, slots, slot, random):
    events = list(slots[slot])
    while events:
        some = random.randrange(1, 40)
        partition.feed(*events[:some])
        partition.take()
        del events[:some]
    partition.tick(moment(slot + 1))


@pytest.mark.parametrize("name", ["next_day", "permit"])
def test_a_restart_between_any_two_slices_changes_nothing(name):
    old, new = before_and_after(name)
    slots = deliveries(Random(name), 150)
    whole, cut = Partition(old, slice_cases=5), Partition(old, slice_cases=5)
    for partition in (whole, cut):
        run(partition, slots, 0, 5)
        send(partition, change(new.catalogue.calendars["cn"]))
    settle(whole)
    more = True
    while more:
        cut.take()
        more = cut.take().more
        outputs = cut.outputs
        cut = restarted(cut, slice_cases=5)
        cut.outputs = outputs
    assert reported(cut)[1:] == reported(whole)[1:]
    assert states(cut) == states(whole)
    for partition in (whole, cut):
        run(partition, slots, 5, 7)
    assert states(cut) == states(whole)


def running(case):
    return {(s.clock_id, s.due_at, tuple(s.levels)) for s in case.clocks if s.running}


@pytest.mark.parametrize("name", ["next_day", "elapsed", "permit", "natural"])
def test_what_the_change_cannot_concern_would_be_judged_the_same(name):
    """The horizon leaves out no case that differs."""
    old, new = before_and_after(name)
    slots = deliveries(Random(name), 200)
    here = Partition(old)
    run(here, slots, 0, 4)
    packed = {k.decode(): v for k, v in here.changelog if not k.startswith(RESERVED)}
    first = 19_823  # 2024-04-10
    left_out = 0
    for raw in packed.values():
        if head_of(raw).horizon >= first:
            continue
        left_out += 1
        entries = unpack(raw).entries
        assert running(assess(entries, old)) == running(assess(entries, new))
    assert left_out > 20
