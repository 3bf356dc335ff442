"""What a limit counts: working days, natural days, months, hours, minutes, on the spot.

行政许可法 §82, 民法典 §200–204, and practice (domain.md §2).
"""

from __future__ import annotations

import pytest

from tests.support.cases import assessed, clock, days, event, levels, rules, shown


def promised(limit, start="2018-10-15 10:00:00", **policy):
    return assessed(rules({"promised": limit}, **policy), event("accepted", start))


def due(limit, start="2018-10-15 10:00:00", **policy):
    return shown(clock(promised(limit, start, **policy)).due_at)


def months(n, **more):
    return {"amount": n, "unit": "month", **more}


class TestMonths:
    """民法典 §202: the same day of the last month, or that month's last day; §203: rolled."""

    @pytest.mark.parametrize(
        ("start", "n", "last"),
        [
            ("2018-10-15", 1, "2018-11-15"),
            ("2018-10-15", 2, "2018-12-17"),  # the 15th is a Saturday: rolled
            ("2019-01-31", 1, "2019-02-28"),  # no 31 February
            ("2020-01-31", 1, "2020-03-02"),  # 29 February 2020, a Saturday
            ("2019-01-31", 2, "2019-04-01"),  # counted from the start: 31 March, a Sunday
            ("2018-11-30", 3, "2019-02-28"),
            ("2018-12-31", 12, "2019-12-31"),
            ("2018-07-04", 3, "2018-10-08"),  # 4 October lies in the National Day holiday
        ],
    )
    def test_fall_back_to_the_months_end_and_roll_once(self, start, n, last):
        assert due(months(n), f"{start} 10:00:00") == f"{last} 23:59:59"

    def test_days_off_in_the_middle_are_not_deducted_and_roll_none_ends_on_one(self):
        assert due(months(2, roll="none")) == "2018-12-15 23:59:59"

    def test_the_notice_comes_two_working_days_before(self):
        found = levels(promised(months(1)))
        assert found["notice"] == "2018-11-14 00:00:00"  # past Tuesday 13

    def test_suspended_days_are_added_before_the_roll(self):
        law = rules({"promised": months(1)})
        pause = event("suspended", "2018-10-20 10:00:00", suspension="testing", days_asked=5)
        ended = event("resumed", "2018-10-23 10:00:00")
        case = assessed(law, event("accepted", "2018-10-15 10:00:00"), pause, ended)
        assert shown(clock(case).due_at) == "2018-11-19 23:59:59"  # 15 + 3, a Sunday: rolled

    def test_an_extension_in_months_counts_from_the_start_too(self):
        law = rules({"promised": months(1)})
        given = event("extended", "2019-02-20 10:00:00", amount=1, unit="month")
        case = assessed(law, event("accepted", "2019-01-31 10:00:00"), given)
        assert shown(clock(case).due_at) == "2019-04-01 23:59:59"


class TestMinutesAndHours:
    def test_on_the_clock_they_run_from_the_moment_and_never_roll(self):
        """民法典 §201 ¶2."""
        assert due({"amount": 90, "unit": "minute"}, "2018-10-19 23:30:00") == "2018-10-20 01:00:00"
        assert due({"amount": 2, "unit": "hour"}, "2018-10-19 23:30:00") == "2018-10-20 01:30:00"

    def test_in_working_time_lunch_and_the_night_are_skipped(self):
        minutes = {"amount": 150, "unit": "working_minute"}
        assert due(minutes, "2018-10-19 10:00:00") == "2018-10-19 14:00:00"
        assert due(minutes, "2018-10-19 16:30:00") == "2018-10-22 10:30:00"

    def test_two_hours_from_ten_are_reached_at_noon_and_over_after_lunch(self):
        case = promised({"amount": 2, "unit": "working_hour"}, "2018-10-15 10:00:00")
        assert shown(clock(case).due_at) == "2018-10-15 13:30:00"
        assert levels(case)["yellow"] == "2018-10-15 13:30:01"

    def test_the_notice_comes_when_more_than_half_is_used(self):
        case = promised({"amount": 60, "unit": "working_minute"}, "2018-10-15 10:00:00")
        assert levels(case)["notice"] == "2018-10-15 10:30:01"


SPOT = {"unit": "on_the_spot"}


class TestOnTheSpot:
    """即办件: by close of business of the acceptance day (practice)."""

    @pytest.mark.parametrize(
        ("start", "close"),
        [
            ("2018-10-15 10:00:00", "2018-10-15 17:30:00"),
            ("2018-10-15 07:00:00", "2018-10-15 17:30:00"),
            ("2018-10-15 12:30:00", "2018-10-15 17:30:00"),
            ("2018-10-15 17:29:59", "2018-10-15 17:30:00"),
            ("2018-10-15 17:30:00", "2018-10-16 17:30:00"),  # after close: the next working day
            ("2018-10-20 10:00:00", "2018-10-22 17:30:00"),  # on a day off
            ("2018-09-30 10:00:00", "2018-09-30 17:30:00"),  # a Sunday that is worked
        ],
    )
    def test_the_close_of_the_day_or_of_the_next_working_day(self, start, close):
        assert due(SPOT, start) == close

    def test_the_notice_comes_when_more_than_half_of_its_time_is_used(self):
        assert levels(promised(SPOT, "2018-10-15 10:00:00"))["notice"] == "2018-10-15 14:30:01"

    def test_a_limit_with_an_amount_is_refused(self):
        with pytest.raises(ValueError, match="on_the_spot has no amount"):
            rules({"promised": {"unit": "on_the_spot", "amount": 1}})


class TestPromisedLongerThanStatutory:
    """Promised longer than statutory: promised := statutory (domain.md §2)."""

    @pytest.mark.parametrize(
        ("limit", "last"),
        [
            (days(21), "2018-11-12"),
            ({"amount": 40, "unit": "natural_day"}, "2018-11-12"),
            ({"amount": 28, "unit": "natural_day"}, "2018-11-12"),
            ({"amount": 20, "unit": "natural_day"}, "2018-11-05"),
            (months(2), "2018-11-12"),
        ],
    )
    def test_whatever_the_units(self, limit, last):
        law = rules({"promised": limit, "statutory": days(20)})
        case = assessed(law, event("accepted", "2018-10-15 10:00:00"))
        assert shown(clock(case).due_at) == f"{last} 23:59:59"

    def test_also_where_the_hall_states_the_promise(self):
        law = rules({"promised": {"stated": "promised_due_at"}, "statutory": days(20)})
        said = event("accepted", "2018-10-15 10:00:00", promised_due_at="2018-12-01T10:00:00+08:00")
        assert shown(clock(assessed(law, said)).due_at) == "2018-11-12 23:59:59"
