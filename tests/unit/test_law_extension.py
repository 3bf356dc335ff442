"""The one extension (延期): 行政许可法 §42, 延期办结告知制, domain.md §2.

Accepted Monday 2018-10-15 10:00. Promised within 7 working days: 2018-10-24; the statute gives 20:
2018-11-12. One extension of at most 10 working days.
"""

from __future__ import annotations

import pytest

from tests.support.cases import assessed, at, clock, days, event, rules, shown

LAW = rules({"promised": days(7)}, preset="cn-permit")
JOINT = rules({"promised": days(30)}, preset="cn-permit-joint")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
PROMISED, STATUTORY = "2018-10-24 23:59:59", "2018-11-12 23:59:59"


def extended(when="2018-10-22 10:00:00", amount=5, **more):
    return event("extended", when, amount=amount, **more)


def dues(*events, law=LAW):
    case = assessed(law, ACCEPTED, *events)
    return tuple(shown(clock(case, kind).due_at) for kind in ("promised", "statutory"))


def refused(*events, law=LAW, of="promised"):
    return [r.reason for r in clock(assessed(law, ACCEPTED, *events), of).refused]


def found(*events, law=LAW):
    case = assessed(law, ACCEPTED, *events)
    return {str(f.code): (str(f.level), shown(f.at)) for f in case.findings}


class TestInTime:
    def test_for_both_it_moves_both(self):
        assert dues(extended()) == ("2018-10-31 23:59:59", "2018-11-19 23:59:59")
        assert found(extended()) == {}

    def test_after_the_promise_it_moves_the_statutory_clock_only_and_is_no_finding(self):
        late = extended("2018-10-25 10:00:00")
        assert dues(late) == (PROMISED, "2018-11-19 23:59:59")
        assert refused(late) == ["breach"]
        assert found(late) == {}

    def test_after_the_statute_it_moves_nothing_and_is_yellow(self):
        late = extended("2018-11-13 10:00:00")
        assert dues(late) == (PROMISED, STATUTORY)
        assert found(late) == {"extension_refused": ("yellow", "2018-11-13 10:00:00")}

    def test_the_last_second_is_in_time(self):
        assert dues(extended(PROMISED))[0] == "2018-10-31 23:59:59"
        assert dues(extended("2018-10-25 00:00:00"))[0] == PROMISED


class TestWhatItMustShow:
    """§42: approved by the head of the agency, the reason told to the applicant."""

    @pytest.mark.parametrize(
        ("missing", "reason"),
        [
            ({"reason": None}, "no_reason"),
            ({"approver_rank": None}, "approver"),
            ({"approver_rank": "other"}, "approver"),
            ({"told_at": None}, "told_late"),
            ({"amount": 11}, "cap"),
            ({"amount": 0}, "no_time"),
            ({"unit": "natural_day"}, "unit"),
        ],
    )
    def test_without_it_no_clock_moves(self, missing, reason):
        given = extended(**missing)
        assert dues(given) == (PROMISED, STATUTORY)
        assert refused(given) == [reason]
        assert found(given) == {"extension_refused": ("yellow", "2018-10-22 10:00:00")}

    def test_told_by_the_original_due_time_of_each_clock(self):
        told_late = extended(told_at="2018-10-25T00:00:00+08:00")
        assert dues(told_late) == (PROMISED, "2018-11-19 23:59:59")
        assert refused(told_late) == ["told_late"]
        in_time = extended(told_at="2018-10-24T23:59:59+08:00")
        assert dues(in_time)[0] == "2018-10-31 23:59:59"

    def test_unrecorded_is_not_no(self):
        unable = extended(told_at=None, approver_rank=None, unrecorded=["told_at", "approver_rank"])
        assert dues(unable)[0] == "2018-10-31 23:59:59"
        assert found(unable) == {"fact_unrecorded": ("none", "2018-10-22 10:00:00")}

    def test_once(self):
        again = extended("2018-10-23 10:00:00", 2)
        assert dues(extended(), again)[0] == "2018-10-31 23:59:59"
        assert refused(extended(), again) == ["once"]
        assert set(found(extended(), again)) == {"extension_refused"}

    def test_one_that_was_refused_does_not_use_it_up(self):
        assert dues(extended(amount=11), extended("2018-10-23 10:00:00", 2))[0] == (
            "2018-10-26 23:59:59"
        )

    def test_the_cap_is_configuration_of_the_limit_and_of_the_policy(self):
        wider = rules({"promised": days(7, extension_cap=12)}, extension_cap=3)
        assert shown(clock(assessed(wider, ACCEPTED, extended(amount=12))).due_at) == (
            "2018-11-09 23:59:59"
        )
        tight = rules({"promised": days(7)}, extension_cap=3)
        assert shown(clock(assessed(tight, ACCEPTED, extended(amount=4))).due_at) == PROMISED

    def test_a_foreign_catalogue_may_ask_for_none_of_it(self):
        free = rules({"promised": days(7)}, extension_requires=[])
        bare = extended(reason=None, approver_rank=None, told_at=None)
        assert shown(clock(assessed(free, ACCEPTED, bare)).due_at) == "2018-10-31 23:59:59"


class TestJointHandling:
    """§42 ¶2: finished within 45 working days; 15 more by the head of the government."""

    def test_forty_five_days_to_the_finishing(self):
        case = assessed(JOINT, ACCEPTED, event("decided", "2018-12-01 10:00:00", outcome="granted"))
        assert shown(clock(case, "statutory").due_at) == "2018-12-17 23:59:59"
        assert clock(case, "statutory").stopped_at is not None  # until a finishing is on record
        finished = event("finished", "2018-12-05 10:00:00")
        case = assessed(
            JOINT, ACCEPTED, event("decided", "2018-12-01 10:00:00", outcome="granted"), finished
        )
        assert clock(case, "statutory").stopped_at == at("2018-12-05 10:00:00")

    def test_fifteen_by_the_government_and_not_by_the_agency(self):
        agency = extended("2018-11-01 10:00:00", 15)
        assert refused(agency, law=JOINT, of="statutory") == ["approver"]
        government = extended("2018-11-01 10:00:00", 15, approver_rank="government_head")
        assert dues(government, law=JOINT)[1] == "2019-01-08 23:59:59"


class TestWithASpecialProcedure:
    """While suspended it is valid if the time used is within the limit then; no double credit."""

    testing = event("suspended", "2018-10-24 16:00:00", suspension="testing", days_asked=5)

    def test_approved_within_a_procedure_that_began_in_time(self):
        assert dues(self.testing)[0] == "2018-10-31 23:59:59"
        approved = extended("2018-10-30 10:00:00", 2)
        assert dues(self.testing, approved)[0] == "2018-11-02 23:59:59"

    def test_taken_back_it_never_was(self):
        back = extended(event_id="e", record_version=2, voided=True)
        assert dues(extended(event_id="e"), back) == (PROMISED, STATUTORY)
        assert found(extended(event_id="e"), back) == {}

    def test_corrected_the_newer_record_counts(self):
        shorter = extended(amount=2, event_id="e", record_version=2)
        assert dues(extended(event_id="e"), shorter)[0] == "2018-10-26 23:59:59"


def test_approved_in_the_second_of_the_start_it_counts():
    law = rules({"promised": days(7)})
    same = (
        event("accepted", "2018-10-15 10:00:00"),
        event("extended", "2018-10-15 10:00:00", amount=3),
    )
    assert shown(clock(assessed(law, *same)).due_at) == "2018-10-29 23:59:59"


@pytest.mark.parametrize(("approver", "reasons"), [(None, ["approver"]), ("other", [])])
def test_where_anybody_may_approve_somebody_must(approver, reasons):
    law = rules({"promised": days(7)}, extension_requires=["approver"], extension_approver="other")
    said = event("extended", "2018-10-16 10:00:00", amount=3, approver_rank=approver)
    case = assessed(law, event("accepted", "2018-10-15 10:00:00"), said)
    assert [each.reason for each in clock(case).refused] == reasons
