"""A real log, 31,828 cases: the offline verdict and the one through real wire protocols agree."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from datetime import datetime

import pytest

from tests.support.servers import embedded_kafka
from tests.support.system import PARTITIONS, ROOT, installed

SAMPLE = ROOT / "deploy/samples/boston"
DATA = SAMPLE / "boston311_2011q3.csv.gz"
AS_OF = "2019-10-31T00:00:00-04:00"
WITH_TARGET, OVERDUE, LABELLED, LABELLED_OVERDUE = 26_815, 6_459, 26_732, 6_376


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    from click.testing import CliRunner

    from streams.cli import main

    path = tmp_path_factory.mktemp("boston") / "events.jsonl"
    made = CliRunner().invoke(
        main, ["convert", "--mapping", str(SAMPLE / "mapping.yaml"), str(DATA), "-o", str(path)]
    )
    assert made.exit_code == 0, made.output
    return path


@pytest.fixture(scope="module")
def clocks(events):
    return judged(events, SAMPLE / "catalogue")


def judged(events, catalogue):
    from click.testing import CliRunner

    from streams.cli import main

    arguments = ["judge", str(events), "--catalogue", str(catalogue), "--as-of", AS_OF]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def rows():
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as lines:
        return {row["case_enquiry_id"]: row for row in csv.DictReader(lines)}


def test_offline_it_gives_the_citys_own_verdict_on_every_labelled_case(clocks, rows):
    assert len(clocks) == WITH_TARGET
    overdue = {clock["case"] for clock in clocks if clock["overdue"]}
    assert len(overdue) == OVERDUE
    labelled = {case: row["ontime"] for case, row in rows.items() if row["ontime"]}
    targeted = {clock["case"] for clock in clocks}
    joined = {case: label for case, label in labelled.items() if case in targeted}
    assert len(joined) == LABELLED
    late = {case for case, label in joined.items() if label == "OVERDUE"}
    assert len(late) == LABELLED_OVERDUE
    assert overdue & joined.keys() == late


def test_a_case_without_a_target_gets_no_clock(clocks, rows):
    without = {case for case, row in rows.items() if not row["target_dt"]}
    assert len(without) == len(rows) - WITH_TARGET
    assert not without & {clock["case"] for clock in clocks}


def test_the_citys_rule_in_a_calendar_and_a_catalogue_alone_gives_its_targets(events, rows):
    clocks = judged(events, SAMPLE / "catalogue-by-rule")
    assert len(clocks) == 18_968
    near = sum(
        abs(
            datetime.fromisoformat(clock["due_at"]).replace(tzinfo=None)
            - datetime.fromisoformat(rows[clock["case"]]["target_dt"])
        ).total_seconds()
        <= 90
        for clock in clocks
    )
    assert near == 18_825


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kafka)])
def system(request, tmp_path, embedded_clickhouse):
    catalogue = SAMPLE / "catalogue"
    if request.param == "real":
        bootstrap = request.getfixturevalue("real_kafka")
        with installed(
            tmp_path, bootstrap, embedded_clickhouse, catalogue, embedded=False
        ) as found:
            yield found
    else:
        from schemas import topics

        with (
            embedded_kafka(tmp_path, {t.name: PARTITIONS for t in topics.ALL}) as bootstrap,
            installed(tmp_path, bootstrap, embedded_clickhouse, catalogue, embedded=True) as found,
        ):
            yield found


def test_through_kafka_faust_and_clickhouse_it_is_the_same(system, events, clocks):
    for role in ("engine", "sink"):
        system.start(role)
    for role in ("engine", "sink"):
        system.ready(role)
    system.run("replay", events, "--speed", "max", "--tick-every", "1d", "--until", AS_OF)
    same_as_offline(system, clocks)
    for role in ("engine", "sink"):
        assert system.terminate(role) == 0


def same_as_offline(system, clocks):
    """One statement gives the breaches; each began when its time was up, none was taken back."""
    breaches = dict(
        system.ask(
            "SELECT case_no, toUnixTimestamp64Second(toDateTime64(holds_from, 0, 'UTC'))"
            " FROM card_moves FINAL WHERE level = 'yellow' AND move = 'issued'"
        )
    )
    offline = {
        clock["case"]: int(datetime.fromisoformat(card["at"]).timestamp())
        for clock in clocks
        for card in clock["cards"]
        if card["level"] == "yellow"
    }
    assert len(breaches) == OVERDUE
    assert breaches == offline
    counts = system.ask(
        "SELECT move, countIf(holds_from > at), countIf(level = 'yellow' AND"
        " holds_from != due_at + INTERVAL 1 SECOND), count() FROM card_moves FINAL GROUP BY move"
    )
    found = {move: (early, wrong, number) for move, early, wrong, number in counts}
    assert "retracted" not in found
    assert found["issued"][:2] == (0, 0)
    notices = Counter(card["level"] for clock in clocks for card in clock["cards"])
    assert found["issued"][2] == sum(notices.values())
    ((overdue,),) = system.ask(
        "SELECT count() FROM v_overdue_at(as_of = toDateTime64('2019-10-31 04:00:00', 0, 'UTC'))"
    )
    ((cases,),) = system.ask("SELECT count() FROM v_cases")
    assert cases == 31_828
    assert overdue <= OVERDUE
