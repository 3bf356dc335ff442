"""Cards at their edges: silence about a card that no longer holds, rules that changed, late ends.

Accepted Monday 2018-10-15 10:00, promised within 7 working days: yellow on Thursday 25 at 00:00,
red in silence (`hunan`) on Wednesday 31 at 00:00.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from schemas.limits import Ladder
from streams.engine.judge import NEVER, Answer, card_key, judge, replaced_by
from tests.support.cases import assessed, at, days, event, rules, rules_of

SEVEN = {"promised": days(7)}
LAW = rules(SEVEN)
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
YELLOW, RED = at("2018-10-25 00:00:00"), at("2018-10-31 00:00:00")


def with_ladder(*rungs):
    """The same limit with a ladder of these rungs."""
    stated = [{"clock": "promised", **rung} for rung in rungs]
    own = Ladder.model_validate({"name": "own", "title": "自定", "rungs": stated})
    return rules_of(replace(LAW.catalogue, ladders={"hunan": own}))


def near(level, **lead):
    return {"level": level, "when": "near", "leads": [lead]}


PASSED = {"level": "yellow", "when": "passed"}
SILENT = {"level": "red", "when": "silent", "working_days": 3}


class Desk:
    """The cards of one case, as they were issued."""

    def __init__(self):
        self.cards = {}

    def looks(self, now, law, *events, answers=()):
        said = {name: Answer(name, at(when), "r", closed=False) for name, when in answers}
        moves = judge(assessed(law, *events).subjects, self.cards, now, said)
        self.cards.update((card_key(m.card.clock_id, m.card.level), m.card) for m in moves)
        return [(m.move, str(m.card.level), m.reason) for m in moves]


def warned():
    """A desk with the notice and the yellow card of the promise."""
    desk = Desk()
    desk.looks(YELLOW, LAW, ACCEPTED)
    return desk


def extended(amount):
    return event("extended", "2018-10-20 10:00:00", amount=amount)


class TestSilence:
    """Nobody answered a yellow card: only as long as that very card holds."""

    def test_the_days_about_a_card_that_was_taken_back_do_not_count_for_the_next(self):
        desk, received = warned(), event("received", "2018-10-15 10:00:00")
        assert {move for move, *_ in desk.looks(YELLOW + 60, LAW, received)} == {"retracted"}
        assert [level for _, level, _ in desk.looks(RED, LAW, ACCEPTED)] == ["notice", "yellow"]

    def test_nor_those_about_a_card_whose_due_moment_moved(self):
        desk = warned()
        assert desk.looks(RED, LAW, ACCEPTED, extended(2)) == [
            ("retracted", "notice", "due_moved"),
            ("issued", "notice", "level_reached"),
            ("retracted", "yellow", "due_moved"),
            ("issued", "yellow", "level_reached"),
        ]

    def test_nor_where_only_what_it_warns_of_moved(self):
        law = with_ladder(near("yellow", working_days=2), SILENT)
        desk = Desk()
        desk.looks(at("2018-10-23 00:00:00"), law, ACCEPTED)  # warns of the 24th
        shifted = rules(SEVEN, cut_off="close_of_business")
        closing = rules_of(replace(shifted.catalogue, ladders=law.catalogue.ladders))
        moved = desk.looks(at("2018-10-27 00:00:00"), closing, ACCEPTED)
        assert [(move, level) for move, level, _ in moved] == [
            ("retracted", "yellow"),
            ("issued", "yellow"),
        ]

    def test_nor_where_another_level_now_begins_in_its_second(self):
        before = with_ladder(near("yellow", working_days=2), SILENT)
        now = with_ladder(near("notice", working_days=2), PASSED, SILENT)
        desk = Desk()
        desk.looks(at("2018-10-23 00:00:00"), before, ACCEPTED)
        moved = desk.looks(RED - 1, now, ACCEPTED)
        assert [(move, level) for move, level, _ in moved] == [
            ("issued", "notice"),
            ("retracted", "yellow"),
            ("issued", "yellow"),
        ]

    def test_nor_while_nobody_knows_any_more_that_the_clock_runs(self):
        law = rules({"promised": {"unit": "on_the_spot"}}, preset="cn-permit")
        received = event("received", "2018-10-15 10:00:00")
        desk = Desk()
        desk.looks(at("2018-10-15 17:30:01"), law, received, ACCEPTED)
        # the acceptance is taken back: that none came is known on Tuesday 23 only
        moved = desk.looks(at("2018-10-19 00:00:00"), law, received)
        assert ("red", "silence") not in [(level, reason) for _, level, reason in moved]

    @pytest.mark.parametrize("ended", ["2018-10-31 00:00:00", "2018-11-02 10:00:00"])
    def test_an_end_no_earlier_than_the_silence_does_not_undo_it(self, ended):
        desk = warned()
        desk.looks(RED, LAW, ACCEPTED)
        moved = desk.looks(at("2018-11-05"), LAW, ACCEPTED, event("finished", ended))
        assert {move for move, *_ in moved} == {"resolved"}
        assert desk.cards["promised/red"].standing


class TestWhyACardWasTakenBack:
    def test_an_answer_speaks_for_the_red_card_of_silence_alone(self):
        desk, answered = warned(), [("promised/yellow/1", "2018-10-26 10:00:00")]
        moved = desk.looks(YELLOW + 60, LAW, ACCEPTED, extended(10), answers=answered)
        assert moved == [
            ("retracted", "notice", "due_moved"),
            ("retracted", "yellow", "due_moved"),
        ]

    def test_without_an_answer_the_red_card_of_silence_goes_with_its_due_moment(self):
        desk = warned()
        desk.looks(RED, LAW, ACCEPTED)
        other = [("statutory/yellow/1", "2018-10-26 10:00:00")]
        moved = desk.looks(RED + 60, LAW, ACCEPTED, extended(10), answers=other)
        assert ("retracted", "red", "due_moved") in moved

    def test_an_answer_to_its_own_yellow_card_among_others(self):
        desk = warned()
        desk.looks(RED, LAW, ACCEPTED)
        said = [
            ("promised/yellow/1", "2018-10-26 10:00:00"),
            ("statutory/yellow/1", "2018-10-26 10:00:00"),
        ]
        moved = desk.looks(RED + 60, LAW, ACCEPTED, answers=said)
        assert moved == [("retracted", "red", "answered")]

    @pytest.mark.parametrize("ended", ["2018-10-25 00:00:00", "2018-10-30 10:00:00"])
    def test_over_when_it_ended_and_in_time_by_a_later_extension(self, ended):
        desk, finished = warned(), event("finished", ended)
        desk.looks(RED - 1, LAW, ACCEPTED, finished)
        moved = desk.looks(RED, LAW, ACCEPTED, finished, extended(10))
        assert ("retracted", "yellow", "due_moved") in moved

    def test_a_finding_that_a_new_catalogue_gives_no_level(self):
        bare = event("suspended", "2018-10-17 10:00:00", suspension="testing", told_at=None)
        desk = Desk()
        desk.looks(at("2018-10-17 10:00:00"), LAW, ACCEPTED, bare)
        mild = rules(SEVEN, finding_levels={"suspension_untold": "none"})
        moved = desk.looks(at("2018-10-17 11:00:00"), mild, ACCEPTED, bare)
        assert moved == [("retracted", "yellow", "due_moved")]


def test_a_new_catalogue_with_a_longer_lead_brings_a_new_card_for_the_same_due_moment():
    short, long = (
        with_ladder(near("notice", working_days=2)),
        with_ladder(near("notice", working_days=3)),
    )
    desk = Desk()
    desk.looks(YELLOW, short, ACCEPTED)
    assert desk.looks(YELLOW + 60, long, ACCEPTED) == [
        ("retracted", "notice", "due_moved"),
        ("issued", "notice", "level_reached"),
    ]
    assert desk.looks(NEVER - 1, long, ACCEPTED) == []


class TestSilenceAndTimeLeadToOneLevel:
    """A ladder may say red by silence and red by some days over: what comes first holds."""

    def desk(self, days_over):
        law = with_ladder(PASSED, SILENT, {**PASSED, "level": "red", "working_days": days_over})
        desk = Desk()
        desk.looks(YELLOW, law, ACCEPTED)
        return desk, law

    def test_over_by_two_days_comes_before_three_days_of_silence(self):
        desk, law = self.desk(2)
        assert desk.looks(RED, law, ACCEPTED) == [("issued", "red", "level_reached")]
        assert desk.cards["promised/red"].holds_from == at("2018-10-27 00:00:00")
        assert desk.looks(RED + 1, law, ACCEPTED) == []

    def test_three_days_of_silence_come_before_six_days_over(self):
        desk, law = self.desk(6)
        later = at("2018-11-05 09:00:00")
        assert desk.looks(later, law, ACCEPTED) == [("issued", "red", "silence")]
        assert desk.cards["promised/red"].holds_from == RED
        assert desk.cards["promised/yellow"].standing
        assert desk.looks(later + 1, law, ACCEPTED) == []

    def test_in_the_same_second_it_is_the_time(self):
        desk, law = self.desk(4)
        assert desk.looks(RED, law, ACCEPTED) == [("issued", "red", "level_reached")]


def test_cards_that_name_each_other_are_told_once():
    desk = warned()
    one, other = (
        msgspec.structs.replace(
            desk.cards["promised/yellow"], clock_id=own, replaces=f"{its}/yellow/1"
        )
        for own, its in (("a", "b"), ("b", "a"))
    )
    named = replaced_by(one, {"a/yellow": one, "b/yellow": other})
    assert named == ["b/yellow/1", "a/yellow/1"]


class TestAnotherRound:
    """A card is of another round now only where its clock is: same record, kind and step."""

    STEPS = rules({"step": days(1)})
    NOW = at("2018-10-18 10:00:00")

    @staticmethod
    def began(when, step="s", **more):
        return event("step_started", when, step=step, **more)

    @staticmethod
    def into_a_second_round():
        return (
            event("received", "2018-10-11 10:00:00"),
            event("decided", "2018-10-12 10:00:00", outcome="denied"),
            event("received", "2018-10-15 09:00:00", event_id="r2"),
        )

    def retracted(self, law, before, after, *, known=True):
        """Give the reasons for which cards go when other records are there."""
        desk = Desk()
        desk.looks(self.NOW, law, *before)
        if not known:  # issued by a version that did not say it
            desk.cards = {k: msgspec.structs.replace(c, record=-1) for k, c in desk.cards.items()}
        return {reason for move, _, reason in desk.looks(self.NOW, law, *after) if "retr" in move}

    @pytest.mark.parametrize("known", [True, False])
    def test_the_clock_of_its_record_has_gone_to_the_second_round(self, known):
        step = self.began("2018-10-15 10:00:00")
        after = (*self.into_a_second_round(), step)
        assert self.retracted(self.STEPS, [step], after, known=known) == {"round"}

    def test_the_new_card_is_told_first_and_names_the_one_of_its_own_clock(self):
        law = rules({"promised": days(1), "statutory": days(2)})
        accepted = event("accepted", "2018-10-15 10:00:00")
        desk = Desk()
        desk.looks(self.NOW, law, accepted)
        moved = desk.looks(self.NOW, law, *self.into_a_second_round(), accepted)
        assert [move for move, *_ in moved] == ["issued"] * 3 + ["retracted"] * 3
        for name, card in desk.cards.items():
            if "/" in card.clock_id:
                clock = card.clock_id.rpartition("/")[2]
                assert card.replaces == f"{clock}/{card.level}/1", name

    def test_also_where_the_clock_of_its_old_name_is_another_records_now(self):
        """An earlier acceptance was late too: its cards stand where those of the other stood."""
        law = rules({"promised": days(1)})
        first, accepted = (
            event("accepted", when) for when in ("2018-10-08 10:00:00", "2018-10-15 10:00:00")
        )
        denied = event("decided", "2018-10-12 10:00:00", outcome="denied")
        desk = Desk()
        desk.looks(self.NOW, law, accepted)
        moved = desk.looks(self.NOW, law, first, denied, accepted)
        reasons = [reason for *_, reason in moved]
        assert reasons.count("round") == 2
        assert reasons[-2:] == ["round", "round"]

    def test_its_due_moment_is_another_meanwhile(self):
        step = self.began("2018-10-15 10:00:00")
        paused = event("suspended", "2018-10-15 10:00:00", suspension="testing", days_asked=1)
        law = rules({"step": days(1)}, suspension_stops=["step"])
        after = (*self.into_a_second_round(), step, paused)
        assert self.retracted(law, [step], after) == {"round"}

    def test_another_record_with_the_same_due_moment_is_not_it(self):
        step = self.began("2018-10-15 10:00:00")
        other = self.began("2018-10-15 11:00:00")
        after = (*self.into_a_second_round(), other)
        assert "round" not in self.retracted(self.STEPS, [step], after)
        assert self.retracted(self.STEPS, [step], after, known=False) == {"round"}

    @pytest.mark.parametrize("known", [True, False])
    def test_another_step_is_not_it(self, known):
        step = self.began("2018-10-15 10:00:00")
        other = self.began("2018-10-15 10:00:00", step="t", event_id=step.event_id)
        after = (*self.into_a_second_round(), other)
        assert "round" not in self.retracted(self.STEPS, [step], after, known=known)

    @pytest.mark.parametrize("known", [True, False])
    def test_a_later_pass_of_the_same_round_is_not_it(self, known):
        step = self.began("2018-10-15 13:30:00")
        earlier = self.began("2018-10-15 10:00:00")
        ended = event("step_finished", "2018-10-15 11:00:00", step="s")
        after = (earlier, ended, step)
        assert "round" not in self.retracted(self.STEPS, [step], after, known=known)
