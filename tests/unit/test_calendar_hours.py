"""Hours by weekday and by season, and the one figure D; counted by hand on a wall calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.calendars.days import Days
from schemas.codes import Unit
from schemas.limits import Lead, Limit
from schemas.reading import SchemaError
from streams.engine.calendar import Calendar, date_of, day_of
from streams.engine.counting import count

DAY = 86_400
HOUR = 3_600
SUMMER = """
name: hall
extends: cn
week: [mon, tue, wed, thu, fri, sat]
weekday_hours: {sat: [09:00-12:00]}
seasons:
  - name: 夏令
    from: 05-01
    to: 09-30
    hours: [08:30-12:00, 15:00-18:00]
    weekday_hours: {sat: [08:30-12:00]}
"""


@pytest.fixture
def hall(tmp_path):
    """Make a calendar from its settings."""

    def made(text=SUMMER):
        folder = tmp_path / "calendars"
        folder.mkdir(exist_ok=True)
        (folder / "hall.yaml").write_text(text, encoding="utf-8")
        return load_calendars([tmp_path])["hall"]

    return made


def day(text):
    return day_of(dt.date.fromisoformat(text))


def face(text):
    moment = dt.datetime.fromisoformat(text)
    return day_of(moment.date()) * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second


def shown(value):
    return f"{date_of(value // DAY)} {dt.timedelta(seconds=value % DAY)!s:0>8}"


def spans(calendar, text):
    clock = [dt.timedelta(seconds=s) for span in calendar.hours(day(text)) for s in span]
    return " ".join(str(each)[:-3].zfill(5) for each in clock)


@pytest.mark.parametrize(
    ("date", "hours"),
    [
        ("2026-04-30", "09:00 12:00 13:30 17:30"),  # a Thursday, the last day before the summer
        ("2026-05-06", "08:30 12:00 15:00 18:00"),
        ("2026-09-30", "08:30 12:00 15:00 18:00"),  # its last day is one of it
        ("2026-10-08", "09:00 12:00 13:30 17:30"),
        ("2026-04-18", "09:00 12:00"),  # a Saturday that the hall works by halves
        ("2026-07-04", "08:30 12:00"),
        ("2026-07-05", ""),  # a Sunday
        ("2026-05-09", "08:30 12:00 15:00 18:00"),  # a Saturday that the State Council decreed
        ("2026-02-14", "09:00 12:00 13:30 17:30"),
        ("2026-09-20", "08:30 12:00 15:00 18:00"),  # a Sunday worked by decree
        ("2026-10-01", ""),  # by decree off
        ("2027-05-03", "08:30 12:00 15:00 18:00"),  # also in a year that nobody decreed
        ("2027-05-01", ""),  # a Saturday of the week, but a public holiday
    ],
)
def test_the_hours_of_a_date(hall, date, hours):
    assert spans(Calendar(hall()), date) == hours


def test_hours_never_make_a_working_date(hall):
    with pytest.raises(SchemaError, match=r"weekday_hours.sat.* hours do not make it one"):
        hall("name: hall\nextends: cn\nweekday_hours: {sat: [09:00-12:00]}\n")


def test_a_day_has_the_hours_that_the_calendar_lists_for_it(hall):
    own = "work:\n  - {date: 2026-05-09, hours: [10:00-11:00]}\n"
    assert spans(Calendar(hall(SUMMER + own)), "2026-05-09") == "10:00 11:00"


def test_a_season_may_cross_the_year(hall):
    winter = (
        "name: hall\nextends: cn\nseasons:\n"
        "  - {from: 10-01, to: 04-30, hours: [08:30-12:00, 14:00-17:00]}\n"
    )
    made = Calendar(hall(winter))
    assert spans(made, "2026-12-31") == spans(made, "2027-01-04") == "08:30 12:00 14:00 17:00"
    assert spans(made, "2026-04-30") == "08:30 12:00 14:00 17:00"
    assert spans(made, "2026-05-06") == "09:00 12:00 13:30 17:30"
    assert spans(made, "1990-01-02") == spans(made, "2100-12-31") == "08:30 12:00 14:00 17:00"


def test_the_end_of_february_is_its_last_day(hall):
    text = "name: hall\nextends: cn\nseasons: [{from: 12-01, to: 02-29, hours: [10:00-16:00]}]\n"
    made = Calendar(hall(text))
    for last, first in (("2028-02-29", "2028-03-01"), ("2027-02-26", "2027-03-01")):
        assert spans(made, last) == "10:00 16:00"
        assert spans(made, first) == "09:00 12:00 13:30 17:30"


def test_a_season_of_one_year_only(hall):
    season = "{from: 2026-07-01, to: 2026-07-10, hours: [08:00-12:00]}"
    text = f"name: hall\nextends: cn\nseasons: [{season}]\n"
    made = Calendar(hall(text))
    assert [spans(made, f"{year}-07-01") for year in (2025, 2026)] == [
        "09:00 12:00 13:30 17:30",
        "08:00 12:00",
    ]


@pytest.mark.parametrize(
    ("seasons", "told"),
    [
        ("{from: 05-01, to: 09-30}, {from: 09-30, to: 10-31}", "two seasons hold on 1990-09-30"),
        ("{from: 10-01, to: 04-30}, {from: 04-30, to: 05-31}", "two seasons hold on 1990-04-30"),
        ("{from: 05-01, to: 09-30}, {from: 2026-09-01, to: 2026-09-02}", "hold on 2026-09-01"),
        ("{from: 05-01, to: 2026-09-30}", "one end has a year"),
        ("{from: 2026-09-30, to: 2026-05-01}", "`to` lies before `from`"),
        ("{from: 02-29, to: 05-01}", "02-29 is no day of every year"),
        ("{from: 02-30, to: 05-01}", "no such day"),
        ("{from: 5-1, to: 9-30}", "not a day"),
        ("{from: 2026-02-29, to: 2026-05-01}", "no such day"),
    ],
)
def test_seasons_that_cannot_be(hall, seasons, told):
    with_hours = seasons.replace("}", ", hours: [09:00-12:00]}")
    with pytest.raises(SchemaError) as caught:
        hall(f"name: hall\nextends: cn\nseasons: [{with_hours}]\n")
    assert told in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)
    assert "hall.yaml:3" in str(caught.value)


def test_a_weekday_with_hours_of_its_own_has_them_said_in_every_season(hall):
    text = SUMMER.replace("    weekday_hours: {sat: [08:30-12:00]}\n", "")
    with pytest.raises(SchemaError, match="sat has hours of its own outside the season, and none"):
        hall(text)


# D


def test_d_is_the_ordinary_weekday_outside_seasons_or_what_the_calendar_states(hall):
    assert Calendar(hall()).standard_day == 7 * HOUR
    assert Calendar(hall(SUMMER + "standard_day: 06:30\n")).standard_day == 6 * HOUR + 1800


@pytest.mark.parametrize("length", ["00:00", "7", "25:00"])
def test_a_length_that_is_none(hall, length):
    with pytest.raises(SchemaError, match="standard_day"):
        hall(SUMMER + f"standard_day: {length}\n")


def test_elapsed_counts_real_seconds_against_one_d(hall):
    """From a summer Friday 17:00, 7 h: 1 h to 18:00, 3.5 h on Saturday, 2.5 h from 08:30."""
    made = Calendar(hall())
    limit = Limit(amount=1, unit=Unit.WORKING_DAY, mode="elapsed")
    due = count(made, limit, made.instant(face("2026-07-03 17:00:00")), 0, (), 0).due_at
    assert shown(made.face(due)) == "2026-07-06 11:00:00"


# What uses the date's own hours


def counted(calendar, limit, start):
    made = count(calendar, limit, calendar.instant(face(start)), 0, (), 0)
    return made, shown(calendar.face(made.due_at))


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-07-02 17:45:00", "2026-07-02 18:00:00"),  # summer closes at 18:00
        ("2026-10-12 17:45:00", "2026-10-13 17:30:00"),  # after close: the next day's
        ("2026-07-03 18:00:00", "2026-07-04 12:00:00"),  # a half Saturday
    ],
)
def test_on_the_spot_ends_with_its_own_date(hall, start, due):
    assert counted(Calendar(hall()), Limit(unit=Unit.ON_THE_SPOT), start)[1] == due


def test_close_of_business_is_that_of_the_last_date(hall):
    limit = Limit(amount=1, unit=Unit.WORKING_DAY, mode="next_day", cut_off="close_of_business")
    made = Calendar(hall())
    assert counted(made, limit, "2026-07-02 10:00:00")[1] == "2026-07-03 18:00:00"
    assert counted(made, limit, "2026-07-03 10:00:00")[1] == "2026-07-04 12:00:00"
    off = Limit(amount=2, unit=Unit.NATURAL_DAY, roll="none", cut_off="close_of_business")
    # 民法典 §203: until 24:00, unless business hours end before; a Sunday has none
    assert counted(made, off, "2026-07-03 10:00:00")[1] == "2026-07-05 23:59:59"


def test_half_of_a_limit_in_hours_is_counted_in_the_dates_hours(hall):
    """7 h from summer's Thursday 16:00: 2 h, then 1.5 h from 08:30: over half after 10:00:00."""
    made = Calendar(hall())
    limit = Limit(amount=7, unit=Unit.WORKING_HOUR)
    found, due = counted(made, limit, "2026-07-02 16:00:00")
    assert due == "2026-07-03 16:30:00"
    assert shown(made.face(found.near((Lead(share="1/2"),)))) == "2026-07-03 10:00:01"


# What the shares of a suspension need


def test_working_seconds_by_date(hall):
    made = Calendar(hall())
    a, b = face("2026-07-03 16:00:00"), face("2026-07-06 09:30:00")
    found = [(str(date_of(d)), s, made.seconds_of(d)) for d, s in made.seconds_by_day(a, b)]
    assert found == [
        ("2026-07-03", 2 * HOUR, 23_400),  # 16:00 to 18:00, of 3.5 + 3 hours
        ("2026-07-04", 12_600, 12_600),  # the whole half Saturday
        ("2026-07-06", HOUR, 23_400),
    ]
    assert sum(s for _, s, _ in found) == made.measure(a, b)
    assert made.seconds_of(day("2026-07-05")) == 0


def test_only_a_calendar_with_yearly_notices_needs_them(hall):
    assert Calendar(hall()).needs_decrees
    assert not Calendar(hall("name: hall\nextends: cn\ndecrees: week\n")).needs_decrees


def test_an_interval_without_working_time_has_no_dates(hall):
    made = Calendar(hall())
    for a, b in (
        ("2026-07-04 12:00:00", "2026-07-06 08:30:00"),
        ("2026-07-03 10:00:00", "2026-07-03 10:00:00"),
        ("2026-07-03 10:00:00", "2026-07-02 10:00:00"),
    ):
        assert list(made.seconds_by_day(face(a), face(b))) == []


def test_the_first_second_of_a_day_that_opens_at_midnight_is_that_days(hall):
    made = Calendar(hall("name: hall\nextends: cn\nhours: [00:00-24:00]\n"))
    a, b = face("2026-07-02 23:59:59"), face("2026-07-03 00:00:01")
    assert [(str(date_of(d)), s) for d, s in made.seconds_by_day(a, b)] == [
        ("2026-07-02", 1),
        ("2026-07-03", 1),
    ]


# Versions


def test_what_says_nothing_new_keeps_its_version():
    """The version of 0.1.0 and 0.2.0, which states hold (tests/releases)."""
    assert load_calendars()["cn"].version == "31bb306f68b3"


def test_what_is_new_travels_and_comes_back_equal(hall):
    made = hall(SUMMER + "standard_day: 06:30\nstatute: cn\n")
    again = CalendarDefinition.model_validate_json(made.model_dump_json())
    assert (again, again.version) == (made, made.version)
    assert made.version != hall().version


def test_one_date_and_all_of_them_are_told_alike(hall):
    definition = hall()
    days, made = Days(definition), Calendar(definition)
    for n in range(day("2025-12-01"), day("2028-03-31")):
        assert made.hours(n) == days.state(date_of(n)).hours


def test_a_law_that_is_said_where_the_week_decrees_is_an_error_and_an_inherited_one_is_not(
    tmp_path,
):
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "own.yaml").write_text("name: own\nextends: cn\nstatute: cn\n")
    (folder / "heir.yaml").write_text("name: heir\nextends: own\ndecrees: week\n")
    assert not load_calendars([tmp_path])["heir"].by_the_law_of_china
    (folder / "heir.yaml").write_text("name: heir\nextends: own\ndecrees: week\nstatute: cn\n")
    with pytest.raises(SchemaError, match="the week decrees every day"):
        load_calendars([tmp_path])
