"""Counting at its edges: the first and last day of a calendar, a limit used up to the second."""

from __future__ import annotations

import datetime as dt

import pytest

from schemas.calendars import load_calendars
from streams.engine.calendar import Calendar, OutsideCalendar, add_months, day_of


def day(text):
    return day_of(dt.date.fromisoformat(text))


@pytest.fixture(scope="module")
def cn():
    return Calendar(load_calendars()["cn"])


class TestTheCalendarsEnds:
    def test_the_first_and_the_last_working_day_are_counted_and_none_beyond(self, cn):
        assert cn.nth(day("1990-01-02"), -1) == day("1990-01-01")
        assert cn.nth(day("2100-12-30"), 1) == day("2100-12-31")
        with pytest.raises(OutsideCalendar):
            cn.nth(day("2100-12-31"), 1)

    def test_months_reach_the_first_and_the_last_year_there_is(self):
        assert add_months(day("0002-01-31"), -12) == day("0001-01-31")
        assert add_months(day("9998-12-31"), 12) == day("9999-12-31")


class TestHours:
    def test_a_make_up_day_with_hours_of_its_own_opens_and_closes_by_them(self):
        afternoon = [
            one.model_copy(update={"hours": ((48_600, 63_000),)})
            if str(one.date) == "2018-09-29"
            else one
            for one in load_calendars()["cn"].days
        ]
        own = Calendar(load_calendars()["cn"].model_copy(update={"days": tuple(afternoon)}))
        assert (own.opening(day("2018-09-29")), own.close(day("2018-09-29"))) == (48_600, 63_000)
        assert (own.opening(day("2018-09-30")), own.close(day("2018-09-30"))) == (32_400, 63_000)
