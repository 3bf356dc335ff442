"""A second real log, 1,434 permit cases: by its deadlines, and by a catalogue's rule alone.

The data is not bundled (its licence asks for citation): it is looked for beside the checkout.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from datetime import datetime

import pytest

from schemas.catalogue_loading import load_catalogue
from schemas.decoding import decode_event
from streams.engine.offline import judge_offline
from streams.engine.rules import Rules
from tests.support import wabo
from tests.support.boston import call
from tests.support.need import absent
from tests.support.system import ROOT, on_embedded

SAMPLE = ROOT / "deploy/samples/wabo"
AS_OF = "2012-01-24T00:00:00+00:00"
AS_OF_SECONDS = int(datetime.fromisoformat(AS_OF).timestamp())
DEADLINES = ("case:deadline", "case:enddate_planned")
STEPS = 8577
HOLD = "T16 Report reasons to hold request"
ENDED_FIRST = {"case-8267", "case-10862"}
"""They ended, by date only, at 00:00 of the day of their start: that end ends no clock."""


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
    assert (len(ended), len(over) - len(ended)) == (378, 39)


@pytest.fixture(scope="module")
def law():
    return Rules.of(load_catalogue(SAMPLE / "catalogue-by-rule"))


@pytest.fixture(scope="module")
def without_deadlines(table, tmp_path_factory):
    """The log with its steps and times alone, by the mapping without its one line of deadlines."""
    folder = tmp_path_factory.mktemp("wabo-by-rule")
    log, mapping, events = (folder / name for name in ("log.csv", "mapping.yaml", "events.jsonl"))
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines, log.open("w") as written:
        rows = csv.DictReader(lines)
        kept = [name for name in rows.fieldnames if name not in DEADLINES]
        writer = csv.DictWriter(written, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    mapping.write_text(without(SAMPLE / "mapping.yaml", "promised_due_at"))
    call(["convert", "--mapping", str(mapping), str(log), "-o", str(events)])
    return events


def without(mapping, field):
    lines = mapping.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if field not in line)


def by_rule(events, law):
    """Each case as the catalogue alone has it judged."""
    with events.open("rb") as lines:
        return dict(judge_offline(map(decode_event, lines), law, AS_OF_SECONDS))


def only_clock(case):
    (clock,) = case.clocks
    return clock


@pytest.fixture(scope="module")
def compared(without_deadlines, law, cases):
    """What the rule gives each case, beside what the log states."""
    judged = by_rule(without_deadlines, law)
    return {name: wabo.read(cases[name], only_clock(judged[name]).due_at) for name in judged}


def test_the_rule_alone_keeps_the_local_clock_across_changes_of_daylight_saving(compared):
    same = [case for case in compared.values() if case.days == 0]
    crossing = [case for case in same if case.start.utcoffset() != case.stated.utcoffset()]
    assert (len(compared), len(same), len(crossing)) == (1434, 1080, 344)
    assert sum(map(wabo.to_the_second, crossing)) == 335
    assert sum(map(wabo.to_the_second, same)) == 982


def test_an_end_before_the_start_ends_nothing_and_is_found(without_deadlines, law, compared):
    cases = by_rule(without_deadlines, law)
    found = {n: str(finding.code) for n, case in cases.items() for finding in case.findings}
    assert found == dict.fromkeys(ENDED_FIRST, "decision_before_acceptance")
    assert all(only_clock(cases[name]).stopped_at is None for name in ENDED_FIRST)
    assert all(compared[name].days in (0, -1) for name in ENDED_FIRST)


def test_each_class_of_difference_is_a_rule_and_stands_in_the_samples_table(compared, law):
    counted = wabo.classes(compared.values(), law.calendars["nl"])
    assert sum(counted.values()) == len(compared)
    page = (SAMPLE / "README.md").read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if line.startswith("|")][2:]
    rows = list(wabo.rows(counted))
    assert [line[: len(row)] for line, row in zip(table, rows, strict=True)] == rows


def test_no_step_of_the_log_says_why_a_deadline_was_moved(compared, cases, table):
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        held = {r["case:concept:name"] for r in csv.DictReader(lines) if HOLD in r["concept:name"]}
    moved = {name for name, case in compared.items() if case.days}
    assert (len(held), len(held & moved)) == (20, 4)  # no more often than in the whole log:
    assert (len(cases), len(moved)) == (1434, 354)


def test_without_the_declaration_each_step_would_be_one_whose_start_is_missing(
    without_deadlines, law, tmp_path
):
    undeclared = tmp_path / "undeclared.jsonl"
    undeclared.write_text(without_deadlines.read_text().replace(',"single_moment":true', ""))
    found = [finding for case in by_rule(undeclared, law).values() for finding in case.findings]
    counted = Counter(str(finding.code) for finding in found)
    assert counted == {"step_not_started": STEPS, "decision_before_acceptance": 2}


@pytest.mark.long
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
        assert dict(found) == {1: 377, 0: 40}  # case-8267, whose end ends nothing, is open
