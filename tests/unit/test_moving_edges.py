"""What moves a clock, at its edges: 特别程序 (§45), 延期 (§42), and what their timing shows.

Accepted Monday 2018-10-15 10:00, promised within 7 working days: until Wednesday 2018-10-24.
"""

from __future__ import annotations

import pytest

from tests.support.cases import assessed, clock, days, event, rules, shown

SEVEN = {"promised": days(7)}
LAW = rules(SEVEN)
PERMIT = rules(SEVEN, preset="cn-permit")
STATED = rules({"promised": {"stated": "promised_due_at"}})
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
DUE = "2018-10-24 23:59:59"


def begun(when, asked=3, **more):
    return event("suspended", when, suspension="testing", days_asked=asked, **more)


def extended(when="2018-10-22 10:00:00", amount=5, **more):
    return event("extended", when, amount=amount, **more)


def found(*events, law=LAW):
    return {str(f.code): shown(f.at) for f in assessed(law, ACCEPTED, *events).findings}


def moved(*events, law=LAW):
    """When the promise ends, and why not later."""
    promised = clock(assessed(law, ACCEPTED, *events))
    return shown(promised.due_at), [r.reason for r in promised.refused]


class TestExtensions:
    def test_one_whose_reason_the_source_cannot_hold_counts_as_given(self):
        assert moved(extended(reason=None, unrecorded=["reason"])) == ("2018-10-31 23:59:59", [])

    def test_a_rank_on_record_counts_though_the_source_says_it_holds_none(self):
        other = extended(approver_rank="other", unrecorded=["approver_rank"])
        assert moved(other) == (DUE, ["approver"])

    def test_of_a_stated_moment_one_that_neither_states_it_anew_nor_gives_time(self):
        said = event("accepted", "2018-10-15 10:00:00", promised_due_at="2018-10-24T15:00:00+08:00")
        promised = clock(assessed(STATED, said, extended(amount=0)))
        assert shown(promised.due_at) == "2018-10-24 15:00:00"
        assert [r.reason for r in promised.refused] == ["due_unstated"]


class TestSpecialProcedures:
    def test_begun_in_the_last_second_it_is_in_time_though_it_asks_for_no_day(self):
        late = begun("2018-10-25 10:00:00", suspension_id="late")
        last = begun(DUE, 0, suspension_id="last")
        promised = clock(assessed(LAW, ACCEPTED, last, late))
        assert [s.record.ref for s in promised.suspensions] == ["last"]
        assert [r.record.ref for r in promised.refused] == ["late"]


class TestWhatIsSuspicious:
    def test_of_more_than_two_the_third_alone_is_the_remark(self):
        four = [
            begun(f"2018-10-{day} 10:00:00", 1, suspension_id=f"s{day}") for day in range(15, 19)
        ]
        assessment = assessed(LAW, ACCEPTED, *four)
        assert [(str(f.code), shown(f.at)) for f in assessment.findings] == [
            ("suspensions_many", "2018-10-17 10:00:00")
        ]

    @pytest.mark.parametrize("when", ["2018-10-22 10:00:00", "2018-10-22 10:00:01"])
    def test_one_that_begins_when_the_case_has_ended_needs_no_end(self, when):
        denied = event("decided", "2018-10-22 10:00:00", outcome="denied")
        assert "suspension_not_ended" not in found(begun(when), denied)

    @pytest.mark.parametrize(
        ("unit", "amount", "brink"),
        [("working_day", 7, True), ("natural_day", 9, True), ("hour", 230, False)],
    )
    def test_begun_on_the_brink_is_a_remark_where_the_limit_is_in_days(self, unit, amount, brink):
        law = rules({"promised": {"amount": amount, "unit": unit}})  # all until the 24th
        assert ("suspension_at_brink" in found(begun("2018-10-23 10:00:00"), law=law)) is brink

    def test_months_are_days_too(self):
        law = rules({"promised": {"amount": 1, "unit": "month"}})
        assert "suspension_at_brink" in found(begun("2018-11-14 10:00:00"), law=law)

    def test_in_the_last_second_it_is_on_the_brink_and_not_after_the_breach(self):
        assert found(begun(DUE)) == {"suspension_at_brink": DUE}
        assert found(begun("2018-10-25 00:00:00")) == {
            "suspension_after_breach": "2018-10-25 00:00:00"
        }

    def test_the_brink_is_of_the_earliest_due_and_the_breach_of_the_clocks_that_it_can_stop(self):
        """Promised until 10-24, by statute until 11-12: as in 压线退件."""
        law = rules(SEVEN, preset="cn-permit", suspension_stops=["statutory"])
        assert found(begun("2018-10-22 10:00:00"), law=law) == {}
        brink = "2018-10-24 10:00:00"
        assert found(begun(brink), law=law) == {"suspension_at_brink": brink}
        assert found(begun("2018-10-25 10:00:00"), law=law) == {}
        assert set(found(begun("2018-11-13 10:00:00"), law=law)) == {"suspension_after_breach"}

    @pytest.mark.parametrize(
        ("when", "named"),
        [
            ("2018-10-22 17:00:00", set()),
            ("2018-10-23 09:00:00", {"suspension_at_brink"}),
            ("2018-10-25 10:00:00", {"suspension_after_breach"}),
        ],
    )
    def test_a_stated_moment_is_looked_at_like_any_promise(self, when, named):
        said = event("accepted", "2018-10-15 10:00:00", promised_due_at="2018-10-24T15:00:00+08:00")
        case = assessed(STATED, said, begun(when))
        assert {str(found.code) for found in case.findings} == named

    def test_held_against_the_clock_as_it_stood_with_the_procedures_before_it(self):
        first = begun("2018-10-16 10:00:00", 2, suspension_id="a")  # until Friday 26
        ended = event("resumed", "2018-10-18 10:00:00", suspension_id="a")
        second = begun("2018-10-25 10:00:00", suspension_id="b")
        assert found(first, ended, second) == {"suspension_at_brink": "2018-10-25 10:00:00"}

    @pytest.mark.parametrize(
        ("approved", "brink"), [("2018-10-24 10:00:00", False), ("2018-10-24 10:00:01", True)]
    )
    def test_and_with_the_extension_approved_by_then(self, approved, brink):
        assert (
            "suspension_at_brink" in found(extended(approved), begun("2018-10-24 10:00:00"))
        ) is (brink)


class TestARefusedExtension:
    def test_without_a_decision_clock_it_is_no_finding(self):
        assert found(extended(amount=99), law=rules({})) == {}

    def test_valid_for_one_clock_it_is_none_either(self):
        assert found(extended("2018-10-25 10:00:00"), law=PERMIT) == {}


class TestAtTheEndsOfTheCalendar:
    """What counts back beyond 1990, or on beyond 2100, is told by what the calendar holds."""

    LAW = rules(SEVEN, suspension_brink_days=1000, late_record_days=1000)

    def assessed(self, *events):
        return {str(f.code) for f in assessed(self.LAW, *events).findings}

    def test_a_brink_that_began_before_the_calendar_holds_the_whole_of_it(self):
        accepted = event("accepted", "1990-02-05 10:00:00")
        assert "suspension_at_brink" in self.assessed(accepted, begun("1990-02-06 10:00:00"))

    def test_a_record_that_cannot_be_late_before_the_calendar_ends_is_not(self):
        accepted = event("accepted", "2099-12-01 10:00:00", recorded_at="2099-12-31T10:00:00+08:00")
        assert "late_record" not in self.assessed(accepted)

    def test_the_brink_of_a_thousand_days_still_has_a_first_day(self):
        accepted = event("accepted", "2018-10-15 10:00:00")
        assert "suspension_at_brink" in self.assessed(accepted, begun("2018-10-15 11:00:00"))

    def test_a_limit_that_ends_beyond_the_calendar_has_no_brink(self):
        law = rules({"promised": days(10_000)}, suspension_brink_days=1000)
        accepted = event("accepted", "2099-10-15 10:00:00")
        started = begun("2099-12-15 10:00:00")
        assert "suspension_at_brink" not in {
            str(f.code) for f in assessed(law, accepted, started).findings
        }
