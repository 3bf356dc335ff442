"""A case's verdicts depend on the set of its events and on the moment, not on their order."""

from __future__ import annotations

from random import Random

import pytest

from schemas import topics
from schemas.verdicts import MoveRecord, decode
from streams.engine.state import head_of, unpack
from streams.runtime.logic import RESERVED
from tests.support.partition import Partition, restarted
from tests.support.random_cases import (
    FIRST,
    LAWS,
    contradicted,
    corrected,
    random_case,
    taken_back,
)

SLOTS = 12
DAYS_A_SLOT = 30
CASES_A_LAW = [100, pytest.param(1000, marks=pytest.mark.long)]
"""× 10 laws = 2,000 cases in each `make test`, 10,000 in `make test-long`."""


def deliveries(random: Random, cases: int):
    """Give each slot's events: most near their own time, some late, some twice, some corrected."""
    slots = [[] for _ in range(SLOTS)]
    for n in range(cases):
        events = random_case(random, f"case-{n}")
        events += [corrected(e, random) for e in events if random.random() < 0.1]
        events += [contradicted(e) for e in events if random.random() < 0.05]
        events += [taken_back(e) for e in events if random.random() < 0.03]
        for event in events:
            own = (event.occurred_at - FIRST).days // DAYS_A_SLOT
            late = random.choice((0, 0, 0, 1, 2))
            slots[max(0, min(SLOTS - 1, own + late))].append(event)
    return slots


def run(law, slots, random: Random | None):
    """Feed the slots, each followed by its tick; with a Random, shuffled and with repetitions."""
    partition = Partition(law)
    for number, slot in enumerate(slots):
        events = list(slot)
        if random is not None:
            events += random.sample(events, len(events) // 4)
            random.shuffle(events)
        half = len(events) // 2 if random is None else random.randrange(len(events) + 1)
        for part in (events[:half], events[half:]):
            if part:
                partition.feed(*part)
        ticked(partition, number)
        partition.take()
    return partition


def ticked(partition, number):
    """Tick at a slot's end; it names what came before, so that arrivals are known."""
    named = {topics.STEPS.name: partition.next[topics.STEPS.name]}
    at = int(FIRST.timestamp()) + (number + 1) * DAYS_A_SLOT * 86_400
    return partition.tick(at, barriers=named)


def kept(partition):
    """The state of every case, and every card move, as bytes."""
    state = {k: v for k, v in partition.changelog if not k.startswith(RESERVED)}
    moves = sorted(o.value for o in partition.outputs if o.topic == topics.VERDICTS.name)
    return state, moves


@pytest.mark.parametrize("cases", CASES_A_LAW)
@pytest.mark.parametrize("name", LAWS)
def test_any_order_and_any_repetition_between_two_ticks_is_byte_identical(name, cases):
    slots = deliveries(Random(name), cases)
    state, moves = kept(run(LAWS[name], slots, None))
    assert len(state) == cases
    assert moves
    known = [unpack(raw) for raw in state.values()]
    assert any(entry.arrived > 0 for each in known for entry in each.entries)
    assert any(each.corrections for each in known)
    for seed in range(2):
        assert kept(run(LAWS[name], slots, Random(seed))) == (state, moves)


@pytest.mark.parametrize("name", ["next_day", "elapsed"])
def test_a_restart_between_any_two_slots_changes_nothing(name):
    slots = deliveries(Random(name), 150)
    state, moves = kept(run(LAWS[name], slots, None))
    partition = Partition(LAWS[name])
    outputs = []
    for number, slot in enumerate(slots):
        if slot:
            partition.feed(*slot)
        ticked(partition, number)
        partition.take()
        outputs += partition.outputs
        partition = restarted(partition)
    partition.outputs = outputs
    assert kept(partition) == (state, moves)


def statements(partition):
    """What stands of each case: clock, level, since when, due when.

    Silence depends on issue, and what ticks found corrected on what they had found before.
    """
    return {
        key: {
            (card.clock_id, card.level, card.holds_from, card.due_at, card.active)
            for card in unpack(value).cards
            if card.standing and not card.rule.endswith(("/silent", "/corrected_after_breach"))
        }
        for key, value in dict(partition.changelog).items()
        if not key.startswith(RESERVED)
    }


@pytest.mark.parametrize("name", LAWS)
def test_judging_on_the_way_equals_judging_from_scratch_after_every_prefix(name):
    slots = deliveries(Random(name), 40)
    on_the_way = Partition(LAWS[name])
    for number, slot in enumerate(slots):
        now = int(FIRST.timestamp()) + (number + 1) * DAYS_A_SLOT * 86_400
        for event in slot:
            on_the_way.feed(event)
        on_the_way.tick(now)
        on_the_way.take()
        scratch = Partition(LAWS[name])
        scratch.feed(*[event for earlier in slots[: number + 1] for event in earlier])
        scratch.tick(now)
        scratch.take()
        assert statements(on_the_way) == statements(scratch)


def test_the_index_equals_a_scan_and_no_card_is_declared_before_it_held():
    partition = run(LAWS["elapsed"], deliveries(Random(5), 300), None)
    _, moves = kept(partition)
    for raw in moves:
        move = decode(raw, MoveRecord)
        if move.move == "issued":
            assert move.holds_from <= move.at
    index = dict(partition.logic._cases._deadlines.items())
    scanned = {
        key.decode(): head_of(value).deadline
        for key, value in dict(partition.changelog).items()
        if not key.startswith(RESERVED) and head_of(value).deadline < 1 << 62
    }
    assert index == scanned


def test_each_level_has_at_most_one_standing_card():
    state, moves = kept(run(LAWS["next_day"], deliveries(Random(6), 300), Random(1)))
    standing = {}
    for raw in moves:
        move = decode(raw, MoveRecord)
        key = (move.case_no, move.clock_id, move.level)
        standing.setdefault(key, {})[move.card_id, move.move_no] = move
    for key, found in standing.items():
        last = {}
        for (card, _), move in sorted(found.items()):
            last[card] = move
        assert sum(m.move != "retracted" for m in last.values()) <= 1, key
    assert all(unpack(v).revision > 0 for v in state.values())
