"""The whole system on real Kafka, its processes killed and frozen while a real log comes in."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from tests.support.boston import AS_OF, SAMPLE, assert_same_as_offline, judged
from tests.support.system import installed
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.long]
REPLAY = ("--speed", "max", "--tick-every", "14d", "--until", AS_OF)


EVENTS = 25_000


@pytest.fixture(scope="module")
def part(boston_events, tmp_path_factory):
    """The log's first events: the file, the offline verdict, the number of cases."""
    path = tmp_path_factory.mktemp("part") / "events.jsonl"
    with boston_events.open("rb") as lines:
        path.write_bytes(b"".join(islice(lines, EVENTS)))
    cases = {json.loads(line)["case_no"] for line in path.read_bytes().splitlines()}
    return path, judged(path), len(cases)


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


def test_killed_in_the_middle_and_started_again_the_result_is_the_same(system, part):
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    events, clocks, cases = part
    replay = system.begin("replay", events, *REPLAY)
    for role, table in (("engine", "events"), ("sink", "events"), ("engine", "card_moves")):
        has_grown(system, table, 2000)
        system.kill(role)
        system.start(role)
    assert replay.wait(240) == 0, system.log("replay").read_text()[-3000:]
    eventually(lambda: assert_same_as_offline(system, clocks, cases) or True, 30)


def test_a_worker_frozen_past_its_session_that_wakes_up_changes_nothing(system, part):
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    events, clocks, cases = part
    replay = system.begin("replay", events, *REPLAY)
    has_grown(system, "events", 3000)
    system.freeze("engine")
    system.start("engine", "successor")
    system.ready("successor")
    has_grown(system, "events", 3000)
    system.thaw("engine")
    assert replay.wait(240) == 0, system.log("replay").read_text()[-3000:]
    eventually(lambda: assert_same_as_offline(system, clocks, cases) or True, 30)
