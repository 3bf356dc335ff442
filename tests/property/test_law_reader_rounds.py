"""The second reader: rounds, what is found at and after endings, decisions, steps, items.

Expectations come from domain.md and a wall calendar: 2026-03-02 is a Monday, and so is 03-09.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.support.law import Law, Limit, verdict
from tests.support.law.facts import STATED
from tests.support.law_tales import WALL, clock, codes, extended, findings, record, suspended

LAW = Law({"acceptance": Limit(5), "promised": Limit(5), "statutory": Limit(10)})
RECEIVED = record("received", "2026-03-02 09:00", id="r1")
ACCEPTED = record("accepted", "2026-03-02 10:00", id="a1")  # promised 03-09, statutory 03-16


def ended(at, outcome, kind="decided", **more):
    return record(kind, at, outcome=outcome, **more)


def views(law, *records):
    return verdict(law, list(records)).clocks


class TestWhatEndsARoundAndOpensTheNext:
    @pytest.mark.parametrize("outcome", ["denied", "withdrawn", "voided", "returned", "forwarded"])
    def test_another_outcome_than_a_grant(self, outcome):
        again = record("accepted", "2026-03-04 10:00", id="a2")
        found = views(LAW, RECEIVED, ACCEPTED, ended("2026-03-03 10:00", outcome), again)
        assert str(found["promised"].stopped) == "2026-03-03 10:00:00"
        assert str(found["a2/promised"].due) == "2026-03-11 23:59:59"
        assert found["a2/promised"].stopped is None

    def test_a_refusal_and_the_next_receipt(self):
        refused = record("refused", "2026-03-03 10:00")
        again = record("received", "2026-03-04 10:00", id="r2")
        accepted = record("accepted", "2026-03-05 10:00", id="a2")
        found = views(LAW, RECEIVED, refused, again, accepted)
        assert set(found) == {"acceptance:1", "r2/acceptance:1", "r2/promised", "r2/statutory"}
        assert codes(LAW, RECEIVED, refused, again, accepted) == set()

    @pytest.mark.parametrize(
        ("outcome", "expected"),
        [("returned", {"round_without_receipt"}), ("forwarded", set())],
    )
    def test_an_acceptance_without_a_receipt(self, outcome, expected):
        again = record("accepted", "2026-03-04 10:00", id="a2")
        assert codes(LAW, RECEIVED, ACCEPTED, ended("2026-03-03 10:00", outcome), again) == expected

    def test_in_one_second_the_ending_comes_before_the_receipt_that_is_not_the_first(self):
        back = ended("2026-03-03 10:00", "returned", id="z")
        again = record("received", "2026-03-03 10:00", id="r2")
        assert "r2/acceptance:1" in views(LAW, RECEIVED, ACCEPTED, back, again)

    def test_in_one_second_a_first_receipt_comes_before_its_refusal(self):
        received = record("received", "2026-03-03 10:00", id="r")
        refused = record("refused", "2026-03-03 10:00", id="a")
        found = views(LAW, received, refused)
        assert set(found) == {"acceptance:1"}
        assert str(found["acceptance:1"].stopped) == "2026-03-03 10:00:00"

    def test_in_one_second_an_acceptance_comes_before_an_ending(self):
        accepted = record("accepted", "2026-03-03 10:00", id="z")
        back = ended("2026-03-03 10:00", "returned", id="a")
        found = views(LAW, RECEIVED, accepted, back)
        assert str(found["promised"].stopped) == "2026-03-03 10:00:00"

    @pytest.mark.parametrize("outcome", ["granted", "denied"])
    def test_an_answer_before_the_acceptance_is_reversed_times_and_no_ending(self, outcome):
        early = ended("2026-03-02 09:30", outcome)
        found = views(LAW, RECEIVED, early, ACCEPTED)
        assert found["promised"].stopped is None
        assert findings(LAW, RECEIVED, early, ACCEPTED) == {
            ("decision_before_acceptance", "2026-03-02 09:30:00")
        }

    def test_with_a_receipt_between_it_is_an_ending(self):
        early = ended("2026-03-02 09:30", "denied")
        again = record("received", "2026-03-02 09:45", id="r2")
        assert "r2/promised" in views(LAW, RECEIVED, early, again, ACCEPTED)

    def test_a_withdrawal_before_the_acceptance_is_one(self):
        early = ended("2026-03-02 09:30", "withdrawn")
        assert "a1/promised" in views(LAW, RECEIVED, early, ACCEPTED)

    def test_what_happens_in_a_round_pairs_within_it(self):
        first = list(suspended("2026-03-02 14:00", None, 5))
        back = ended("2026-03-03 10:00", "returned")
        again = record("accepted", "2026-03-04 10:00", id="a2")
        resumed = record("resumed", "2026-03-05 10:00", suspension_id="2026-03-02 14:00")
        told = (LAW, RECEIVED, ACCEPTED, *first, back, again, resumed)
        assert ("resumed_without_start", "2026-03-05 10:00:00") in findings(*told)
        assert ("suspension_not_ended", "2026-03-03 10:00:00") in findings(*told)
        assert str(views(*told)["a2/promised"].due) == "2026-03-11 23:59:59"

    def test_each_round_has_the_one_extension(self):
        records = (ACCEPTED, extended("2026-03-03 10:00"), ended("2026-03-04 10:00", "returned"))
        again = record("accepted", "2026-03-05 10:00", id="a2")
        more = extended("2026-03-06 10:00")
        found = views(LAW, *records, again, more)
        assert str(found["a2/promised"].due) == "2026-03-17 23:59:59"
        assert "extension_refused" not in codes(LAW, *records, again, more)


class TestAfterAGrant:
    granted = ended("2026-03-04 10:00", "granted")
    finished = ended("2026-03-05 10:00", "granted", "finished")

    def test_a_receipt_and_its_acceptance_are_one_finding_each_and_open_nothing(self):
        again = record("received", "2026-03-06 10:00", id="r2")
        accepted = record("accepted", "2026-03-06 11:00", id="a2")
        told = (RECEIVED, ACCEPTED, self.granted, self.finished, again, accepted)
        assert findings(LAW, *told) == {
            ("act_after_grant", "2026-03-06 10:00:00"),
            ("act_after_grant", "2026-03-06 11:00:00"),
        }
        assert set(views(LAW, *told)) == {"acceptance:1", "promised", "statutory"}

    def test_without_a_finishing_it_is_the_same(self):
        again = record("received", "2026-03-06 10:00", id="r2")
        assert codes(LAW, RECEIVED, ACCEPTED, self.granted, again) == {"act_after_grant"}

    def test_after_the_grant_was_voided_a_receipt_opens_a_round(self):
        voided = ended("2026-03-05 10:00", "voided", "finished")
        again = record("received", "2026-03-06 10:00", id="r2")
        assert "r2/acceptance:1" in views(LAW, RECEIVED, ACCEPTED, self.granted, voided, again)

    def test_a_suspension_an_extension_and_a_step_after_the_decision(self):
        pause = list(suspended("2026-03-04 10:00:01", "2026-03-04 15:00", 5))
        extension = extended("2026-03-04 11:00")
        same_day = record("step_started", "2026-03-04 16:00", step="s1")
        step = record("step_started", "2026-03-05 00:00", step="s1")
        law = replace(LAW, steps={"s1": ("step", None)})
        told = (RECEIVED, ACCEPTED, self.granted, *pause, extension, same_day, step)
        found = findings(law, *told)
        assert ("suspension_after_decision", "2026-03-04 10:00:01") in found
        assert ("extension_after_decision", "2026-03-04 11:00:00") in found
        assert {f for f in found if f[0].startswith("step_after")} == {
            ("step_after_decision", "2026-03-05 00:00:00")
        }

    @pytest.mark.parametrize(
        ("flow", "decision", "expected"),
        [
            ({}, None, "step_after_decision_no_flow"),
            ({"s1": ("step", None), "d": ("step", None)}, "d", "step_after_decision"),
            ({"d": ("step", None), "s1": ("step", None)}, "d", None),
            ({"d": ("step", None), "s1": ("step", None)}, None, "step_after_decision"),
        ],
        ids=["no flow", "before the decision's", "after the decision's", "none is the decision's"],
    )
    def test_what_the_flow_places_after_the_decision(self, flow, decision, expected):
        law = replace(LAW, steps=flow, decision_step=decision)
        step = record("step_started", "2026-03-05 09:00", step="s1")
        found = codes(law, RECEIVED, ACCEPTED, self.granted, step)
        assert {code for code in found if code.startswith("step_after")} == ({expected} - {None})


class TestASecondDecision:
    first = ended("2026-03-04 10:00", "granted")
    law = replace(
        LAW,
        limits=LAW.limits | {"delivery": Limit(10)},
        steps={"check": ("step", None), "d": ("step", None), "hand": ("step", None)},
        mandatory=frozenset({"check", "hand"}),
        decision_step="d",
    )

    @pytest.mark.parametrize(
        ("at", "outcome", "expected"),
        [
            ("2026-03-05 10:00", "granted", "second_decision"),
            ("2026-03-04 11:00", "denied", "second_decision"),
            ("2026-03-04 11:00", "granted", "repeated_act"),
        ],
        ids=["another date", "another outcome", "the same again"],
    )
    def test_what_is_one(self, at, outcome, expected):
        assert codes(LAW, RECEIVED, ACCEPTED, self.first, ended(at, outcome)) == {expected}

    @pytest.mark.parametrize(
        ("step", "stopped"),
        [("check", "2026-03-06 10:00:00"), ("hand", "2026-03-04 10:00:00")],
        ids=["a step before the decision", "a step after it"],
    )
    def test_an_early_decision_does_not_end_the_watch(self, step, stopped):
        begun = record("step_started", "2026-03-04 09:00", step=step)
        done = record("step_finished", "2026-03-05 10:00", step=step)
        second = ended("2026-03-06 10:00", "granted")
        told = (self.law, RECEIVED, ACCEPTED, self.first, begun, done, second)
        assert str(views(*told)["promised"].stopped) == stopped
        assert str(views(*told)["delivery"].start) == stopped

    def test_delivery_runs_from_the_first_grant_where_the_judged_one_denies(self):
        begun = record("step_started", "2026-03-04 09:00", step="check")
        done = record("step_finished", "2026-03-05 10:00", step="check")
        second = ended("2026-03-06 10:00", "denied")
        told = (self.law, RECEIVED, ACCEPTED, self.first, begun, done, second)
        assert str(views(*told)["delivery"].start) == "2026-03-04 10:00:00"


class TestPressedBackAtTheLine:
    """压线退件: a round opened after a withdrawal at the brink; here the promise ends 03-09."""

    @pytest.mark.parametrize(
        ("back", "outcome", "found"),
        [
            ("2026-03-05 17:00", "returned", False),
            ("2026-03-06 00:00", "returned", True),
            ("2026-03-09 23:59:59", "withdrawn", True),
            ("2026-03-12 10:00", "voided", True),
            ("2026-03-06 10:00", "denied", False),
            ("2026-03-06 10:00", "forwarded", False),
        ],
    )
    def test_by_dates(self, back, outcome, found):
        again = record("received", "2026-03-20 10:00", id="r2")
        told = findings(LAW, RECEIVED, ACCEPTED, ended(back, outcome), again)
        assert (("returned_at_brink", "2026-03-20 10:00:00") in told) == found

    def test_without_a_next_round_there_is_none(self):
        back = ended("2026-03-09 10:00", "returned")
        assert "returned_at_brink" not in codes(LAW, RECEIVED, ACCEPTED, back)

    @pytest.mark.parametrize(
        ("begun", "found"),
        [("2026-03-05 17:00", False), ("2026-03-06 00:00", True), ("2026-03-09 20:00", True)],
    )
    def test_a_suspension_there(self, begun, found):
        """压线挂起."""
        pause = suspended(begun, None, 5)
        assert ("suspension_at_brink" in codes(LAW, RECEIVED, ACCEPTED, *pause)) == found

    def test_more_than_two_special_procedures_in_one_round(self):
        def three(day):
            for hour in (10, 11, 14):
                yield from suspended(f"2026-03-{day} {hour}:00", f"2026-03-{day} {hour}:30", 1)

        assert "suspensions_many" in codes(LAW, ACCEPTED, *three("03"))
        back = ended("2026-03-03 10:45", "returned")
        again = record("accepted", "2026-03-03 10:50", id="a2")
        assert "suspensions_many" not in codes(LAW, ACCEPTED, *three("03"), back, again)


class TestRefusals:
    def test_after_a_real_acceptance_it_ends_the_clocks(self):
        refused = record("refused", "2026-03-04 10:00")
        found = views(LAW, RECEIVED, ACCEPTED, refused)
        assert str(found["statutory"].stopped) == "2026-03-04 10:00:00"
        assert codes(LAW, RECEIVED, ACCEPTED, refused) == {"refusal_after_acceptance"}


class TestSteps:
    law = Law({"promised": Limit(20), "step": Limit(2)}, steps={"s": ("step", None)})

    def step(self, kind, at, sequence=None, officer=None):
        kind = f"step_{kind}"
        return record(kind, f"2026-03-{at}", step="s", sequence=sequence, officer=officer)

    def passes(self, *records):
        found = views(self.law, ACCEPTED, *records)
        steps = {name: each for name, each in found.items() if name.startswith("step:")}
        return {
            int(name.rpartition(":")[2]): (
                str(each.start)[8:16],
                each.stopped and str(each.stopped)[8:16],
            )
            for name, each in steps.items()
        }

    def test_by_sequence_where_both_have_one(self):
        told = (
            self.step("started", "03 10:00", 1, "a"),
            self.step("started", "03 11:00", 2, "b"),
            self.step("finished", "03 14:00", 1, "b"),
            self.step("finished", "03 15:00", 2, "a"),
        )
        assert self.passes(*told) == {1: ("03 10:00", "03 14:00"), 2: ("03 11:00", "03 15:00")}

    def test_two_different_sequences_never(self):
        told = (self.step("started", "03 10:00", 1), self.step("finished", "03 14:00", 2))
        assert self.passes(*told) == {1: ("03 10:00", None)}
        assert ("step_not_started", "2026-03-03 14:00:00") in findings(self.law, ACCEPTED, *told)

    def test_else_by_officer_the_latest_before_it(self):
        told = (
            self.step("started", "03 10:00", officer="a"),
            self.step("started", "03 11:00", officer="b"),
            self.step("finished", "03 14:00", officer="a"),
            self.step("finished", "03 15:00", officer="b"),
        )
        assert self.passes(*told) == {1: ("03 10:00", "03 14:00"), 2: ("03 11:00", "03 15:00")}

    def test_else_by_order(self):
        told = (self.step("started", "03 10:00", officer="a"), self.step("finished", "03 14:00"))
        assert self.passes(*told) == {1: ("03 10:00", "03 14:00")}

    @pytest.mark.parametrize("officer", ["a", "b"])
    def test_a_start_left_over_is_handed_over_to_the_next(self, officer):
        told = (
            self.step("started", "03 10:00", officer="a"),
            self.step("started", "04 10:00", officer=officer),
            self.step("finished", "04 14:00", officer=officer),
        )
        assert self.passes(*told) == {1: ("03 10:00", "04 14:00")}
        assert ("step_handed_over", "2026-03-04 10:00:00") in findings(self.law, ACCEPTED, *told)

    def test_not_to_one_after_the_end_of_the_round(self):
        told = (
            self.step("started", "03 10:00"),
            ended("2026-03-04 10:00", "granted"),
            self.step("started", "05 10:00"),
            self.step("finished", "05 14:00"),
        )
        assert self.passes(*told) == {1: ("03 10:00", "04 10:00"), 2: ("05 10:00", "05 14:00")}

    @pytest.mark.parametrize(
        ("endings", "stopped"),
        [
            ((("decided", "granted", "05 10:00"),), "05 10:00"),
            ((("decided", "granted", "05 10:00"), ("finished", None, "06 10:00")), "06 10:00"),
        ],
        ids=["without a finishing to its decision", "to its finishing"],
    )
    def test_without_an_end_it_runs_to_the_end_of_its_round(self, endings, stopped):
        acts = [ended(f"2026-03-{at}", outcome, kind) for kind, outcome, at in endings]
        told = (self.step("started", "03 10:00"), *acts)
        assert self.passes(*told) == {1: ("03 10:00", stopped)}
        expected = ("step_not_finished", f"2026-03-{stopped}:00")
        assert expected in findings(self.law, ACCEPTED, *told)

    def test_an_end_without_a_start_closes_nothing(self):
        told = (self.step("finished", "03 14:00"),)
        assert self.passes(*told) == {}
        assert codes(self.law, ACCEPTED, *told) == {"step_not_started"}

    def test_an_end_before_its_start(self):
        told = (self.step("finished", "03 14:00"), self.step("started", "03 15:00"))
        assert self.passes(*told) == {1: ("03 15:00", None)}
        assert codes(self.law, ACCEPTED, *told) == {"times_reversed"}

    def test_rounds_have_their_own_passes(self):
        told = (
            self.step("started", "03 10:00"),
            ended("2026-03-04 10:00", "returned"),
            record("accepted", "2026-03-05 10:00", id="a2"),
            self.step("finished", "05 14:00"),
        )
        found = views(self.law, ACCEPTED, *told)
        assert str(found["step:s:1"].stopped) == "2026-03-04 10:00:00"
        assert not [name for name in found if name.startswith("a2/step")]


class TestItems:
    law = Law({"promised": Limit(5)}, in_force=(date.min, date(2026, 3, 2)))

    @pytest.mark.parametrize(
        ("item", "at", "expected"),
        [
            ("i", "2026-03-02 10:00", set()),
            ("i", "2026-03-03 10:00", {"item_not_in_force"}),
            ("other", "2026-03-02 10:00", {"item_unknown"}),
            (None, "2026-03-02 10:00", {"item_missing"}),
        ],
    )
    def test_on_the_day_of_the_acceptance(self, item, at, expected):
        accepted = record("accepted", at, item=item)
        assert codes(self.law, accepted) == expected
        assert bool(views(self.law, accepted)) == (not expected)

    def test_without_an_acceptance_on_that_of_the_receipt(self):
        received = record("received", "2026-03-03 10:00")
        expected = {("item_not_in_force", "2026-03-03 10:00:00")}
        assert findings(self.law, received) == expected

    @pytest.mark.parametrize(
        ("item", "expected"),
        [("other", {"item_covered"}), (None, {"item_missing"}), ("i", {"item_not_in_force"})],
    )
    def test_what_any_other_item_covers(self, item, expected):
        law = replace(self.law, star=Law({"promised": Limit(3)}))
        accepted = record("accepted", "2026-03-03 10:00", item=item)
        assert codes(law, accepted) == expected
        assert bool(views(law, accepted)) == (item == "other")

    @pytest.mark.parametrize("item", ["other", None, "i"])
    def test_a_stated_due_moment_gives_a_clock_all_the_same(self, item):
        stated = record(
            "accepted", "2026-03-03 10:00", item=item, promised_due_at=WALL("2026-03-10 15:00")
        )
        assert str(clock(self.law, stated).due) == "2026-03-10 15:00:00"

    def test_a_catalogue_that_lists_no_item_finds_nothing(self):
        law = Law({}, lists_items=False)
        assert codes(law, record("accepted", "2026-03-03 10:00", item="other")) == set()

    def test_a_rounds_item_is_its_acceptances_else_its_receipts_else_the_first_named(self):
        law = replace(self.law, in_force=(date.min, date.max))
        other = record("received", "2026-03-02 09:00", item="other")
        assert codes(law, other, record("accepted", "2026-03-02 10:00")) == set()
        assert codes(law, other, record("accepted", "2026-03-02 10:00", item=None)) == {
            "item_unknown"
        }
        step = record("step_started", "2026-03-02 12:00", step="s")
        assert codes(law, record("accepted", "2026-03-02 10:00", item=None), step) == set()

    def test_each_round_has_its_own(self):
        first = record("accepted", "2026-03-02 10:00")
        back = ended("2026-03-02 15:00", "returned")
        again = record("received", "2026-03-03 10:00")
        assert findings(self.law, first, back, again) == {
            ("item_not_in_force", "2026-03-03 10:00:00")
        }

    def test_an_extension_alone_gives_no_clock_to_what_is_not_listed(self):
        stated = extended("2026-03-03 10:00", promised_due_at=WALL("2026-03-10 15:00"))
        accepted = record("accepted", "2026-03-02 10:00", item="other")
        assert views(Law({"promised": STATED}), accepted, stated) == {}
