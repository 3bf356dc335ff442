"""Which records an engine may go on without: those that are gone, and no other."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.verdicts import GapRecord, decode
from streams.engine.state import FORMAT
from streams.gaps import Gap, Refused, accepted
from streams.runtime.inputs import InputPosition, Inputs, accept_gap
from streams.runtime.logic import PARTITION_KEY, PartitionState
from streams.runtime.ports import Fatal, InputTopic
from streams.sink import tables
from streams.sink.accepted_rows import accepted_rows

STEPS, RULINGS, TICKS = (topic.name for topic in topics.INPUTS)
OWN = PartitionState(
    FORMAT, 1_700_000_000, {STEPS: InputPosition("a", 120), RULINGS: InputPosition("b", 7)}, epoch=5
)


def go_on(gap=None, own=OWN, found=None):
    gap = gap or Gap(STEPS, 3, 120, 150)
    found = found or InputTopic("a", 150, 400)
    return accepted(gap, own, found, by="w", reason="停机", wall=1_700_000_100)


def test_the_engine_reads_on_behind_the_gap_and_all_else_stays():
    batch = go_on()
    ((key, value),) = batch.state
    own = decode(value, PartitionState)
    assert key == PARTITION_KEY
    assert own.inputs == {STEPS: InputPosition("a", 150), RULINGS: InputPosition("b", 7)}
    assert (own.now, own.epoch) == (OWN.now, 5)


def test_the_gap_is_on_record():
    (told,) = go_on().outputs
    assert (told.topic, told.partition) == (topics.EVENTS.name, 3)
    record = decode(told.value, GapRecord)
    assert (record.first, record.following, record.by, record.epoch) == (120, 150, "w", 5)
    ((table, row),) = accepted_rows(told.value)
    assert table is tables.GAPS
    assert dict(zip((name for name, _ in table.columns), row, strict=True)) == {
        "topic": STEPS, "partition": 3, "first_offset": 120, "next_offset": 150,
        "at": 1_700_000_000, "accepted_at": 1_700_000_100, "by": "w", "reason": "停机", "epoch": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gap", "found", "why"),
    [
        (Gap(STEPS, 3, 100, 150), InputTopic("a", 150, 400), "FROM is 120, not 100"),
        (Gap(STEPS, 3, 120, 160), InputTopic("a", 150, 400), "TO is 150, not 160"),
        (Gap(STEPS, 3, 120, 150), InputTopic("a", 120, 400), "nothing is missing"),
        (Gap(STEPS, 3, 120, 150), InputTopic("a", 0, 120), "nothing is missing"),
        (Gap(STEPS, 3, 120, 150), InputTopic("z", 150, 400), "run `jiancha state rebuild`"),
        (Gap(TICKS, 3, 120, 150), InputTopic("c", 150, 400), "FROM is 0, not 120"),
    ],
)
def test_a_record_that_is_there_is_never_skipped(gap, found, why):
    with pytest.raises(Refused, match=why):
        go_on(gap, found=found)


def test_a_partition_without_a_state_has_no_gap():
    with pytest.raises(Refused, match="no state"):
        go_on(own=None)


def test_the_engine_says_the_very_command():
    inputs = Inputs(3)
    inputs.restore(OWN.inputs)
    with pytest.raises(Fatal) as ended:
        inputs.check(STEPS, InputTopic("a", 150, 400))
    assert accept_gap(STEPS, 3, 120, 150) == "`jiancha accept-gap hall.steps 3 120 150`"
    assert accept_gap(STEPS, 3, 120, 150) in str(ended.value)
