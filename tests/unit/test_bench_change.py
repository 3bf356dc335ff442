"""The bench of a change: it judges the cases that reach past the year, and no other."""

from __future__ import annotations

import asyncio

import pytest

from tests.bench.change import Swept, measure


@pytest.mark.parametrize(("concerned", "least", "most"), [(1.0, 300, 300), (0.3, 50, 150)])
@pytest.mark.long
def test_the_cases_that_are_judged_again_are_those_that_reach_past_the_year(concerned, least, most):
    found = asyncio.run(measure(300, concerned, settle=0.05))
    # One that ended before, and that a record of 12-28 touches, rests on that day too: unchanged.
    assert least <= found.changed <= found.judged <= most
    assert found.events > 0


def test_figures():
    found = Swept.of(10, 5, 4, 2.0, [0.1] * 99 + [3.0])
    assert (found.events, found.p50, found.p99, found.worst) == (100, 0.1, 3.0, 3.0)
