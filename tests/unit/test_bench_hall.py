from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from statistics import mean

import pytest

from schemas import topics
from schemas.decoding import decode_event
from schemas.ticks import Tick
from schemas.verdicts import decode
from streams.runtime.placing import partition_of
from tests.bench.hall import make_log
from tests.bench.task import LIMITS
from tests.support.cases import rules
from tests.support.partition import Partition

EVENTS, PARTITIONS = 3000, 4


@pytest.fixture(scope="module")
def log():
    return make_log(EVENTS, PARTITIONS)


@pytest.fixture(scope="module")
def values(log):
    return [event.value for own in log.steps for event in own]


def test_a_seed_makes_the_same_log_and_another_seed_another(log):
    assert make_log(EVENTS, PARTITIONS) == log
    assert make_log(EVENTS, PARTITIONS, seed=1) != log


def test_it_holds_as_many_events_as_asked_each_in_its_cases_partition(log):
    assert sum(map(len, log.steps)) == EVENTS
    for partition, own in enumerate(log.steps):
        assert {partition_of(event.case_no, PARTITIONS) for event in own} == {partition}
        assert [event.at for event in own] == sorted(event.at for event in own)
    assert log.records == EVENTS + sum(map(len, log.ticks))


def test_every_event_is_one_that_a_hall_sends_and_of_a_realistic_size(values):
    assert 350 <= mean(map(len, values)) <= 450
    for value in values:
        assert decode_event(value).region
    assert any("食品经营许可证核发".encode() in value for value in values)


def test_a_case_has_five_or_six_events_and_many_are_interleaved(values):
    numbers = [json.loads(value)["case_no"] for value in values]
    sizes = Counter(Counter(numbers).values())
    assert max(sizes) == 6
    assert sizes[5] + sizes[6] > 0.75 * sizes.total()
    neighbours = sum(a == b for a, b in pairwise(numbers))
    assert neighbours < 0.1 * len(numbers)


def test_each_tick_names_the_events_up_to_its_moment_and_the_last_one_all(log):
    for own, ticks in zip(log.steps, log.ticks, strict=True):
        for raw in ticks:
            tick = decode(raw, Tick)
            barrier = tick.barriers[topics.STEPS.name]
            assert all(event.at <= tick.now for event in own[:barrier])
            assert all(event.at > tick.now for event in own[barrier:])
        assert decode(ticks[-1], Tick).barriers == {topics.STEPS.name: len(own)}


def test_the_log_makes_cards_of_every_level_and_nothing_is_refused(log):
    partition = Partition(rules(LIMITS), partitions=PARTITIONS, ticks_from="replay")
    partition.logic.apply(
        partition.chunk(
            topics.STEPS.name,
            [event.value for event in log.steps[0]],
            keys=[event.case_no.encode() for event in log.steps[0]],
        )
    )
    partition.logic.apply(partition.chunk(topics.TICKS.name, log.ticks[0]))
    partition.take()
    seen = partition.metrics.seen
    assert all(seen["issued", level] for level in ("notice", "yellow", "red"))
    assert {what for what, *_ in seen} == {"accepted", "issued"}
