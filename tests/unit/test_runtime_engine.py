"""The engine's parts get what the settings say of closed cases."""

from __future__ import annotations

import pytest

from streams.commands.roles.engine import usable_or_exit
from streams.runtime.engine import engine_worker, runtime_settings
from streams.runtime.ports import Fatal
from streams.settings import Engine, Kafka, Settings
from tests.fakes import CountedMetrics
from tests.support.cases import at, days, event, rules
from tests.support.partition import INPUTS, Counted, Partition

LAW = rules({"promised": days(7)})
EVENTS = (event("accepted", "2026-03-02 10:00:00"), event("finished", "2026-03-04 10:00:00"))


def made_by(worker, metrics):
    """A partition of the worker's own making, driven by hand."""
    here = Partition(LAW)
    here.logic, here.metrics = worker._factory(0, 1), metrics
    here.logic.restored(INPUTS)
    return here


@pytest.mark.parametrize(("closed_days", "places"), [(0, (0, 1)), (2, (1, 0))])
def test_closed_cases_stay_in_memory_for_as_long_as_is_set(closed_days, places, tmp_path):
    engine = Engine(closed_days_in_memory=closed_days, cold_dir=tmp_path)
    metrics = Counted()
    worker = engine_worker(Settings(engine=engine), LAW, str(tmp_path), CountedMetrics(), metrics)
    here = made_by(worker, metrics)
    here.feed(*EVENTS)
    now = at("2026-03-04 12:00:00")
    for second in (0, 1):
        here.tick(now + second, timestamp=(now + second) * 1000)
        here.take()
    assert (metrics.in_memory, metrics.in_cold_store) == places
    here.logic.close()


def test_a_directory_that_went_away_is_named(tmp_path):
    engine = Engine(cold_dir=tmp_path / "gone")
    worker = engine_worker(Settings(engine=engine), LAW, str(tmp_path), CountedMetrics(), Counted())
    with pytest.raises(Fatal, match="gone failed"):
        worker._factory(0, 1)


def test_a_directory_that_cannot_be_used_is_told_before_anything_begins(tmp_path, capsys):
    usable_or_exit(None)
    usable_or_exit(tmp_path)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SystemExit) as told:
        usable_or_exit(file)
    assert told.value.code == 2
    said = capsys.readouterr().err
    assert f"engine.cold_dir = {file}" in said
    assert "JIANCHA_ENGINE__COLD_DIR" in said


@pytest.mark.parametrize(("session", "heartbeat"), [(10.0, 1.0), (45.0, 1.0), (1.5, 0.5)])
def test_a_member_asks_each_second_whether_the_group_changes(session, heartbeat):
    settings = runtime_settings(Settings(kafka=Kafka(session_timeout=session)), "")
    assert settings.heartbeat_interval == heartbeat
