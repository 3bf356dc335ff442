"""`jiancha calendar`: due, between, show; the figures are counted by hand from the decrees."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from streams.cli import main
from tests.support.system import ROOT

HUNAN = ROOT / "deploy/samples/hunan/catalogue"


def ask(*arguments, code=0):
    arguments = ["calendar", *map(str, arguments)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        (("2026-09-18", "--days", 20), "2026-10-22 (Th) 23:59:59+08:00"),
        (("2026-09-18T17:59", "--days", 20), "2026-10-22 (Th) 23:59:59+08:00"),
        (("2026-09-18", "--days", 1), "2026-09-20 (Su) 23:59:59+08:00"),
        (("2026-09-18T10:00", "--days", 3, "--mode", "elapsed"), "2026-09-22 (Tu) 10:00:00+08:00"),
        (("2026-09-18", "--days", 7, "--unit", "natural_day"), "2026-09-28 (Mo) 23:59:59+08:00"),
        (("2026-09-18T16:00", "--days", 4, "--unit", "working_hour"), "2026-09-20 (Su) 11:30:00"),
        (("2026-09-18T16:00", "--days", 4, "--unit", "hour"), "2026-09-18 (Fr) 20:00:00+08:00"),
        (("2026-09-18T02:00+00:00", "--days", 1, "--unit", "hour"), "2026-09-18 (Fr) 11:00:00"),
    ],
)
def test_due(arguments, end):
    told = ask("due", "--from", *arguments, "--lang", "en").stdout
    assert f"due: {end}" in told
    assert "Provisional" not in told


def test_a_due_date_that_rests_on_projected_days_says_so_in_both_languages():
    asked = ("due", "--from", "2026-12-18", "--days", 20)
    """The dates to 2026-12-25 are decreed; 2027-01-01 is off by the law: one day later than not."""
    told = ask(*asked, "--lang", "zh").stdout
    assert "2026-12-26 起尚无国务院放假通知，届时可能提前，也可能推后" in told
    told = ask(*asked, "--lang", "en").stdout
    assert "due: 2027-01-18 (Mo) 23:59:59+08:00" in told
    assert "2027-01-01 (Fr) off 元旦 《全国年节及纪念日放假办法》（国务院令第795号）" in told
    assert "from 2026-12-26 on no notice has come" in told
    assert "may move either way" in told


def test_the_holidays_on_the_way_are_named_with_their_decree():
    told = ask("due", "--from", "2026-09-18", "--days", 20).stdout
    assert "2026-10-10（周六） 班 国庆节调休 国办发明电〔2025〕7号" in told
    assert told.count(" 休 ") == 10


def test_the_mode_that_is_told_is_the_one_that_counts():
    hours = ask("due", "--from", "2026-09-18T16:00", "--days", 4, "--unit", "hour", "--lang", "en")
    assert "by the time used" in hours.stdout
    days = ("--days", 4, "--unit", "natural_day", "--mode", "elapsed", "--lang", "en")
    assert "from the next day" in ask("due", "--from", "2026-09-18", *days).stdout


def test_a_regions_calendar_is_asked():
    asked = ("due", "--from", "2026-09-18T16:00", "--days", 4, "--unit", "working_hour")
    told = ask(*asked, "--region", "430102", "--catalogue", HUNAN, "--lang", "en").stdout
    assert "calendar hunan" in told
    assert "due: 2026-09-20 (Su) 13:00:00" in told


def test_between():
    told = ask("between", "2026-09-18", "2026-10-26", "--lang", "en").stdout
    assert "22 working days, 38 natural days" in told
    assert "hours" not in told
    timed = ask("between", "2026-09-18T10:00", "2026-09-20T10:00", "--lang", "en").stdout
    assert "7.00 working hours" in timed
    assert "0 个工作日，0 个自然日" in ask("between", "2026-10-26", "2026-09-18").stdout
    assert "Provisional" in ask("between", "2026-12-30", "2027-01-02", "--lang", "en").stdout


def test_show_says_of_each_day_which_it_is_and_why():
    """The days of January 2027 before its notice, and of October 2026, which has one."""
    told = ask("show", "2027-01", "--lang", "en").stdout
    law = "《全国年节及纪念日放假办法》（国务院令第795号）"
    awaited = "provisional: by the week, until the notice for 2027 is loaded"
    hours = "09:00-12:00 13:30-17:30"
    assert f"  2027-01-01 (Fr) off 元旦  by the law: {law}\n" in told
    assert f"  2027-01-02 (Sa) – 2027-01-03 (Su) weekend  {awaited}\n" in told
    assert f"  2027-01-04 (Mo) – 2027-01-08 (Fr) working day {hours}  {awaited}\n" in told
    told = ask("show", "2026-10", "--lang", "en").stdout
    decree = "decreed: 国办发明电〔2025〕7号"
    assert f"  2026-10-01 (Th) – 2026-10-07 (We) off 国庆节  {decree}\n" in told
    assert f"  2026-10-10 (Sa) worked 国庆节调休 {hours}  {decree}\n" in told
    told = ask("show", "2027-01", "--lang", "zh").stdout
    assert f"  2027-01-01（周五） 休 元旦  法定：{law}\n" in told
    assert "（周日） 周末  暂定：按每周规律，2027 年的放假通知尚未载入\n" in told
    assert "工作日届时可能增加，也可能减少" in told


def test_every_day_of_a_month_is_told_once():
    lines = [x for x in ask("show", "2026-12", "--lang", "en").stdout.splitlines() if "  2026" in x]
    days = [re.findall(r"2026-12-(\d\d)", line) for line in lines]
    assert [n for span in days for n in range(int(span[0]), int(span[-1]) + 1)] == [*range(1, 32)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("2027-02-05", "2027-02-05 (Fr) off 除夕  by the law: "),
        ("2026-12-28", "until the notice for 2027 is loaded"),
        ("2027-12-28", "until the notice for 2027 is loaded"),
        (
            "2005-12-31",
            "2005-12-31 (Sa) worked 元旦调休 09:00-12:00 13:30-17:30  decreed: 国办发明电",
        ),
        ("2009-03-02", "decreed (number not known)"),
    ],
)
def test_show_tells_of_one_day(asked, told):
    assert told in ask("show", asked, "--lang", "en").stdout


def test_where_the_week_is_the_law_it_is_what_a_day_rests_on(tmp_path):
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars/plain.yaml").write_text(
        "name: plain\ntime_zone: America/New_York\nhours: [09:00-17:00]\ndecrees: week\n"
    )
    (tmp_path / "c.yaml").write_text("policy: {calendar: plain}\n")
    told = ask("show", "2027-01-01", "--catalogue", tmp_path, "--lang", "en").stdout
    assert "working day 09:00-17:00  by the week, which needs no decree here" in told


def test_show_marks_days_off_and_days_worked_in_exchange():
    told = ask("show", "2026-10", "--lang", "en").stdout
    assert "  5*  6*  7*  8   9  10+ 11*" in told.splitlines()
    assert "18 working days" in told
    assert "2026-10-10 (Sa) worked" in told
    assert "Provisional" in ask("show", "2027-02", "--lang", "en").stdout
    assert "23 个工作日" in ask("show", "1990-01").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("due", "--from", "yesterday", "--days", 1), "write it as 2026-09-18"),
        (("due", "--from", "2026-02-30", "--days", 1), "write it as 2026-09-18"),
        (("due", "--from", "2026-09-18", "--days", 0), "--days"),
        (("due", "--from", "2026-09-18", "--days", 1, "--region", "430102"), "needs --catalogue"),
        (("due", "--from", "2099-01-01", "--days", 9999), "lies outside 1990-01-01"),
        (("show", "2026-13"), "write it as 2026-10"),
        (("show", "2150-01"), "lies outside"),
    ],
)
def test_wrong_use(arguments, told):
    assert told in ask(*arguments, code=2).stderr


def test_an_unknown_region_is_told():
    asked = ("show", "2026-10", "--region", "110000", "--catalogue", HUNAN)
    assert "There is no region 110000" in ask(*asked, code=1).stderr
