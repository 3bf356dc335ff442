"""Rounds (轮次): one case number, several lives; and what is found at their ends and after them."""

from __future__ import annotations

import json
from itertools import permutations

import pytest

from schemas import topics
from schemas.codes import Level
from schemas.findings import FindingCode
from schemas.verdicts import card_id
from tests.support.cases import assessed, at, clock, days, event, rules, shown
from tests.support.partition import Partition

PERMIT = rules({"promised": days(7)}, preset="cn-permit")
NO_FLOW = rules({"promised": days(7)}, preset="cn-permit")
FLOW = rules(
    {"promised": days(7)},
    preset="cn-permit",
    flow=[
        {"code": "审查", "name": "审查", "mandatory": True},
        {"code": "决定", "name": "决定", "mandatory": True},
        {"code": "制证", "name": "制证"},
        {"code": "归档", "name": "归档", "mandatory": True},
    ],
)
ACCEPTED = event("accepted", "2026-03-02 10:00:00")


def received(when):
    return event("received", when, channel="window")


def decided(when, outcome="granted", **facts):
    return event("decided", when, outcome=outcome, **facts)


def refused(when):
    return event("refused", when, grounds="not_acceptable")


def names(case):
    return [(c.round, c.clock_id.rpartition("/")[2]) for c in case.clocks]


def found(case):
    return {str(f.code): (shown(f.record.at), str(f.level)) for f in case.findings}


def of_round(case, number, name="promised"):
    return next(c for c in case.clocks if c.round == number and c.clock_id.endswith(name))


def test_a_case_holds_all_its_rounds():
    """Each clock is of its own, and the records are those of all."""
    first = decided("2026-03-04 10:00:00", outcome="denied")
    second = received("2026-03-09 10:00:00"), event("accepted", "2026-03-09 11:00:00")
    for events in ((ACCEPTED,), (ACCEPTED, first), (ACCEPTED, first, *second)):
        case = assessed(PERMIT, *events)
        assert len(case.entries) == len(events)
        assert [case.round_of(c).ledger.number for c in case.clocks] == [
            c.round for c in case.clocks
        ]
    assert {c.round for c in case.clocks} == {1, 2}


def test_a_round_is_of_the_law_of_its_receipt_or_else_of_its_acceptance():
    """Not of a step that somebody wrote down before it."""
    step = event("step_started", "2026-02-27 10:00:00", step="s")
    for events, pinned_by in (
        ((step,), ["step_started"]),
        ((step, ACCEPTED), ["accepted"]),
        ((step, received("2026-03-02 09:00:00"), ACCEPTED), ["received", "accepted"]),
    ):
        (made,) = assessed(PERMIT, *events).rounds
        assert list(dict.fromkeys(each.kind for each in made.pinned_by)) == pinned_by


def test_of_two_decisions_before_the_acceptance_the_first_is_told():
    early = decided("2026-02-26 10:00:00"), decided("2026-02-27 10:00:00", event_id="d2")
    told = found(assessed(PERMIT, *early, ACCEPTED))
    assert told["decision_before_acceptance"][0] == "2026-02-26 10:00:00"


def test_a_limit_beyond_the_calendar_is_never_just_before_its_due():
    law = rules({"promised": {"amount": 10_000, "unit": "month"}})
    returned = decided("2026-03-04 10:00:00", outcome="returned")
    case = assessed(law, ACCEPTED, returned, received("2026-03-09 10:00:00"))
    assert "returned_at_brink" not in found(case)


class TestWhatOpensARound:
    """Kind “one life a case number”: b B10, c C8, d D5."""

    def test_returned_and_accepted_again_has_a_clock(self):
        """B10: 7 wd from Monday 03-16 end on Wednesday 03-25, 20 wd on 04-14."""
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-05 10:00:00", "returned"),
            event("accepted", "2026-03-16 10:00:00"),
            decided("2026-04-20 10:00:00"),
        )
        assert shown(of_round(case, 1).stopped_at) == "2026-03-05 10:00:00"
        assert not of_round(case, 1).overdue(at("2026-06-01"))
        again = of_round(case, 2)
        assert (shown(again.due_at), shown(again.stopped_at)) == (
            "2026-03-25 23:59:59",
            "2026-04-20 10:00:00",
        )
        assert shown(of_round(case, 2, "statutory").due_at) == "2026-04-14 23:59:59"
        assert found(case) == {"round_without_receipt": ("2026-03-16 10:00:00", "none")}

    def test_refused_and_then_accepted_no_clock_stops_before_it_starts(self):
        """C8."""
        case = assessed(
            PERMIT,
            received("2026-03-02 10:00:00"),
            refused("2026-03-03 10:00:00"),
            event("accepted", "2026-03-10 10:00:00"),
        )
        assert names(case) == [(1, "acceptance:1"), (2, "promised"), (2, "statutory")]
        assert shown(of_round(case, 2).due_at) == "2026-03-19 23:59:59"
        assert of_round(case, 2).running

    def test_withdrawn_and_received_again_is_owed_an_answer(self):
        """D5: 5 wd from 03-16 end on Monday 03-23; silence makes it accepted from 03-16."""
        case = assessed(
            PERMIT,
            received("2026-03-02 10:00:00"),
            decided("2026-03-03 10:00:00", "withdrawn"),
            received("2026-03-16 10:00:00"),
        )
        answer = of_round(case, 2, "acceptance:1")
        assert shown(answer.due_at) == "2026-03-23 23:59:59"
        assert of_round(case, 2).deemed
        assert case.ended_at is None
        assert found(case) == {}  # opened by a receipt

    def test_a_later_round_is_named_by_the_record_that_opens_it(self):
        again = event("accepted", "2026-03-16 10:00:00")
        case = assessed(PERMIT, ACCEPTED, decided("2026-03-05 10:00:00", "returned"), again)
        opener = case.rounds[1].ledger.opener
        assert {c.clock_id for c in case.clocks} == {
            "promised",
            "statutory",
            f"@{opener.id:x}/promised",
            f"@{opener.id:x}/statutory",
        }

    def test_a_late_ending_renames_nothing_that_follows(self):
        last = [
            decided("2026-03-20 10:00:00", "returned"),
            event("accepted", "2026-03-25 10:00:00"),
        ]
        two = assessed(PERMIT, ACCEPTED, *last)
        ending = decided("2026-03-05 10:00:00", "returned")
        again = event("accepted", "2026-03-16 10:00:00")
        three = assessed(PERMIT, ACCEPTED, ending, again, *last)
        assert len(three.rounds) == 3
        assert of_round(two, 2).clock_id == of_round(three, 3).clock_id

    def test_a_receipt_twice_without_an_ending_opens_nothing(self):
        """C12."""
        case = assessed(
            PERMIT,
            received("2026-03-02 10:00:00"),
            received("2026-03-16 10:00:00"),
            event("accepted", "2026-03-17 10:00:00"),
        )
        assert len(case.rounds) == 1
        assert "repeated_act" in found(case)

    def test_a_denial_ends_a_round_and_a_receipt_opens_the_next(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-05 10:00:00", "denied"),
            received("2026-03-16 10:00:00"),
        )
        assert len(case.rounds) == 2

    def test_an_ending_that_is_taken_back_joins_two_rounds(self):
        ending = decided("2026-03-05 10:00:00", "returned")
        back = decided("2026-03-05 10:00:00", "returned", record_version=2, voided=True)
        again = event("accepted", "2026-03-16 10:00:00")
        case = assessed(PERMIT, ACCEPTED, ending, again, back)
        assert len(case.rounds) == 1
        assert of_round(case, 1).running
        assert found(case) == {"repeated_act": ("2026-03-16 10:00:00", "none")}

    def test_after_a_forwarding_it_is_no_finding(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-03 10:00:00", "forwarded"),
            event("accepted", "2026-03-04 10:00:00"),
        )
        assert len(case.rounds) == 2
        assert found(case) == {}

    def test_steps_suspensions_and_the_one_extension_are_each_rounds_own(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            event("extended", "2026-03-03 10:00:00", amount=5),
            decided("2026-03-05 10:00:00", "returned"),
            event("accepted", "2026-03-16 10:00:00"),
            event("extended", "2026-03-17 10:00:00", amount=5),
        )
        assert shown(of_round(case, 2).due_at) == "2026-04-01 23:59:59"  # 12 wd after 03-16
        assert "extension_refused" not in found(case)


class TestOneSecond:
    """An acceptance before an ending, an ending before a receipt that is not its round's first."""

    ONE = "2026-03-03 10:00:00"

    def test_a_refusal_in_the_second_of_the_receipt_answers_it(self):
        case = assessed(PERMIT, received(self.ONE), refused(self.ONE))
        assert len(case.rounds) == 1
        assert clock(case, "acceptance:1").stopped_at == at(self.ONE)

    def test_a_second_receipt_in_the_second_of_an_ending_opens_a_round(self):
        case = assessed(
            PERMIT, received("2026-03-02 10:00:00"), refused(self.ONE), received(self.ONE)
        )
        assert len(case.rounds) == 2

    @pytest.mark.parametrize("also", [(), (event("finished", "2026-03-03 10:00:00"),)])
    def test_an_acceptance_beside_a_second_receipt_shows_that_a_grant_came_too_early(self, also):
        case = assessed(
            PERMIT,
            received("2026-02-26 10:00:00"),
            decided("2026-02-27 10:00:00"),
            received(self.ONE),
            event("accepted", self.ONE),
            *also,
        )
        assert found(case)["decision_before_acceptance"][0] == "2026-02-27 10:00:00"

    def test_a_denial_before_that_ends_so_that_the_second_receipt_is_the_first_of_a_round(self):
        """And the grant of its second is of that round."""
        case = assessed(
            PERMIT,
            received("2026-02-26 10:00:00"),
            decided("2026-02-27 10:00:00", outcome="denied"),
            received(self.ONE),
            decided(self.ONE),
        )
        assert [r.ledger.decided.what for r in case.rounds] == ["denied", "granted"]

    def test_a_refusal_that_gives_no_grounds_ends_its_round_too(self):
        case = assessed(
            PERMIT, event("refused", self.ONE), event("accepted", "2026-03-05 10:00:00")
        )
        assert len(case.rounds) == 2

    def test_two_answers_in_one_second_wait_for_an_acceptance_as_one_does(self):
        early = decided("2026-02-26 10:00:00"), decided(self.ONE, event_id="d2")
        case = assessed(
            PERMIT, *early, event("finished", self.ONE), event("accepted", "2026-03-05 10:00:00")
        )
        assert found(case)["decision_before_acceptance"][0] == "2026-02-26 10:00:00"
        assert len(case.rounds) == 1

    def test_a_withdrawal_after_a_grant_that_nobody_accepted_shows_no_reversed_times(self):
        case = assessed(
            PERMIT,
            decided("2026-02-26 10:00:00"),
            decided("2026-02-27 10:00:00", outcome="withdrawn"),
            event("accepted", "2026-03-05 10:00:00"),
        )
        assert len(case.rounds) == 2
        assert "decision_before_acceptance" not in found(case)

    def test_a_denial_after_a_grant_that_nobody_accepted_ends_it(self):
        case = assessed(
            PERMIT,
            received("2026-02-25 10:00:00"),
            decided("2026-02-26 10:00:00"),
            received("2026-02-27 10:00:00"),
            decided(self.ONE, outcome="denied"),
            event("accepted", "2026-03-05 10:00:00"),
        )
        assert len(case.rounds) == 2

    def test_an_acceptance_in_the_second_of_a_refusal_comes_before_it(self):
        """D3: the refusal ends the decision clocks as a denial would; yellow."""
        case = assessed(
            PERMIT,
            received("2026-03-02 09:00:00"),
            refused(self.ONE),
            event("accepted", self.ONE),
        )
        assert len(case.rounds) == 1
        assert clock(case).stopped_at == at(self.ONE)
        assert found(case) == {"refusal_after_acceptance": (self.ONE, "yellow")}

    def test_ended_received_accepted_and_ended_again_in_one_second(self):
        case = assessed(
            PERMIT,
            received("2026-03-02 09:00:00"),
            decided("2026-03-02 10:00:00", "withdrawn"),
            received(self.ONE),
            event("accepted", self.ONE),
            refused(self.ONE),
        )
        assert [r.ledger.accepted is not None for r in case.rounds] == [False, True]


class TestReversed:
    """A grant or denial presupposes an acceptance: dated before it, it ends nothing."""

    @pytest.mark.parametrize("outcome", ["granted", "denied"])
    def test_a_decision_before_the_acceptance_ends_no_clock(self, outcome):
        """H5."""
        case = assessed(
            PERMIT,
            received("2026-03-02 10:00:00"),
            decided("2026-03-04 10:00:00", outcome),
            event("accepted", "2026-03-05 10:00:00"),
        )
        assert len(case.rounds) == 1
        assert shown(clock(case).counting.start) == "2026-03-05 10:00:00"
        assert clock(case).running
        assert case.ended_at is None
        assert found(case) == {"decision_before_acceptance": ("2026-03-04 10:00:00", "yellow")}

    def test_with_a_receipt_between_a_denial_is_an_ending(self):
        case = assessed(
            PERMIT,
            decided("2026-03-04 10:00:00", "denied"),
            received("2026-03-05 10:00:00"),
            event("accepted", "2026-03-06 10:00:00"),
        )
        assert len(case.rounds) == 2

    def test_a_withdrawal_presupposes_nothing(self):
        case = assessed(
            PERMIT,
            received("2026-03-02 10:00:00"),
            decided("2026-03-04 10:00:00", "withdrawn"),
            event("accepted", "2026-03-05 10:00:00"),
        )
        assert len(case.rounds) == 2

    def test_a_delivery_before_the_grant_stops_no_clock(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            event("delivered", "2026-03-04 10:00:00"),
            decided("2026-03-05 10:00:00"),
        )
        assert clock(case, "delivery").running
        assert found(case) == {"times_reversed": ("2026-03-04 10:00:00", "none")}


class TestAfterAGrant:
    @pytest.mark.parametrize("finished", [[], [event("finished", "2026-03-06 10:00:00")]])
    def test_a_receipt_and_an_acceptance_open_nothing_and_are_one_finding_each(self, finished):
        case = assessed(
            PERMIT,
            received("2026-03-01 10:00:00"),
            ACCEPTED,
            decided("2026-03-05 10:00:00"),
            *finished,
            received("2026-03-16 10:00:00"),
            event("accepted", "2026-03-17 10:00:00"),
        )
        assert len(case.rounds) == 1
        assert [c.clock_id for c in case.clocks if c.kind == "acceptance"] == ["acceptance:1"]
        assert [(str(f.code), str(f.level)) for f in case.findings] == [
            ("act_after_grant", "yellow"),
            ("act_after_grant", "yellow"),
        ]

    def test_an_ending_after_it_lets_a_next_round_begin(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-05 10:00:00"),
            decided("2026-03-06 10:00:00", "voided"),
            received("2026-03-16 10:00:00"),
        )
        assert len(case.rounds) == 2


class TestASecondDecision:
    def test_with_another_outcome(self):
        """S8: clocks are judged by the first."""
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-16 10:00:00", "denied"),
            decided("2026-03-10 10:00:00"),
        )
        assert clock(case).stopped_at == at("2026-03-10 10:00:00")
        assert found(case) == {"second_decision": ("2026-03-16 10:00:00", "yellow")}

    LAW = rules(
        {"promised": days(7)},
        flow=[{"code": "s", "name": "审", "mandatory": True}, {"code": "t", "name": "签"}],
    )

    @pytest.mark.parametrize(
        ("finished", "again", "end"),
        [
            ("2026-03-05 10:00:01", "2026-03-06 10:00:00", "2026-03-06 10:00:00"),
            ("2026-03-05 10:00:00", "2026-03-06 10:00:00", "2026-03-05 10:00:00"),
            ("2026-03-05 10:00:01", "2026-03-05 16:00:00", "2026-03-05 10:00:00"),
        ],
        ids=["after the first", "in its second", "repeated only"],
    )
    def test_the_later_ends_the_clocks_where_a_step_before_it_came_after_the_first(
        self, finished, again, end
    ):
        step = [
            event("step_started", "2026-03-04 10:00:00", step="s"),
            event("step_finished", finished, step="s"),
        ]
        case = assessed(self.LAW, ACCEPTED, *step, decided("2026-03-05 10:00:00"), decided(again))
        assert clock(case).stopped_at == at(end)

    def test_on_the_same_date_to_the_same_end_it_is_a_repetition(self):
        case = assessed(
            PERMIT, ACCEPTED, decided("2026-03-05 10:00:00"), decided("2026-03-05 16:00:00")
        )
        assert found(case) == {"repeated_act": ("2026-03-05 16:00:00", "none")}

    def early(self, step):
        return assessed(
            FLOW,
            ACCEPTED,
            event("step_started", "2026-03-02 11:00:00", step=step),
            decided("2026-03-03 10:00:00", step="决定"),
            event("step_finished", "2026-03-23 10:00:00", step=step),
            decided("2026-03-24 10:00:00", step="决定"),
        )

    def test_an_early_false_one_does_not_end_the_watch(self):
        case = self.early("审查")
        assert clock(case).stopped_at == at("2026-03-24 10:00:00")
        assert clock(case).overdue(at("2026-06-01"))

    def test_a_step_that_the_flow_places_after_it_says_nothing_against_it(self):
        assert clock(self.early("归档")).stopped_at == at("2026-03-03 10:00:00")

    def test_delivery_runs_from_the_decision_that_is_judged(self):
        assert shown(clock(self.early("审查"), "delivery").counting.start) == "2026-03-24 10:00:00"

    def test_without_a_grant_there_delivery_runs_from_the_first_on_record(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-03 10:00:00", "denied"),
            decided("2026-03-10 10:00:00"),
        )
        assert shown(clock(case, "delivery").counting.start) == "2026-03-10 10:00:00"


class TestAfterTheDecision:
    def test_a_suspension_and_an_extension(self):
        case = assessed(
            PERMIT,
            ACCEPTED,
            decided("2026-03-03 10:00:00"),
            event("suspended", "2026-03-03 10:00:01", suspension="testing", days_asked=5),
            event("extended", "2026-03-03 10:00:01", amount=5),
        )
        levels = found(case)
        assert levels["suspension_after_decision"][1] == "yellow"
        assert levels["extension_after_decision"][1] == "yellow"
        assert all(c.stopped_at is None or c.stopped_at >= c.counting.start for c in case.clocks)

    @pytest.mark.parametrize(
        ("law", "step", "when", "told"),
        [
            (FLOW, "审查", "2026-03-03 17:00:00", {}),  # the same date
            (FLOW, "审查", "2026-03-04 09:00:00", {"step_after_decision": "yellow"}),
            (FLOW, "制证", "2026-03-04 09:00:00", {}),  # the flow places it there
            (
                FLOW,
                "别的",
                "2026-03-04 09:00:00",
                {"step_after_decision": "yellow", "step_not_in_flow": "none"},
            ),
            (NO_FLOW, "审查", "2026-03-04 09:00:00", {"step_after_decision_no_flow": "none"}),
        ],
    )
    def test_a_step_begun_on_a_later_date(self, law, step, when, told):
        case = assessed(
            law,
            ACCEPTED,
            decided("2026-03-03 10:00:00", step="决定"),
            event("step_started", when, step=step),
        )
        assert {code: level for code, (_, level) in found(case).items()} == told

    @pytest.mark.parametrize(
        ("act", "code"),
        [
            (
                event("suspended", "2026-03-09 10:00:00", suspension="testing", days_asked=5),
                "suspension_after_decision",
            ),
            (event("extended", "2026-03-09 10:00:00", amount=5), "extension_after_decision"),
            (event("step_started", "2026-03-09 10:00:00", step="制证"), "step_after_decision"),
        ],
        ids=["suspended", "extended", "step"],
    )
    def test_after_the_finishing(self, act, code):
        """Also a step that the flow places after the decision; also where no flow is known."""
        decision = decided("2026-03-03 10:00:00", step="决定")
        finished = event("finished", "2026-03-06 10:00:00")
        for law in (FLOW, NO_FLOW):
            levels = found(assessed(law, ACCEPTED, decision, finished, act))
            assert levels[code] == ("2026-03-09 10:00:00", "yellow")

    def test_the_flow_may_say_in_which_step_the_decision_is_made(self):
        flow = [
            {"code": "审查", "name": "审查"},
            {"code": "决定", "name": "决定", "decision": True},
            {"code": "制证", "name": "制证"},
        ]
        law = rules({"promised": days(7)}, preset="cn-permit", flow=flow)
        for step, told in (("制证", {}), ("审查", {"step_after_decision"})):
            begun = event("step_started", "2026-03-04 09:00:00", step=step)
            case = assessed(law, ACCEPTED, decided("2026-03-03 10:00:00"), begun)
            assert found(case).keys() == set(told)


class TestDecidedAfterTheFinishing:
    """An early false finishing (办结) ends the clocks: the decision that follows it says so."""

    FINISHED = event("finished", "2026-03-05 10:00:00")

    @pytest.mark.parametrize(
        ("when", "reversed_"), [("2026-03-05 17:00:00", False), ("2026-03-06 09:00:00", True)]
    )
    def test_on_a_later_date_the_times_are_reversed(self, when, reversed_):
        case = assessed(PERMIT, ACCEPTED, self.FINISHED, decided(when))
        assert found(case) == ({"times_reversed": (when, "none")} if reversed_ else {})
        assert shown(of_round(case, 1).stopped_at) == "2026-03-05 10:00:00"

    def test_a_second_finishing_is_a_repeated_act(self):
        """A hall that sends no decision says nothing else of an early false one."""
        ended = event("finished", "2026-03-05 10:00:00", outcome="returned")
        again = event("finished", "2026-04-30 09:00:00", outcome="granted")
        case = assessed(PERMIT, ACCEPTED, ended, again)
        assert found(case) == {"repeated_act": ("2026-04-30 09:00:00", "none")}

    def test_the_next_round_has_decisions_of_its_own(self):
        again = [received("2026-03-09 09:00:00"), event("accepted", "2026-03-09 10:00:00")]
        ended = event("finished", "2026-03-05 10:00:00", outcome="denied")
        case = assessed(PERMIT, ACCEPTED, ended, *again, decided("2026-03-10 10:00:00"))
        assert "times_reversed" not in found(case)


class TestReturnedAtTheBrink:
    """压线退件: the promise is due on Wednesday 2026-03-11, the working date before is 03-10."""

    @pytest.mark.parametrize(
        ("outcome", "when", "yellow"),
        [
            ("returned", "2026-03-09 23:59:59", False),
            ("returned", "2026-03-10 00:00:00", True),
            ("withdrawn", "2026-03-11 10:00:00", True),
            ("voided", "2026-03-20 10:00:00", True),  # after the breach
            ("denied", "2026-03-11 10:00:00", False),
            ("forwarded", "2026-03-11 10:00:00", False),
        ],
    )
    def test_it(self, outcome, when, yellow):
        case = assessed(PERMIT, ACCEPTED, decided(when, outcome), received("2026-03-23 10:00:00"))
        told = found(case).get("returned_at_brink")
        assert told == (("2026-03-23 10:00:00", "yellow") if yellow else None)

    def test_where_nothing_is_opened_again_it_is_none(self):
        case = assessed(PERMIT, ACCEPTED, decided("2026-03-11 10:00:00", "returned"))
        assert found(case) == {}


class TestTheSet:
    def test_any_order_gives_the_same_rounds(self):
        events = [
            received("2026-03-02 10:00:00"),
            refused("2026-03-03 10:00:00"),
            received("2026-03-03 10:00:00"),
            event("accepted", "2026-03-03 10:00:00"),
            decided("2026-03-04 10:00:00", "denied"),
            event("accepted", "2026-03-05 10:00:00"),
        ]
        told = {
            (tuple((c.clock_id, c.due_at, c.stopped_at) for c in case.clocks), len(case.rounds))
            for case in (assessed(PERMIT, *order) for order in permutations(events))
        }
        assert len(told) == 1


class TestCards:
    """A card on a clock that has changed its round is retracted and issued anew, naming the old."""

    LAW = rules({"step": days(2)})
    STEP = event("step_started", "2026-03-05 10:05:00", step="审查", officer="o2")
    FIRST = event("step_started", "2026-03-02 10:05:00", step="审查", officer="o1")
    DONE = event("step_finished", "2026-03-02 11:05:00", step="审查", officer="o1")
    LATE = (
        event("decided", "2026-03-03 10:00:00", outcome="returned"),
        event("accepted", "2026-03-04 10:00:00"),
    )
    NOW = at("2026-03-11 10:00:00")
    CORRECTED = f"finding:{FindingCode.CORRECTED_AFTER_BREACH}:"

    def of_steps(self, here):
        """Give the moves of the step's cards, without those that tell of the change of round."""
        return [m for m in here.moves() if not m.clock_id.startswith(self.CORRECTED)]

    def cut(self):
        here = Partition(self.LAW)
        here.feed(ACCEPTED, self.FIRST, self.DONE, self.STEP)
        here.tick(self.NOW)
        here.take()
        here.feed(*self.LATE)
        here.tick(self.NOW + 60)
        return here

    def test_by_a_late_ending(self):
        issued, again, retracted = self.of_steps(self.cut())
        assert (issued.clock_id, issued.move, str(issued.level)) == (
            "step:审查:2", "issued", "yellow",
        )  # fmt: skip
        assert (again.move, again.round, again.replaces) == ("issued", 2, issued.card_id)
        assert again.clock_id.startswith("@")
        assert again.clock_id.endswith("/step:审查:1")
        assert (again.clock, again.step, again.due_at) == ("step", "审查", issued.due_at)
        assert (retracted.card_id, retracted.move, retracted.reason) == (
            issued.card_id, "retracted", "round",
        )  # fmt: skip

    def test_what_cut_the_round_of_a_breached_clock_is_told(self):
        """It was over at a tick, and a record changed its round: yellow, whatever it now is."""
        told = [m for m in self.cut().moves() if m.clock_id.startswith(self.CORRECTED)]
        assert [(str(m.move), m.level, m.at) for m in told] == [
            ("issued", Level.YELLOW, self.NOW + 60)
        ]

    def test_the_ids_of_the_first_round_are_those_they_were(self):
        moves = self.cut().moves()
        assert moves[0].card_id == card_id("c", "step:审查:2", moves[0].level, 1)

    def test_and_back_where_the_ending_is_taken_back(self):
        here = self.cut()
        before = self.of_steps(here)[1]
        here.feed(self.LATE[0].model_copy(update={"record_version": 2, "voided": True}))
        here.tick(self.NOW + 120)
        again, retracted = self.of_steps(here)[-2:]
        assert (again.clock_id, again.sequence, again.replaces) == (
            "step:审查:2", 2, before.card_id,
        )  # fmt: skip
        assert (retracted.card_id, retracted.reason) == (before.card_id, "round")

    def test_what_was_closed_stays_closed(self):
        here = Partition(self.LAW)
        here.feed(ACCEPTED, self.FIRST, self.DONE, self.STEP)
        here.tick(self.NOW)
        (issued,) = here.moves()
        ruling = {
            "ruling_id": "r1",
            "case_no": "c",
            "card_id": issued.card_id,
            "action": "closed",
            "reason": "已核实",
            "decided_at": "2026-03-11T10:00:30+08:00",
            "actor": "o9",
        }
        here.logic.apply(here.chunk(topics.RULINGS.name, [json.dumps(ruling).encode()]))
        here.tick(self.NOW + 40)
        here.feed(*self.LATE)
        here.tick(self.NOW + 60)
        here.tick(self.NOW + 61)
        active = {move.card_id: move.active for move in self.of_steps(here)}
        assert len(active) == 2
        assert not any(active.values())

    def test_the_state_is_restored_with_them(self):
        here = self.cut()
        here.take()
        again = Partition(self.LAW, changelog=here.changelog)
        again.next.update(here.next)
        again.feed(self.LATE[0].model_copy(update={"record_version": 2, "voided": True}))
        again.tick(self.NOW + 120)
        assert [(m.move, m.reason) for m in self.of_steps(again)] == [
            ("issued", "level_reached"),
            ("retracted", "round"),
        ]
