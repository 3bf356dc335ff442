"""How far an input was judged, when the state is made again: what is unread is the engine's."""

from __future__ import annotations

import pytest

from schemas.verdicts import encode
from streams.engine.state import FORMAT
from streams.reaches import Reach
from streams.rebuild_kafka import _Read
from streams.rebuilding import RULINGS, STEPS, TICKS
from streams.runtime.inputs import InputPosition
from streams.runtime.logic import PARTITION_KEY, PartitionState
from streams.runtime.positions import Partition
from streams.state_layout import Kept


def kept(topic, position):
    found = Kept()
    if position is not None:
        own = PartitionState(FORMAT, 0, {topic: InputPosition(*position)})
        found.restore(PARTITION_KEY, encode(own))
    return found


def judged(topic, position, committed, *, topics_only=False):
    """Where reading goes on in a topic that holds 10 to 99."""
    place = Partition(topic, 0)
    read = _Read({place: Reach(10, 100, "id", committed=committed)})
    read.judge(place, kept(topic, position), topics_only=topics_only)
    return read.judged[place]


@pytest.mark.parametrize(
    ("position", "committed", "following"),
    [
        (("id", 60), 60, 60),  # a state that is whole
        (("id", 60), None, 60),
        (("id", 40), 60, 60),  # an older state: what it lacks was judged and told
        (("id", 60), 55, 60),  # the commit may lag
        (None, 60, 60),  # a lost state
        (None, None, 100),  # nothing tells: all of it is taken for judged
        (("other", 60), None, 10),  # the topic was made anew, and nobody has read it
        (("other", 60), 20, 20),
        (("id", 5), None, 10),  # what was deleted cannot be read
        (("id", 500), None, 100),  # the topic is an older copy
        ((None, 60), None, 60),
    ],
)
@pytest.mark.parametrize("topic", [STEPS, RULINGS])
def test_events_are_read_on_after_the_last_that_was_judged(topic, position, committed, following):
    assert judged(topic, position, committed) == following


@pytest.mark.parametrize(
    ("position", "committed", "topics_only", "following"),
    [
        (("id", 40), 60, False, 40),  # a change of the law may be what the older state lacks
        (("id", 40), 60, True, 60),
        (None, 60, False, 60),  # one may wait behind it
        (("other", 40), None, False, 10),
    ],
)
def test_ticks_are_read_on_from_the_state_that_counts(position, committed, topics_only, following):
    assert judged(TICKS, position, committed, topics_only=topics_only) == following
