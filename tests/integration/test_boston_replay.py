"""A month of a real log, replayed with ticks a day apart: what the history says of time is true."""

from __future__ import annotations

import pytest

from tests.support.boston import SAMPLE
from tests.support.system import on_either

UNTIL = "2011-08-01T00:00:00-04:00"


@pytest.fixture(
    params=["embedded", pytest.param("real", marks=[pytest.mark.kafka, pytest.mark.long])]
)
def system(request, tmp_path, embedded_clickhouse):
    with on_either(request, tmp_path, embedded_clickhouse, SAMPLE / "catalogue") as found:
        yield found


@pytest.mark.long
def test_nothing_is_dated_outside_a_cases_life_and_what_has_ended_says_so(system, boston_events):
    for role in ("engine", "sink"):
        system.start(role)
    for role in ("engine", "sink"):
        system.ready(role)
    system.run("replay", boston_events, "--speed", "max", "--tick-every", "1d", "--until", UNTIL)
    ((records, away),) = system.ask(
        "SELECT count(), countIf(dateDiff('second', occurred_at, arrived_at) != 0) FROM v_events"
    )
    assert records > 10_000
    assert away == 0  # the file is in order, so each arrives when it happened
    moves = (
        "SELECT move, count(), countIf(m.at < c.opened_at OR m.at > c.ended_at),"
        " countIf(move = 'issued' AND m.at != greatest(m.holds_from, m.started_at)),"
        " countIf(move = 'resolved' AND m.at != c.ended_at)"
        " FROM card_moves AS m FINAL INNER JOIN cases AS c FINAL USING (case_no)"
        " GROUP BY move"
    )
    # Three targets of the city lie before their case begins: those cards come with the case.
    told = {move: (count > 100, *wrong) for move, count, *wrong in system.ask(moves)}
    assert told == {"issued": (True, 0, 0, 0), "resolved": (True, 0, 0, 0)}
    stopped = "SELECT DISTINCT state FROM clocks FINAL WHERE stopped_at IS NOT NULL"
    assert system.ask(stopped) == [("stopped",)]
    ((data_time,),) = system.ask("SELECT as_of FROM v_engine_time")
    later = (
        "SELECT (SELECT count() FROM card_moves WHERE at > %(now)s)"
        " + (SELECT count() FROM cases FINAL WHERE ended_at > %(now)s)"
    )
    assert system.ask(later, {"now": data_time}) == [(0,)]
    for role in ("engine", "sink"):
        assert system.terminate(role) == 0
