"""A hall's silence is counted in the house's working time."""

from __future__ import annotations

from datetime import datetime

import pytest
from prometheus_client import CollectorRegistry

from alerts.metrics import EngineMetrics, definitions
from streams.engine.rules import Rules
from tests.support.board import BEIJING
from tests.unit.test_metrics import catalogue

FRIDAY = datetime(2026, 11, 27, 16, tzinfo=BEIJING).timestamp()
MONDAY = datetime(2026, 11, 30, 11, tzinfo=BEIJING).timestamp()
HOUR = 3_600


class Engine:
    def __init__(self, policy=None):
        self.now = FRIDAY
        rules = Rules.of(catalogue(policy=policy))
        self.metrics = EngineMetrics(CollectorRegistry(), rules, lambda: self.now)

    def values(self, metric):
        (family,) = (f for f in self.metrics.open_cases([]) if f.name == metric.name)
        return {tuple(sample.labels.values()): sample.value for sample in family.samples}

    def silent(self):
        (now,) = self.values(definitions.WORKED).values()
        heard = self.values(definitions.SOURCE_HEARD)
        return {source: (now - at) / HOUR for (source,), at in heard.items()}


def test_no_night_and_no_weekend_is_silence():
    """From Friday 16:00 to Monday 11:00, at 9:00–12:00 and 13:30–17:30: 1.5 hours, and 2."""
    engine = Engine()
    engine.metrics.accepted("hall", repeated=False)
    assert engine.silent() == {"hall": 0}
    engine.now = MONDAY
    assert engine.silent() == {"hall": 3.5}


def test_a_record_that_is_refused_is_heard_too():
    engine = Engine()
    engine.metrics.accepted("hall", repeated=False)
    engine.now = MONDAY
    engine.metrics.refused("hall", "missing")
    assert engine.silent() == {"hall": 0}


def test_two_workers_begin_the_count_at_the_same_moment():
    assert Engine().values(definitions.WORKED) == Engine().values(definitions.WORKED)


def test_a_flood_of_names_costs_no_series():
    engine = Engine()
    for n in range(500):
        engine.metrics.accepted(f"hall-{n}", repeated=False)
    assert len(engine.silent()) == definitions.SOURCES


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_clock_that_is_years_off_shows_nothing(year):
    engine = Engine()
    engine.now = datetime(year, 1, 2, tzinfo=BEIJING).timestamp()
    names = {family.name for family in engine.metrics.open_cases([])}
    assert definitions.WORKED.name not in names
