"""What a file of events shows as a whole, and what `convert` says of cases without a clock."""

from __future__ import annotations

import json

from click.testing import CliRunner

from streams.cli import main
from tests.support.system import ROOT
from tests.support.tables import convert

CATALOGUE = str(ROOT / "deploy/samples/hunan/catalogue")
BASE = {"case_no": "1", "source": "demo", "item": "spjy", "region": "430102"}


def told(tmp_path, *events):
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(BASE | event) + "\n" for event in events))
    return CliRunner().invoke(main, ["check", "--catalogue", CATALOGUE, str(path)])


def event(event_id, kind, day, **more):
    at = f"2026-03-{day:02}T09:00:00+08:00"
    return {"event_id": event_id, "kind": kind, "occurred_at": at, **more}


GRANT = event("d", "decided", 9, outcome="granted")


def test_a_clock_whose_end_never_comes_is_named(tmp_path):
    done = told(tmp_path, event("a", "accepted", 2), GRANT)
    assert "1 records of grant and none of delivered: the clocks delivery" in done.stderr
    assert "cannot_record: [delivered]" in done.stderr
    assert "accepted and none" not in done.stderr


def test_what_the_source_cannot_record_or_does_record_is_not(tmp_path):
    unable = told(tmp_path, GRANT | {"unrecorded": ["delivered"]})
    assert "delivered" not in unable.stderr
    assert "none of delivered" not in told(tmp_path, GRANT, event("e", "delivered", 10)).stderr


def test_steps_and_suspensions_without_ends(tmp_path):
    done = told(
        tmp_path,
        event("s", "step_started", 3, step="x"),
        event("p", "suspended", 3, suspension="hearing"),
        event("r", "received", 1),
    )
    for what in ("step_started and none of step_finished", "suspended and none of resumed",
                 "received and none of accepted"):  # fmt: skip
        assert what in done.stderr


def test_one_id_for_two_facts_and_two_contents_of_one_version(tmp_path):
    two_facts = told(tmp_path, event("g", "received", 2), event("g", "accepted", 2))
    assert two_facts.exit_code == 1
    assert "line 2: one id for two facts: received in line 1" in two_facts.stderr
    two_contents = told(tmp_path, event("v", "accepted", 2), event("v", "accepted", 12))
    assert "lines 1 and 2 say different things as version 1" in two_contents.stderr
    correction = told(
        tmp_path, event("v", "accepted", 2), event("v", "accepted", 12, record_version=2)
    )
    assert "line" not in correction.stderr
    other = told(tmp_path, event("v", "accepted", 2), event("v", "received", 2, source="b"))
    assert "two facts" not in other.stderr


def test_convert_says_how_many_cases_have_no_clock_and_why(tmp_path):
    rules = (
        "source: demo\ntable: {time_zone: Asia/Shanghai}\nevents:\n  - kind: accepted\n"
        '    fields: {case_no: "{n}", occurred_at: "{t}", item: "{i}", region: "430102"}\n'
    )
    rows = (
        "n,t,i\n1,2026-03-02 09:00:00,spjy\n2,2026-03-02 09:00:00,nothing\n3,2026-03-02 09:00:00,\n"
    )
    came = convert(tmp_path, rules, rows, "--catalogue", CATALOGUE)
    assert (came.code, len(came.events)) == (0, 3)
    assert "2 of 3 cases have no clock" in came.told
    assert "[item_unknown]" in came.told
    assert "[item_missing]" in came.told
    assert "no clock" not in convert(tmp_path, rules, rows).told
