"""A due moment that the hall states (承诺办结时间): domain.md §2, a promise like any other.

Accepted Monday 2026-03-02 10:00, hours 09:00–12:00 and 13:30–17:30.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.cases import assessed, at, built_in, clock, days, event, levels, rules, shown

STATED = {"promised": {"stated": "promised_due_at"}}
LAW = rules(STATED)
PERMIT = rules(STATED, preset="cn-permit")
START = "2026-03-02 10:00:00"


def accepted(due="2026-03-11T17:00:00", when=START, **more):
    stated = {} if due is None else {"promised_due_at": f"{due}+08:00"}
    return event("accepted", when, **stated, **more)


def by_date(day, **more):
    return accepted(f"{day}T00:00:00", promised_by_date=True, **more)


def procedure(begin, end=None, asked=5, name="s"):
    start = event(
        "suspended",
        f"2026-{begin}:00",
        suspension="testing",
        suspension_id=name,
        days_asked=asked,
        event_id=f"begun-{name}",
    )
    if end is None:
        return [start]
    over = {"suspension_id": name, "event_id": f"over-{name}"}
    return [start, event("resumed", f"2026-{end}:00", **over)]


def extended(when="03-06 10:00", amount=10, due=None, **more):
    stated = {} if due is None else {"promised_due_at": f"{due}+08:00"}
    return event("extended", f"2026-{when}:00", amount=amount, **stated, **more)


def due(*events, law=LAW, of="promised"):
    return shown(clock(assessed(law, *events), of).due_at)


def found(*events, law=LAW):
    return {str(one.code): str(one.level) for one in assessed(law, *events).findings}


def refused(*events, law=LAW):
    return [r.reason for r in clock(assessed(law, *events)).refused]


class TestAMoment:
    def test_nothing_moves_it(self):
        assert due(accepted()) == "2026-03-11 17:00:00"

    def test_it_moves_by_the_working_time_that_is_suspended(self):
        """b.jsonl B1: five days of testing; W([03-05 10:00, 03-12 10:00)) is five days."""
        five = procedure("03-05 10:00", "03-12 10:00")
        assert due(accepted(), *five) == "2026-03-18 17:00:00"
        granted = event("decided", "2026-03-13 10:00:00", outcome="granted")
        case = assessed(LAW, accepted(), *five, granted)
        assert not clock(case).overdue(at("2026-04-01"))
        assert clock(case).state(at("2026-03-11 17:30:00")) == "paused"

    def test_an_hour_moves_it_by_an_hour_over_lunch_and_night(self):
        an_hour = procedure("03-05 10:00", "03-05 11:00")
        assert due(accepted(), *an_hour) == "2026-03-12 09:30:00"
        assert due(accepted("2026-03-11T11:30:00"), *an_hour) == "2026-03-11 14:00:00"

    def test_up_to_the_days_asked(self):
        assert due(accepted(), *procedure("03-05 10:00", "03-12 10:00", 2)) == "2026-03-13 17:00:00"

    def test_one_begun_after_it_has_no_effect(self):
        late = procedure("03-11 17:00", "03-12 10:00")
        assert due(accepted(), *late) == "2026-03-11 17:00:00"  # in the very second: nothing lost
        late = [event("suspended", "2026-03-11 17:00:01", suspension="testing", days_asked=5)]
        assert due(accepted(), *late) == "2026-03-11 17:00:00"
        assert refused(accepted(), *late) == ["breach"]

    def test_one_begun_after_it_beside_one_in_time_neither(self):
        in_time = procedure("03-05 10:00", "03-12 10:00")
        late = procedure("03-18 17:00", "03-20 10:00", name="t")
        assert due(accepted(), *in_time) == "2026-03-18 17:00:00"
        after = procedure("03-18 17:01", "03-20 10:00", name="t")
        assert due(accepted(), *in_time, *after) == "2026-03-18 17:00:00"
        assert refused(accepted(), *in_time, *after) == ["breach"]
        assert refused(accepted(), *in_time, *late) == []  # in the due second itself

    def test_one_that_covers_it_lets_it_go_on_after_its_end(self):
        """A second is lost before it: it is due a working second after the end."""
        over = [
            event("suspended", "2026-03-11 16:59:59", suspension="testing", days_asked=5),
            event("resumed", "2026-03-13 10:00:00"),
        ]
        assert due(accepted(), *over) == "2026-03-13 10:00:01"

    def test_one_begun_in_time_because_another_moved_it(self):
        first = procedure("03-09 09:00", "03-09 12:00", name="a")
        # 30 minutes of 03-11 are left after 17:00, so 2.5 hours of the 12th: 11:30
        assert due(accepted(), *first) == "2026-03-12 11:30:00"
        second = procedure("03-12 11:00", "03-12 15:00", name="b")
        assert due(accepted(), *first, *second) == "2026-03-12 15:30:00"

    @pytest.mark.parametrize(
        ("mode", "moved"), [("next_day", "2026-03-12 17:00:00"), ("elapsed", "2026-03-12 16:00:00")]
    )
    def test_a_day_asked_is_a_date_or_the_standard_day(self, mode, moved):
        """A date has seven hours, the standard day here six."""
        shorter = built_in().calendars["cn"].model_copy(update={"standard_day": 6 * 3600})
        stating = {"promised": {"stated": "promised_due_at"}}
        law = rules(stating, mode=mode, calendars={"cn": shorter})
        assert due(accepted(), *procedure("03-05 09:00", asked=1), law=law) == moved

    def test_it_stands_from_its_first_second_on(self):
        said = {"promised_due_at": "2026-03-11T17:00:00+08:00"}
        received = event("received", "2026-02-27 10:00:00", **said)
        begun = procedure("02-27 11:00", asked=3)
        counting = clock(assessed(LAW, received, accepted(None), *begun)).counting
        assert [counting.paused(counting.start + n) for n in (-1, 0)] == [False, True]

    def test_days_of_extension_move_it_to_the_same_clock_time(self):
        """g.jsonl G2: ten working days on."""
        assert due(accepted(), extended()) == "2026-03-25 17:00:00"
        assert found(accepted(), extended()) == {}

    def test_first_the_extension_then_the_suspended_time(self):
        five = procedure("03-05 10:00", "03-12 10:00")
        assert due(accepted(), *five, extended(amount=3)) == "2026-03-23 17:00:00"

    @pytest.mark.parametrize(
        ("more", "reason"),
        [
            ({"amount": 11}, "cap"),
            ({"unit": "natural_day"}, "unit"),
            ({"amount": 0}, "due_unstated"),
            ({"when": "03-12 10:00"}, "breach"),
            ({"due": "2026-03-26T09:00:00"}, "cap"),
            ({"told_at": None}, "told_late"),
        ],
    )
    def test_an_extension_that_does_not_count_moves_nothing_also_where_it_states_a_moment(
        self, more, reason
    ):
        said = extended(**{"due": "2026-03-20T17:00:00", **more} if reason == "told_late" else more)
        assert due(accepted(), said) == "2026-03-11 17:00:00"
        assert refused(accepted(), said) == [reason]
        assert found(accepted(), said) == {"extension_refused": "yellow"}

    @pytest.mark.parametrize(
        ("law", "more", "told"),
        [
            (LAW, {"due": "2026-03-01T17:00:00"}, True),
            (LAW, {"due": "2026-03-20T17:00:00"}, False),
            (LAW, {"due": "2026-03-01T17:00:00", "told_at": None}, False),
            (rules({"promised": days(7)}), {"due": "2026-03-01T17:00:00"}, False),
        ],
        ids=["before the start", "after it", "does not count", "nothing is stated by this law"],
    )
    def test_an_extension_that_states_a_moment_before_the_start(self, law, more, told):
        said = found(accepted(), extended(**more), law=law)
        assert ("due_before_start" in said) is told

    def test_the_policy_may_not_let_procedures_stop_it(self):
        law = rules(STATED, suspension_stops=["statutory"])
        five = procedure("03-05 10:00", "03-12 10:00")
        assert due(accepted(), *five, law=law) == "2026-03-11 17:00:00"
        assert refused(accepted(), *five, law=law) == ["policy"]

    def test_in_any_order(self):
        events = [accepted(), *procedure("03-05 10:00", "03-12 10:00"), extended(amount=3)]
        assert {due(*order) for order in permutations(events)} == {"2026-03-23 17:00:00"}


class TestADate:
    def test_it_ends_its_day_whatever_clock_time_is_written(self):
        assert due(by_date("2026-03-11")) == "2026-03-11 23:59:59"
        noon = accepted("2026-03-11T12:00:00", promised_by_date=True)
        assert due(noon) == "2026-03-11 23:59:59"

    def test_midnight_without_that_is_a_moment(self):
        """b.jsonl B5; and 23:59:59 is one too, unless the source says that it is a date."""
        assert due(accepted("2026-03-11T00:00:00")) == "2026-03-11 00:00:00"
        assert levels(assessed(LAW, accepted("2026-03-11T23:59:59")))["yellow"] == (
            "2026-03-12 00:00:00"
        )

    def test_what_nothing_moves_stays_also_on_a_day_off(self):
        assert due(by_date("2026-03-14")) == "2026-03-14 23:59:59"
        assert due(by_date("2026-03-14"), *procedure("03-05 09:00", "03-05 10:00")) == (
            "2026-03-14 23:59:59"
        )

    def test_it_moves_as_a_last_day_does(self):
        hearing = procedure("03-05 09:00", "03-05 17:30")
        assert due(by_date("2026-03-11"), *hearing) == "2026-03-12 23:59:59"
        assert due(by_date("2026-03-14"), *hearing) == "2026-03-16 23:59:59"
        over = procedure("03-11 16:00", "03-12 09:30")
        assert due(by_date("2026-03-11"), *over) == "2026-03-12 23:59:59"

    def test_an_extension_adds_working_dates(self):
        assert due(by_date("2026-03-11"), extended(amount=3)) == "2026-03-16 23:59:59"
        assert due(by_date("2026-03-14"), extended(amount=3)) == "2026-03-18 23:59:59"

    def test_its_lead_is_by_dates(self):
        assert levels(assessed(LAW, by_date("2026-03-11"))) == {
            "notice": "2026-03-10 00:00:00",
            "yellow": "2026-03-12 00:00:00",
        }
        assert levels(assessed(LAW, by_date("2026-03-02")))["notice"] == "2026-03-02 12:00:00"

    def test_by_close_of_business_where_the_policy_has_it(self):
        law = rules(STATED, cut_off="close_of_business")
        assert due(by_date("2026-03-11"), law=law) == "2026-03-11 17:30:00"


class TestWhatItTakesIn:
    five = procedure("03-05 10:00", "03-12 10:00")

    def test_what_had_begun_when_it_was_written(self):
        late = accepted(recorded_at="2026-03-05T10:00:00+08:00")
        assert due(late, *self.five) == "2026-03-11 17:00:00"
        assert refused(late, *self.five) == ["taken_in"]
        before = accepted(recorded_at="2026-03-05T09:59:59+08:00")
        assert due(before, *self.five) == "2026-03-18 17:00:00"

    def test_an_extension_approved_by_then_is_no_finding(self):
        late = accepted(recorded_at="2026-03-06T10:00:00+08:00")
        assert due(late, extended()) == "2026-03-11 17:00:00"
        assert found(late, extended()) == {"late_record": "none"}
        assert refused(late, extended()) == ["taken_in"]

    def test_unless_it_states_the_moment_anew_later_than_that(self):
        """Approved on the 4th, written on the 9th; the acceptance was written on the 6th."""
        late = accepted(recorded_at="2026-03-06T10:00:00+08:00")
        anew = extended(
            "03-04 10:00", 3, "2026-03-13T17:00:00", recorded_at="2026-03-09T10:00:00+08:00"
        )
        assert due(late, anew) == "2026-03-13 17:00:00"
        assert refused(late, anew) == []

    def test_of_two_the_later_written_holds(self):
        received = event(
            "received", "2026-03-02 09:00:00", promised_due_at="2026-03-20T17:00:00+08:00"
        )
        assert due(received, accepted()) == "2026-03-11 17:00:00"
        again = event(
            "received",
            "2026-03-02 09:00:00",
            promised_due_at="2026-03-20T17:00:00+08:00",
            recorded_at="2026-03-03T09:00:00+08:00",
        )
        assert due(again, accepted()) == "2026-03-20 17:00:00"

    def test_an_extension_that_states_it_anew_takes_in_what_had_begun(self):
        anew = extended("03-06 10:00", 3, "2026-03-20T12:00:00")
        assert due(accepted(), *self.five, anew) == "2026-03-20 12:00:00"
        later = procedure("03-13 09:00", "03-13 12:00", name="t")
        assert due(accepted(), *self.five, anew, *later) == "2026-03-20 16:30:00"

    def test_time_it_takes_in_is_no_time_left_either(self):
        """The lead of 14 hours leaves out the five days that are suspended."""
        late = accepted("2026-03-13T17:00:00", recorded_at="2026-03-05T10:00:00+08:00")
        # 6 hours of the 12th and 6.5 of the 13th: an hour of the 5th, half of one of the 4th
        assert levels(assessed(LAW, late, *self.five))["notice"] == "2026-03-04 17:00:00"


class TestAgainstTheStatute:
    def test_a_promise_after_it_is_cut_and_told(self):
        """b.jsonl B2: 20 working days end on 03-30."""
        said = accepted("2026-04-30T17:00:00")
        assert due(said, law=PERMIT) == "2026-03-30 23:59:59"
        assert found(said, law=PERMIT) == {"promise_cut": "none"}
        promised = clock(assessed(PERMIT, said))
        assert shown(promised.cut.due_at) == "2026-04-30 17:00:00"
        assert clock(assessed(PERMIT, said), "statutory").cut is None
        assert levels(assessed(PERMIT, said)) == {
            "notice": "2026-03-27 00:00:00",  # by date, as the statute's
            "yellow": "2026-03-31 00:00:00",
        }

    def test_when_both_have_moved(self):
        """g.jsonl G3: five days of testing move the statute to 04-07."""
        five = procedure("03-05 10:00", "03-12 10:00")
        said = accepted("2026-04-30T17:00:00")
        assert due(said, *five, law=PERMIT) == "2026-04-07 23:59:59"
        in_time = accepted("2026-03-30T17:00:00")
        assert due(in_time, *five, law=PERMIT) == "2026-04-07 17:00:00"
        assert found(in_time, *five, law=PERMIT) == {}

    def test_taken_in_by_the_promise_but_not_by_the_statute(self):
        late = accepted("2026-04-03T17:00:00", recorded_at="2026-03-05T10:00:00+08:00")
        five = procedure("03-05 10:00", "03-12 10:00")
        assert due(late, *five, law=PERMIT) == "2026-04-03 17:00:00"
        assert "promise_cut" not in found(late, *five, law=PERMIT)

    def test_other_units_are_compared_by_the_due_of_the_case(self):
        month = {"amount": 1, "unit": "month"}
        law = rules({"promised": month, "statutory": days(20)})
        assert due(accepted(None), law=law) == "2026-03-30 23:59:59"
        assert found(accepted(None), law=law) == {"promise_cut": "none"}
        # over the holidays of October a month is shorter than 20 working days
        autumn = accepted(None, "2026-09-18 10:00:00")
        assert due(autumn, law=law) == "2026-10-19 23:59:59"
        assert found(autumn, law=law) == {}


class TestAbsent:
    own = rules({"promised": {"stated": "promised_due_at", "amount": 7, "unit": "working_day"}})

    def test_not_stated_is_a_finding(self):
        """b.jsonl B4."""
        assert found(accepted(None)) == {"due_not_stated": "none"}
        assert assessed(LAW, accepted(None)).clocks == ()

    def test_before_the_start_too(self):
        """b.jsonl B3."""
        said = accepted("2026-02-11T17:00:00")
        assert found(said) == {"due_before_start": "none"}
        assert assessed(LAW, said).clocks == ()
        assert found(by_date("2026-03-01")) == {"due_before_start": "none"}
        assert found(by_date("2026-03-02")) == {}
        assert found(accepted("2026-03-02T10:00:00")) == {}

    def test_an_extension_that_states_it_before_the_start_extends_the_items_own_promise(self):
        early = extended(amount=3, due="2026-02-27T17:00:00")
        assert due(accepted(None), early, law=self.own) == "2026-03-16 23:59:59"

    def test_a_second_extension_of_it_is_refused(self):
        first, second = (extended(f"03-0{n} 10:00", 2, "2026-03-12T17:00:00") for n in (5, 6))
        assert due(accepted(None), first, second, law=self.own) == "2026-03-12 17:00:00"
        case = assessed(self.own, accepted(None), first, second)
        assert [each.reason for each in clock(case).refused] == ["once"]

    def test_then_the_items_own_promise_counts(self):
        assert due(accepted(None), law=self.own) == "2026-03-11 23:59:59"
        assert due(accepted("2026-02-11T17:00:00"), law=self.own) == "2026-03-11 23:59:59"
        assert due(accepted("2026-03-09T12:00:00"), law=self.own) == "2026-03-09 12:00:00"
        assert found(accepted(None), law=self.own) == {"due_not_stated": "none"}

    def test_it_moves_as_any_promise_and_is_held_against_the_statute(self):
        hearing = procedure("03-05 09:00", "03-05 17:30")
        assert due(accepted(None), *hearing, law=self.own) == "2026-03-12 23:59:59"
        long = {"stated": "promised_due_at", "amount": 30, "unit": "working_day"}
        law = rules({"promised": long}, preset="cn-permit")
        assert due(accepted(None), law=law) == "2026-03-30 23:59:59"


class TestTheLead:
    """Before a due moment the notice begins at the last second that leaves L·D of working time."""

    @pytest.mark.parametrize(
        ("stated", "notice"),
        [
            ("2026-03-11T17:00:00", "2026-03-09 17:00:00"),
            ("2026-03-11T00:00:00", "2026-03-09 09:00:00"),  # at midnight: two whole dates
            ("2026-03-09T08:00:00", "2026-03-05 09:00:00"),  # a Monday before hours
            ("2026-03-03T11:00:00", "2026-03-02 15:30:00"),  # one date: half of eight hours
            ("2026-03-02T12:00:00", "2026-03-02 11:00:00"),
        ],
    )
    def test_in_working_time(self, stated, notice):
        assert levels(assessed(LAW, accepted(stated)))["notice"] == notice

    def test_it_leaves_working_time_after_hours_too(self):
        evening = accepted("2026-03-02T22:00:00", "2026-03-02 20:00:00")
        assert levels(assessed(LAW, evening))["notice"] == "2026-03-02 22:00:00"

    def test_suspended_time_is_none(self):
        morning = procedure("03-10 09:00", "03-10 12:00")
        # three hours more: half an hour of the 11th, 2.5 of the 12th; of the 10th 4 are left
        assert due(accepted(), *morning) == "2026-03-12 11:30:00"
        assert levels(assessed(LAW, accepted(), *morning))["notice"] == "2026-03-09 17:00:00"

    def test_of_two_at_once_it_is_none_once(self):
        whole = procedure("03-10 09:00", "03-10 12:00")
        apart = [*procedure("03-10 09:00", "03-10 11:00", name="a"),
                 *procedure("03-10 10:00", "03-10 12:00", name="b")]  # fmt: skip
        assert levels(assessed(LAW, accepted(), *apart)) == levels(
            assessed(LAW, accepted(), *whole)
        )

    def test_the_clock_stands_still_within_it_only(self):
        counting = clock(
            assessed(LAW, accepted(), *procedure("03-05 10:00", "03-06 10:00"))
        ).counting
        for moment, still in (("03-05 09:59:59", False), ("03-05 10:00:00", True),
                              ("03-06 09:59:59", True), ("03-06 10:00:00", False)):  # fmt: skip
            assert counting.paused(at(f"2026-{moment}")) is still

    def test_a_limit_that_keeps_the_clock_time_is_due_at_a_moment(self):
        law = rules({"promised": days(7, keep_clock_time=True)})
        assert levels(assessed(law, accepted(None))) == {
            "notice": "2026-03-09 10:00:00",
            "yellow": "2026-03-11 10:00:01",
        }


def test_an_extension_approved_before_the_start_moves_nothing():
    """b.jsonl B6: accepted 03-04, extended 03-03."""
    law = rules({"promised": days(7)})
    early = extended("03-03 10:00")
    case = [event("accepted", "2026-03-04 10:00:00"), early]
    assert due(*case, law=law) == "2026-03-13 23:59:59"
    assert refused(*case, law=law) == ["before_start"]
    assert found(*case, law=law) == {"extension_refused": "yellow"}
