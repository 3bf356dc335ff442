from __future__ import annotations

import datetime as dt

import pytest

from schemas.calendars import CalendarDefinition, load_calendars
from streams.engine.calendar import Calendar, OutsideCalendar, add_months, date_of, day_of

DAY = 86_400


def day(text):
    return day_of(dt.date.fromisoformat(text))


def face(text):
    moment = dt.datetime.fromisoformat(text)
    return day_of(moment.date()) * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second


def shown(value):
    return f"{date_of(value // DAY)} {dt.timedelta(seconds=value % DAY)!s:0>8}"


@pytest.fixture(scope="module")
def cn():
    return Calendar(load_calendars()["cn"])


def made(**changes):
    """A Monday-to-Friday calendar of 24-hour days in UTC, with changes."""
    definition = {
        "name": "made",
        "time_zone": "UTC",
        "week": ("mon", "tue", "wed", "thu", "fri"),
        "hours": ("00:00-24:00",),
        "decrees": "week",
    }
    return Calendar(CalendarDefinition.model_validate(definition | changes))


def boston():
    rule = {"closes_at": "17:00", "resumes_at": "08:30"}
    return made(name="boston", time_zone="America/New_York", start_rule=rule)


# Days


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        (start, n, due)
        for start, *dues in [
            ("2024-02-09", "2024-02-18", "2024-02-22", "2024-02-29", "2024-03-14", "2024-04-19"),
            ("2024-09-13", "2024-09-14", "2024-09-23", "2024-09-29", "2024-10-17", "2024-11-21"),
            ("2025-01-27", "2025-02-05", "2025-02-10", "2025-02-17", "2025-03-03", "2025-04-08"),
            ("2025-09-26", "2025-09-28", "2025-10-10", "2025-10-16", "2025-10-30", "2025-12-04"),
            ("2026-02-14", "2026-02-24", "2026-02-28", "2026-03-06", "2026-03-20", "2026-04-27"),
            ("2026-09-18", "2026-09-20", "2026-09-24", "2026-10-09", "2026-10-22", "2026-11-26"),
            ("2026-09-30", "2026-10-08", "2026-10-13", "2026-10-20", "2026-11-03", "2026-12-08"),
        ]
        for n, due in zip((1, 5, 10, 20, 45), dues, strict=True)
    ],
)
def test_the_fixtures_of_mode_next_day(cn, start, n, due):
    assert date_of(cn.nth(day(start), n)) == dt.date.fromisoformat(due)
    assert cn.count(day(start), day(due)) == n


def test_nth_counts_back_and_stays(cn):
    assert cn.nth(day("2026-10-08"), -1) == day("2026-09-30")
    assert cn.nth(day("2026-10-03"), -1) == day("2026-09-30")
    assert cn.nth(day("2026-10-03"), 0) == day("2026-10-03")
    assert cn.nth(day("2026-10-03"), 1) == day("2026-10-08")


def test_roll_stays_on_a_working_day_and_moves_off_a_day_off(cn):
    assert cn.roll(day("2026-10-10")) == day("2026-10-10")  # a Saturday that works
    assert cn.roll(day("2026-10-01")) == day("2026-10-08")


def test_count_is_zero_where_nothing_lies_between(cn):
    assert cn.count(day("2026-10-09"), day("2026-10-09")) == 0
    assert cn.count(day("2026-10-20"), day("2026-10-09")) == 0


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-15", 12, "2027-12-15"),
    ],
)
def test_months_are_clamped_from_the_original_start(start, months, end):
    assert add_months(day(start), months) == day(end)


def test_months_beyond_the_years_there_are():
    with pytest.raises(OutsideCalendar):
        add_months(day("2026-01-31"), 100_000)


# Decreed and projected


def test_a_year_without_a_file_is_projected_from_the_weekly_pattern(cn):
    march = cn.day_info(day("2027-03-01"))  # a Monday
    assert (march.working, march.projected, march.decree) == (True, True, None)
    assert not cn.is_working(day("2027-01-02"))  # a Saturday
    assert cn.is_projected(day("2027-01-02"))
    assert cn.is_projected(day("2003-12-31"))


def test_what_reaches_into_a_projected_year_rests_on_projection(cn):
    assert not cn.rests_on_projection(day("2004-01-01"), day("2026-12-25"))
    assert cn.rests_on_projection(day("2026-12-25"), day("2026-12-26"))
    assert cn.rests_on_projection(day("2003-12-31"), day("2004-01-01"))


def test_where_the_week_is_the_law_every_day_is_decreed():
    calendar = made(decrees="week")
    assert not calendar.rests_on_projection(day("1990-01-01"), day("2100-12-31"))
    assert calendar.last_decreed_day == day("2100-12-31")


def test_without_any_year_file_nothing_is_decreed_but_what_is_listed():
    own = {"date": "2027-07-24", "working": False, "name": "火把节"}
    calendar = made(decrees="yearly", days=(own,))
    assert calendar.last_decreed_day == day("1989-12-31")
    assert not calendar.is_projected(day("2027-07-24"))
    assert calendar.is_projected(day("2027-07-25"))


# Hours


def test_hours_opening_close_and_the_standard_day(cn):
    make_up, off = day("2026-09-20"), day("2026-10-01")
    assert cn.hours(make_up) == ((32_400, 43_200), (48_600, 63_000))
    assert cn.hours(off) == ()
    assert (cn.opening(off), cn.close(off)) == (32_400, 63_000)
    assert cn.standard_day == 25_200


def test_a_half_day_has_its_real_seconds_and_the_standard_day_stays():
    half = {"date": "2026-03-07", "working": True, "hours": ["09:00-12:00"]}
    calendar = made(hours=("09:00-12:00", "13:30-17:30"), days=(half,))
    saturday = day("2026-03-07")
    assert calendar.measure(saturday * DAY, (saturday + 1) * DAY) == 3 * 3600
    assert (calendar.close(saturday), calendar.standard_day) == (12 * 3600, 25_200)
    assert calendar.count(saturday - 1, saturday) == 1
    # One standard day from Friday's close: three hours on the Saturday, four on the Monday.
    assert shown(calendar.add(face("2026-03-06 17:30:00"), 25_200)) == "2026-03-09 14:30:00"


def test_lunch_is_skipped_and_the_latest_moment_is_the_next_opening(cn):
    start = face("2026-09-21 10:00:00")
    assert shown(cn.reach(start, 2 * 3600)) == "2026-09-21 12:00:00"
    assert shown(cn.add(start, 2 * 3600)) == "2026-09-21 13:30:00"  # over from 13:30:01
    assert cn.measure(start, face("2026-09-21 13:30:01")) == 2 * 3600 + 1


def test_at_the_close_of_a_day_add_gives_the_next_opening_and_reach_the_close(cn):
    start = face("2026-09-30 09:00:00")
    assert shown(cn.reach(start, 25_200)) == "2026-09-30 17:30:00"
    assert shown(cn.add(start, 25_200)) == "2026-10-08 09:00:00"  # after the National Day week


def test_adding_nothing(cn):
    working, night = face("2026-09-21 10:00:00"), face("2026-09-21 20:00:00")
    assert cn.add(working, 0) == cn.reach(working, 0) == working
    assert cn.reach(night, 0) == night
    assert shown(cn.add(night, 0)) == "2026-09-22 09:00:00"


def test_the_worked_example_of_mode_elapsed(cn):
    # Published with a provincial system: accepted on a Monday at 10:00, promised 7, statutory 10.
    start = face("2018-10-15 10:00:00")
    for days, due in ((4, "2018-10-19"), (7, "2018-10-24"), (10, "2018-10-29")):
        assert shown(cn.add(start, days * cn.standard_day)) == f"{due} 10:00:00"


def test_measure_runs_forward_only(cn):
    a, b = face("2026-09-21 10:00:00"), face("2026-09-22 10:00:00")
    assert (cn.measure(a, b), cn.measure(b, a), cn.measure(a, a)) == (25_200, 0, 0)


@pytest.mark.parametrize("method", ["add", "reach"])
def test_negative_seconds_are_refused(cn, method):
    with pytest.raises(ValueError, match="give 0 or more"):
        getattr(cn, method)(face("2026-09-21 10:00:00"), -1)


def test_whole_days_close_at_24():
    calendar = made()
    friday = day("2026-09-18")
    assert calendar.close(friday) == DAY
    assert calendar.reach(friday * DAY, DAY) == (friday + 1) * DAY
    assert calendar.add(friday * DAY, DAY) == (friday + 3) * DAY  # Monday 00:00


# The start rule


@pytest.mark.parametrize(
    ("opened", "begins"),
    [
        ("2011-07-01 10:00:00", "2011-07-01 10:00:00"),  # a Friday
        ("2011-07-01 16:59:59", "2011-07-01 16:59:59"),
        ("2011-07-01 17:00:00", "2011-07-04 08:30:00"),  # holidays do not count in Boston
        ("2011-07-02 09:15:00", "2011-07-04 09:15:00"),  # a Saturday: Monday, same clock time
        ("2011-07-03 18:00:00", "2011-07-05 08:30:00"),  # a Sunday: Monday 18:00, then Tuesday
        ("2011-07-05 02:00:00", "2011-07-05 02:00:00"),  # the rule moves no early hour
    ],
)
def test_the_start_rule_of_boston(opened, begins):
    assert shown(boston().begin(face(opened))) == begins


def test_without_a_start_rule_the_count_begins_where_it_happened(cn):
    sunday = face("2026-09-13 23:00:00")
    assert cn.begin(sunday) == sunday


# What is not covered


@pytest.mark.parametrize(
    "ask",
    [
        lambda cn, d: cn.is_working(d),
        lambda cn, d: cn.is_projected(d),
        lambda cn, d: cn.day_info(d),
        lambda cn, d: cn.roll(d),
        lambda cn, d: cn.nth(d, 1),
        lambda cn, d: cn.count(d, d),
        lambda cn, d: cn.hours(d),
        lambda cn, d: cn.measure(d * DAY, d * DAY + 1),
        lambda cn, d: cn.add(d * DAY, 1),
        lambda cn, d: cn.face(d * DAY),
        lambda cn, d: cn.instant(d * DAY),
    ],
)
@pytest.mark.parametrize("outside", ["1989-12-30", "2101-01-02"])
def test_a_day_outside_the_calendar_is_named(cn, ask, outside):
    with pytest.raises(OutsideCalendar, match=f"{outside} lies outside 1990-01-01 … 2100-12-31"):
        ask(cn, day(outside))


def test_a_day_that_is_no_date_at_all(cn):
    with pytest.raises(OutsideCalendar, match="day 10000000000 lies outside"):
        cn.is_working(10**10)


def test_a_limit_that_runs_out_of_the_calendar(cn):
    start = face("2100-12-30 09:00:00")
    with pytest.raises(OutsideCalendar, match=r"2100-12-30 \+ 90000000 working seconds"):
        cn.add(start, 90_000_000)
    with pytest.raises(OutsideCalendar):
        cn.reach(start, 90_000_000)
    with pytest.raises(OutsideCalendar, match=r"2100-12-30 \+9 working days"):
        cn.nth(day("2100-12-30"), 9)
    with pytest.raises(OutsideCalendar, match=r"1990-01-01 -1 working days"):
        cn.nth(day("1990-01-01"), -1)


def test_what_identifies_the_calendar(cn):
    assert (cn.name, cn.zone, len(cn.version)) == ("cn", "Asia/Shanghai", 12)
