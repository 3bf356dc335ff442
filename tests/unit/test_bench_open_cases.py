"""The bench of many open cases: its moments, its states, and what it takes for wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.bench.live import percentile
from tests.bench.open_cases import MARKS, options, table
from tests.bench.open_rows import Row
from tests.bench.open_seen import wrong_cards, wrong_events
from tests.bench.open_states import DAY, far_moments, law_in, spread, states
from tests.bench.table import PAGE
from tests.support.cases import at
from tests.support.partition import Partition

NOW = at("2026-11-21 15:00:00")  # a Saturday: a stated limit ends on any day
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def law(tmp_path_factory):
    return law_in(tmp_path_factory.mktemp("bench") / "catalogue")


@pytest.fixture(scope="module")
def restored(law):
    """Two cases due in the same second and one far ahead, ten seconds before the first is due."""
    made = states(law, NOW, [NOW + 10, NOW + 40 * DAY])
    names = {b"a": NOW + 10, b"b": NOW + 10, b"far": NOW + 40 * DAY}
    return Partition(law, changelog=[(name, made[due]) for name, due in names.items()])


@pytest.fixture(scope="module")
def moves(restored):
    restored.tick(NOW + 10)
    early = restored.moves()
    restored.tick(NOW + 11)
    return early, restored.moves()


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 51), (99, 100)])
def test_so_many_percent_lie_below_a_percentile(percent, value):
    assert percentile(range(100, 0, -1), percent) == value


def test_one_value_is_every_percentile():
    assert [percentile([7.0], percent) for percent in (0, 50, 99)] == [7.0] * 3


def test_due_moments_are_spread_evenly_over_seconds():
    assert spread(10, 3, 2) == [10, 10, 11, 11, 12, 12]


def test_far_moments_differ_and_come_in_a_month_or_two():
    found = far_moments(NOW, 100)
    assert len(set(found)) == 100
    assert NOW + 30 * DAY <= min(found) <= max(found) < NOW + 60 * DAY


def test_cases_that_are_due_get_their_card_in_the_second_after(moves):
    early, found = moves
    assert early == []
    assert [(m.case_no, m.holds_from, m.at) for m in found] == [
        ("a", NOW + 11, NOW + 11),
        ("b", NOW + 11, NOW + 11),
    ]


def test_a_case_that_something_else_comes_over_is_no_case_for_the_bench(law):
    monday = NOW + 2 * DAY  # near its end from Tuesday on
    with pytest.raises(ValueError, match="comes at"):
        states(law, monday, [monday + DAY + 3600])


@pytest.mark.parametrize(
    ("due", "says"),
    [
        ({}, []),
        ({"c": NOW}, ["1 cards did not come, e.g. of c"]),
        ({"b": None}, ["1 moves were not expected, e.g. of b"]),
        ({"b": NOW + 9}, ["1 moves were not expected, e.g. of b"]),
    ],
)
def test_cards_that_do_not_come_or_were_not_expected_are_wrong(moves, due, says):
    expected = {"a": NOW + 10, "b": NOW + 10} | due
    given = {name: due_at for name, due_at in expected.items() if due_at is not None}
    assert wrong_cards(moves[1], given) == says


def test_a_card_that_comes_twice_is_wrong(moves):
    due = {"a": NOW + 10, "b": NOW + 10}
    found = wrong_cards([*moves[1], moves[1][0]], due)
    assert found == ["1 cards came more than once, e.g. of a"]


def test_a_card_that_comes_early_is_wrong(moves):
    early = [msgspec.structs.replace(moves[1][0], at=NOW + 10), moves[1][1]]
    due = {"a": NOW + 10, "b": NOW + 10}
    assert wrong_cards(early, due) == ["1 cards came early, e.g. of a"]


@pytest.mark.parametrize(
    ("origins", "says"),
    [
        ([(0, 1), (0, 2), (1, 1)], []),
        ([(0, 1), (0, 2)], ["2 of 3 events were told"]),
        ([(0, 1), (0, 2), (1, 1), (1, 1)], ["1 events were told more than once"]),
    ],
)
def test_each_event_is_told_once(origins, says):
    assert wrong_events(Counter(origins), 3) == says


def test_a_missed_goal_is_told_in_the_table():
    rows = [Row("a", "1 s", "≤ 2 s", met=True), Row("b", "3 s", "≤ 2 s", met=False)]
    assert table(rows).splitlines()[2:] == ["| a | 1 s | ≤ 2 s |", "| b | 3 s | ≤ 2 s (missed) |"]


def test_all_is_measured_over_a_million_cases_unless_told():
    assert (options([]).cases, len(options([]).only), options([]).write) == (1_000_000, 5, False)
    assert options(["--only", "herd", "idle"]).only == ["herd", "idle"]


def test_the_page_has_a_place_for_the_table():
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert f"<!-- {MARKS}: begin -->" in text
    assert f"<!-- {MARKS}: end -->" in text
