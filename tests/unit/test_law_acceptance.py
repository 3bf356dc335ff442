"""Acceptance (受理): 行政许可法 §32, and domain.md §2 and its table of readings.

The item is a permit by the preset `cn-permit`, promised within 7 working days. Monday 2018-10-15
is the receipt; its fifth working day is Monday 2018-10-22, the last second Monday 23:59:59.
"""

from __future__ import annotations

import pytest

from tests.support.cases import assessed, at, clock, days, event, rules, shown

LAW = rules({"promised": days(7)}, preset="cn-permit")
RECEIVED = event("received", "2018-10-15 10:00:00")
DEEMED = "2018-10-23 00:00:00"
"""The first second at which it is known that nobody answered in time."""


def notice(when, *items, told=None, **more):
    told_at = {"told_at": told} if told else {}
    return event("corrections_requested", when, items=items or None, **told_at, **more)


def supply(when, *items, **more):
    return event("corrections_supplied", when, items=items or None, **more)


def accepted(when, **more):
    return event("accepted", when, **more)


def case(*events, law=LAW):
    return assessed(law, RECEIVED, *events)


def found(assessment):
    return {str(f.code): shown(f.at) for f in assessment.findings}


def started(assessment):
    return shown(clock(assessment).counting.start)


def names(assessment):
    return [c.clock_id for c in assessment.clocks]


class TestWithinFiveDays:
    """§32(4): on the spot or within five days of receipt."""

    def test_the_clock_runs_from_receipt_and_a_breach_is_any_second_after_the_fifth_day(self):
        acceptance = clock(case(), "acceptance:1")
        assert shown(acceptance.counting.start) == "2018-10-15 10:00:00"
        assert shown(acceptance.due_at) == "2018-10-22 23:59:59"
        assert acceptance.limit.basis == "《行政许可法》第三十二条第一款第四项"

    def test_a_notice_when_a_working_day_is_left_and_a_yellow_card_after_the_fifth(self):
        levels = {str(r.level): shown(r.at) for r in clock(case(), "acceptance:1").levels}
        assert levels == {"notice": "2018-10-20 00:00:00", "yellow": DEEMED}  # past Friday 19

    def test_accepted_in_time_the_decision_clocks_start_at_the_acceptance(self):
        assessment = case(accepted("2018-10-22 23:59:59"))
        assert started(assessment) == "2018-10-22 23:59:59"
        assert not clock(assessment).deemed
        assert shown(clock(assessment, "acceptance:1").stopped_at) == "2018-10-22 23:59:59"
        assert found(assessment) == {}

    def test_refused_in_time_no_decision_is_owed(self):
        assert names(case(event("refused", "2018-10-17 10:00:00"))) == ["acceptance:1"]

    @pytest.mark.parametrize("grounds", ["not_required", "out_of_remit"])
    @pytest.mark.parametrize(("day", "at_once"), [("2018-10-15", True), ("2018-10-16", False)])
    def test_not_needing_a_permit_or_not_in_its_remit_is_said_at_once(self, grounds, day, at_once):
        """§32(1)(2)."""
        refused = event("refused", f"{day} 17:00:00", grounds=grounds)
        assert ("refusal_not_at_once" not in found(case(refused))) is at_once

    def test_withdrawn_before_acceptance_no_decision_is_owed(self):
        withdrawn = event("decided", "2018-10-17 10:00:00", outcome="withdrawn")
        assessment = case(withdrawn)
        assert names(assessment) == ["acceptance:1"]
        assert found(assessment) == {}

    def test_an_item_without_the_limit_gets_no_acceptance_clock(self):
        assert names(case(law=rules({"promised": days(7)}))) == []


class TestDeemedAccepted:
    """§32(4): without an answer in time the application counts as accepted from the receipt."""

    def test_the_decision_clocks_start_at_the_receipt_and_it_is_known_after_the_fifth_day(self):
        promised = clock(case())
        assert started(case()) == "2018-10-15 10:00:00"
        assert promised.deemed
        assert shown(promised.known_from) == DEEMED
        assert shown(promised.due_at) == "2018-10-24 23:59:59"

    def test_until_then_nobody_knows_a_decision_clock(self):
        assessment = case()
        assert [c.clock_id for c in assessment.known(at(DEEMED) - 1)] == ["acceptance:1"]
        assert len(assessment.known(at(DEEMED))) == 3

    def test_a_later_acceptance_does_not_move_them_and_is_a_yellow_finding(self):
        assessment = case(accepted("2018-10-26 09:00:00"))
        assert started(assessment) == "2018-10-15 10:00:00"
        (finding,) = assessment.findings
        assert (str(finding.code), str(finding.level)) == ("late_acceptance", "yellow")
        assert shown(finding.at) == "2018-10-26 09:00:00"

    def test_a_breach_can_predate_the_moment_we_know_it(self):
        short = rules({"promised": days(3)}, preset="cn-permit")
        promised = clock(case(law=short))
        (yellow,) = [r for r in promised.levels if r.level == "yellow"]
        assert shown(yellow.at) == "2018-10-19 00:00:00"
        assert promised.reached(at(DEEMED) - 1) == []
        assert yellow in promised.reached(at(DEEMED))
        assert promised.coming(at("2018-10-20 00:00:00")) == at(DEEMED)

    def test_a_later_refusal_ends_them_judged_from_the_receipt_and_is_yellow(self):
        assessment = case(event("refused", "2018-10-26 09:00:00"))
        assert started(assessment) == "2018-10-15 10:00:00"
        assert shown(clock(assessment).stopped_at) == "2018-10-26 09:00:00"
        assert found(assessment) == {"late_refusal": "2018-10-26 09:00:00"}

    def test_a_notice_after_day_five_is_void_and_a_later_supply_stops_nothing(self):
        assessment = case(notice("2018-10-23 00:00:00", "甲"), supply("2018-10-25 10:00:00", "甲"))
        assert started(assessment) == "2018-10-15 10:00:00"
        assert names(assessment)[0] == "acceptance:1"
        assert "acceptance:2" not in names(assessment)

    def test_a_record_of_a_timely_acceptance_that_comes_late_cures_it(self):
        assessment = case(accepted("2018-10-18 09:00:00"))
        assert not clock(assessment).deemed


class TestCorrections:
    """补正: all corrections in one notice (一次告知), and five days anew from their supply."""

    asked = notice("2018-10-17 10:00:00", "甲", "乙")

    def test_the_time_between_notice_and_supply_is_not_counted(self):
        assessment = case(self.asked)
        assert shown(clock(assessment, "acceptance:1").stopped_at) == "2018-10-17 10:00:00"
        assert names(assessment) == ["acceptance:1"]  # nothing runs while the applicant is asked

    def test_five_days_anew_from_the_supply_of_all(self):
        assessment = case(self.asked, supply("2018-10-24 15:00:00", "甲", "乙"))
        second = clock(assessment, "acceptance:2")
        assert shown(second.counting.start) == "2018-10-24 15:00:00"
        assert shown(second.due_at) == "2018-10-31 23:59:59"

    def test_a_supply_of_some_starts_nothing(self):
        some = supply("2018-10-24 15:00:00", "甲")
        rest = supply("2018-10-26 15:00:00", "乙")
        assert names(case(self.asked, some)) == ["acceptance:1"]
        second = clock(case(self.asked, some, rest), "acceptance:2")
        assert shown(second.counting.start) == "2018-10-26 15:00:00"

    @pytest.mark.parametrize(("said", "periods"), [(True, 2), (False, 1)])
    def test_where_the_record_says_whether_all_came_it_is_believed(self, said, periods):
        some = supply("2018-10-24 15:00:00", "甲", all_supplied=said)
        owed = [name for name in names(case(self.asked, some)) if name.startswith("acceptance")]
        assert len(owed) == periods

    def test_in_silence_after_the_supply_it_is_deemed_accepted_at_the_supply(self):
        assessment = case(self.asked, supply("2018-10-24 15:00:00"))
        promised = clock(assessment)
        assert started(assessment) == "2018-10-24 15:00:00"
        assert promised.deemed
        assert shown(promised.known_from) == "2018-11-01 00:00:00"

    def test_accepted_after_the_supply_the_decision_clocks_start_at_the_acceptance(self):
        assessment = case(
            self.asked, supply("2018-10-24 15:00:00"), accepted("2018-10-25 09:00:00")
        )
        assert started(assessment) == "2018-10-25 09:00:00"
        assert not clock(assessment).deemed

    def test_the_notice_counts_when_the_applicant_was_told(self):
        told = notice("2018-10-17 10:00:00", "甲", told="2018-10-23T00:00:00+08:00")
        assert clock(case(told)).deemed
        in_time = notice("2018-10-23 10:00:00", "甲", told="2018-10-22T23:59:59+08:00")
        assert names(case(in_time)) == ["acceptance:1"]


class TestASecondNotice:
    """一次告知: a second notice with new items counts as none; a third is red."""

    asked = notice("2018-10-17 10:00:00", "甲")
    given = supply("2018-10-24 15:00:00", "甲")

    def test_naming_new_items_it_is_yellow_and_stops_nothing(self):
        again = notice("2018-10-25 10:00:00", "丙")
        assessment = case(self.asked, self.given, again)
        (finding,) = assessment.findings
        assert (str(finding.code), str(finding.level)) == ("second_notice", "yellow")
        assert started(assessment) == "2018-10-24 15:00:00"  # deemed accepted at the supply
        assert clock(assessment, "acceptance:2").stopped_at is None

    def test_a_third_is_red(self):
        assessment = case(
            self.asked,
            self.given,
            notice("2018-10-25 10:00:00", "丙"),
            notice("2018-10-26 10:00:00", "丁"),
        )
        assert [(str(f.code), str(f.level)) for f in assessment.findings] == [
            ("second_notice", "yellow"),
            ("third_notice", "red"),
        ]

    def test_the_same_items_still_missing_is_lawful_and_that_supply_restarts_nothing(self):
        both = notice("2018-10-17 10:00:00", "甲", "乙")
        claimed = supply("2018-10-24 15:00:00", all_supplied=True)
        again = notice("2018-10-25 10:00:00", "乙")
        assessment = case(both, claimed, again)
        assert found(assessment) == {}
        assert clock(assessment, "acceptance:2").stopped_at == at("2018-10-25 10:00:00")
        rest = supply("2018-10-29 15:00:00", "甲", "乙")
        third = clock(case(both, claimed, again, rest), "acceptance:3")
        assert shown(third.counting.start) == "2018-10-29 15:00:00"

    def test_without_item_lists_it_is_treated_as_new(self):
        assessment = case(notice("2018-10-17 10:00:00"), notice("2018-10-18 10:00:00"))
        assert set(found(assessment)) == {"second_notice"}


class TestAcceptanceMissing:
    """受理 missing, a decision present: from the receipt, or the last supply; else assumed."""

    granted = event("decided", "2018-10-19 10:00:00", outcome="granted")

    def test_from_the_receipt(self):
        assessment = case(self.granted)
        assert started(assessment) == "2018-10-15 10:00:00"
        assert clock(assessment).assumed
        assert found(assessment) == {"acceptance_missing": "2018-10-19 10:00:00"}

    def test_from_the_last_supply(self):
        assessment = case(
            notice("2018-10-16 10:00:00", "甲"), supply("2018-10-17 10:00:00", "甲"), self.granted
        )
        assert started(assessment) == "2018-10-17 10:00:00"

    def test_from_the_earliest_record_where_there_is_no_receipt(self):
        step = event("step_started", "2018-10-16 10:00:00", step="s")
        assert started(assessed(LAW, step, self.granted)) == "2018-10-16 10:00:00"

    def test_a_receipt_after_what_ended_it_is_not_where_it_began(self):
        """Else it would begin after its end, and run for ever."""
        late = event("received", "2018-10-16 10:00:00")
        law = rules({"promised": days(5)})
        assessment = assessed(law, event("finished", "2018-10-15 10:00:00"), late)
        assert started(assessment) == "2018-10-15 10:00:00"
        assert shown(clock(assessment).stopped_at) == "2018-10-15 10:00:00"

    def test_a_decision_before_the_acceptance_ends_nothing(self):
        assessment = case(self.granted, accepted("2018-10-22 10:00:00"))
        assert started(assessment) == "2018-10-22 10:00:00"
        assert assessment.ended_at is None
        assert found(assessment) == {"decision_before_acceptance": "2018-10-19 10:00:00"}


class TestReversedTimes:
    def test_accepted_before_it_was_received(self):
        early = accepted("2018-10-14 10:00:00")
        assessment = case(early)
        assert names(assessment) == ["promised", "statutory"]
        assert found(assessment) == {"times_reversed": "2018-10-15 10:00:00"}

    def test_of_two_acceptances_the_earliest_counts_and_both_are_told(self):
        assessment = case(accepted("2018-10-16 10:00:00"), accepted("2018-10-17 10:00:00"))
        assert started(assessment) == "2018-10-16 10:00:00"
        assert found(assessment) == {"repeated_act": "2018-10-17 10:00:00"}


class TestOnlinePreAcceptance:
    """网上预受理: two working days; notice over them, yellow over by 3, red by 5 (domain.md §3)."""

    law = rules({"pre_acceptance": days(2)}, preset="cn-permit")
    online = event("received", "2018-10-15 10:00:00", channel="online")

    def clock(self, *events):
        return clock(assessed(self.law, self.online, *events), "pre_acceptance")

    def test_the_ladder_of_its_own(self):
        found = {str(r.level): shown(r.at) for r in self.clock().levels}
        assert found == {
            "notice": "2018-10-18 00:00:00",  # over the 17th
            "yellow": "2018-10-23 00:00:00",  # more than 3 working days over: past the 22nd
            "red": "2018-10-25 00:00:00",  # more than 5: past the 24th
        }

    def test_being_deemed_accepted_does_not_stop_it(self):
        assert self.clock().stopped_at is None

    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            ("pre_reviewed", {"outcome": "passed"}),
            ("corrections_requested", {}),
            ("accepted", {}),
            ("refused", {}),
        ],
    )
    def test_every_answer_stops_it(self, kind, more):
        answer = event(kind, "2018-10-16 10:00:00", **more)
        assert self.clock(answer).stopped_at == at("2018-10-16 10:00:00")

    def test_at_the_window_there_is_none(self):
        window = event("received", "2018-10-15 10:00:00", channel="window")
        assert "pre_acceptance" not in names(assessed(self.law, window))
