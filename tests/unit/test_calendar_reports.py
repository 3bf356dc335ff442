"""What went wrong in other people's calendars, tried on ours; each names the public report."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.calendars.holding import at_odds_with_law
from schemas.calendars.statutory import statutory_days
from streams.change_making import year_change
from streams.engine.calendar import Calendar, day_of

DAY, HOUR = 86_400, 3_600
CN = load_calendars()["cn"]


def day(text):
    return day_of(dt.date.fromisoformat(text))


def made(**changes):
    base = {
        "name": "made",
        "time_zone": "Asia/Shanghai",
        "week": ("mon", "tue", "wed", "thu", "fri"),
        "hours": ("09:00-17:00",),
        "decrees": "week",
    }
    return Calendar(CalendarDefinition.model_validate(base | changes))


def test_a_winter_season_holds_on_both_sides_of_the_year():
    """rezemika/humanized_opening_hours#26: Oct-Mar; closed on 30 November and on 1 January."""
    winter = {"from": "10-01", "to": "03-31", "hours": ["07:30-19:30"]}
    summer = {"from": "04-01", "to": "09-30", "hours": ["07:00-21:00"]}
    calendar = made(seasons=[winter, summer])
    for date in ("2018-11-30", "2019-01-01", "2019-03-29"):
        assert calendar.seconds_of(day(date)) == 12 * HOUR
    assert calendar.seconds_of(day("2019-04-01")) == 14 * HOUR


@pytest.mark.parametrize("week", [("tue",), ("tue", "wed"), ("sun", "fri")])
def test_a_week_without_its_monday_is_counted(week):
    """osTicket/osTicket#6739: unless Monday and Thursday are named no business day is counted."""
    calendar = made(week=week)
    start = day("2024-08-05")  # a Monday
    assert calendar.count(start - 1, start + 27) == 4 * len(week)
    assert calendar.measure(start * DAY, (start + 28) * DAY) == 4 * len(week) * 8 * HOUR


def test_weekends_beside_a_holiday_need_not_be_listed(tmp_path):
    """NateScarlet/holiday-cn#213: 2023-12-30 and 31 are off before 2024-01-01, and not listed."""
    calendar = Calendar(CN)
    off = [calendar.is_working(day(d)) for d in ("2023-12-30", "2023-12-31", "2024-01-01")]
    assert off == [False, False, False]
    path = tmp_path / "2024.json"
    listed = [d for d in CN.days if d.date.year == 2024 and (d.working or d.date.weekday() < 5)]
    days = [{"name": d.name, "date": str(d.date), "isOffDay": not d.working} for d in listed]
    path.write_text(json.dumps({"year": 2024, "days": days}))
    assert year_change(path, "cn", "国办发明电〔2023〕7号", None).objections == ()


@pytest.mark.parametrize(
    ("lost", "year"),
    [
        ("2020-01-31", 2020),  # NateScarlet/holiday-cn#73: the day was not in the file
        ("2007-12-29", 2008),  # liriansu-opus/chinese-calendar#79: worked, and given as off
        ("2008-09-27", 2008),
        ("2005-12-31", 2006),  # liriansu-opus/chinese-calendar#125
        ("2019-04-28", 2019),  # vacanza/holidays#3293
    ],
)
def test_a_day_that_others_lost_could_not_be_imported_unseen(lost, year):
    without = CN.model_copy(update={"days": tuple(d for d in CN.days if str(d.date) != lost)})
    assert list(at_odds_with_law(without, year, whole=True))


def test_the_last_day_of_december_is_found_under_the_notice_that_made_it():
    """6tail/lunar-go#8: 2022-12-31 is asked for in vain among the days of 2023."""
    info = Calendar(CN).day_info(day("2022-12-31"))
    assert (info.working, info.name, info.decree) == (False, "元旦", "国办发明电〔2022〕16号")


@pytest.mark.parametrize("date", ["2020-10-01", "2028-10-03", "2031-10-01"])
def test_a_mid_autumn_in_october_is_known(date):
    """holidays/definitions#370: 中秋 is missed in the years in which it falls in October."""
    assert "中秋节" in statutory_days(int(date[:4]))[dt.date.fromisoformat(date)]


def test_a_year_without_a_notice_answers_and_says_what_it_rests_on():
    """liriansu-opus/chinese-calendar#94: it raises in December, until its next release."""
    info = Calendar(CN).day_info(day("2027-01-01"))
    assert (info.working, info.standing) == (False, "statutory")
