"""Delivery (§44), steps, a co-department's opinion (国发〔1999〕9号), the first review (§43)."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.catalogue import Absence, Post
from schemas.catalogue_loading import catalogue_from
from streams.engine.records import responsible
from tests.support.cases import assessed, at, clock, days, event, rules, shown
from tests.support.partition import Partition

PERMIT = rules({}, preset="cn-permit")
BOTH = rules({"e_licence": days(3)}, preset="cn-permit")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
GRANTED = event("decided", "2018-10-18 16:00:00", outcome="granted")


def names(case):
    return [c.clock_id for c in case.clocks]


def found(case):
    return {str(f.code): shown(f.at) for f in case.findings}


def delivered(when, method=None):
    return event("delivered", when, method=method)


class TestDelivery:
    """§44: ten working days after the decision to grant: a second clock."""

    def test_from_the_grant(self):
        delivery = clock(assessed(PERMIT, ACCEPTED, GRANTED), "delivery")
        assert shown(delivery.counting.start) == "2018-10-18 16:00:00"
        assert shown(delivery.due_at) == "2018-11-01 23:59:59"
        found_ = {str(r.level): shown(r.at) for r in delivery.levels}
        assert found_ == {"notice": "2018-10-31 00:00:00", "yellow": "2018-11-02 00:00:00"}

    def test_a_denial_needs_none(self):
        denied = event("decided", "2018-10-18 16:00:00", outcome="denied")
        assert "delivery" not in names(assessed(PERMIT, ACCEPTED, denied))

    def test_from_the_finishing_where_no_decision_is_on_record(self):
        finished = event("finished", "2018-10-19 16:00:00", outcome="granted")
        delivery = clock(assessed(PERMIT, ACCEPTED, finished), "delivery")
        assert shown(delivery.counting.start) == "2018-10-19 16:00:00"

    def test_the_delivery_stops_it_and_finishing_does_not(self):
        finished = event("finished", "2018-10-19 16:00:00")
        case = assessed(PERMIT, ACCEPTED, GRANTED, finished)
        assert clock(case, "delivery").stopped_at is None
        case = assessed(PERMIT, ACCEPTED, GRANTED, finished, delivered("2018-10-22 10:00:00"))
        assert clock(case, "delivery").stopped_at == at("2018-10-22 10:00:00")

    @pytest.mark.parametrize(
        ("method", "stopped"),
        [
            ("electronic", ["e_licence"]),
            ("courier", ["delivery"]),
            (None, ["delivery", "e_licence"]),
        ],
    )
    def test_an_e_licence_has_three_days_of_its_own(self, method, stopped):
        case = assessed(BOTH, ACCEPTED, GRANTED, delivered("2018-10-19 10:00:00", method))
        assert shown(clock(case, "e_licence").due_at) == "2018-10-23 23:59:59"
        assert [c.clock_id for c in case.clocks if c.stopped_at == at("2018-10-19 10:00:00")] == (
            stopped
        )

    def test_before_the_decision_the_times_are_reversed(self):
        case = assessed(PERMIT, ACCEPTED, GRANTED, delivered("2018-10-17 10:00:00"))
        assert found(case) == {"times_reversed": "2018-10-17 10:00:00"}
        assert clock(case, "delivery").running  # no clock stops before it starts

    def test_a_source_that_cannot_record_deliveries_gets_no_clock_and_a_remark(self):
        unable = event(
            "decided", "2018-10-18 16:00:00", outcome="granted", unrecorded=["delivered"]
        )
        case = assessed(PERMIT, ACCEPTED, unable)
        assert "delivery" not in names(case)
        assert found(case) == {"fact_unrecorded": "2018-10-18 16:00:00"}


def step(kind, when, code="审查", **more):
    return event(kind, when, step=code, **more)


FLOW = [
    {"code": "审查", "name": "审查", "limit": days(2), "post": "p"},
    {"code": "会签", "name": "会签", "clock": "opinion"},
    {"code": "初审", "name": "下级初审", "clock": "first_review"},
]
STEPS = rules({"step": days(1)}, preset="cn-permit", flow=[{**FLOW[0], "post": None}, *FLOW[1:]])


class TestSteps:
    """Each step has its own limit; a step over it is carded even if the case is in time."""

    def test_each_pass_is_measured(self):
        case = assessed(
            STEPS,
            ACCEPTED,
            step("step_started", "2018-10-15 11:00:00"),
            step("step_finished", "2018-10-16 11:00:00"),
            step("step_started", "2018-10-22 11:00:00"),
        )
        first, second = clock(case, "step:审查:1"), clock(case, "step:审查:2")
        assert not first.overdue(at("2018-12-01"))
        assert shown(second.due_at) == "2018-10-24 23:59:59"
        assert second.overdue(at("2018-10-25"))

    def test_a_co_departments_opinion_has_seven_days_and_stops_no_clock(self):
        case = assessed(STEPS, ACCEPTED, step("step_started", "2018-10-15 11:00:00", "会签"))
        assert shown(clock(case, "opinion:会签:1").due_at) == "2018-10-24 23:59:59"
        alone = clock(assessed(STEPS, ACCEPTED), "statutory").due_at
        assert clock(case, "statutory").due_at == alone

    def test_the_first_review_of_a_lower_level_has_twenty_days(self):
        case = assessed(STEPS, ACCEPTED, step("step_started", "2018-10-15 11:00:00", "初审"))
        assert shown(clock(case, "first_review:初审:1").due_at) == "2018-11-12 23:59:59"

    def test_an_end_without_a_start_closes_nothing(self):
        case = assessed(
            STEPS,
            ACCEPTED,
            step("step_started", "2018-10-15 11:00:00", "受理"),
            step("step_finished", "2018-10-16 11:00:00", "受理"),
            step("step_finished", "2018-10-22 11:00:00"),
        )
        assert "step:审查:1" not in names(case)
        assert found(case) == {"step_not_started": "2018-10-22 11:00:00"}

    def test_where_the_source_keeps_one_time_a_step_that_is_no_finding(self):
        case = assessed(
            STEPS, ACCEPTED, step("step_finished", "2018-10-22 11:00:00", single_moment=True)
        )
        assert found(case) == {}
        assert "step:审查:1" not in names(case)

    def test_never_finished_though_the_case_ended_it_still_has_a_verdict(self):
        denied = event("decided", "2018-10-19 10:00:00", outcome="denied")
        case = assessed(STEPS, ACCEPTED, step("step_started", "2018-10-15 11:00:00"), denied)
        assert clock(case, "step:审查:1").stopped_at == at("2018-10-19 10:00:00")
        assert clock(case, "step:审查:1").overdue(at("2018-12-01"))
        assert found(case) == {"step_not_finished": "2018-10-19 10:00:00"}

    def test_finished_before_it_was_started(self):
        case = assessed(
            STEPS,
            ACCEPTED,
            step("step_finished", "2018-10-16 11:00:00"),
            step("step_started", "2018-10-17 11:00:00"),
        )
        assert found(case) == {"times_reversed": "2018-10-16 11:00:00"}

    def test_a_step_after_the_decision_ends_with_the_finishing(self):
        case = assessed(
            STEPS,
            ACCEPTED,
            event("decided", "2018-10-16 10:00:00", outcome="denied"),
            step("step_started", "2018-10-16 11:00:00", "打印"),
            event("finished", "2018-10-17 10:00:00"),
        )
        assert clock(case, "step:打印:1").stopped_at == at("2018-10-17 10:00:00")


class TestTheOfficerAndTheDeputy:
    """职位代理: who answers for a step when its officer is away."""

    post = Post.model_validate(
        {
            "code": "p",
            "name": "审查岗",
            "department": "d",
            "officers": ["张", "李"],
            "deputies": ["王"],
            "absences": [
                {"officer": "张", "from": "2018-10-16", "to": "2018-10-18"},
                {"officer": "李", "from": "2018-10-18", "to": "2018-10-18"},
            ],
        }
    )

    @pytest.mark.parametrize(
        ("named", "day", "who"),
        [
            ("张", "2018-10-15", "张"),
            ("张", "2018-10-16", "王"),
            ("张", "2018-10-19", "张"),
            (None, "2018-10-15", "张"),
            (None, "2018-10-17", "李"),
            (None, "2018-10-18", "王"),
        ],
    )
    def test_the_officer_on_record_or_the_posts_own_or_who_stands_in(self, named, day, who):
        assert self.post.responsible(named, date.fromisoformat(day)) == who

    law = rules(
        flow=[{"code": "审查", "name": "审查", "post": "p", "limit": days(20)}],
        posts=[post.model_dump(mode="json", by_alias=True)],
    )
    started = event("step_started", "2018-10-15 09:00:00", step="审查", officer="张")

    def told(self, now, *more):
        case = assessed(self.law, self.started, *more)
        return responsible(clock(case, "step:审查:1"), case, now)

    def test_before_the_first_tick_no_day_is_known_and_nobody_is_away(self):
        assert self.told(0) == "张"
        case = assessed(self.law, event("step_started", "2018-10-16 09:00:00", step="审查"))
        assert responsible(clock(case, "step:审查:1"), case, 0) == "张"  # the post's first

    def test_what_has_ended_stays_with_who_answered_when_it_did(self):
        ended = event("step_finished", "2018-10-17 11:00:00", step="审查")
        assert [
            self.told(now, ended) for now in (0, at("2018-10-17 12:00:00"), at("2019-01-01"))
        ] == ["王"] * 3

    def test_a_case_is_told_anew_on_each_day_that_an_absence_begins_or_is_over(self):
        running = clock(assessed(self.law, self.started), "step:审查:1")
        turns, now = [], 0
        while (turn := running.hands_over(now)) is not None:
            turns.append(shown(turn))
            now = turn
        assert turns == ["2018-10-16 00:00:00", "2018-10-18 00:00:00", "2018-10-19 00:00:00"]
        ended = event("step_finished", "2018-10-15 11:00:00", step="审查")
        assert clock(assessed(self.law, self.started, ended), "step:审查:1").hands_over(0) is None

    def test_the_record_follows_with_the_tick_of_that_day(self):
        partition = Partition(self.law)
        partition.feed(self.started)
        officers = []
        for day in ("2018-10-15 18:00:00", "2018-10-16", "2018-10-18", "2018-10-19"):
            officers.append(partition.cases()["c"].clocks[0].officer)
            partition.tick(at(day))
        officers.append(partition.cases()["c"].clocks[0].officer)
        assert officers == ["张", "张", "王", "王", "张"]

    def test_an_absence_up_to_the_last_day_of_the_calendars_is_never_over(self):
        away = {"officer": "张", "from": "2018-10-16", "to": "2100-12-31"}
        post = self.post.model_copy(update={"absences": (Absence.model_validate(away),)})
        assert post.turn_after(None) == date(2018, 10, 16)
        assert post.turn_after(date(2018, 10, 16)) is None

    def test_an_absence_that_ends_before_it_begins_is_refused(self):
        absence = {"officer": "张", "from": "2018-10-18", "to": "2018-10-16"}
        with pytest.raises(ValueError, match="`to` lies before `from`"):
            Post.model_validate(
                {"code": "p", "name": "岗", "department": "d", "officers": ["张"]}
                | {"absences": [absence]}
            )


class TestWithdrawnAndVoided:
    """Before a card falls due, none; taken back after it: itself suspicious."""

    law = rules({"promised": days(3)})

    @pytest.mark.parametrize("outcome", ["withdrawn", "voided", "deleted", "returned", "forwarded"])
    def test_before_a_card_falls_due_there_is_none(self, outcome):
        case = assessed(
            self.law, ACCEPTED, event("decided", "2018-10-16 10:00:00", outcome=outcome)
        )
        assert clock(case).reached(at("2019-01-01")) == []
        assert found(case) == {}

    @pytest.mark.parametrize(
        ("outcome", "suspicious"),
        [("withdrawn", True), ("voided", True), ("deleted", True), ("returned", False)],
    )
    def test_taken_back_after_it_was_over(self, outcome, suspicious):
        case = assessed(
            self.law, ACCEPTED, event("decided", "2018-10-20 10:00:00", outcome=outcome)
        )
        assert ("voided_after_breach" in found(case)) is suspicious

    def test_it_ends_at_once_even_where_only_the_finishing_ends_a_clock(self):
        law = rules({"promised": days(3)}, clock_ends_at="finishing")
        taken_back = event("decided", "2018-10-16 10:00:00", outcome="withdrawn")
        finished = event("finished", "2018-10-29 10:00:00")
        case = assessed(law, ACCEPTED, taken_back, finished)
        assert clock(case).stopped_at == at("2018-10-16 10:00:00")


class TestRecords:
    """Late, re-sent, contradictory (domain.md §2)."""

    law = rules({"promised": days(3)})

    @pytest.mark.parametrize(
        ("recorded", "late"), [("2018-10-16T23:59:59", False), ("2018-10-17T00:00:00", True)]
    )
    def test_keyed_in_more_than_a_working_day_after_it_happened(self, recorded, late):
        keyed = event("accepted", "2018-10-15 10:00:00", recorded_at=f"{recorded}+08:00")
        assert ("late_record" in found(assessed(self.law, keyed))) is late

    def test_two_records_of_one_version_that_differ(self):
        one = event("accepted", "2018-10-15 10:00:00", event_id="a", officer="u1")
        other = one.model_copy(update={"officer": "u2"})
        assert found(assessed(self.law, one, other)) == {"record_conflict": "2018-10-15 10:00:00"}
        assert found(assessed(self.law, other, one)) == {"record_conflict": "2018-10-15 10:00:00"}

    def test_of_two_decisions_the_earliest_counts(self):
        first = event("decided", "2018-10-16 10:00:00", outcome="denied")
        second = event("decided", "2018-10-17 10:00:00", outcome="granted")
        case = assessed(self.law, ACCEPTED, first, second)
        assert clock(case).stopped_at == at("2018-10-16 10:00:00")
        assert found(case) == {"second_decision": "2018-10-17 10:00:00"}

    def test_a_case_of_which_everything_was_taken_back_has_no_verdict_left(self):
        back = ACCEPTED.model_copy(update={"record_version": 2, "voided": True})
        case = assessed(self.law, ACCEPTED, back)
        assert (case.clocks, case.findings) == ((), ())

    def test_a_step_that_is_handled_elsewhere_is_counted_by_that_regions_calendar(self):
        base = rules({"step": {"amount": 2, "unit": "working_hour"}})
        catalogue = base.catalogue
        elsewhere = catalogue.calendars["cn"].model_copy(
            update={"name": "xj", "hours": ((36_000, 50_400), (57_600, 72_000))}
        )
        law = type(base).of(
            _with(
                catalogue,
                elsewhere,
                {"code": "650000", "name": "新疆", "policy": {"calendar": "xj"}},
            )
        )
        here = step("step_started", "2018-10-15 11:00:00")
        there = step("step_started", "2018-10-15 11:00:01", "核查", region="650100")
        at_home = event("accepted", "2018-10-15 10:00:00", region="430100")
        case = assessed(law, at_home, here, there)
        assert shown(clock(case, "step:审查:1").due_at) == "2018-10-15 14:30:00"
        assert shown(clock(case, "step:核查:1").due_at) == "2018-10-15 13:00:01"


def _with(catalogue, calendar, region):
    content = {**catalogue.content, "regions": [region]}
    return catalogue_from(content, {**catalogue.calendars, calendar.name: calendar})
