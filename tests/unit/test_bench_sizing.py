"""docs/scaling.md shows what its inputs give, and what the simulation finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streams.runtime.placing import partition_of
from tests.bench import partitions, sizing
from tests.bench.sizing import PAGE, Size, rewritten
from tests.bench.sizing_inputs import CITY, COUNTRY, PROVINCE
from tests.bench.volume import batch_bytes

ROOT = Path(__file__).parents[2]
SHOWN = (ROOT / PAGE).read_text("utf-8")


@pytest.mark.parametrize("mark", sizing.tables())
def test_the_page_shows_what_its_inputs_give(mark):
    assert rewritten(SHOWN, mark, sizing.tables()[mark]) == SHOWN


@pytest.mark.long
def test_the_page_shows_what_the_simulation_finds():
    assert rewritten(SHOWN, "partitions", partitions.table()) == SHOWN


def test_a_page_without_its_marks_is_not_rewritten():
    with pytest.raises(ValueError, match="no marks for sizing"):
        rewritten("# Scaling", "sizing", "table")


def test_the_steps_of_the_province_are_those_of_the_page():
    size = Size(PROVINCE)
    assert PROVINCE.busy_hour == pytest.approx(192_000)
    assert PROVINCE.busy_hour / 3600 == pytest.approx(53.3, abs=0.1)
    assert size.event_cores == pytest.approx(0.1, abs=0.01)
    assert size.memory == pytest.approx(5.5e9, rel=0.01)
    assert size.disk == pytest.approx(119e9, rel=0.01)
    assert (size.for_start, size.workers) == (7, 8)


@pytest.mark.parametrize("place", [CITY, PROVINCE, COUNTRY])
def test_each_place_has_a_partition_for_each_worker(place):
    assert Size(place).workers <= place.partitions


def test_twice_the_cases_take_twice_the_memory_and_break_twice_as_soon():
    one, two = Size(PROVINCE), Size(replace(PROVINCE, cases_a_year=40e6))
    assert two.memory == 2 * one.memory
    years = [
        next(y for y, what in s.breaks() if what == "the notifier's start") for s in (one, two)
    ]
    assert years[0] == pytest.approx(2 * years[1])


def test_a_number_of_more_partitions_is_placed_as_the_engine_places_it():
    for number in partitions.case_numbers(CITY, 200):
        for of in partitions.NUMBERS:
            assert partition_of(number, partitions.HASHES) % of == partition_of(number, of)


def test_24_partitions_carry_a_province_whose_one_county_is_ten_times_the_others():
    (load,) = (each for each in partitions.loads(PROVINCE) if each.partitions == 24)
    assert load.cases < 1.1
    assert load.county < 1.2
    assert load.share < 0.01


def test_a_batch_is_smaller_than_its_records_alone():
    records = [(b"k%d" % n, b'{"same": "every time"}' * 9) for n in range(50)]
    assert batch_bytes(records) < sum(batch_bytes([record]) for record in records) / 5
