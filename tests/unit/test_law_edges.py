"""The law at its edges: acts in one second, and acts that come when they no longer count.

行政许可法 §32, §42, §44, §45; docs/time.md. Monday 2018-10-15 is the receipt or the acceptance;
seven working days from it end on Wednesday 2018-10-24, five on Monday 2018-10-22.
"""

from __future__ import annotations

from tests.support.cases import assessed, at, clock, days, event, rules, shown

LAW = rules({"promised": days(7)}, preset="cn-permit")
RECEIVED = event("received", "2018-10-15 10:00:00")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")


def found(case):
    return {str(f.code): shown(f.at) for f in case.findings}


def started(case):
    return shown(clock(case).counting.start)


def names(case):
    return [c.clock_id for c in case.clocks]


def notice(when, *items):
    return event("corrections_requested", when, items=items or None)


def supply(when, *items, **more):
    return event("corrections_supplied", when, items=items or None, **more)


class TestAnswers:
    """§32(4): what answers an application, and what comes too late to answer it."""

    asked = notice("2018-10-17 10:00:00", "甲", "乙")

    def test_accepted_in_the_second_of_the_receipt_is_in_order(self):
        case = assessed(LAW, RECEIVED, ACCEPTED)
        assert clock(case, "acceptance:1").stopped_at == at("2018-10-15 10:00:00")
        assert found(case) == {}

    def test_a_notice_after_the_acceptance_answers_nothing_more(self):
        accepted = event("accepted", "2018-10-16 10:00:00")
        case = assessed(LAW, RECEIVED, accepted, self.asked)
        assert clock(case, "acceptance:1").stopped_at == at("2018-10-16 10:00:00")

    def test_a_supply_after_the_acceptance_opens_no_new_time(self):
        accepted = event("accepted", "2018-10-18 10:00:00")
        late = supply("2018-10-19 10:00:00", "甲", "乙")
        assert "acceptance:2" not in names(assessed(LAW, RECEIVED, self.asked, accepted, late))

    def test_a_supply_that_nobody_asked_for_opens_no_new_time(self):
        unasked = supply("2018-10-19 10:00:00", "甲")
        assert "acceptance:2" not in names(assessed(LAW, RECEIVED, unasked))

    def test_after_a_void_notice_one_that_names_only_items_asked_before_is_still_lawful(self):
        case = assessed(
            LAW,
            RECEIVED,
            self.asked,
            supply("2018-10-24 15:00:00", all_supplied=True),
            notice("2018-10-25 10:00:00", "丙"),
            notice("2018-10-26 10:00:00", "乙"),
        )
        assert clock(case, "acceptance:2").stopped_at == at("2018-10-26 10:00:00")
        assert found(case) == {"second_notice": "2018-10-25 10:00:00"}

    def test_a_limit_beyond_every_calendar_is_never_over(self):
        law = rules({"acceptance": days(10_000), "promised": days(7)})
        case = assessed(law, event("received", "2080-10-15 10:00:00"))
        assert clock(case, "acceptance:1").reached(at("2099-12-31")) == []


class TestTheStartOfTheDecisionClocks:
    """From the acceptance; else from the last supply or the receipt before the decision."""

    decided = event("decided", "2018-10-18 10:00:00", outcome="denied")
    plain = rules({"promised": days(7)})

    def test_decided_in_the_second_of_the_acceptance(self):
        case = assessed(self.plain, event("accepted", "2018-10-18 10:00:00"), self.decided)
        assert started(case) == "2018-10-18 10:00:00"
        assert found(case) == {}

    def test_supplied_in_the_second_of_the_decision_that_supply_counts(self):
        supplied = supply("2018-10-18 10:00:00")
        assert started(assessed(self.plain, RECEIVED, supplied, self.decided)) == (
            "2018-10-18 10:00:00"
        )

    def test_a_receipt_after_the_decision_starts_nothing(self):
        step = event("step_started", "2018-10-16 10:00:00", step="s")
        late = event("received", "2018-10-19 10:00:00")
        assert started(assessed(self.plain, step, self.decided, late)) == "2018-10-16 10:00:00"


class TestThePromise:
    """A promise later than the statute is cut to it, in whatever way either is stated."""

    def test_one_that_ends_with_the_statute_stays_what_was_promised(self):
        law = rules({"promised": {"amount": 28, "unit": "natural_day"}, "statutory": days(20)})
        promised = clock(assessed(law, ACCEPTED))
        assert (shown(promised.due_at), promised.limit.unit) == (
            "2018-11-12 23:59:59",
            "natural_day",
        )

    def test_also_where_the_hall_states_when_the_statute_ends(self):
        law = rules({"promised": days(7), "statutory": {"stated": "promised_due_at"}})
        for due, promised in (
            ("2018-10-22T12:00:00+08:00", "2018-10-22 12:00:00"),
            ("2018-10-30T12:00:00+08:00", "2018-10-24 23:59:59"),
        ):
            said = event("accepted", "2018-10-15 10:00:00", promised_due_at=due)
            assert shown(clock(assessed(law, said)).due_at) == promised

    def test_without_a_stated_moment_the_statute_that_needs_one_is_none(self):
        law = rules({"promised": days(7), "statutory": {"stated": "promised_due_at"}})
        assert names(assessed(law, ACCEPTED)) == ["promised"]


class TestTheEnd:
    """What ends the decision clocks, and a case that is taken back."""

    def test_the_earliest_of_decision_and_finishing_whichever_it_is(self):
        law = rules({"promised": days(7)})
        finished = event("finished", "2018-10-18 10:00:00")
        decided = event("decided", "2018-10-19 10:00:00", outcome="denied")
        case = assessed(law, ACCEPTED, finished, decided)
        assert clock(case).stopped_at == at("2018-10-18 10:00:00")

    def test_taken_back_after_it_had_ended_in_time_is_no_finding(self):
        law = rules({"promised": days(3)})  # until Thursday 18
        taken_back = event("decided", "2018-10-22 10:00:00", outcome="withdrawn")
        for ended, suspicious in (("2018-10-18 23:59:59", False), ("2018-10-19 00:00:00", True)):
            refused = event("refused", ended)
            case = assessed(law, ACCEPTED, refused, taken_back)
            assert ("voided_after_breach" in found(case)) is suspicious


class TestWhatTheRecordsShow:
    def test_a_remark_on_the_data_reaches_no_level_and_is_never_rung(self):
        twice = event("accepted", "2018-10-16 10:00:00")
        (remark,) = assessed(rules({}), ACCEPTED, twice).findings
        assert str(remark.level) == "none"
        assert remark.reached(at("2019-01-01")) == []
        assert remark.coming(at("2018-10-01")) is None

    def test_a_fact_that_is_on_record_is_missed_by_nobody(self):
        unable = {"unrecorded": ["approver_rank", "told_at", "reason"]}
        granted = event("extended", "2018-10-17 10:00:00", amount=2, **unable)
        testing = event("suspended", "2018-10-18 10:00:00", suspension="testing", days_asked=1)
        assert found(assessed(LAW, ACCEPTED, granted, testing)) == {}

    def test_a_special_procedure_needs_no_rank_of_who_approved_it(self):
        unable = {"days_asked": 1, "unrecorded": ["approver_rank"]}
        testing = event("suspended", "2018-10-18 10:00:00", suspension="testing", **unable)
        assert found(assessed(LAW, ACCEPTED, testing)) == {}
