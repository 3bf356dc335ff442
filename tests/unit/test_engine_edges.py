"""Counting at its edges: the first and last day of a calendar, a limit used up to the second."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from schemas.calendars import load_calendars
from schemas.limits import Ladder
from streams.engine.calendar import Calendar, OutsideCalendar, add_months, day_of
from streams.engine.clocks import highest
from streams.engine.rules import Rules
from tests.support.cases import assessed, at, clock, days, event, levels, rules


def day(text):
    return day_of(dt.date.fromisoformat(text))


def with_ladder(clocks, *rungs, **policy):
    """Rules with a ladder of these rungs, each for the promise where it names no clock."""
    stated = [{"clock": "promised", **rung} for rung in rungs]
    own = Ladder.model_validate({"name": "own", "title": "自定", "rungs": stated})
    return Rules.of(replace(rules(clocks, **policy).catalogue, ladders={"hunan": own}))


def near(**lead):
    return {"level": "notice", "when": "near", "leads": [lead]}


PASSED = {"level": "yellow", "when": "passed"}


def accepted(when="2018-10-15 10:00:00", **more):
    return event("accepted", when, **more)


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


class TestAClock:
    law = rules({"promised": days(7), "statutory": days(20)})

    def test_until_the_second_in_which_it_stops_it_runs_and_from_then_it_has_ended(self):
        case = assessed(self.law, accepted(), event("finished", "2018-10-17 10:00:00"))
        assert clock(case).state(at("2018-10-17 09:59:59")) == "running"
        assert clock(case).state(at("2018-10-17 10:00:00")) == "stopped"

    def test_a_lead_longer_than_the_limit_begins_with_each_start_of_its_own(self):
        for more in ((), (PASSED,)):
            law = with_ladder({"promised": days(2)}, near(working_days=3), *more)
            for start in ("2018-10-15 10:00:00", "2018-10-15 16:00:00"):
                assert levels(assessed(law, accepted(start)))["notice"] == start

    def test_its_levels_stand_in_the_order_of_their_moments_however_the_ladder_lists_them(self):
        law = with_ladder({"promised": days(7)}, PASSED, near(working_days=2))
        assert [str(r.level) for r in clock(assessed(law, accepted())).levels] == [
            "notice",
            "yellow",
        ]

    def test_the_highest_of_its_levels(self):
        reached = clock(assessed(rules({"promised": days(7)}, ladder="chengdu"), accepted())).levels
        assert [str(highest(reached[:n])) for n in (0, 1, 2)] == ["none", "yellow", "red"]

    def test_one_beyond_every_calendar_reaches_no_level(self):
        law = rules({"promised": days(10_000)})
        far = clock(assessed(law, accepted("2080-10-15 10:00:00")))
        assert far.levels == ()
