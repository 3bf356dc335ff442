"""A year held against the law on public holidays, notice by notice."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from schemas.calendars import DecreedYear, ListedDay, load_calendars
from schemas.calendars.holding import at_odds_with_law
from streams.change_making import year_change
from tests.support.changing import DECREE, decreed, notice_2027
from tests.support.system import ROOT

CN = load_calendars()["cn"]
FOUND = ROOT / "tests/unit/data/2027_as_2026.json"


def odds(calendar, year, *, whole=True):
    return [
        (date and str(date), said.en)
        for date, said in at_odds_with_law(calendar, year, whole=whole)
    ]


def without_day(*texts):
    return CN.model_copy(update={"days": tuple(d for d in CN.days if str(d.date) not in texts)})


@pytest.mark.parametrize("year", range(2004, 2027))
def test_every_notice_that_there_was_is_lawful(year):
    """Also 2015 (12) and 2020 (13), which other notices gave more; and with the Decembers."""
    assert odds(CN, year) == []


@pytest.mark.parametrize(
    ("day", "year"),
    [
        ("2005-12-31", 2006),  # worked by the notice for 2006
        ("2006-12-30", 2007),
        ("2007-12-31", 2008),
        ("2011-12-31", 2012),
        ("2018-12-29", 2019),
        ("2015-09-03", 2015),
        ("2020-01-31", 2020),
        ("2026-02-28", 2026),
    ],
)
def test_a_day_left_out_upsets_the_balance_of_its_notice_alone(day, year):
    wrong = without_day(day)
    assert [y for y in range(2004, 2027) if odds(wrong, y)] == [year]


def test_a_public_holiday_that_is_worked_is_named():
    wrong = without_day("2026-06-19")
    ((date, said), (_, balance)) = odds(wrong, 2026)
    assert date == "2026-06-19"
    assert "端午节" in said
    assert "国务院令第795号" in said
    assert "12 in balance; by the law it is 13" in balance


def test_one_on_a_weekend_need_not_be_listed():
    assert odds(without_day("2026-04-04", "2026-04-05"), 2026) == []  # 清明 and the day after


def test_the_found_year_is_refused():
    made = year_change(FOUND, "cn", DECREE, None)
    days = ["2027-02-05", "2027-02-08", "2027-06-09", "2027-09-15"]
    assert [each.en[:10] for each in made.objections[:4]] == days
    assert len(made.objections) == 5


def written(tmp_path, days):
    path = tmp_path / "2027.json"
    path.write_text(json.dumps({"year": 2027, "days": days}))
    return path


def test_a_lawful_year_has_nothing_against_it_also_with_days_of_december(tmp_path):
    days = notice_2027()["days"]
    assert year_change(written(tmp_path, days), "cn", DECREE, None).objections == ()
    off = {"name": "元旦", "date": "2026-12-31", "isOffDay": True}
    (said,) = year_change(written(tmp_path, [*days, off]), "cn", DECREE, None).objections
    assert "14 in balance" in said.en
    worked = {"name": "元旦", "date": "2026-12-26", "isOffDay": False}
    assert not year_change(written(tmp_path, [*days, off, worked]), "cn", DECREE, None).objections
    assert not year_change(written(tmp_path, [*days, off, worked]), "cn", None, None).objections


def test_days_of_its_own_december_that_the_next_notice_named_are_the_next_ones(tmp_path):
    """Our own file of 2018 holds 2018-12-29 … 31 with the number of the notice for 2019."""
    shutil.copy(ROOT / "schemas/calendars/cn/2018.yaml", tmp_path / "2018.yaml")
    assert year_change(tmp_path / "2018.yaml", "cn", None, None).objections == ()


def test_a_region_need_not_have_the_nations_days(tmp_path):
    shutil.copytree(ROOT / "tests/unit/data/liangshan", tmp_path / "calendars")
    file = tmp_path / "calendars/liangshan/2027.yaml"
    assert year_change(file, "liangshan", None, tmp_path).objections == ()


def test_but_may_not_take_one_away(tmp_path):
    shutil.copytree(ROOT / "tests/unit/data/liangshan", tmp_path / "calendars")
    file = tmp_path / "2027.yaml"
    file.write_text("year: 2027\ndecree: X\nwork: [2027-01-01]\n", encoding="utf-8")
    (said,) = year_change(file, "liangshan", None, tmp_path).objections
    assert (
        said.zh
        == "2027-01-01（元旦）依法放假，此处却上班：《全国年节及纪念日放假办法》（国务院令第795号）"
    )


@pytest.mark.parametrize("changed", [{"statute": "none"}, {"time_zone": "Asia/Tokyo"}])
def test_who_is_not_under_the_law_is_not_held_against_it(changed):
    worked = decreed(CN, (), ("2027-01-01",)).model_copy(update=changed)
    assert odds(worked, 2027) == []


def test_nothing_is_said_of_a_year_without_a_known_law():
    years = (*CN.years, DecreedYear(year=2090))
    day = ListedDay(date=dt.date(2090, 1, 1), working=True)
    assert odds(CN.model_copy(update={"years": years, "days": (*CN.days, day)}), 2090) == []
