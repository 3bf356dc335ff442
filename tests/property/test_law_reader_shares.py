"""The second reader: suspensions by shares of days, and what no case may ever show of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import combinations
from random import Random

import pytest

from tests.support.law import Calendar, Law, Limit
from tests.support.law.days import Season, merged
from tests.support.law.shares import ByDates, Pause
from tests.support.law_cases import some_start_and_pauses
from tests.support.law_laws import CALENDARS
from tests.support.law_tales import WALL, clock, due, extended, record, suspended

A = "2026-03-02 10:00"  # a Monday; five working days end on Monday 03-09
FIVE = Law({"promised": Limit(5)})
BY_CLOSE = replace(FIVE, cut_off="close_of_business")
MORNING, AFTERNOON = ("09:00", "12:00"), ("13:30", "17:30")


def halves(hours, days):
    for day in days:
        yield from suspended(f"2026-03-{day} {hours[0]}", f"2026-03-{day} {hours[1]}", 5)


class TestWorkedExamples:
    """Those of domain.md §2, A = Monday 2026-03-02, N = 5."""

    @pytest.mark.parametrize(
        ("begun", "ended", "asked", "last"),
        [
            ("03-04 09:00", "03-04 17:30", 20, "03-10"),
            ("03-04 13:30", "03-04 17:30", 20, "03-10"),
            ("03-04 09:00", "03-04 12:00", 20, "03-09"),
            ("03-04 16:00", "03-05 11:00", 20, "03-10"),
            ("03-04 14:00", None, 1, "03-10"),
            ("03-06 15:00", "03-09 10:30", 20, "03-10"),
            ("03-07 00:00", "03-09 00:00", 20, "03-09"),
            ("03-03 10:00", "03-10 10:00", 2, "03-11"),
            ("03-04 10:00", None, None, "04-07"),
            ("03-04 18:00", None, 1, "03-10"),
            ("03-09 18:00", None, 1, "03-10"),
            ("03-09 15:00", None, 3, "03-12"),
            ("03-09 09:00", "03-09 10:00", 20, "03-09"),
        ],
        ids=[
            "hearing from morning to evening",
            "one afternoon",
            "one morning",
            "three working hours over night",
            "one day asked at two",
            "over the weekend",
            "the weekend alone",
            "two asked, really five",
            "without an end, cap 20",
            "one day asked in the evening",
            "on X in the evening",
            "on X, three asked",
            "an hour on X",
        ],
    )
    def test_one(self, begun, ended, asked, last):
        pause = suspended(f"2026-{begun}", ended and f"2026-{ended}", asked)
        assert due(FIVE, A, *pause) == f"2026-{last} 23:59:59"

    @pytest.mark.parametrize(
        ("hours", "last"),
        [(AFTERNOON, "2026-03-13 23:59:59"), (MORNING, "2026-03-12 23:59:59")],
        ids=["seven afternoons", "seven mornings"],
    )
    def test_seven_halves_take_what_they_sum_to(self, hours, last):
        """7 × 4/7 = 4 dates, 7 × 3/7 = 3 dates."""
        days = ("03", "04", "05", "06", "09", "10", "11")
        assert due(FIVE, A, *halves(hours, days)) == last

    @pytest.mark.parametrize(
        ("begun", "ended", "asked", "last"),
        [
            ("03-09 18:00", None, 1, "03-09"),
            ("03-09 15:00", "03-09 18:00", 20, "03-10"),
            ("03-09 15:00", "03-09 17:30", 20, "03-09"),
        ],
        ids=["begun after close", "over the close", "until the close"],
    )
    def test_by_close_of_business(self, begun, ended, asked, last):
        pause = suspended(f"2026-{begun}", ended and f"2026-{ended}", asked)
        assert due(BY_CLOSE, A, *pause) == f"2026-{last} 17:30:00"

    @pytest.mark.parametrize(
        ("begun", "asked", "used_up"),
        [
            ("2026-03-03 10:00", 2, "2026-03-05 10:00"),
            ("2026-03-04 18:00", 1, "2026-03-05 17:30"),
            ("2026-03-04 10:00", 20, "2026-04-01 10:00"),
            ("2026-03-09 15:00", 3, "2026-03-12 15:00"),
            ("2026-03-07 10:00", 1, "2026-03-09 17:30"),
        ],
    )
    def test_when_the_days_asked_are_used_up(self, begun, asked, used_up):
        """A whole day from ten: six hours of today, and the first one of the last day."""
        _, until = Pause(WALL(begun), None, asked).by_shares(Calendar())
        assert until == WALL(used_up)


class TestTheWhileRule:
    @pytest.mark.parametrize(
        ("ended", "last"),
        [
            ("2026-03-09 23:59:59", "2026-03-09"),
            ("2026-03-10 00:00:00", "2026-03-10"),
            ("2026-03-14 10:00:00", "2026-03-16"),
        ],
        ids=["ends with X", "a second on", "on a Saturday"],
    )
    def test_what_covers_the_end_moves_it_to_where_it_stops(self, ended, last):
        """The last: 03-14 is a Saturday; 03-10 to 03-13 are after X, and are not counted again."""
        assert due(FIVE, A, *suspended("2026-03-09 17:45", ended, 20)) == f"{last} 23:59:59"

    def test_one_leads_to_the_next(self):
        first = suspended("2026-03-09 18:00", "2026-03-11 10:00", 20)
        second = suspended("2026-03-11 18:00", "2026-03-13 10:00", 20)
        assert due(FIVE, A, *first, *second) == "2026-03-13 23:59:59"

    def test_one_begun_after_the_end_has_no_effect(self):
        assert due(FIVE, A, *suspended("2026-03-10 00:00", None, 5)) == "2026-03-09 23:59:59"


class TestNaturalDays:
    """A day off has 24 hours, a working date its hours; rolled once."""

    @pytest.mark.parametrize(
        ("begun", "ended", "last"),
        [
            (None, None, "2026-03-09"),  # 03-07 is a Saturday
            ("2026-03-04 09:00", "2026-03-04 17:30", "2026-03-09"),  # 03-08, a Sunday
            ("2026-03-04 00:00", "2026-03-07 00:00", "2026-03-10"),  # three days on
            ("2026-03-07 00:00", "2026-03-07 12:00", "2026-03-09"),  # half a day off: 03-08
            ("2026-03-07 00:00", "2026-03-09 00:00", "2026-03-09"),  # the weekend: 03-09
            ("2026-03-07 12:00", "2026-03-09 09:00", "2026-03-09"),  # 1.5 days: two, 03-09
        ],
    )
    def test_five_from_monday(self, begun, ended, last):
        pause = suspended(begun, ended, 20) if begun else ()
        assert due(Law({"promised": Limit(5, "natural_day")}), A, *pause) == f"{last} 23:59:59"

    def test_days_asked_are_used_up_by_working_dates_and_the_days_off_are_suspended_too(self):
        """Friday and Monday are the two days asked; four dates are out: 03-07 becomes 03-11."""
        law = Law({"promised": Limit(5, "natural_day")})
        pause = list(suspended("2026-03-06 00:00", None, 2))
        assert due(law, A, *pause) == "2026-03-11 23:59:59"

    def test_the_rest_day_is_rolled_and_the_shares_are_not_read_again(self):
        """X is Sunday 03-08, rolled to the 9th; what is suspended on the 9th is behind it."""
        law = Law({"promised": Limit(6, "natural_day")})
        assert due(law, A, *suspended("2026-03-09 09:00", "2026-03-09 17:30", 5)) == (
            "2026-03-09 23:59:59"
        )

    @pytest.mark.parametrize(
        ("start", "months", "last"),
        [
            ("2026-01-31 10:00", 1, "2026-02-28"),
            ("2024-01-31 10:00", 1, "2024-02-29"),
            ("2026-01-31 10:00", 2, "2026-03-31"),
        ],
    )
    def test_months_are_clamped_and_then_are_days(self, start, months, last):
        """2026-02-28 is a Saturday that works."""
        law = Law({"promised": Limit(months, "month")})
        assert due(law, start) == f"{last} 23:59:59"
        year = start[:4]
        pause = suspended(f"{year}-02-05 09:00", f"{year}-02-05 17:30", 5)
        assert due(law, start, *pause) > f"{last} 23:59:59"

    def test_an_extension_of_months_counts_from_the_start(self):
        law = Law({"promised": Limit(1, "month")})
        extension = extended("2026-02-20 10:00", 1, unit="month")
        assert due(law, "2026-01-31 10:00", extension) == "2026-03-31 23:59:59"


class TestOtherHours:
    def test_a_half_day_listed_is_a_whole_date_for_shares(self):
        """A morning stopped on a day that has only the morning is one date."""
        half = Calendar(mornings=frozenset({date(2026, 3, 4)}))
        pause = list(suspended("2026-03-04 09:00", "2026-03-04 12:00", 5))
        assert due(replace(FIVE, calendar=half), A, *pause) == "2026-03-10 23:59:59"
        assert due(FIVE, A, *pause) == "2026-03-09 23:59:59"

    def test_the_season_decides_what_a_morning_is(self):
        """8:30 to 12:00 of 8:30–12:00, 14:30–17:00: 3.5 hours of six, more than half."""
        hours = ((time(8, 30), time(12)), (time(14, 30), time(17)))
        summer = Calendar(seasons=(Season((3, 1), (9, 30), hours),))
        pause = list(suspended("2026-03-04 08:30", "2026-03-04 12:00", 5))
        assert due(replace(FIVE, calendar=summer), A, *pause) == "2026-03-10 23:59:59"

    def test_a_lead_of_two_working_days(self):
        """X = 03-09: from Friday 03-06 00:00."""
        law = Law({"promised": Limit(5)})
        found = clock(law, record("accepted", A))
        assert str(found.levels["notice"]) == "2026-03-06 00:00:00"


class TestWhatNoCaseMayShow:
    """Over random suspensions of random calendars: laws, not examples."""

    @pytest.mark.parametrize("seed", range(40))
    def test_an_hour_more_never_gives_less(self, seed):
        random = Random(seed)
        start, pauses = some_start_and_pauses(random)
        counted = self.counted(random, start, pauses)
        n = random.randrange(len(pauses))
        longer = replace(pauses[n], end=pauses[n].end + timedelta(hours=1), asked=60)
        before = [*pauses[:n], replace(pauses[n], asked=60), *pauses[n + 1 :]]
        after = [*pauses[:n], longer, *pauses[n + 1 :]]
        one = replace(counted, pauses=tuple(before)).last
        assert replace(counted, pauses=tuple(after)).last >= one

    @pytest.mark.parametrize("seed", range(40))
    def test_days_asked_never_take_more_dates(self, seed):
        random = Random(seed)
        start, pauses = some_start_and_pauses(random)
        counted = self.counted(random, start, pauses[:1])
        pause = pauses[0]
        plain = replace(counted, pauses=()).last
        taken = counted.calendar.working_days(plain, counted.last)
        assert taken <= pause.asked

    @pytest.mark.parametrize("seed", range(40))
    def test_the_order_never_matters(self, seed):
        random = Random(seed)
        start, pauses = some_start_and_pauses(random)
        counted = self.counted(random, start, pauses)
        shuffled = random.sample(pauses, len(pauses))
        assert replace(counted, pauses=tuple(shuffled)).last == counted.last

    @pytest.mark.parametrize("seed", range(40))
    def test_what_is_merged_counts_once(self, seed):
        random = Random(seed)
        start, pauses = some_start_and_pauses(random)
        counted = self.counted(random, start, pauses)
        whole = [Pause(a, b, 60) for a, b in merged(counted.suspended)]
        assert replace(counted, pauses=tuple(whole)).last == counted.last

    @pytest.mark.parametrize("seed", range(20))
    def test_a_part_never_takes_more_than_the_whole(self, seed):
        random = Random(seed)
        start, pauses = some_start_and_pauses(random)
        counted = self.counted(random, start, pauses)
        for some in combinations(pauses, len(pauses) - 1):
            assert replace(counted, pauses=some).last <= counted.last

    def counted(self, random, start, pauses):
        calendar = random.choice(CALENDARS)
        cut_off = random.choice(("midnight", "close_of_business"))
        limit = Limit(random.randrange(1, 9))
        return ByDates(calendar, limit, cut_off, start, tuple(pauses))
