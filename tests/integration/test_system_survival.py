"""The whole system on real Kafka, its processes killed and frozen while a real log comes in."""

from __future__ import annotations

import pytest

from tests.support.boston import AS_OF, SAMPLE, assert_same_as_offline
from tests.support.system import installed
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka
REPLAY = ("--speed", "max", "--tick-every", "14d", "--until", AS_OF)


@pytest.fixture
def system(tmp_path, real_kafka, embedded_clickhouse):
    with installed(
        tmp_path, real_kafka, embedded_clickhouse, SAMPLE / "catalogue", embedded=False
    ) as found:
        yield found


def rows(system, table):
    ((count,),) = system.ask(f"SELECT count() FROM {table}")
    return count


def has_grown(system, table, by):
    """Wait until a table has so many more rows: the work is under way."""
    before = rows(system, table)
    eventually(lambda: rows(system, table) >= before + by, 90, interval=0.05)


def test_killed_in_the_middle_and_started_again_the_result_is_the_same(
    system, boston_events, boston_clocks
):
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    replay = system.begin("replay", boston_events, *REPLAY)
    for role, table in (("engine", "events"), ("sink", "events"), ("engine", "card_moves")):
        has_grown(system, table, 2000)
        system.kill(role)
        system.start(role)
    assert replay.wait(240) == 0, system.log("replay").read_text()[-3000:]
    eventually(lambda: assert_same_as_offline(system, boston_clocks) or True, 30)


def test_a_worker_frozen_past_its_session_that_wakes_up_changes_nothing(
    system, boston_events, boston_clocks
):
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    replay = system.begin("replay", boston_events, *REPLAY)
    has_grown(system, "events", 5000)
    system.freeze("engine")
    system.start("engine", "successor")
    system.ready("successor")
    has_grown(system, "events", 5000)
    system.thaw("engine")
    assert replay.wait(240) == 0, system.log("replay").read_text()[-3000:]
    eventually(lambda: assert_same_as_offline(system, boston_clocks) or True, 30)
