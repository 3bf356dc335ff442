"""The import commands: what they check, show, refuse to begin with; what is heard of a change."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from schemas.changes import CaseDifference, ChangeBegun, ChangeEnded, ClockDifference
from schemas.codes import ClockKind, Level
from streams.change_texts import rows, totals
from streams.changing import Progress
from streams.cli import main
from tests.support.cases import at
from tests.support.changing import notice_2027
from tests.support.system import ROOT

HUNAN = ROOT / "deploy/samples/hunan/catalogue"
FOUND = ROOT / "tests/unit/data/2027_as_2026.json"
"""2027 with the days of 2026: 春节 in the middle of February, 端午 on the 19th of June."""


@pytest.fixture
def year(tmp_path):
    path = tmp_path / "2027.json"
    path.write_text(json.dumps(notice_2027(), ensure_ascii=False))
    return path


def run(*arguments, code=0):
    done = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


class TestCalendarImport:
    def test_without_more_it_shows_the_days_that_change_and_who_follows(self, year):
        told = run("calendar", "import", year, "--catalogue", HUNAN, "--lang", "en").stdout
        assert "2027-01-04 Mo worked → off 元旦" in told
        assert "2027-01-02 Sa off → worked 元旦调休" in told
        assert "2027-01-01" not in told  # off by the law before any notice
        assert "calendars that follow: hunan" in told
        assert not (HUNAN / "calendars/cn").exists()
        assert "2027-01-04 一 上班 → 休 元旦" in run("calendar", "import", year).stdout

    def test_a_year_at_odds_with_the_law_is_refused_in_the_readers_language(self):
        done = run("calendar", "import", FOUND, "--lang", "en", code=1)
        against = [line for line in done.stdout.splitlines() if line.startswith("against the law:")]
        days = ["2027-02-05", "2027-02-08", "2027-06-09", "2027-09-15"]
        assert [line.split()[3] for line in against[:4]] == days
        assert "the notice for 2027 gives 17 days off from Monday to Friday" in against[4]
        assert "it is 13" in against[4]
        assert "--despite-law" in done.stderr
        assert (
            "2027-06-09（端午节）依法放假，此处却上班"
            in run("calendar", "import", FOUND, code=1).stdout
        )
        assert "不予采用：与法律不符" in run("calendar", "import", FOUND, code=1).stderr

    @pytest.mark.parametrize("how", ["--dry-run", "--apply"])
    def test_nor_is_it_sent(self, how):
        asked = ("calendar", "import", FOUND, "--decree", "X", "--catalogue", HUNAN, how)
        assert "--despite-law" in run(*asked, code=1).stderr

    def test_it_is_taken_when_somebody_says_so(self):
        told = run("calendar", "import", FOUND, "--despite-law", "--lang", "en").stdout
        assert "against the law: 2027-06-09" in told

    def test_a_warning_is_in_the_readers_language(self, tmp_path):
        path = tmp_path / "2027.json"
        days = [*notice_2027()["days"], {"name": "x", "date": "2027-03-10", "isOffDay": False}]
        path.write_text(json.dumps({"year": 2027, "days": days}))
        assert (
            "请核对：2027-03-10 列为调休上班，却是周一至周五"
            in run("calendar", "import", path).stdout
        )
        english = run("calendar", "import", path, "--lang", "en").stdout
        assert "check: 2027-03-10 is worked in exchange, but is a weekday" in english

    def test_it_is_not_put_in_force_without_the_notices_number(self, year):
        asked = ("calendar", "import", year, "--catalogue", HUNAN, "--apply")
        assert "decree: without the notice's number" in run(*asked, code=2).stderr

    def test_nor_without_knowing_which_calendars_rest_on_it(self, year, monkeypatch):
        monkeypatch.setenv("JIANCHA_CATALOGUE", "/nowhere")
        done = run("calendar", "import", year, "--dry-run", code=2)
        assert "name the catalogue with --catalogue" in done.stderr

    def test_both_at_once_is_wrong_use(self, year):
        done = run("calendar", "import", year, "--dry-run", "--apply", code=2)
        assert "give one" in done.stderr

    def test_what_is_wrong_is_told_with_field_value_and_remedy(self, tmp_path):
        path = tmp_path / "x.json"
        path.write_text('{"year": 2027, "days": [{"name": "x", "date": "1.1.", "isOffDay": true}]}')
        told = run("calendar", "import", path, code=1).stderr
        assert "days[0].date = 1.1.: not a date; write it as 2026-10-01" in told


class TestCatalogueImport:
    def test_it_is_checked(self):
        told = run("catalogue", "import", HUNAN, "--lang", "en").stdout
        assert "3 items: can be put in force" in told

    def test_what_is_wrong_with_it_is_told(self, tmp_path):
        (tmp_path / "x.yaml").write_text("items: [{code: a}]\n")
        assert "items[0].name" in run("catalogue", "import", tmp_path, code=1).stderr


def difference(case_no="c", **changed):
    clock = ClockDifference(
        **{
            "clock_id": "promised",
            "clock": ClockKind.PROMISED,
            "due_before": at("2027-01-04 23:59:59"),
            "due_after": at("2027-01-06 23:59:59"),
            "level_before": Level.NOTICE,
            "level_after": Level.NONE,
            "provisional_before": True,
            "provisional_after": False,
            **changed,
        }
    )
    return CaseDifference(
        change_id="x", partition=0, case_no=case_no, at=0, dry_run=False, clocks=[clock]
    )


def ended(partition, result="applied", reason=""):
    return ChangeEnded(
        change_id="x",
        partition=partition,
        at=0,
        result=result,
        reason=reason,
        judged=2,
        changed=1,
    )


class TestProgress:
    def test_each_case_counts_once_and_all_partitions_have_to_end(self):
        heard = Progress(2)
        assert heard.take(difference())
        assert not heard.take(difference())
        heard.take(ended(0))
        heard.take(ended(0))
        assert not heard.done
        heard.take(ended(1))
        assert heard.done

    def test_the_cases_to_judge_are_known_once_partitions_have_begun(self):
        heard = Progress(2)
        for partition in (0, 1, 1):
            heard.take(
                ChangeBegun(
                    change_id="x",
                    partition=partition,
                    at=0,
                    subject="calendar",
                    names=[],
                    retroactive=False,
                    dry_run=False,
                    made_at=0,
                    by="u",
                    first_day=None,
                    cases=5,
                )
            )
        assert heard.cases == 10


class TestTexts:
    def test_a_clock_before_and_after(self):
        (row,) = rows(difference(), "Asia/Shanghai", "zh")
        assert (row.clock, row.before, row.after) == (
            "承诺时限",
            "2027-01-04 23:59:59 预警 暂定",
            "2027-01-06 23:59:59",
        )
        (row,) = rows(difference(due_after=None), "Asia/Shanghai", "en")
        assert (row.before, row.after) == ("2027-01-04 23:59:59 notice provisional", "none")

    def test_totals_tell_the_refusals_with_their_reason_once(self):
        heard = Progress(3)
        for number, result in enumerate(("applied", "refused", "refused")):
            heard.take(ended(number, result, "hours: …" if result == "refused" else ""))
        assert list(totals(heard, "en")) == [
            "1 partitions: in force",
            "2 partitions: refused",
            "  hours: …",
            "6 open cases judged again, of which 3 changed",
        ]
