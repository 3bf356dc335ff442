"""Special procedures (特别程序): 行政许可法 §45, and domain.md §2 and its table of readings.

Accepted Monday 2018-10-15 10:00, promised within 7 working days: Wednesday 2018-10-24.
"""

from __future__ import annotations

import pytest

from tests.support.cases import assessed, at, clock, days, event, rules, shown

LAW = rules({"promised": days(7)}, preset="cn-permit")
OTHER_MATTER = rules({"promised": days(7)}, preset="cn-non-permit")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
DUE = "2018-10-24 23:59:59"


def begun(when="2018-10-17 10:00:00", asked=3, kind="testing", **more):
    days_asked = {} if asked is None else {"days_asked": asked}
    return event("suspended", when, suspension=kind, **days_asked, **more)


def ended(when, **more):
    return event("resumed", when, **more)


def case(*events, law=LAW):
    return assessed(law, ACCEPTED, *events)


def due(*events, law=LAW, of="promised"):
    return shown(clock(case(*events, law=law), of).due_at)


def found(*events, law=LAW):
    return {str(f.code): (str(f.level), shown(f.at)) for f in case(*events, law=law).findings}


def refused(*events, law=LAW):
    return [r.reason for r in clock(case(*events, law=law)).refused]


class TestWhatStopsAClock:
    """§45: hearing, tender, auction, inspection, testing, quarantine, appraisal, expert review."""

    @pytest.mark.parametrize(
        "kind",
        [
            "hearing",
            "tender",
            "auction",
            "inspection",
            "testing",
            "quarantine",
            "appraisal",
            "expert_review",
        ],
    )
    def test_the_eight_kinds_of_the_law(self, kind):
        assert due(begun(kind=kind)) == "2018-10-29 23:59:59"
        assert found(begun(kind=kind)) == {}

    def test_publicity_only_in_other_matters_than_permits(self):
        public = begun(kind="publicity")
        assert due(public) == DUE
        assert refused(public) == ["kind"]
        assert found(public) == {"suspension_not_allowed": ("none", "2018-10-17 10:00:00")}
        assert due(public, law=OTHER_MATTER) == "2018-10-29 23:59:59"

    def test_corrections_after_acceptance_stop_nothing_by_default_and_are_no_finding(self):
        assert due(begun(kind="correction")) == DUE
        assert found(begun(kind="correction")) == {}
        allowed = rules({"promised": days(7)}, suspension_kinds=["correction"])
        assert due(begun(kind="correction"), law=allowed) == "2018-10-29 23:59:59"

    def test_without_a_basis_it_does_not_count_and_is_yellow(self):
        bare = begun(reason=None)
        assert due(bare) == DUE
        assert refused(bare) == ["basis"]
        assert found(bare) == {"suspension_without_basis": ("yellow", "2018-10-17 10:00:00")}

    def test_the_statutory_clock_stops_too_and_by_policy_the_promise_does_not(self):
        assert due(begun(), of="statutory") == "2018-11-15 23:59:59"
        strict = rules({"promised": days(7)}, suspension_stops=["statutory"])
        assert due(begun(), law=strict) == DUE
        assert refused(begun(), law=strict) == ["policy"]

    def test_acceptance_and_delivery_it_never_stops(self):
        received = event("received", "2018-10-15 10:00:00")
        owed = clock(assessed(LAW, received, begun()), "acceptance:1")
        assert shown(owed.due_at) == "2018-10-22 23:59:59"
        granted = event("decided", "2018-10-16 10:00:00", outcome="granted")
        assert shown(clock(case(granted, begun()), "delivery").due_at) == "2018-10-30 23:59:59"


class TestTheWrittenNotice:
    """§45: the applicant must be told the time needed in writing; a duty of its own."""

    untold = begun(told_at=None)

    def test_missing_it_is_yellow_and_the_time_does_not_count_against_the_case(self):
        assert due(self.untold) == "2018-10-29 23:59:59"
        assert found(self.untold) == {"suspension_untold": ("yellow", "2018-10-17 10:00:00")}

    def test_a_switch_lets_the_time_run(self):
        strict = rules({"promised": days(7)}, untold_suspensions="run")
        assert due(self.untold, law=strict) == DUE
        assert refused(self.untold, law=strict) == ["untold"]

    def test_unrecorded_is_not_no(self):
        unable = begun(told_at=None, unrecorded=["told_at"])
        assert found(unable) == {"fact_unrecorded": ("none", "2018-10-17 10:00:00")}
        strict = rules({"promised": days(7)}, untold_suspensions="run")
        assert due(unable, law=strict) == "2018-10-29 23:59:59"

    def test_the_level_of_a_finding_is_configuration(self):
        mild = rules({"promised": days(7)}, finding_levels={"suspension_untold": "notice"})
        assert found(self.untold, law=mild)["suspension_untold"][0] == "notice"


class TestHowLong:
    def test_capped_at_the_time_asked_the_overrun_runs_against_the_case(self):
        assert due(begun(), ended("2018-10-31 10:00:00")) == "2018-10-29 23:59:59"

    def test_an_earlier_end_counts_as_it_was(self):
        assert due(begun(), ended("2018-10-18 10:00:00")) == "2018-10-25 23:59:59"

    def test_days_asked_unknown_are_capped_at_twenty_working_days(self):
        unknown = begun(asked=None)
        assert due(unknown) == "2018-11-21 23:59:59"
        assert found(unknown) == {"suspension_days_unknown": ("none", "2018-10-17 10:00:00")}

    def test_several_that_overlap_are_merged(self):
        second = begun("2018-10-18 10:00:00", 3, kind="hearing")
        assert due(begun(), second) == "2018-10-30 23:59:59"

    def test_on_the_due_day_it_carries_the_due_day_along(self):
        assert due(begun("2018-10-24 16:00:00", 5)) == "2018-10-31 23:59:59"

    def test_started_after_the_breach_it_has_no_effect_and_is_a_finding(self):
        late = rules({"promised": days(7)})
        after = begun("2018-10-25 09:00:00")
        assert due(after, law=late) == DUE
        assert refused(after, law=late) == ["breach"]
        assert clock(case(after, law=late)).state(at("2018-10-25 10:00:00")) == "running"
        assert found(after, law=late)["suspension_after_breach"][1] == "2018-10-25 09:00:00"

    def test_after_the_promise_but_before_the_statute_it_moves_the_statutory_clock_only(self):
        after = begun("2018-10-25 09:00:00")
        assert due(after) == DUE
        assert due(after, of="statutory") == "2018-11-15 23:59:59"
        assert found(after) == {}

    def test_taken_back_by_a_newer_version_it_never_was(self):
        given = begun(event_id="s")
        back = begun(event_id="s", record_version=2, voided=True)
        assert due(given, back) == due()
        assert found(given, back) == {}


class TestWhatIsSuspicious:
    def test_more_than_two_in_one_case(self):
        three = [
            begun(f"2018-10-{day} 10:00:00", 1, event_id=day, suspension_id=day)
            for day in ("16", "17", "18")
        ]
        assert found(*three[:2]) == {}
        assert found(*three) == {"suspensions_many": ("notice", "2018-10-18 10:00:00")}

    @pytest.mark.parametrize(
        ("when", "brink"),
        [("2018-10-22 17:00:00", False), ("2018-10-23 09:00:00", True), (DUE, True)],
    )
    def test_begun_a_working_day_or_less_before_the_due_time(self, when, brink):
        assert ("suspension_at_brink" in found(begun(when))) is brink

    def test_never_ended_though_the_case_ended(self):
        granted = event("decided", "2018-10-22 10:00:00", outcome="denied")
        assert found(begun(), granted) == {"suspension_not_ended": ("none", "2018-10-22 10:00:00")}
        assert found(begun(), ended("2018-10-19 10:00:00"), granted) == {}

    def test_an_end_that_nothing_began(self):
        assert found(ended("2018-10-19 10:00:00")) == {
            "resumed_without_start": ("none", "2018-10-19 10:00:00")
        }


class TestTheSpecialProceduresOwnClock:
    """The requested days: notice 2 wd before their end, yellow past them, red > 1 wd past."""

    def levels(self, *events):
        found_ = clock(case(*events), "special:1")
        return {str(r.level): shown(r.at) for r in found_.levels}

    def test_its_ladder(self):
        assert self.levels(begun(asked=5)) == {
            "notice": "2018-10-23 00:00:00",  # the days end on Wednesday 24
            "yellow": "2018-10-25 00:00:00",
            "red": "2018-10-26 00:00:00",
        }

    def test_it_stops_when_the_procedure_ends_or_the_case_does(self):
        resumed = ended("2018-10-19 10:00:00")
        assert clock(case(begun(), resumed), "special:1").stopped_at == at("2018-10-19 10:00:00")
        decided = event("decided", "2018-10-18 10:00:00", outcome="denied")
        assert clock(case(begun(), decided), "special:1").stopped_at == at("2018-10-18 10:00:00")

    def test_each_has_its_own_and_one_without_days_has_none(self):
        second = begun("2018-10-18 10:00:00", None, kind="hearing", suspension_id="b")
        third = begun("2018-10-19 10:00:00", 2, kind="hearing", suspension_id="c")
        names = [c.clock_id for c in case(begun(), second, third).clocks]
        assert [n for n in names if n.startswith("special")] == ["special:1", "special:3"]
