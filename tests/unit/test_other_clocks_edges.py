"""Pre-acceptance, special procedures' own clocks, delivery and steps, at their edges."""

from __future__ import annotations

import pytest

from schemas.catalogue_loading import catalogue_from
from tests.support.cases import assessed, at, clock, days, event, rules, rules_of, shown

ACCEPTED = event("accepted", "2018-10-15 10:00:00")
GRANTED = event("decided", "2018-10-18 16:00:00", outcome="granted")


def names(case):
    return [c.clock_id for c in case.clocks]


def found(case):
    return {str(f.code): shown(f.at) for f in case.findings}


class TestPreAcceptance:
    law = rules({"pre_acceptance": days(2)})
    online = event("received", "2018-10-15 10:00:00", channel="online")

    @pytest.mark.parametrize(
        ("kind", "more"), [("decided", {"outcome": "denied"}), ("finished", {})]
    )
    def test_an_end_of_the_case_answers_too(self, kind, more):
        ended = event(kind, "2018-10-16 10:00:00", **more)
        pre = clock(assessed(self.law, self.online, ended), "pre_acceptance")
        assert pre.stopped_at == at("2018-10-16 10:00:00")

    def test_the_first_answer_counts(self):
        asked = event("corrections_requested", "2018-10-16 10:00:00")
        passed = event("pre_reviewed", "2018-10-17 10:00:00", outcome="passed")
        pre = clock(assessed(self.law, self.online, passed, asked), "pre_acceptance")
        assert pre.stopped_at == at("2018-10-16 10:00:00")

    def test_an_item_without_the_limit_has_none(self):
        assert "pre_acceptance" not in names(assessed(rules({}, preset="cn-permit"), self.online))


class TestTheSpecialProceduresOwnClock:
    law = rules({}, preset="cn-permit")

    def begun(self, when="2018-10-16 10:00:00", **more):
        return event("suspended", when, **{"suspension": "testing", "days_asked": 3, **more})

    def test_those_that_no_law_allows_are_not_numbered(self):
        public = self.begun(suspension="publicity", suspension_id="a")
        testing = self.begun("2018-10-17 10:00:00", suspension_id="b")
        special = [n for n in names(assessed(self.law, ACCEPTED, public, testing)) if "spec" in n]
        assert special == ["special:1"]

    def test_one_without_a_basis_has_its_own_clock_all_the_same(self):
        assert "special:1" in names(assessed(self.law, ACCEPTED, self.begun(reason=None)))

    def test_it_ends_with_the_case_where_its_own_end_came_later(self):
        ended = event("resumed", "2018-10-19 10:00:00")
        case = assessed(self.law, ACCEPTED, self.begun(), GRANTED, ended)
        assert clock(case, "special:1").stopped_at == at("2018-10-18 16:00:00")

    def test_it_counts_the_days_asked_from_its_own_start(self):
        special = clock(assessed(self.law, ACCEPTED, self.begun()), "special:1")
        assert shown(special.due_at) == "2018-10-19 23:59:59"
        assert (special.limit.amount, str(special.limit.unit)) == (3, "working_day")
        assert special.known_from == special.counting.start == at("2018-10-16 10:00:00")

    def test_where_the_catalogue_has_no_such_limit_there_is_none(self):
        assert names(assessed(rules({"promised": days(7)}), ACCEPTED, self.begun())) == ["promised"]


class TestDelivery:
    only = rules({"delivery": days(10)})
    both = rules({"delivery": days(10), "e_licence": days(3)})
    licence = rules({"e_licence": days(3)})

    def delivered(self, when="2018-10-19 10:00:00", method="electronic"):
        return event("delivered", when, method=method)

    def test_where_the_item_has_no_e_licence_an_electronic_delivery_is_the_delivery(self):
        case = assessed(self.only, ACCEPTED, GRANTED, self.delivered())
        assert clock(case, "delivery").stopped_at == at("2018-10-19 10:00:00")

    def test_where_it_has_that_alone_a_courier_does_not_bring_it(self):
        case = assessed(self.licence, ACCEPTED, GRANTED, self.delivered(method="courier"))
        assert clock(case, "e_licence").stopped_at is None

    def test_each_clock_waits_for_its_own_delivery_and_takes_the_first(self):
        case = assessed(
            self.both,
            ACCEPTED,
            GRANTED,
            self.delivered(),
            self.delivered("2018-10-22 10:00:00", "window"),
            self.delivered("2018-10-23 10:00:00", "courier"),
        )
        assert clock(case, "e_licence").stopped_at == at("2018-10-19 10:00:00")
        assert clock(case, "delivery").stopped_at == at("2018-10-22 10:00:00")

    def test_in_the_second_of_the_grant_it_is_in_order(self):
        at_once = self.delivered("2018-10-18 16:00:00")
        assert found(assessed(self.only, ACCEPTED, GRANTED, at_once)) == {}

    def test_a_denial_that_was_finished_as_granted_is_delivered_from_that_grant(self):
        denied = event("decided", "2018-10-18 16:00:00", outcome="denied")
        finished = event("finished", "2018-10-19 16:00:00", outcome="granted")
        case = assessed(self.only, ACCEPTED, denied, finished)
        assert clock(case, "delivery").counting.start == at("2018-10-19 16:00:00")

    def test_a_source_that_cannot_hold_deliveries_is_no_remark_where_none_is_owed(self):
        unable = {"outcome": "granted", "unrecorded": ["delivered"]}
        granted = event("decided", "2018-10-18 16:00:00", **unable)
        assert found(assessed(rules({"promised": days(7)}), ACCEPTED, granted)) == {}


def step(kind, when, code="审查", **more):
    return event(kind, when, step=code, **more)


class TestSteps:
    law = rules({"step": days(1)}, flow=[{"code": "审查", "name": "审查", "limit": days(2)}])

    def test_one_that_the_flow_does_not_know_has_the_limit_for_all(self):
        started = step("step_started", "2018-10-15 11:00:00", "别的")
        case = assessed(self.law, ACCEPTED, started)
        assert shown(clock(case, "step:别的:1").due_at) == "2018-10-16 23:59:59"

    def test_begun_in_the_second_in_which_the_case_ended_it_ended_with_it(self):
        begun = step("step_started", "2018-10-18 16:00:00")
        case = assessed(self.law, ACCEPTED, GRANTED, begun)
        assert clock(case, "step:审查:1").stopped_at == at("2018-10-18 16:00:00")
        assert found(case) == {"step_not_finished": "2018-10-18 16:00:00"}

    def test_begun_after_the_case_ended_it_runs_on(self):
        begun = step("step_started", "2018-10-18 16:00:01")
        case = assessed(self.law, ACCEPTED, GRANTED, begun)
        assert clock(case, "step:审查:1").stopped_at is None
        assert found(case) == {}

    def test_one_that_no_record_ends_runs_to_the_finishing_or_else_to_the_decision(self):
        finished = event("finished", "2018-10-17 10:00:00")
        begun = step("step_started", "2018-10-16 10:00:00")
        refused = event("refused", "2018-10-16 16:00:00")
        case = assessed(self.law, ACCEPTED, begun, refused, finished)
        assert clock(case, "step:审查:1").stopped_at == at("2018-10-17 10:00:00")
        case = assessed(self.law, ACCEPTED, begun, refused)
        assert clock(case, "step:审查:1").stopped_at == at("2018-10-16 16:00:00")

    def test_a_start_of_another_step_after_an_end_reverses_nothing(self):
        case = assessed(
            self.law,
            ACCEPTED,
            step("step_finished", "2018-10-16 11:00:00"),
            step("step_started", "2018-10-17 11:00:00", "别的"),
        )
        assert found(case) == {"step_not_started": "2018-10-16 11:00:00"}

    def test_nor_does_a_later_pass_that_has_its_own_end(self):
        case = assessed(
            self.law,
            ACCEPTED,
            step("step_finished", "2018-10-16 11:00:00"),
            step("step_started", "2018-10-17 11:00:00"),
            step("step_finished", "2018-10-17 12:00:00"),
        )
        assert found(case) == {"step_not_started": "2018-10-16 11:00:00"}

    def test_nor_an_open_pass_before_it(self):
        case = assessed(
            self.law,
            ACCEPTED,
            step("step_started", "2018-10-15 11:00:00"),
            step("step_finished", "2018-10-15 12:00:00"),
            step("step_finished", "2018-10-16 11:00:00"),
            step("step_started", "2018-10-16 10:00:00"),
        )
        assert found(case) == {}

    @pytest.mark.parametrize(
        "said",
        [
            {"limit_unit": "working_day"},
            {"limit_amount": 0, "limit_unit": "working_day"},
            {"limit_amount": 2},
        ],
    )
    def test_where_its_record_should_state_the_limit_and_does_not_it_has_none(self, said):
        law = rules({"step": {"stated": "step_limit"}})
        started = step("step_started", "2018-10-15 11:00:00", **said)
        case = assessed(law, ACCEPTED, started)
        assert names(case) == []
        found = [(str(f.code), shown(f.at)) for f in case.findings]
        assert found == [("due_not_stated", "2018-10-15 11:00:00")]

    def test_a_limit_of_one_unit_is_one(self):
        law = rules({"step": {"stated": "step_limit"}})
        stated = {"limit_amount": 1, "limit_unit": "hour"}
        case = assessed(law, ACCEPTED, step("step_started", "2018-10-15 11:00:00", **stated))
        assert shown(clock(case, "step:审查:1").due_at) == "2018-10-15 12:00:00"
        assert clock(case, "step:审查:1").limit.text() == "1 hour"

    def test_special_procedures_stop_it_unless_the_policy_says_otherwise(self):
        started = step("step_started", "2018-10-15 11:00:00")
        begun = event("suspended", "2018-10-16 10:00:00", suspension="testing", days_asked=2)
        late = event("suspended", "2018-10-22 10:00:00", suspension="testing", suspension_id="l")
        stands = clock(assessed(self.law, ACCEPTED, started, begun, late), "step:审查:1")
        assert shown(stands.due_at) == "2018-10-19 23:59:59"
        assert [shown(s.start) for s in stands.suspensions] == ["2018-10-16 10:00:00"]
        assert [r.reason for r in stands.refused] == ["breach"]
        strict = rules({"step": days(2)}, suspension_stops=["statutory"])
        runs = clock(assessed(strict, ACCEPTED, started, begun), "step:审查:1")
        assert shown(runs.due_at) == "2018-10-17 23:59:59"
        assert [r.reason for r in runs.refused] == ["policy"]


class TestWhereAStepIsHandled:
    """Its region's, and its department's, calendar, hours and policy."""

    base = rules({}, flow=[{"code": "审查", "name": "审查", "limit": days(2)}])
    content = base.catalogue.content | {
        "regions": [
            {"code": "430100", "name": "长沙", "policy": {"cut_off": "close_of_business"}},
            {"code": "430200", "name": "株洲"},
        ],
        "departments": [
            {"code": "d", "name": "局", "region": "430200"},
            {"code": "e", "name": "所", "region": "430100", "policy": {"suspension_stops": []}},
        ],
    }
    law = rules_of(catalogue_from(content, base.catalogue.calendars))

    @pytest.mark.parametrize(
        ("where", "due"),
        [
            ({}, "2018-10-17 17:30:00"),
            ({"region": "430200"}, "2018-10-17 23:59:59"),
            ({"department": "d"}, "2018-10-22 17:30:00"),  # there a procedure stops a step
            ({"region": "430200", "department": "d"}, "2018-10-22 23:59:59"),
        ],
        ids=["the case's own", "its department", "its region", "neither"],
    )
    def test_what_its_record_does_not_say_is_the_cases_own(self, where, due):
        home = event("accepted", "2018-10-15 10:00:00", region="430100", department="e")
        started = step("step_started", "2018-10-15 11:00:00", **where)
        testing = event("suspended", "2018-10-16 10:00:00", suspension="testing", days_asked=3)
        case = assessed(self.law, home, started, testing)
        assert shown(clock(case, "step:审查:1").due_at) == due
