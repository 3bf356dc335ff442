from __future__ import annotations

import pytest

from schemas.limits import Lead
from streams.engine.counting import DAY
from streams.engine.counting.common import Pause, fitting, since
from streams.engine.counting.shares import spells
from streams.engine.counting.working import earliest
from tests.support.cases import assessed, at, clock, days, event, levels, rules, shown

MONDAY = event("accepted", "2018-10-15 10:00:00")
SEVEN = {"promised": days(7)}  # X = Wednesday 2018-10-24


def suspended(start, end=None, asked=None, name="p"):
    facts = {} if asked is None else {"days_asked": asked}
    found = [event("suspended", start, suspension="testing", suspension_id=name, **facts)]
    return [*found, event("resumed", end, suspension_id=name)] if end else found


def due(law, *events, accepted=MONDAY):
    return shown(clock(assessed(law, accepted, *events)).due_at)


def test_of_spans_what_lies_after_a_start():
    assert since(10, [(30, 40), (5, 20), (1, 10), (20, 25)]) == [(10, 25), (30, 40)]
    assert since(10, [(12, 12)]) == []


def test_what_is_used_up_just_before_a_pause_is_used_up_before_it():
    """An hour from Thursday 09:00 on, with a pause from 10:00 to 11:00."""
    calendar = rules(SEVEN).resolve("i", "", "", at("2018-10-18")).calendar
    nine, ten, eleven = (
        calendar.face(at(f"2018-10-18 {hour}:00:00")) for hour in ("09", "10", "11")
    )
    assert earliest(calendar, nine, 3600, [Pause(ten, eleven)]) == ten
    assert earliest(calendar, nine, 3601, [Pause(ten, eleven)]) == eleven + 1


@pytest.mark.parametrize(
    ("lead", "near"),
    [
        ({"working_hours": 4}, "2018-10-23 14:30:01"),
        ({"working_days": 2}, "2018-10-23 00:00:00"),  # today and tomorrow
        ({"working_days": 20}, "2018-10-15 10:00:00"),
    ],
)
def test_the_lead_of_a_limit_in_working_hours(lead, near):
    """Seven days of seven hours from Monday 10:00 end on Wednesday 10-24 at 10:00:00."""
    law = rules({"promised": {"amount": 49, "unit": "working_hour"}})
    counting = clock(assessed(law, event("accepted", "2018-10-15 10:00:00"))).counting
    assert shown(counting.due_at) == "2018-10-24 10:00:00"
    assert shown(counting.near([Lead.model_validate(lead)])) == near


def test_a_stop_from_one_date_to_the_next_has_no_date_between():
    calendar = rules(SEVEN).resolve("i", "", "", at("2018-10-18")).calendar
    begin, end = calendar.face(at("2018-10-18 10:00:00")), calendar.face(at("2018-10-19 10:00:00"))
    made = spells(calendar, [Pause(begin, end)], natural=False)
    assert [(spell.first, spell.last) for spell in made] == [
        (begin // DAY, begin // DAY), (end // DAY, end // DAY),
    ]  # fmt: skip


class TestSuspensionOnTheLastDay:
    """X moves to the end of a suspension that starts in time and ends after X."""

    law = rules(SEVEN)
    closing = rules(SEVEN, cut_off="close_of_business")

    def test_however_short_for_time_not_counted_cannot_breach(self):
        night = suspended("2018-10-24 17:00:00", "2018-10-25 09:30:00")
        assert due(self.law, *night) == "2018-10-25 23:59:59"

    def test_one_that_ends_the_same_day_moves_it_only_by_its_share(self):
        hour = suspended("2018-10-24 09:00:00", "2018-10-24 10:00:00")
        assert due(self.law, *hour) == "2018-10-24 23:59:59"
        most_of_it = suspended("2018-10-24 09:00:00", "2018-10-24 17:00:00")
        assert due(self.law, *most_of_it) == "2018-10-25 23:59:59"

    def test_one_that_starts_at_the_close_is_in_time(self):
        last_second = suspended("2018-10-24 17:30:00", "2018-10-26 10:00:00")
        assert due(self.closing, *last_second) == "2018-10-26 17:30:00"

    def test_one_that_starts_after_the_close_comes_after_the_breach(self):
        too_late = suspended("2018-10-24 17:30:01", "2018-10-26 10:00:00")
        assert due(self.closing, *too_late) == "2018-10-24 17:30:00"
        assert due(self.law, *too_late) == "2018-10-26 23:59:59"

    def test_one_that_starts_after_the_clock_time_of_the_limit_comes_after_the_breach(self):
        law = rules({"promised": days(7, keep_clock_time=True)})
        too_late = suspended("2018-10-24 10:00:01", "2018-10-26 11:00:00")
        assert due(law, *too_late) == "2018-10-24 10:00:00"

    def test_one_carries_into_the_next(self):
        first = suspended("2018-10-24 10:00:00", "2018-10-26 10:00:00", name="a")
        second = suspended("2018-10-26 11:00:00", "2018-10-30 10:00:00", name="b")
        assert due(self.law, *first, *second) == "2018-10-30 23:59:59"

    def test_an_end_on_a_day_off_rolls(self):
        until_saturday = suspended("2018-10-24 10:00:00", "2018-10-27 10:00:00")
        assert due(self.law, *until_saturday) == "2018-10-29 23:59:59"


class TestNaturalDays:
    law = rules({"promised": {"amount": 2, "unit": "natural_day"}})

    def test_a_suspension_within_the_days_that_the_last_day_rolled_over_carries_it(self):
        # 2011-04-03 to 04-05 are off: the last day, 04-03, rolls to 04-06
        friday = event("accepted", "2011-04-01 17:00:00")
        rolled = suspended("2011-04-04 10:00:00", "2011-04-07 10:00:00")
        assert due(self.law, accepted=friday) == "2011-04-06 23:59:59"
        assert due(self.law, *rolled, accepted=friday) == "2011-04-07 23:59:59"

    def test_days_off_within_a_suspension_are_not_counted_either(self):
        # (Tuesday, next Tuesday] holds a weekend; Wednesday is day 2
        week = suspended("2018-10-16 10:00:00", "2018-10-23 10:00:00")
        assert due(self.law, *week) == "2018-10-24 23:59:59"

    def test_without_a_roll_the_last_day_may_be_a_day_off(self):
        law = rules({"promised": {"amount": 5, "unit": "natural_day", "roll": "none"}})
        assert due(law) == "2018-10-20 23:59:59"
        until_sunday = suspended("2018-10-20 10:00:00", "2018-10-21 10:00:00", asked=9)
        assert due(law, *until_sunday) == "2018-10-21 23:59:59"


class TestDaysAsked:
    law = rules(SEVEN)

    def test_none_asked_is_no_time(self):
        assert due(self.law, *suspended("2018-10-16 10:00:00", asked=0)) == "2018-10-24 23:59:59"

    def test_not_on_record_the_policy_caps_them(self):
        law = rules(SEVEN, suspension_cap_days=2)
        assert due(law, *suspended("2018-10-16 10:00:00")) == "2018-10-26 23:59:59"

    def test_counted_from_a_day_off_the_next_working_day_is_the_first(self):
        # Saturday the 20th, 2 days asked: Monday and Tuesday are out
        assert due(self.law, *suspended("2018-10-20 10:00:00", asked=2)) == "2018-10-26 23:59:59"

    def test_an_end_on_a_sunday_leaves_monday_counted(self):
        out = suspended("2018-10-18 10:00:00", "2018-10-21 10:00:00")  # 6/7 and Friday: 2 days
        assert due(self.law, *out) == "2018-10-26 23:59:59"

    def test_half_a_working_day_takes_a_date_and_a_second_less_takes_none(self):
        half = suspended("2018-10-16 14:00:00", "2018-10-17 09:00:00")
        assert due(self.law, *half) == "2018-10-25 23:59:59"
        less = suspended("2018-10-16 14:00:01", "2018-10-17 09:00:00")
        assert due(self.law, *less) == "2018-10-24 23:59:59"

    def test_what_was_over_before_the_start_takes_nothing(self):
        assert due(self.law, *suspended("2018-10-08 10:00:00", "2018-10-12 10:00:00")) == (
            "2018-10-24 23:59:59"
        )

    def test_what_began_before_the_start_takes_what_lies_after_it(self):
        assert due(self.law, *suspended("2018-10-12 10:00:00", "2018-10-17 10:00:00")) == (
            "2018-10-25 23:59:59"  # Tuesday, and 1/7 of Wednesday
        )


class TestPaused:
    law = rules(SEVEN)

    @pytest.mark.parametrize(
        ("moment", "state"),
        [
            ("2018-10-16 15:59:59", "running"),
            ("2018-10-16 16:00:00", "paused"),
            ("2018-10-18 15:59:59", "paused"),
            ("2018-10-18 16:00:00", "running"),
        ],
    )
    def test_from_its_first_second_until_the_days_asked_are_used_up(self, moment, state):
        case = assessed(self.law, MONDAY, *suspended("2018-10-16 16:00:00", asked=2))
        assert clock(case).state(at(moment)) == state

    def test_to_its_end_where_that_came_earlier(self):
        case = assessed(
            self.law, MONDAY, *suspended("2018-10-16 16:00:00", "2018-10-18 10:00:00", asked=5)
        )
        assert clock(case).state(at("2018-10-18 09:59:59")) == "paused"
        assert clock(case).state(at("2018-10-18 10:00:00")) == "running"

    def test_not_at_all_where_no_day_was_asked(self):
        case = assessed(self.law, MONDAY, *suspended("2018-10-16 16:00:00", asked=0))
        assert clock(case).state(at("2018-10-16 16:00:00")) == "running"

    def test_in_time_used_to_the_second_at_which_the_days_asked_are_up(self):
        case = assessed(
            rules(SEVEN, mode="elapsed"), MONDAY, *suspended("2018-10-16 16:00:00", asked=1)
        )
        assert clock(case).state(at("2018-10-17 15:59:59")) == "paused"
        assert clock(case).state(at("2018-10-17 16:00:00")) == "running"


class TestTimeUsed:
    def test_a_start_after_hours_begins_at_the_next_opening(self):
        law = rules({"promised": {"amount": 1, "unit": "working_hour"}})
        evening = event("accepted", "2018-10-19 20:00:00")  # a Friday
        assert due(law, accepted=evening) == "2018-10-22 10:00:00"

    def test_days_begin_there_too(self):
        law = rules({"promised": days(1)}, mode="elapsed")
        saturday = event("accepted", "2018-10-20 11:00:00")
        assert due(law, accepted=saturday) == "2018-10-23 09:00:00"

    def test_the_days_asked_are_capped_each_before_they_are_merged(self):
        law = rules(SEVEN, mode="elapsed")
        first = suspended("2018-10-16 10:00:00", "2018-10-23 10:00:00", asked=1, name="a")
        second = suspended("2018-10-16 16:00:00", "2018-10-23 10:00:00", asked=1, name="b")
        # Tuesday 10:00 to Wednesday 16:00 is out: a day and 18,000 seconds
        assert due(law, *first, *second) == "2018-10-25 16:00:00"

    def test_a_short_one_within_a_long_one_changes_nothing(self):
        law = rules(SEVEN, mode="elapsed")
        long = suspended("2018-10-16 10:00:00", "2018-10-18 10:00:00", name="a")
        short = suspended("2018-10-16 11:00:00", "2018-10-16 12:00:00", name="b")
        assert due(law, *long, *short) == due(law, *long) == "2018-10-26 10:00:00"

    def test_days_asked_that_are_up_at_the_close_are_over_there(self):
        law = rules({"promised": {"amount": 24, "unit": "hour"}})
        whole_day = suspended("2018-10-15 17:30:00", asked=1)  # until Tuesday 17:30
        assert due(law, *whole_day) == "2018-10-17 10:00:00"

    def test_used_up_at_the_second_a_suspension_starts_it_lasts_until_its_end(self):
        law = rules({"promised": {"amount": 1, "unit": "hour"}})
        out = suspended("2018-10-15 11:00:00", "2018-10-15 15:00:00")
        assert due(law, *out) == "2018-10-15 15:00:00"
        late = suspended("2018-10-15 11:00:01", "2018-10-15 15:00:00")
        assert due(law, *late) == "2018-10-15 11:00:00"

    def test_used_counts_up_to_a_moment_less_the_suspensions(self):
        law = rules(SEVEN, mode="elapsed")
        case = assessed(law, MONDAY, *suspended("2018-10-15 11:00:00", "2018-10-15 14:00:00"))
        counting = clock(case).counting
        assert counting.used(at("2018-10-15 12:30:00")) == 3600
        assert counting.used(at("2018-10-15 15:00:00")) == 7200


class TestLeads:
    leads = (Lead(up_to=1, share="1/2"), Lead(up_to=3, working_days=1), Lead(working_days=2))

    @pytest.mark.parametrize(("length", "chosen"), [(1, 0), (2, 1), (3, 1), (4, 2), (400, 2)])
    def test_the_first_that_fits_the_length(self, length, chosen):
        assert fitting(self.leads, length) is self.leads[chosen]

    @pytest.mark.parametrize(
        ("amount", "extended", "notice"),
        [
            (1, 0, "2018-10-16 12:00:00"),
            (1, 1, "2018-10-17 00:00:00"),  # 2 days: 1 before the 17th
            (3, 0, "2018-10-18 00:00:00"),
            (3, 1, "2018-10-18 00:00:00"),  # 4 days: 2 before the 19th
        ],
    )
    def test_an_extension_lengthens_the_limit_that_chooses(self, amount, extended, notice):
        longer = [event("extended", "2018-10-15 11:00:00", amount=extended)] if extended else []
        case = assessed(rules({"promised": days(amount)}), MONDAY, *longer)
        assert levels(case)["notice"] == notice

    @pytest.mark.parametrize(
        ("amount", "notice"),
        [(1, "2018-10-15 15:00:01"), (2, "2018-10-16 10:00:01"), (4, "2018-10-16 10:00:01")],
        ids=["at half", "one day before, unrounded", "two, whole days shown rounded up"],
    )
    def test_in_time_used(self, amount, notice):
        law = rules({"promised": days(amount)}, mode="elapsed")
        assert levels(assessed(law, MONDAY))["notice"] == notice

    def test_no_notice_before_the_clock_itself(self):
        # 4 natural days from 2026-09-30 roll to 10-08, and 2 working days before that is 09-29
        law = rules({"promised": {"amount": 4, "unit": "natural_day"}})
        case = assessed(law, event("accepted", "2026-09-30 10:00:00"))
        assert levels(case)["notice"] == "2026-09-30 10:00:00"

    def test_before_a_due_moment_the_half_is_of_working_time(self):
        law = rules({"promised": days(1, keep_clock_time=True)})
        assert levels(assessed(law, MONDAY)) == {
            "notice": "2018-10-15 15:00:00",
            "yellow": "2018-10-16 10:00:01",
        }
