"""Special procedures by shares of days (§45): domain.md §2, mode `next_day`, each example by name.

A = Monday 2026-03-02, N = 5, hours 09:00–12:00 and 13:30–17:30; unsuspended X = Monday 03-09.
"""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from tests.support.cases import assessed, at, built_in, clock, days, event, rules, shown

MIDNIGHT = rules({"promised": days(5)})
CLOSING = rules({"promised": days(5)}, cut_off="close_of_business")
ACCEPTED = event("accepted", "2026-03-02 10:00:00")
WORKED = ["03-03", "03-04", "03-05", "03-06", "03-09", "03-10", "03-11"]


def procedure(begin, end=None, asked=None):
    """A special procedure of 2026: `03-04 09:00`."""
    name = f"p{begin}".replace(" ", "T")
    facts = {} if asked is None else {"days_asked": asked}
    start = event("suspended", f"2026-{begin}", suspension="hearing", suspension_id=name, **facts)
    return [start, event("resumed", f"2026-{end}", suspension_id=name)] if end else [start]


def every(day_from, day_to):
    """The same hours on each of the seven working dates, an own procedure each."""
    return [e for d in WORKED for e in procedure(f"{d} {day_from}", f"{d} {day_to}")]


def due(*events, law=MIDNIGHT, accepted=ACCEPTED):
    return shown(clock(assessed(law, accepted, *events)).due_at)


EXAMPLES = {
    "unsuspended": ([], "03-09"),
    "a hearing from morning to evening": (procedure("03-04 09:00", "03-04 17:30"), "03-10"),
    "one afternoon": (procedure("03-04 13:30", "03-04 17:30"), "03-10"),
    "one morning": (procedure("03-04 09:00", "03-04 12:00"), "03-09"),
    "an evening and a morning": (procedure("03-04 16:00", "03-05 11:00"), "03-10"),
    "one day asked, in the afternoon": (procedure("03-04 14:00", asked=1), "03-10"),
    "seven afternoons": (every("13:30", "17:30"), "03-13"),
    "seven mornings": (every("09:00", "12:00"), "03-12"),
    "Friday 15:00 to Monday 10:30": (procedure("03-06 15:00", "03-09 10:30"), "03-10"),
    "Saturday to Sunday": (procedure("03-07 00:00", "03-08 23:59"), "03-09"),
    "asked 2, really 5": (procedure("03-03 10:00", "03-10 10:00", asked=2), "03-11"),
    "without an end: the cap of 20": (procedure("03-04 10:00"), "04-07"),
    "one day asked, after hours": (procedure("03-04 18:00", asked=1), "03-10"),
    "on X after hours, asked 1": (procedure("03-09 18:00", asked=1), "03-10"),
    "on X 15:00, asked 3": (procedure("03-09 15:00", asked=3), "03-12"),
    "on X for an hour of the morning": (procedure("03-09 09:00", "03-09 10:00"), "03-09"),
}


class TestTheExamples:
    @pytest.mark.parametrize("named", EXAMPLES)
    def test_by_name(self, named):
        events, last = EXAMPLES[named]
        assert due(*events) == f"2026-{last} 23:59:59"

    def test_close_of_business_on_x_after_hours_it_has_no_effect(self):
        assert due(*procedure("03-09 18:00", asked=1), law=CLOSING) == "2026-03-09 17:30:00"

    def test_close_of_business_over_the_close_of_x_it_carries_x_along(self):
        over = procedure("03-09 15:00", "03-09 18:00")
        assert due(*over, law=CLOSING) == "2026-03-10 17:30:00"

    def test_its_own_clock_may_end_within_the_day_after(self):
        """R′ is 03-05 14:00; the clock of the days asked runs until the end of 03-05."""
        law = rules({"promised": days(5)}, preset="cn-permit")
        case = assessed(law, ACCEPTED, *procedure("03-04 14:00", asked=1))
        assert shown(clock(case, "special:1").due_at) == "2026-03-05 23:59:59"
        assert clock(case).state(at("2026-03-05 13:59:59")) == "paused"
        assert clock(case).state(at("2026-03-05 14:00:00")) == "running"


class TestShares:
    def test_half_a_date_rounds_up_and_a_second_less_does_not(self):
        assert due(*procedure("03-04 14:00", "03-05 09:00")) == "2026-03-10 23:59:59"
        less = event("suspended", "2026-03-04 14:00:01", suspension="hearing")
        until = event("resumed", "2026-03-05 09:00:00")
        assert due(less, until) == "2026-03-09 23:59:59"

    def test_what_two_take_together_counts_once(self):
        first, second = (
            procedure("03-04 09:00", "03-04 14:00"),
            procedure("03-04 10:00", "03-04 16:00"),
        )
        assert due(*first, *second) == "2026-03-10 23:59:59"
        apart = procedure("03-05 09:00", "03-05 16:00")
        assert due(*first, *second, *apart) == "2026-03-11 23:59:59"

    def test_a_date_with_hours_of_its_own_is_one_day_of_those(self):
        """2026-02-28 is worked from 09:00 to 12:00 only: its morning is a whole day."""
        half = {"date": "2026-02-28", "hours": ["09:00-12:00"]}
        law = with_short_date(half)
        before = event("accepted", "2026-02-24 10:00:00")  # X = 03-02
        morning = procedure("02-28 09:00", "02-28 12:00")
        assert due(law=law, accepted=before) == "2026-03-02 23:59:59"
        assert due(*morning, law=law, accepted=before) == "2026-03-03 23:59:59"
        # 3/7 of Friday afternoon's date, and the rest of one day asked is 4/7 of three hours
        asked = procedure("02-27 14:30", asked=1)
        case = assessed(law, before, *asked)
        assert clock(case).state(at("2026-02-28 10:42:51")) == "paused"
        assert clock(case).state(at("2026-02-28 10:42:52")) == "running"

    def test_days_asked_from_before_the_start_take_what_lies_after_it(self):
        assert due(*procedure("02-27 09:00", asked=4)) == "2026-03-10 23:59:59"

    def test_days_asked_beyond_every_calendar_end_where_the_record_ends(self):
        assert due(*procedure("03-04 09:00", "03-04 17:30", asked=100_000)) == "2026-03-10 23:59:59"
        elapsed = rules({"promised": days(5)}, mode="elapsed")
        known = procedure("03-04 09:00", "03-04 17:30", asked=100_000)
        assert due(*known, law=elapsed) == "2026-03-10 10:00:00"

    def test_of_a_limit_by_the_clock_time(self):
        law = rules({"promised": days(5, keep_clock_time=True)})
        whole = procedure("03-04 09:00", "03-04 17:30")
        later = procedure("03-09 12:00", "03-09 17:30")  # in time by the first one only: 4/7
        assert due(*whole, law=law) == "2026-03-10 10:00:00"
        assert due(*later, law=law) == "2026-03-09 10:00:00"
        assert due(*whole, *later, law=law) == "2026-03-11 10:00:00"
        assert due(*later, *whole, law=law) == "2026-03-11 10:00:00"

    def test_after_a_limit_by_the_clock_time_is_over_nothing_lengthens_it(self):
        law = rules({"promised": days(5, keep_clock_time=True)})
        assert due(law=law) == "2026-03-09 10:00:00"
        assert due(*procedure("03-09 10:01", asked=3), law=law) == "2026-03-09 10:00:00"
        assert due(*procedure("03-09 10:00", asked=1), law=law) == "2026-03-10 10:00:00"


def with_short_date(date):
    china = built_in().calendars["cn"]
    listed = [
        day.model_copy(update={"hours": ((9 * 3600, 12 * 3600),)})
        if str(day.date) == date["date"]
        else day
        for day in china.days
    ]
    short = china.model_copy(update={"name": "short", "days": tuple(listed)})
    return rules({"promised": days(5)}, calendars={"short": short}, calendar="short")


class TestProperties:
    """Never more for less, never more dates than days asked, never by the order of the records."""

    def some(self, random, count):
        found = []
        for _ in range(count):
            begin = at("2026-03-03 00:00:00") + 1800 * random.randrange(48 * 12)
            end = begin + 1800 * random.randrange(1, 96)
            found.append((begin, end))
        return found

    def case(self, spans):
        events = []
        for number, (begin, end) in enumerate(spans):
            named = {"suspension_id": f"p{number}", "event_id": f"s{number}"}
            events.append(event("suspended", shown(begin), suspension="hearing", **named))
            named = {"suspension_id": f"p{number}", "event_id": f"r{number}"}
            events.append(event("resumed", shown(end), **named))
        return events

    LAWS = (
        MIDNIGHT,
        CLOSING,
        rules({"promised": {"amount": 5, "unit": "natural_day"}}),
        rules({"promised": {"amount": 1, "unit": "month"}}),
        rules({"promised": {"amount": 5, "unit": "natural_day", "roll": "none"}}),
        rules({"promised": days(5)}, mode="elapsed"),
    )

    @pytest.mark.parametrize("law", LAWS)
    def test_an_hour_more_never_gives_less(self, law):
        random = Random("an hour more")
        for _ in range(150):
            spans = self.some(random, random.choice((1, 2, 3)))
            longer = [(a, b + 3600) if k == 0 else (a, b) for k, (a, b) in enumerate(spans)]
            assert due(*self.case(longer), law=law) >= due(*self.case(spans), law=law)

    @pytest.mark.parametrize("law", [MIDNIGHT, CLOSING])
    def test_days_asked_never_take_more_dates_than_so_many(self, law):
        random = Random("days asked")
        calendar = clock(assessed(law, ACCEPTED)).counting.calendar
        for _ in range(300):
            begin, end = self.some(random, 1)[0]
            asked = random.randrange(1, 5)
            facts = {"suspension": "hearing", "days_asked": asked}
            events = [event("suspended", shown(begin), **facts)]
            events += [event("resumed", shown(end))] if random.random() < 0.5 else []
            last = clock(assessed(law, ACCEPTED, *events)).counting.last
            first = clock(assessed(law, ACCEPTED)).counting.last
            assert 0 <= calendar.count(first, last) <= asked

    def test_the_order_of_the_records_is_of_no_effect(self):
        random = Random("order")
        for _ in range(20):
            events = self.case(self.some(random, 2))
            assert len({due(*order) for order in permutations(events)}) == 1


class TestNaturalDays:
    """Accepted Monday 2026-03-02; 12 days end on Saturday 03-14, and roll to Monday 03-16."""

    law = rules({"promised": {"amount": 12, "unit": "natural_day"}})

    def test_rolled_once(self):
        assert due(law=self.law) == "2026-03-16 23:59:59"

    def test_a_day_off_has_24_hours(self):
        """Saturday 12:00 to Sunday 12:00 is two halves: one day, and X = Sunday, rolled."""
        weekend = procedure("03-07 12:00", "03-08 12:00")
        law = rules({"promised": {"amount": 8, "unit": "natural_day"}})  # X = Tuesday 03-10
        assert due(law=law) == "2026-03-10 23:59:59"
        assert due(*weekend, law=law) == "2026-03-11 23:59:59"

    def test_its_last_second_is_its_own(self):
        """Saturday 12:00:00 to 23:59:59 and one second of Sunday are half a day: one day."""
        law = rules({"promised": {"amount": 8, "unit": "natural_day"}})
        saturday = procedure("03-07 12:00:00", "03-07 23:59:59")
        sunday = procedure("03-08 10:00:00", "03-08 10:00:01")
        assert due(*saturday, law=law) == "2026-03-10 23:59:59"
        assert due(*saturday, *sunday, law=law) == "2026-03-11 23:59:59"
        over_midnight = procedure("03-07 12:00:01", "03-08 00:00:01")
        assert due(*over_midnight, law=law) == "2026-03-11 23:59:59"

    def test_a_working_date_has_its_hours(self):
        law = rules({"promised": {"amount": 8, "unit": "natural_day"}})
        assert due(*procedure("03-04 09:00", "03-04 17:30"), law=law) == "2026-03-11 23:59:59"
        assert due(*procedure("03-04 18:00", "03-05 08:59"), law=law) == "2026-03-10 23:59:59"

    def test_days_asked_are_used_up_by_working_dates_and_days_off_are_suspended_too(self):
        """Friday 09:00, asked 2: until Monday 17:30; Friday, Saturday, Sunday, Monday are out."""
        law = rules({"promised": {"amount": 8, "unit": "natural_day"}})
        assert due(*procedure("03-06 09:00", asked=2), law=law) == "2026-03-16 23:59:59"

    def test_what_falls_into_the_days_rolled_over_is_not_read_again(self):
        """X is Saturday 03-14, rolled to Monday: the Monday's hearing is over by its end."""
        monday = procedure("03-16 09:00", "03-16 17:30")
        assert due(*monday, law=self.law) == "2026-03-16 23:59:59"
        over = procedure("03-16 09:00", "03-17 09:00")
        assert due(*over, law=self.law) == "2026-03-17 23:59:59"

    def test_months_are_clamped_then_days_to_that_date(self):
        law = rules({"promised": {"amount": 1, "unit": "month"}})
        january = event("accepted", "2026-01-31 10:00:00")  # 2026-02-28 is worked
        assert due(law=law, accepted=january) == "2026-02-28 23:59:59"
        day = procedure("02-04 09:00", "02-04 17:30")
        assert due(*day, law=law, accepted=january) == "2026-03-02 23:59:59"
