"""Linear bookkeeping: what is delivered, what is believed to be a hole, what may be committed."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from streams.runtime.ports import Fatal
from streams.runtime.positions import Hole, Partition, Positions

TP = Partition("steps", 3)


def records(*offsets):
    return [
        SimpleNamespace(
            offset=o, key=b"k%d" % o, value=b"v%d" % o, timestamp=1000 + o, headers=(("h", b"1"),)
        )
        for o in offsets
    ]


def started(at=10, chunk_records=100):
    positions = Positions(chunk_records)
    positions.begin({TP: at})
    return positions


def fetch(positions, found, position, began=None):
    """Admit a fetch that began where the next offset was expected, unless said otherwise."""
    return positions.admit(TP, positions.expected[TP] if began is None else began, found, position)


def spans(admission):
    return [(d.first, d.next, d.records) for d in admission.deliveries]


def test_a_fetch_becomes_one_delivery_that_holds_every_field_of_its_records():
    admission = fetch(started(), records(10, 11), 12)
    (delivery,) = admission.deliveries
    chunk = delivery.chunk
    assert (delivery.tp, delivery.first, delivery.next) == (TP, 10, 12)
    assert (chunk.topic, chunk.partition, chunk.offsets) == ("steps", 3, [10, 11])
    assert (chunk.keys, chunk.values) == ([b"k10", b"k11"], [b"v10", b"v11"])
    assert (chunk.timestamps, chunk.headers) == ([1010, 1011], [(("h", b"1"),)] * 2)


def test_a_long_fetch_is_cut_into_chunks_that_join_without_a_gap():
    assert spans(fetch(started(chunk_records=2), records(10, 11, 12, 15, 16), 17)) == [
        (10, 12, 2),
        (12, 16, 2),
        (16, 17, 1),
    ]


def test_a_cut_before_offsets_without_a_record_belongs_to_the_chunk_before_it():
    assert spans(fetch(started(chunk_records=2), records(10, 11, 15), 16)) == [
        (10, 15, 2),
        (15, 16, 1),
    ]


def test_a_marker_after_the_last_record_of_a_fetch_belongs_to_its_span():
    assert spans(fetch(started(), records(10, 11), 13)) == [(10, 13, 2)]


def test_a_position_behind_the_records_is_not_believed():
    assert spans(fetch(started(), records(10, 11), 5)) == [(10, 12, 2)]


def test_records_delivered_before_a_seek_back_are_left_out():
    positions = started()
    fetch(positions, records(10, 11), 12)
    assert spans(fetch(positions, records(10, 11, 12), 13)) == [(12, 13, 1)]
    assert spans(fetch(positions, records(11, 12), 13)) == []


def test_nothing_fetched_and_no_move_is_nothing():
    admission = fetch(started(), [], 10)
    assert (spans(admission), admission.hole, admission.look_again) == ([], None, False)


def test_a_hole_is_looked_at_again_and_delivers_nothing_yet():
    positions = started()
    admission = fetch(positions, records(14, 15), 16)
    assert (spans(admission), admission.hole, admission.look_again) == ([], None, True)
    assert positions.expected[TP] == 10


def test_a_lost_fetch_that_comes_on_the_second_look_is_no_hole():
    positions = started()
    fetch(positions, records(14, 15), 16)
    admission = fetch(positions, records(10, 11, 12, 13, 14, 15), 16)
    assert (spans(admission), admission.hole) == ([(10, 16, 6)], None)


def test_a_hole_seen_twice_is_part_of_the_delivery_after_it():
    positions = started()
    fetch(positions, records(14), 15)
    admission = fetch(positions, records(14), 15)
    assert (spans(admission), admission.look_again) == ([(10, 15, 1)], False)
    assert admission.hole == Hole(10, 14)


def test_markers_at_the_tail_are_a_delivery_without_records_after_a_second_look():
    positions = started()
    assert fetch(positions, [], 12).look_again
    admission = fetch(positions, [], 12)
    assert (spans(admission), admission.hole) == ([(10, 12, 0)], Hole(10, 12))


def test_of_two_unequal_looks_only_what_both_show_is_believed():
    positions = started()
    fetch(positions, [], 12)
    admission = fetch(positions, records(15), 16)
    assert (spans(admission), admission.look_again) == ([(10, 12, 0)], True)
    assert admission.hole == Hole(10, 12)
    assert spans(fetch(positions, records(15), 16)) == [(12, 16, 1)]


def test_an_earlier_look_from_another_offset_confirms_nothing():
    positions = started()
    fetch(positions, [], 12)
    fetch(positions, records(10), 11)
    assert fetch(positions, [], 12).look_again


def test_acknowledged_in_order_the_next_offset_to_commit_follows():
    positions = started()
    first, second = fetch(positions, records(10, 11), 12), fetch(positions, records(12), 14)
    positions.acknowledge(first.deliveries[0])
    assert positions.acknowledged[TP] == 12
    positions.acknowledge(second.deliveries[0])
    assert positions.acknowledged[TP] == 14


def test_an_acknowledgement_out_of_order_is_fatal():
    positions = started()
    fetch(positions, records(10, 11), 12)
    second = fetch(positions, records(12), 13)
    with pytest.raises(Fatal, match=r"steps\[3\]: offsets 12 to 13 acknowledged, but 10 is next"):
        positions.acknowledge(second.deliveries[0])


def test_a_new_generation_forgets_everything():
    positions = started()
    fetch(positions, records(14), 15)
    other = Partition("steps", 4)
    positions.begin({other: 7})
    assert positions.expected == {other: 7} == positions.acknowledged
    assert positions.admit(other, 7, records(9), 10).look_again


@pytest.mark.parametrize("began", [12, None])
def test_a_fetch_that_did_not_begin_at_the_expected_offset_is_no_witness_of_a_hole(began):
    positions = started()
    for _ in range(3):
        admission = positions.admit(TP, began, records(14), 15)
        assert (spans(admission), admission.look_again) == ([], True)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_lost_on_the_way_each_record_is_delivered_once_and_in_order(seed):
    """A log with holes, read through fetches of which some get lost."""
    chance = random.Random(seed)
    log = sorted(chance.sample(range(400), 250))
    end = 400
    positions = started(at=0, chunk_records=chance.choice([1, 3, 50]))
    delivered, position, rounds = [], 0, 0
    while positions.expected[TP] < end:
        rounds += 1
        assert rounds < 5000
        began, position = position, min(end, position + chance.randint(1, 40))
        found = [o for o in log if began <= o < position]
        if chance.random() < 0.3:
            continue  # the fetch is lost: the consumer moved, nobody got the records
        admission = positions.admit(TP, began, records(*found), position)
        for delivery in admission.deliveries:
            assert delivery.first == positions.acknowledged[TP]
            positions.acknowledge(delivery)
            delivered += delivery.chunk.offsets if delivery.chunk else []
        if admission.look_again:
            position = positions.expected[TP]
    assert delivered == log
