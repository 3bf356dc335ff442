"""`judge` and `explain` on files, as a person calls them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from streams.commands.explain import command as explain
from streams.commands.judge import command as judge

CATALOGUE = """
name: demo
items:
  - code: i
    name: 事项
    versions:
      - preset: cn-permit
        clocks:
          promised: {amount: 5, unit: working_day}
"""
EVENTS = [
    {"event_id": "1", "kind": "accepted", "occurred_at": "2026-09-18T10:00:00+08:00"},
    {
        "event_id": "2",
        "kind": "suspended",
        "occurred_at": "2026-09-21T10:00:00+08:00",
        "suspension": "hearing",
        "days_asked": 2,
    },
    {"event_id": "3", "kind": "finished", "occurred_at": "2026-10-12T10:00:00+08:00"},
]


@pytest.fixture
def place(tmp_path):
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "items.yaml").write_text(CATALOGUE, encoding="utf-8")
    lines = [json.dumps({**e, "case_no": "c1", "item": "i", "source": "h"}) for e in EVENTS]
    (tmp_path / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def call(command, place, *arguments, as_of="2026-10-09T10:00:00+08:00"):
    return CliRunner().invoke(
        command,
        [*arguments, "--catalogue", str(place / "catalogue"), "--as-of", as_of],
    )


def test_one_line_for_each_clock(place):
    done = call(judge, place, str(place / "events.jsonl"))
    assert done.exit_code == 0
    promised, statutory = map(json.loads, done.stdout.splitlines())
    assert promised == {
        "case": "c1",
        "clock": "promised",
        "step": None,
        "started_at": "2026-09-18T10:00:00+08:00",
        "due_at": "2026-09-29T23:59:59+08:00",
        "stopped_at": None,
        "state": "running",
        "overdue": True,
        "level": "yellow",
        "provisional": False,
        "cards": [
            {"level": "notice", "at": "2026-09-25T00:00:00+08:00", "rule": "hunan@1/promised/near"},
            {
                "level": "yellow",
                "at": "2026-09-30T00:00:00+08:00",
                "rule": "hunan@1/promised/passed",
            },
        ],
    }
    assert statutory["level"] == "none"


def test_what_happens_later_does_not_count_yet(place):
    before = json.loads(call(judge, place, str(place / "events.jsonl")).stdout.splitlines()[0])
    after = json.loads(
        call(
            judge, place, str(place / "events.jsonl"), as_of="2026-10-12T10:00:00+08:00"
        ).stdout.splitlines()[0]
    )
    assert (before["state"], after["state"]) == ("running", "stopped")
    assert after["stopped_at"] == "2026-10-12T10:00:00+08:00"


def test_a_bad_line_is_named_and_the_others_are_judged(place):
    with (place / "events.jsonl").open("a", encoding="utf-8") as lines:
        lines.write('\n{"kind": "accepted", "case_no": "c2"}\n\n')
    done = call(judge, place, str(place / "events.jsonl"))
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 2
    assert "events.jsonl:4: event_id: The field is missing." in done.stderr
    assert "→" in done.stderr


def test_a_wrong_catalogue_says_where(place):
    (place / "catalogue" / "items.yaml").write_text("items:\n  - kode: i\n", encoding="utf-8")
    done = call(judge, place, str(place / "events.jsonl"))
    assert done.exit_code == 1
    assert "items.yaml:2" in done.stderr
    assert "kode" in done.stderr


@pytest.mark.parametrize(("moment", "why"), [("2026-10-09", "no offset"), ("soon", "is no time")])
def test_a_moment_needs_its_offset(place, moment, why):
    done = call(judge, place, str(place / "events.jsonl"), as_of=moment)
    assert done.exit_code == 2
    assert why in done.output


def test_explained_in_chinese_and_english(place):
    arguments = ["c1", "--events", str(place / "events.jsonl")]
    chinese = call(explain, place, *arguments, "--lang", "zh").stdout
    assert "■ 承诺时限 — 超期" in chinese
    assert "2026-09-20 周日  计入  调休上班  1 个工作日" in chinese
    assert "合计: 5 个工作日" in chinese
    assert "依据: 《行政许可法》第四十二条、第八十二条" in chinese
    english = call(explain, place, *arguments, "--lang", "en").stdout
    assert "■ promised limit — overdue" in english
    assert "2026-09-20 Sun  counted  make-up working day  1 working day\n" in english


def test_explained_as_json_the_intervals_add_up(place):
    arguments = ["c1", "--events", str(place / "events.jsonl"), "--format", "json"]
    found = json.loads(call(explain, place, *arguments).stdout)
    for clock in found["clocks"]:
        for intervals, total in (("to_due", "total_to_due"), ("used", "total_used")):
            assert sum(i["amount"] for i in clock[intervals] if i["counted"]) == clock[total]
    assert found["clocks"][0]["total_to_due"] == 5
    assert [record["kind"] for record in found["records"]] == ["accepted", "suspended"]


def test_a_case_without_a_limit_is_not_in_time_it_has_no_clock(place):
    (place / "catalogue" / "items.yaml").write_text("name: empty\n", encoding="utf-8")
    arguments = ["c1", "--events", str(place / "events.jsonl"), "--lang", "zh"]
    assert "没有计时" in call(explain, place, *arguments).stdout


def test_an_unknown_case_is_a_finding(place):
    done = call(explain, place, "c9", "--events", str(place / "events.jsonl"))
    assert done.exit_code == 1
    assert "c9" in done.stderr


def test_events_without_a_catalogue_is_wrong_use(place):
    done = CliRunner().invoke(explain, ["c1", "--events", str(place / "events.jsonl")])
    assert done.exit_code == 2
    assert "--catalogue" in done.output
