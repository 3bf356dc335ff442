"""`judge` on a file, as a program calls it."""

from __future__ import annotations

import json

import pytest

from streams.commands.judge import command as judge
from tests.support.files_of_events import EVENTS, call, write_place


@pytest.fixture
def place(tmp_path):
    return write_place(tmp_path)


def test_one_line_for_each_clock(place):
    done = call(judge, place, str(place / "events.jsonl"))
    assert done.exit_code == 0
    promised, statutory, special = map(json.loads, done.stdout.splitlines())
    assert promised == {
        "case": "c1",
        "clock": "promised",
        "clock_id": "promised",
        "step": None,
        "started_at": "2026-09-18T10:00:00+08:00",
        "known_from": "2026-09-18T10:00:00+08:00",
        "deemed": False,
        "assumed": False,
        "due_at": "2026-09-29T23:59:59+08:00",
        "stopped_at": None,
        "state": "running",
        "overdue": True,
        "level": "yellow",
        "provisional": False,
        "cards": [
            {"level": "notice", "at": "2026-09-25T00:00:00+08:00", "rule": "hunan@3/promised/near"},
            {
                "level": "yellow",
                "at": "2026-09-30T00:00:00+08:00",
                "rule": "hunan@3/promised/passed",
            },
        ],
    }
    assert statutory["level"] == "none"
    assert (special["clock"], special["clock_id"]) == ("special_procedure", "special:1")


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
    assert len(done.stdout.splitlines()) == 3
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


def test_a_clock_that_silence_starts_is_told_once_it_is_known(place):
    received = {**EVENTS[0], "kind": "received", "case_no": "c1", "item": "i", "source": "h"}
    (place / "events.jsonl").write_text(json.dumps(received), encoding="utf-8")
    owed = "2026-09-24T23:59:59+08:00"
    before = call(judge, place, str(place / "events.jsonl"), as_of=owed).stdout
    assert [json.loads(line)["clock_id"] for line in before.splitlines()] == ["acceptance:1"]
    silent = "2026-09-25T00:00:00+08:00"
    after = call(judge, place, str(place / "events.jsonl"), as_of=silent).stdout
    lines = {line["clock_id"]: line for line in map(json.loads, after.splitlines())}
    assert set(lines) == {"acceptance:1", "promised", "statutory"}
    facts = [lines["promised"][key] for key in ("deemed", "started_at", "known_from")]
    assert facts == [True, "2026-09-18T10:00:00+08:00", silent]


def test_findings_are_lines_of_their_own_when_asked_for(place):
    untold = {**EVENTS[1], "told_at": None}
    lines = [
        json.dumps({**e, "case_no": "c1", "item": "i", "source": "h"}) for e in (EVENTS[0], untold)
    ]
    (place / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    without = call(judge, place, str(place / "events.jsonl")).stdout.splitlines()
    told = call(judge, place, str(place / "events.jsonl"), "--findings").stdout.splitlines()
    assert told[: len(without)] == without
    assert [json.loads(line) for line in told[len(without) :]] == [
        {
            "case": "c1",
            "finding": "suspension_untold",
            "finding_id": json.loads(told[-1])["finding_id"],
            "level": "yellow",
            "at": "2026-09-21T10:00:00+08:00",
            "basis": "《行政许可法》第四十五条",
            "record": {
                "kind": "suspended",
                "occurred_at": "2026-09-21T10:00:00+08:00",
                "source": "h",
                "version": 1,
            },
        }
    ]
    assert all("clock" in json.loads(line) for line in without)


def test_a_record_that_was_moved_had_not_happened_at_its_old_time(place):
    moved = {**EVENTS[2], "record_version": 2, "occurred_at": "2026-10-20T10:00:00+08:00"}
    with (place / "events.jsonl").open("a", encoding="utf-8") as lines:
        lines.write("\n" + json.dumps({**moved, "case_no": "c1", "item": "i", "source": "h"}))
    done = call(judge, place, str(place / "events.jsonl"), as_of="2026-10-13T10:00:00+08:00")
    assert json.loads(done.stdout.splitlines()[0])["state"] == "running"


def test_how_many_cases_have_no_clock_and_why_is_said(place):
    line = (place / "events.jsonl").read_text(encoding="utf-8").splitlines()[0]
    other = {**json.loads(line), "case_no": "c2", "event_id": "other", "item": "nosuch"}
    with (place / "events.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(f"\n{json.dumps(other)}\n")
    done = call(judge, place, str(place / "events.jsonl"), "--findings")
    assert done.exit_code == 0
    assert "1 of 2 cases have no clock" in done.stderr
    assert "[item_unknown]" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["finding"] == "item_unknown"
