"""Counting at its edges: the first and last day of a calendar, a limit used up to the second."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from datetime import UTC

import pytest

from schemas.calendars import load_calendars
from schemas.limits import Ladder
from streams.engine.calendar import Calendar, OutsideCalendar, add_months, day_of
from streams.engine.clocks import highest
from streams.engine.horizon import horizon_of
from tests.support.cases import (
    assessed,
    at,
    clock,
    days,
    event,
    levels,
    rules,
    rules_of,
    shown,
)
from tests.support.partition import Partition


def day(text):
    return day_of(dt.date.fromisoformat(text))


def with_ladder(clocks, *rungs, **policy):
    """Rules with a ladder of these rungs, each for the promise where it names no clock."""
    stated = [{"clock": "promised", **rung} for rung in rungs]
    own = Ladder.model_validate({"name": "own", "title": "自定", "rungs": stated})
    return rules_of(replace(rules(clocks, **policy).catalogue, ladders={"hunan": own}))


def near(**lead):
    return {"level": "notice", "when": "near", "leads": [lead]}


PASSED = {"level": "yellow", "when": "passed"}


def special(begun, ended):
    """A special procedure, named after its first moment."""
    yield event("suspended", begun, suspension="testing", suspension_id=begun[:10])
    yield event("resumed", ended, suspension_id=begun[:10])


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

    def test_a_case_due_with_the_last_second_there_is_has_a_horizon(self):
        """A breach would be the first second beyond: it is never reached, and nothing stumbles."""
        law = rules({"promised": {"amount": 364, "unit": "natural_day", "roll": "none"}})
        case = assessed(law, event("accepted", "2100-01-01 08:00:00"))
        assert shown(clock(case).due_at) == "2100-12-31 23:59:59"
        assert horizon_of(case, {}) == day("2100-12-31")
        partition = Partition(law)
        partition.feed(event("accepted", "2100-01-01 08:00:00"))
        partition.tick(at("2100-01-01 08:00:00"))
        assert partition.cases()["c"].level == "none"

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


class TestLeads:
    """How long before the due moment a notice comes, where the ladder is a region's own."""

    def notice(self, limit, *, law=None, **lead):
        law = with_ladder({"promised": limit}, near(**lead), **(law or {}))
        return levels(assessed(law, accepted()))["notice"]

    def test_in_working_hours_when_less_than_those_are_left(self):
        # Monday has six hours left, Tuesday and Wednesday have seven: twenty; lunch is skipped
        assert self.notice(days(2), working_hours=6) == "2018-10-17 10:00:01"
        assert self.notice(days(1), working_hours=13) == "2018-10-15 10:00:01"
        assert self.notice(days(1), working_hours=14) == "2018-10-15 10:00:00"

    def test_a_share_of_the_days_by_the_clock_of_the_day_it_falls_on(self):
        assert self.notice(days(7), share="1/2") == "2018-10-19 12:00:00"  # half of day 4
        assert self.notice(days(3), share="1/2") == "2018-10-17 12:00:00"  # half of day 2

    def test_in_time_used_never_before_the_start(self):
        elapsed = {"mode": "elapsed"}
        assert self.notice(days(3), law=elapsed, working_days=2) == "2018-10-15 10:00:01"
        assert self.notice(days(2), law=elapsed, working_days=2) == "2018-10-15 10:00:00"


STATED = {"promised": {"stated": "promised_due_at"}}


class TestAStatedMoment:
    """承诺办结时间: before it a lead is working time."""

    said = accepted(promised_due_at="2018-10-17T16:00:00+08:00")

    def test_a_lead_in_working_hours_before_it(self):
        law = with_ladder(STATED, near(working_hours=4))
        assert levels(assessed(law, self.said))["notice"] == "2018-10-17 10:30:01"

    def test_a_share_of_the_time_up_to_it(self):
        law = with_ladder(STATED, near(share="1/2"))
        assert levels(assessed(law, self.said))["notice"] == "2018-10-16 13:45:00"

    def test_the_very_moment_of_the_acceptance_is_near_and_then_over(self):
        """The last second that leaves half of no time is that moment itself."""
        at_once = accepted(promised_due_at="2018-10-15T10:00:00+08:00")
        assert levels(assessed(rules(STATED), at_once)) == {
            "notice": "2018-10-15 10:00:00",
            "yellow": "2018-10-15 10:00:01",
        }

    def test_it_is_provisional_where_its_working_time_awaits_a_notice(self):
        """Its lead is counted in the working dates before it, also where nothing moves it."""
        law = rules(STATED)
        far = accepted("2030-10-15 10:00:00", promised_due_at="2030-10-17T16:00:00+08:00")
        assert clock(assessed(law, far)).counting.provisional
        moving = special("2030-10-15 11:00:00", "2030-10-16 11:00:00")
        assert clock(assessed(law, far, *moving)).counting.provisional
        assert not clock(assessed(law, self.said)).counting.provisional

    def test_it_stands_still_in_a_special_procedure(self):
        law = rules(STATED)
        case = assessed(law, self.said, *special("2018-10-15 11:00:00", "2018-10-16 11:00:00"))
        assert clock(case).state(at("2018-10-15 12:00:00")) == "paused"


class TestProvisional:
    """What crosses days that await their notice is provisional, but not what runs on the clock."""

    @pytest.mark.parametrize(
        ("limit", "provisional"),
        [
            (days(3), True),  # no decree tells which days of 2003 were worked
            ({"amount": 6, "unit": "natural_day"}, True),
            ({"amount": 144, "unit": "hour"}, False),
            ({"amount": 21, "unit": "working_hour"}, True),
        ],
        ids=["working days", "natural days", "hours", "working hours"],
    )
    def test_begun_before_the_first_decree_and_ended_after_it(self, limit, provisional):
        case = assessed(rules({"promised": limit}), accepted("2003-12-30 10:00:00"))
        assert clock(case).counting.provisional is provisional

    def test_hours_on_the_clock_rest_on_none(self):
        late = accepted("2030-10-15 10:00:00")
        for unit, provisional in (("hour", False), ("working_hour", True)):
            case = assessed(rules({"promised": {"amount": 3, "unit": unit}}), late)
            assert clock(case).counting.provisional is provisional


class TestSpecialProcedures:
    first = "2018-10-16 10:00:00", "2018-10-17 10:00:00"
    second = "2018-10-18 10:00:00", "2018-10-19 10:00:00"

    @pytest.mark.parametrize("mode", ["next_day", "elapsed"])
    def test_the_clock_stands_in_each_of_several_from_its_first_second(self, mode):
        law = rules({"promised": days(7)}, mode=mode)
        case = assessed(law, accepted(), *special(*self.first), *special(*self.second))
        for moment, state in (
            ("2018-10-16 09:59:59", "running"),
            ("2018-10-16 10:00:00", "paused"),
            ("2018-10-17 10:00:00", "running"),
            ("2018-10-18 10:00:00", "paused"),
            ("2018-10-19 10:00:00", "running"),
        ):
            assert clock(case).state(at(moment)) == state

    @pytest.mark.parametrize("mode", ["next_day", "elapsed"])
    def test_begun_before_the_start_the_clock_stands_from_its_own_start(self, mode):
        law = rules({"promised": days(7)}, mode=mode)
        case = assessed(law, accepted(), *special("2018-10-12 10:00:00", "2018-10-17 10:00:00"))
        assert clock(case).state(at("2018-10-15 09:59:59")) == "running"  # there is none yet
        assert clock(case).state(at("2018-10-15 10:00:00")) == "paused"

    def test_begun_before_the_start_hours_run_from_its_end(self):
        law = rules({"promised": {"amount": 24, "unit": "hour"}})
        case = assessed(law, accepted(), *special("2018-10-12 10:00:00", "2018-10-15 15:00:00"))
        assert shown(clock(case).due_at) == "2018-10-16 15:00:00"

    def test_working_days_end_on_a_working_day_whatever_the_roll(self):
        law = rules({"promised": days(7, roll="none")})
        case = assessed(law, accepted(), *special("2018-10-24 10:00:00", "2018-10-27 10:00:00"))
        assert shown(clock(case).due_at) == "2018-10-29 23:59:59"


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
        assert shown(far.due_at, UTC) == "2099-12-31 23:59:59"
        assert far.state(at("2090-10-15")) == "running"
