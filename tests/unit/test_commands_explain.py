"""`explain` on a file, as a person calls it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from streams.commands.explain import command as explain
from tests.support.files_of_events import EVENTS, call, write_place


@pytest.fixture
def place(tmp_path):
    return write_place(tmp_path)


def told(place, *arguments, **more):
    return call(explain, place, "c1", "--events", str(place / "events.jsonl"), *arguments, **more)


def test_in_chinese_and_english(place):
    chinese = told(place, "--lang", "zh").stdout
    assert "■ 承诺时限 — 超期, 黄牌" in chinese
    assert "2026-09-20 周日  计入  调休上班  1 个工作日" in chinese
    assert "合计: 5 个工作日" in chinese
    assert "依据: 《行政许可法》第四十二条第一款、第八十二条" in chinese
    assert "起算: 2026-09-18 10:00:00  受理（记录 1）" in chinese
    english = told(place, "--lang", "en").stdout
    assert "■ promised limit — overdue, yellow card" in english
    assert "2026-09-20 Sun  counted  make-up working day  1 working day\n" in english


def test_as_json_the_intervals_add_up(place):
    found = json.loads(told(place, "--format", "json").stdout)
    for clock in found["clocks"]:
        for intervals, total in (("to_due", "total_to_due"), ("used", "total_used")):
            assert sum(i["amount"] for i in clock[intervals] if i["counted"]) == clock[total]
    assert found["clocks"][0]["total_to_due"] == 5
    assert [record["kind"] for record in found["records"]] == ["accepted", "suspended"]


def test_a_file_knows_of_no_cards_and_says_so(place):
    assert "不知已发出或撤回的牌" in told(place, "--lang", "zh").stdout
    assert json.loads(told(place, "--format", "json").stdout)["cards"] is None


def test_as_known_then_leaves_out_what_was_written_down_later(place):
    late = {**EVENTS[2], "recorded_at": "2026-10-15T10:00:00+08:00"}
    lines = [
        json.dumps({**e, "case_no": "c1", "item": "i", "source": "h"}) for e in (*EVENTS[:2], late)
    ]
    (place / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    moment = "2026-10-13T09:00:00+08:00"
    now = told(place, "--lang", "zh", as_of=moment).stdout
    then = told(place, "--lang", "zh", "--known-at", moment, as_of=moment).stdout
    assert "截至: 2026-10-13 09:00:00 (Asia/Shanghai), 按现在所知" in now
    assert "终止: 2026-10-12 10:00:00  办结（记录 3）" in now
    assert "写入于 2026-10-15 10:00:00" in now
    assert "按 2026-10-13 09:00:00 时所知" in then
    assert "办结" not in then


def test_without_a_moment_of_the_question_what_was_known_then_is_told_as_of_then(place):
    moment = "2026-09-23T09:00:00+08:00"
    found = json.loads(told(place, "--format", "json", "--known-at", moment, as_of=None).stdout)
    assert (found["as_of"], found["known_at"]) == (moment, moment)
    assert found["clocks"][0]["state"] == "paused"


def test_a_case_without_a_limit_is_not_in_time_it_has_no_clock(place):
    items = place / "catalogue" / "items.yaml"
    items.write_text("name: empty\n", encoding="utf-8")
    assert "目录中没有此事项，因此没有计时" in told(place, "--lang", "zh").stdout
    bare = "name: demo\nitems:\n  - {code: i, name: 事项, versions: [{clocks: {}}]}\n"
    items.write_text(bare, encoding="utf-8")
    assert "目录未对此事项规定时限，因此没有计时" in told(place, "--lang", "zh").stdout


def test_a_case_whose_clocks_have_not_started_says_so(place):
    line = {**EVENTS[0], "kind": "step_started", "step": "x"}
    line |= {"case_no": "c1", "item": "i", "source": "h"}
    (place / "events.jsonl").write_text(json.dumps(line), encoding="utf-8")
    assert "按现有记录，没有任何时限开始计时" in told(place, "--lang", "zh").stdout


def test_an_unknown_case_is_a_finding(place):
    done = call(explain, place, "c9", "--events", str(place / "events.jsonl"))
    assert done.exit_code == 1
    assert "c9" in done.stderr


def test_events_without_a_catalogue_is_wrong_use(place):
    done = CliRunner().invoke(explain, ["c1", "--events", str(place / "events.jsonl")])
    assert done.exit_code == 2
    assert "--catalogue" in done.output


def test_the_help_says_what_known_means_of_a_file():
    said = " ".join(CliRunner().invoke(explain, ["--help"]).output.split())
    assert "in a file: written down, by recorded_at, or else by occurred_at" in said
