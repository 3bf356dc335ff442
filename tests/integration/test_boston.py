"""A real log, 31,828 cases: the offline verdict and the one through real wire protocols agree."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime

import pytest

from schemas.catalogue_loading import load_catalogue
from tests.support.boston import (
    AS_OF,
    BEFORE_START,
    DATA,
    OVERDUE,
    SAMPLE,
    WITH_TARGET,
    assert_same_as_offline,
    judged,
)
from tests.support.system import on_either

LABELLED, LABELLED_OVERDUE = 26_729, 6_373


@pytest.fixture(scope="module")
def rows():
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as lines:
        return {row["case_enquiry_id"]: row for row in csv.DictReader(lines)}


@pytest.mark.long
def test_offline_it_gives_the_citys_own_verdict_on_every_labelled_case(boston_clocks, rows):
    assert len(boston_clocks) == WITH_TARGET
    overdue = {clock["case"] for clock in boston_clocks if clock["overdue"]}
    assert len(overdue) == OVERDUE
    targeted = {clock["case"] for clock in boston_clocks}
    labels = {case: row["ontime"] for case, row in rows.items() if row["ontime"]}
    joined = {case: label for case, label in labels.items() if case in targeted}
    late = {case for case, label in joined.items() if label == "OVERDUE"}
    assert (len(joined), len(late)) == (LABELLED, LABELLED_OVERDUE)
    assert overdue & joined.keys() == late


@pytest.mark.long
def test_a_case_without_a_target_or_with_one_before_it_was_opened_gets_no_clock(
    boston_clocks, rows
):
    without = {case for case, row in rows.items() if row["target_dt"] < row["open_dt"]}
    assert sum(bool(rows[case]["target_dt"]) for case in without) == BEFORE_START
    assert len(without) == len(rows) - WITH_TARGET
    assert not without & {clock["case"] for clock in boston_clocks}


@pytest.mark.long
def test_the_citys_rule_in_a_calendar_and_a_catalogue_alone_gives_its_targets(boston_events, rows):
    """Of the sixteen types that it lists; for the others the due moment that is stated holds."""
    folder = SAMPLE / "catalogue-by-rule"
    listed = load_catalogue(folder).items
    clocks = judged(boston_events, folder)
    targeted = [clock for clock in clocks if rows[clock["case"]]["target_dt"]]
    assert len(targeted) == WITH_TARGET
    targeted = [clock for clock in targeted if rows[clock["case"]]["type"] in listed]
    assert len(targeted) == 18_968
    near = sum(
        abs(
            datetime.fromisoformat(clock["due_at"]).replace(tzinfo=None)
            - datetime.fromisoformat(rows[clock["case"]]["target_dt"])
        ).total_seconds()
        <= 90
        for clock in targeted
    )
    assert near == 18_825


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kafka)])
def system(request, tmp_path, embedded_clickhouse):
    with on_either(request, tmp_path, embedded_clickhouse, SAMPLE / "catalogue") as found:
        yield found


@pytest.mark.long
def test_through_kafka_faust_and_clickhouse_it_is_the_same(system, boston_events, boston_clocks):
    for role in ("engine", "sink"):
        system.start(role)
    for role in ("engine", "sink"):
        system.ready(role)
    system.run("replay", boston_events, "--speed", "max", "--tick-every", "14d", "--until", AS_OF)
    assert_same_as_offline(system, boston_clocks)
    breaches = "SELECT count() FROM card_moves FINAL WHERE move = 'issued' AND level = 'yellow'"
    assert system.ask(breaches) == [(OVERDUE,)]
    for role in ("engine", "sink"):
        assert system.terminate(role) == 0
