"""The public holidays of the law itself: year by year, against every notice, and what they do."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import holidays
import pytest
from click.testing import CliRunner
from holidays.calendars.chinese import _ChineseLunisolar

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.calendars.days import Days
from schemas.calendars.differing import changed_days, first_difference
from schemas.calendars.lunar import LUNAR
from schemas.calendars.statutory import law_of, statutory_days
from streams.cli import main
from streams.engine.calendar import Calendar, date_of, day_of
from tests.support.changing import decreed
from tests.support.system import ROOT

CN = load_calendars()["cn"]
FIRST_NOTICE, LAST_NOTICE = 2004, 2026


def day(text):
    return day_of(dt.date.fromisoformat(text))


def dates(text):
    """'2027-01-01 02-05': a year, then days of it."""
    year, *days = text.split()
    return {dt.date.fromisoformat(f"{year}-{each}") for each in days}


@pytest.fixture(scope="module")
def cn():
    return Calendar(CN)


def without(*years):
    """The national calendar as it was before some notices came, the last ones."""
    decrees = {y.decree for y in CN.years if y.year in years}
    return CN.model_copy(
        update={
            "years": tuple(y for y in CN.years if y.year not in years),
            "days": tuple(
                d for d in CN.days if d.date.year not in years and d.decree not in decrees
            ),
        }
    )


# The law of each year, counted from its text


@pytest.mark.parametrize(
    "law",
    [
        # 国务院令第270号: 1-1; 初一 … 初三; 5-1 … 3; 10-1 … 3. 初一 of 2003 is 02-01.
        "2003 01-01 02-01 02-02 02-03 05-01 05-02 05-03 10-01 10-02 10-03",
        # 第513号: the eve, 初一, 初二; 清明, 端午, 中秋; 5-1 only. 初一 of 2012 is 01-23.
        "2012 01-01 01-22 01-23 01-24 04-04 05-01 06-23 09-30 10-01 10-02 10-03",
        # 第644号: the eve is none, 初三 is one. 初一 of 2024 is 02-10.
        "2024 01-01 02-10 02-11 02-12 04-04 05-01 06-10 09-17 10-01 10-02 10-03",
        # 第795号: the eve and 初一 … 初三, 5-1 and 5-2. 初一 of 2027 is 02-06; 中秋 of 2028, 10-03.
        "2027 01-01 02-05 02-06 02-07 02-08 04-05 05-01 05-02 06-09 09-15 10-01 10-02 10-03",
        "2028 01-01 01-25 01-26 01-27 01-28 04-04 05-01 05-02 05-28 10-01 10-02 10-03",
    ],
)  # fmt: skip
def test_the_public_holidays_of_a_year(law):
    assert set(statutory_days(int(law[:4]))) == dates(law)


@pytest.mark.parametrize(
    ("years", "number"),
    [
        ((2000, 2007), "第270号"),
        ((2008, 2013), "第513号"),
        ((2014, 2024), "第644号"),
        ((2025, 2088), "第795号"),
    ],
)
def test_which_wording_is_in_force(years, number):
    for year in years:
        assert number in law_of(year).title


@pytest.mark.parametrize("year", [1990, 1999, 2089, 2100])
def test_beyond_the_table_nothing_is_statutory(year):
    assert law_of(year) is None
    assert not statutory_days(year)
    calendar = Calendar(CN)
    assert calendar.day_info(day(f"{year}-01-01")).standing == "projected"


def test_the_table_ends_where_the_sources_no_longer_agree():
    assert (min(LUNAR), max(LUNAR)) == (2000, 2088)


@pytest.mark.parametrize("year", range(FIRST_NOTICE, LAST_NOTICE + 1))
def test_every_notice_gives_the_days_of_the_law(cn, year):
    for date in statutory_days(year):
        info = cn.day_info(day_of(date))
        assert (info.working, info.standing) == (False, "decreed"), date


@pytest.mark.parametrize("year", sorted(LUNAR))
def test_the_table_agrees_with_the_package_holidays(year):
    other = _ChineseLunisolar()
    assert LUNAR[year] == (
        other.lunar_new_year_date(year)[0],
        other.qingming_date(year)[0],
        other.dragon_boat_date(year)[0],
        other.mid_autumn_date(year)[0],
    )


def test_the_package_holidays_knows_the_same_days_of_the_next_year():
    names = ("元旦", "农历除夕", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
    china = holidays.country_holidays("CN", years=2027, language="zh_CN")
    known = {date for date, name in china.items() if any(n in name for n in names)}
    assert set(statutory_days(2027)) <= known


# What stands in the calendar


def test_a_public_holiday_needs_no_notice(cn):
    info = cn.day_info(day("2027-01-01"))
    assert (info.working, info.standing, info.name) == (False, "statutory", "元旦")
    assert info.decree == "《全国年节及纪念日放假办法》（国务院令第795号）"
    assert not info.projected


def test_one_on_a_weekend_projects_no_day_in_lieu(cn):
    """初一 and 初二 of 2027 are Saturday and Sunday: no weekday about them is taken for off."""
    off = [d for d in range(day("2027-01-25"), day("2027-02-20")) if not cn.is_working(d)]
    weekdays = [str(date_of(d)) for d in off if date_of(d).weekday() < 5]
    assert weekdays == ["2027-02-05", "2027-02-08"]  # 除夕, 初三


def test_the_calendar_of_a_year_before_its_notice_came():
    """2025 as 2024 saw it: the thirteen days, of which 4-4 … are in the notice too."""
    before = Calendar(without(2025, 2026))
    assert {d for d in statutory_days(2025) if before.is_working(day_of(d))} == set()
    assert before.is_working(day("2025-02-03"))  # decreed off only by the notice
    assert before.day_info(day("2025-02-03")).standing == "projected"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Asia/Hong_Kong", "UTC"])
def test_another_country_has_no_such_law(zone):
    abroad = Calendar(CN.model_copy(update={"time_zone": zone}))
    assert abroad.day_info(day("2027-01-01")).standing == "projected"
    assert not abroad.is_projected(day("2026-12-31"))
    said = Calendar(CN.model_copy(update={"time_zone": zone, "statute": "cn"}))
    assert said.day_info(day("2027-01-01")).standing == "statutory"


def test_a_calendar_may_say_that_no_law_holds():
    assert Calendar(CN.model_copy(update={"statute": "none"})).is_working(day("2027-01-01"))


def test_a_day_that_a_list_names_is_as_the_list_says():
    listed = decreed(CN, ("2027-01-04",), ("2027-10-01",), 2027)
    partly = listed.model_copy(update={"years": CN.years})
    info = Calendar(partly).day_info(day("2027-10-01"))
    assert (info.working, info.standing) == (True, "decreed")


# The end of December awaits the next notice


@pytest.mark.parametrize(
    ("late", "year"),
    [
        (["2005-12-31"], 2005),
        (["2006-12-30", "2006-12-31"], 2006),
        (["2007-12-29", "2007-12-31"], 2007),
        (["2011-12-31"], 2011),
        (["2018-12-29", "2018-12-31"], 2018),
    ],
)
def test_days_that_a_later_notice_decreed_were_provisional_until_it_came(late, year):
    """The days are those that differ from the week: a notice for the next year named them."""
    later = range(year + 1, LAST_NOTICE + 1)
    listed = [d for d in CN.days if d.date.year <= year and str(d.date) not in late]
    before = Calendar(
        CN.model_copy(
            update={
                "years": tuple(y for y in CN.years if y.year not in later),
                "days": tuple(d for d in listed if d.date < dt.date(year, 12, 26)),
            }
        )
    )
    after = Calendar(CN)
    for text in late:
        assert before.is_projected(day(text))
        assert not after.is_projected(day(text))
        assert before.is_working(day(text)) != after.is_working(day(text))
    assert not before.is_projected(day(f"{year}-12-25"))


def test_coverage_ends_where_days_await_a_notice(cn):
    assert date_of(cn.last_decreed_day) == dt.date(2026, 12, 25)


def test_a_new_year_settles_them(cn):
    new = Calendar(decreed(CN))
    assert cn.is_projected(day("2026-12-28"))
    assert not new.is_projected(day("2026-12-28"))
    assert new.is_projected(day("2027-12-28"))


# Decreed by day, inherited


def test_a_region_decrees_only_the_days_that_it_lists(tmp_path):
    """found: a region's own 2027.yaml made 2027-01-01 a plain working day, decreed."""
    shutil.copytree(ROOT / "tests/unit/data/liangshan", tmp_path / "calendars")
    made = load_calendars([tmp_path])["liangshan"]
    calendar = Calendar(made)
    assert calendar.day_info(day("2027-07-27")).decree == "凉府办〔2026〕9号"
    assert calendar.day_info(day("2027-01-01")).standing == "statutory"
    assert calendar.day_info(day("2027-01-04")).standing == "projected"
    assert calendar.rests_on_projection(day("2026-12-21"), day("2027-01-04"))
    assert calendar.day_info(day("2026-03-02")).decree == "国办发明电〔2025〕7号"
    assert calendar.last_decreed_day == Calendar(CN).last_decreed_day
    again = CalendarDefinition.model_validate_json(made.model_dump_json())
    assert again == made


def test_its_other_days_follow_once_the_nation_decrees_them(tmp_path):
    shutil.copytree(ROOT / "tests/unit/data/liangshan", tmp_path / "calendars")
    (tmp_path / "calendars/cn").mkdir()
    (tmp_path / "calendars/cn/2027.yaml").write_text("year: 2027\ndecree: A\n", encoding="utf-8")
    calendar = Calendar(load_calendars([tmp_path])["liangshan"])
    assert calendar.day_info(day("2027-01-04")).decree == "A"
    assert calendar.day_info(day("2027-07-27")).decree == "凉府办〔2026〕9号"


# What a change of it moves


def test_a_notice_that_agrees_with_the_law_moves_no_public_holiday():
    changed = {change.date for change in changed_days(CN, decreed(CN, ("2027-01-01",), ()))}
    assert dt.date(2027, 1, 1) not in changed
    # The notice that a test invents does not name 除夕: so that day is worked again.
    assert dt.date(2027, 2, 5) in changed


def test_whether_the_law_holds_concerns_every_day():
    other = CN.model_copy(update={"statute": "none"})
    assert first_difference(CN, other) == dt.date(1990, 1, 1)


def test_one_day_and_all_of_them_are_told_alike(cn):
    """`Days` answers for one, the engine's tables for all."""
    days = Days(CN)
    for date in (date_of(d) for d in range(day("1999-12-01"), day("2030-01-31"))):
        state = days.state(date)
        assert cn.hours(day_of(date)) == state.hours
        assert cn.is_projected(day_of(date)) == (state.standing == "projected")


def test_new_years_day_is_nobodys_due_day():
    """found: seven working days from 2026-12-23; yellow was pushed at 2027-01-02 00:00:00."""
    arguments = ["judge", str(ROOT / "tests/unit/data/newyear/events.jsonl")]
    arguments += ["--catalogue", str(ROOT / "deploy/samples/hunan/catalogue")]
    done = CliRunner().invoke(main, [*arguments, "--as-of", "2027-01-02T00:00:00+08:00"])
    clocks = [json.loads(line) for line in done.stdout.splitlines()]
    due = {(c["case"], c["clock"]): c["due_at"][:10] for c in clocks}
    # 24, 25, 28, 29, 30, 31 are six; 2027-01-01 is off by the law, and 01-04 a Monday.
    assert due["NY3", "promised"] == "2027-01-04"
    assert due["NY1", "promised"] == "2026-12-30"
    assert [c["level"] for c in clocks if (c["case"], c["clock"]) == ("NY3", "promised")] == [
        "notice"
    ]
    across = {case for (case, clock), date in due.items() if date > "2026-12-25"}
    assert across == {c["case"] for c in clocks if c["provisional"]}
