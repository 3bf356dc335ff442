"""A tick that judges in slices says what one says that judges all at once.

Random cases of each law: between the slices the next events come in, and restarts, after which the
tick comes again, before or after the events that follow it.
"""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from schemas import topics
from schemas.verdicts import MoveRecord, decode
from streams.engine.state import unpack
from streams.runtime.logic import RESERVED
from tests.property.test_cold import moment
from tests.property.test_partition import deliveries
from tests.support.partition import Partition, restarted
from tests.support.random_cases import LAWS

CASES = [100, pytest.param(500, marks=pytest.mark.long)]
SLICE = 3


def whole(law, slots):
    """Each slot's events, and then its tick."""
    here = Partition(law)
    for number, slot in enumerate(slots):
        for events in parted(slot, Random(number)):
            here.feed(*events)
        here.tick(moment(number))
        here.take()
    return told(here)


def sliced(law, slots, random):
    """The same in slices; and how often events came between two of them, and restarts."""
    here, between, restarts = Partition(law, slice_cases=SLICE), 0, 0
    for number, slot in enumerate(slots):
        owed = False
        for events in parted(slot, Random(number)):
            here.feed(*events)
            between += here.take().more
            if random.random() < 0.2:
                outputs, here = here.outputs, restarted(here, slice_cases=SLICE)
                here.outputs = outputs
                owed = here.next[topics.TICKS.name] < number
                restarts += owed
            if owed and random.random() < 0.5:
                here.tick(moment(number - 1))
                owed = False
        if owed:
            here.tick(moment(number - 1))
        drain(here)
        here.tick(moment(number))
    drain(here)
    return told(here), between, restarts


def drain(here):
    while here.take().more:
        pass


def parted(slot, random):
    """A slot's events in some parts, none of them empty."""
    parts = []
    rest = list(slot)
    while rest:
        size = random.randrange(1, 40)
        parts.append(rest[:size])
        rest = rest[size:]
    return parts


def told(here):
    """Each case's moves in order, and its state at the end; how often it was written apart."""
    moves: dict[str, list[MoveRecord]] = {}
    for output in here.outputs:
        if output.topic == topics.VERDICTS.name:
            move = decode(output.value, MoveRecord)
            moves.setdefault(move.case_no, []).append(msgspec.structs.replace(move, revision=0))
    states = {
        key: msgspec.structs.replace(unpack(value), revision=0)
        for key, value in dict(here.changelog).items()
        if not key.startswith(RESERVED)
    }
    return moves, states


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("name", LAWS)
def test_slices_say_what_one_judgement_says(name, cases):
    slots = deliveries(Random(name), cases)
    moves, states = whole(LAWS[name], slots)
    (sliced_moves, sliced_states), between, restarts = sliced(LAWS[name], slots, Random(name))
    assert sliced_moves == moves
    assert sliced_states == states
    assert between > 5
    assert restarts > 1
    assert len(moves) > cases / 4
