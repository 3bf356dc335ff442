"""The decreed years: every day against two other sources, and the one place where they differ."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import holidays
import pytest

from schemas.calendars import load_calendars
from streams.engine.calendar import Calendar, date_of, day_of

YEARS = range(2004, 2027)

DIFFERENCES = {
    # A Saturday worked in exchange for 2006-01-03, and the notice for 2006 says so.
    ("chinesecalendar", dt.date(2005, 12, 31)): "国办发明电〔2005〕35号",
}
"""Every day on which a source differs from the files, with the decree that decides."""

OFF = {
    2024: "0101 0210-0217 0404-0406 0501-0505 0610 0915-0917 1001-1007",
    2025: "0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008",
    2026: "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007",
}
WORKED = {
    2024: "0204 0218 0407 0428 0511 0914 0929 1012",
    2025: "0126 0208 0427 0928 1011",
    2026: "0104 0214 0228 0509 0920 1010",
}


@pytest.fixture(scope="module")
def definition():
    return load_calendars()["cn"]


@pytest.fixture(scope="module")
def cn(definition):
    return Calendar(definition)


def days_of(year):
    return [date_of(d) for d in range(day_of(dt.date(year, 1, 1)), day_of(dt.date(year + 1, 1, 1)))]


def spans(year, text):
    for span in text.split():
        first, _, last = span.partition("-")
        ends = [dt.date(year, int(part[:2]), int(part[2:])) for part in (first, last or first)]
        yield from (date_of(day) for day in range(day_of(ends[0]), day_of(ends[1]) + 1))


def judged_otherwise(cn, source, is_working):
    return {
        (source, date)
        for year in YEARS
        for date in days_of(year)
        if cn.is_working(day_of(date)) != is_working(date)
    }


def test_every_day_equals_chinesecalendar_but_for_the_listed_ones(cn):
    differing = judged_otherwise(cn, "chinesecalendar", chinese_calendar.is_workday)
    assert differing == {key for key in DIFFERENCES if key[0] == "chinesecalendar"}


def test_every_day_equals_holidays_but_for_the_listed_ones(cn):
    china = holidays.country_holidays("CN", years=list(YEARS))
    differing = judged_otherwise(cn, "holidays", china.is_working_day)
    assert differing == {key for key in DIFFERENCES if key[0] == "holidays"}


def test_where_a_source_differs_the_decree_wins_and_is_named(cn):
    for (_, date), decree in DIFFERENCES.items():
        assert cn.day_info(day_of(date)).decree == decree
    assert cn.is_working(day_of(dt.date(2005, 12, 31)))


@pytest.mark.parametrize("date", [dt.date(2019, 4, 28), dt.date(2019, 5, 5)])
def test_the_two_sundays_of_2019_are_worked_by_their_own_notice(cn, date):
    info = cn.day_info(day_of(date))
    assert (date.weekday(), info.working, info.decree) == (6, True, "国办发明电〔2019〕3号")


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_notices_of_the_last_years_word_for_word(cn, year):
    off, worked = set(spans(year, OFF[year])), set(spans(year, WORKED[year]))
    for date in days_of(year):
        expected = date in worked or (date.weekday() < 5 and date not in off)
        assert cn.is_working(day_of(date)) == expected, date
    # No day off is a mere weekend without its holiday's name, and no make-up day a weekday.
    assert {d for d in days_of(year) if cn.day_info(day_of(d)).name} == off | worked


@pytest.mark.parametrize(
    ("year", "working", "against_weekdays"),
    [(2024, 251, 27), (2025, 248, 23), (2026, 248, 25)],
)
def test_working_days_of_the_year(cn, year, working, against_weekdays):
    dates = days_of(year)
    assert cn.count(day_of(dates[0]) - 1, day_of(dates[-1])) == working
    wrong = sum(cn.is_working(day_of(d)) != (d.weekday() < 5) for d in dates)
    assert wrong == against_weekdays


def test_2024_02_09_is_a_working_day(cn):
    assert cn.is_working(day_of(dt.date(2024, 2, 9)))


def test_every_make_up_day_falls_on_a_weekend_and_has_a_name(definition):
    worked = [day for day in definition.days if day.working]
    assert worked
    assert all(day.date.weekday() >= 5 and day.name for day in worked)


def test_every_year_names_its_decree_or_says_that_it_is_not_known(definition):
    unknown = {year.year for year in definition.years if year.decree is None}
    assert [year.year for year in definition.years] == list(YEARS)
    assert unknown == {2004, 2005, 2008, 2009}  # docs/calendars.md says why
    known = {year.year: year.decree for year in definition.years}
    assert (known[2024], known[2025], known[2026]) == (
        "国办发明电〔2023〕7号",
        "国办发明电〔2024〕12号",
        "国办发明电〔2025〕7号",
    )


@pytest.mark.parametrize(
    ("date", "decree"),
    [
        ("2006-12-31", "国办发明电〔2006〕49号"),
        ("2007-12-31", None),  # by the notice for 2008, whose number is not known for certain
        ("2011-12-31", "国办发明电〔2011〕45号"),
        ("2015-09-03", "国发明电〔2015〕1号"),
        ("2018-12-29", "国办发明电〔2018〕15号"),
        ("2020-01-31", "国办发明电〔2020〕1号"),
        ("2022-12-31", "国办发明电〔2022〕16号"),
        ("2024-03-01", "国办发明电〔2023〕7号"),  # an ordinary day rests on its year's notice
    ],
)
def test_a_day_names_the_notice_that_made_it(cn, date, decree):
    info = cn.day_info(day_of(dt.date.fromisoformat(date)))
    assert (info.decree, info.projected) == (decree, False)
