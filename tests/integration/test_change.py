"""2027 is decreed while the system runs: imported by one command, without a restart.

Five cases accepted on Monday 2026-12-21, promised within 10 working days: by the law and the week
they end on Tuesday 2027-01-05, by the (invented) decree on Wednesday the 6th. Their calendar is
`hunan`, which rests on `cn`.
"""

from __future__ import annotations

import json
import shutil

import pytest

from schemas.events import STEP_EVENT
from tests.support.cases import at, event
from tests.support.changing import DECREE, notice_2027
from tests.support.system import ROOT, on_either
from tests.support.wait import eventually

SAMPLE = ROOT / "deploy/samples/hunan/catalogue"
CASES = [f"430102-{n}" for n in range(5)]
BEFORE, AFTER = at("2027-01-05 23:59:59"), at("2027-01-06 23:59:59")


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kafka)])
def system(request, tmp_path, embedded_clickhouse):
    shutil.copytree(SAMPLE, tmp_path / "catalogue")
    with on_either(request, tmp_path, embedded_clickhouse, tmp_path / "catalogue") as found:
        for role in ("engine", "sink"):
            found.start(role)
            found.ready(role)
        yield found


def accepted(case_no, when="2026-12-21 10:00:00"):
    return event("accepted", when, case_no=case_no, item="spjy", region="430102")


def replay(system, events, until):
    path = system.folder / "events.jsonl"
    path.write_bytes(b"".join(STEP_EVENT.dump_json(e, exclude_none=True) + b"\n" for e in events))
    system.run("replay", path, "--speed", "max", "--tick-every", "1d", "--until", until)


def promised(system):
    return dict(
        system.ask(
            "SELECT case_no, (toUnixTimestamp(due_at), provisional)"
            " FROM v_clocks_at(as_of = '2027-01-01 04:00:00')"
            " WHERE clock = 'promised'"
        )
    )


def shows(system, cases, due, provisional):
    """Wait until the history shows so."""

    def found():
        assert promised(system) == dict.fromkeys(cases, (due, provisional))
        return True

    eventually(found, 30)


def year_2027(folder):
    path = folder / "2027.json"
    path.write_text(json.dumps(notice_2027(), ensure_ascii=False))
    return path


@pytest.mark.long
def test_a_decreed_year_comes_in_force_without_a_restart(system):
    replay(system, map(accepted, CASES), "2027-01-01T09:00:00+08:00")
    shows(system, CASES, BEFORE, provisional=True)
    engine = system.running["engine"]
    file = year_2027(system.folder)
    asked = ("calendar", "import", file, "--decree", DECREE, "--json", "--by", "李主任")

    compared = told(system.run(*asked, "--dry-run").stdout)
    assert {(r["type"], r["result"]) for r in compared[5:]} == {("change_ended", "compared")}
    shows(system, CASES, BEFORE, provisional=True)

    applied = told(system.run(*asked, "--catalogue", system.catalogue, "--apply").stdout)
    assert without_id(compared[:5]) == without_id(applied[:5])
    for record in applied[:5]:
        (moved,) = [c for c in record["clocks"] if c["clock"] == "promised"]
        assert (moved["due_before"], moved["due_after"]) == (BEFORE, AFTER)
        assert (moved["provisional_before"], moved["provisional_after"]) == (True, False)
    shows(system, CASES, AFTER, provisional=False)
    assert engine.poll() is None
    assert DECREE in (system.catalogue / "calendars/cn/2027.yaml").read_text()

    eventually(lambda: reported(system) == {(False, 5, 5), (True, 5, 5)}, 30)
    assert "jiancha_open_cases_provisional 0.0" in system.get("engine", "/metrics").text
    retracted_by_the_next_tick(system)
    the_files_agree_after_a_restart(system)


def told(lines):
    found = [json.loads(line) for line in lines.splitlines()]
    return sorted(found, key=lambda r: (r["type"] == "change_ended", r.get("case_no", "")))


def without_id(records):
    return [{k: v for k, v in r.items() if k not in {"change_id", "dry_run"}} for r in records]


def reported(system):
    return set(system.ask("SELECT dry_run, judged, changed FROM v_changes"))


def retracted_by_the_next_tick(system):
    standing = {("notice", "issued")}
    moves = "SELECT level, move FROM v_card_history WHERE clock = 'promised'"
    eventually(lambda: set(system.ask(moves)) == standing, 30)
    replay(system, [accepted("430102-9", "2027-01-01 09:30:00")], "2027-01-01T10:00:00+08:00")
    eventually(lambda: ("notice", "retracted") in system.ask(moves), 30)
    assert system.ask("SELECT DISTINCT reason FROM v_card_history WHERE move = 'retracted'") == [
        ("due_moved",)
    ]


def the_files_agree_after_a_restart(system):
    system.kill("engine")
    system.start("engine")
    system.ready("engine")
    late = accepted("430102-8", "2026-12-21 10:00:00")
    replay(system, [late], "2027-01-01T12:00:00+08:00")
    eventually(lambda: promised(system).get("430102-8") == (AFTER, False), 30)
    assert reported(system) == {(False, 5, 5), (True, 5, 5)}
