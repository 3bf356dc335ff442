"""A second real log, 1,434 permit cases with a deadline each: the publisher's own figures.

The data is not bundled (its licence asks for citation): it is looked for beside the checkout.
"""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.boston import call
from tests.support.need import absent
from tests.support.system import ROOT, on_embedded

SAMPLE = ROOT / "deploy/samples/wabo"
AS_OF = "2012-01-24T00:00:00+00:00"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture(scope="module")
def table():
    path = ROOT.parent / "shared/data/wabo_receipt.csv.gz"
    if not path.exists():
        absent(f"the WABO log is missing: put it at {path.relative_to(ROOT.parent)}")
    return path


@pytest.fixture(scope="module")
def events(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("wabo") / "events.jsonl"
    call(["convert", "--mapping", str(SAMPLE / "mapping.yaml"), str(table), "-o", str(path)])
    return path


@pytest.fixture(scope="module")
def cases(table):
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        return {row["case:concept:name"]: row for row in csv.DictReader(lines)}


def judged(events, catalogue):
    arguments = ["judge", str(events), "--catalogue", str(SAMPLE / catalogue), "--as-of", AS_OF]
    return {clock["case"]: clock for clock in map(json.loads, call(arguments).stdout.splitlines())}


def test_the_deadlines_that_the_log_states(events, cases):
    clocks = judged(events, "catalogue")
    assert len(clocks) == 1434
    over = [case for case, clock in clocks.items() if clock["overdue"]]
    ended = [case for case in over if cases[case]["case:enddate"]]
    assert (len(ended), len(over) - len(ended)) == (377, 39)


def test_the_rule_alone_keeps_the_local_clock_across_changes_of_daylight_saving(events, cases):
    clocks = judged(events, "catalogue-by-rule")
    by_date = to_the_second = crossing = crossing_to_the_second = 0
    for case, row in cases.items():
        start, deadline = (
            datetime.fromisoformat(row[name]).astimezone(AMSTERDAM)
            for name in ("case:startdate", "case:deadline")
        )
        due = datetime.fromisoformat(clocks[case]["due_at"]).astimezone(AMSTERDAM)
        if due.date() != deadline.date():
            continue
        same = int(due.timestamp()) == int(deadline.timestamp())
        crosses = start.utcoffset() != deadline.utcoffset()
        by_date += 1
        to_the_second += same
        crossing += crosses
        crossing_to_the_second += crosses and same
    assert (by_date, to_the_second) == (1080, 982)
    assert (crossing, crossing_to_the_second) == (344, 335)


def test_the_publishers_figures_by_sql(events, tmp_path, embedded_clickhouse):
    with on_embedded(tmp_path, embedded_clickhouse, SAMPLE / "catalogue") as system:
        for role in ("engine", "sink"):
            system.start(role)
            system.ready(role)
        system.run("replay", events, "--tick-every", "7d", "--until", AS_OF)
        steps = (
            "SELECT case_no, occurred_at, step_name, event_id FROM v_events"
            " WHERE kind = 'step_finished'"
        )
        ((mean,),) = system.ask(
            "SELECT avg(dateDiff('millisecond', first, last)) / 1000 FROM (SELECT"
            f" min(occurred_at) AS first, max(occurred_at) AS last FROM ({steps}) GROUP BY case_no)"
        )
        assert round(mean, 3) == 467_263.915
        ((variants,),) = system.ask(
            "SELECT uniqExact(path) FROM (SELECT arrayMap(s -> s.2, arraySort(groupArray("
            f"(occurred_at, step_name)))) AS path FROM ({steps}) GROUP BY case_no)"
        )
        assert variants == 116
        found = system.ask(
            "SELECT ended_at IS NOT NULL, count()"
            " FROM v_breaches_at(as_of = toDateTime64('2012-01-24 00:00:00', 0, 'UTC')) AS b"
            " INNER JOIN v_cases AS c USING (case_no) GROUP BY 1"
        )
        assert dict(found) == {1: 377, 0: 39}
