"""Cards: what is issued, resolved, opened again and retracted, as records and time move."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.judge import NEVER, Answer, card_key, coming, judge, next_at
from tests.support.cases import assessed, at, days, event, rules
from tests.support.random_cases import LAWS, random_case

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
NOTICE, YELLOW, RED = (at(f"2018-10-{day} 10:00:01") for day in (19, 24, 29))


class Desk:
    """One case and the cards that were issued for it."""

    def __init__(self, law=LAW):
        self.law, self.cards = law, {}

    def looks(self, now, *events):
        self.clocks = assessed(self.law, *events).clocks if events else ()
        moves = judge(self.clocks, self.cards, now)
        for moved in moves:
            self.cards[card_key(moved.card.clock_id, moved.card.level)] = moved.card
        return [(m.move, str(m.card.level), m.card.sequence, m.reason) for m in moves]


class TestIssue:
    def test_at_the_first_second_and_once(self):
        desk = Desk()
        assert desk.looks(NOTICE - 1, ACCEPTED) == []
        assert desk.looks(NOTICE, ACCEPTED) == [("issued", "notice", 1, "level_reached")]
        assert desk.looks(NOTICE, ACCEPTED) == []
        assert desk.looks(YELLOW - 1, ACCEPTED) == []

    def test_all_that_time_passed_over_in_the_order_of_the_clocks(self):
        issued = Desk().looks(RED, ACCEPTED)
        assert [level for _, level, _, _ in issued] == ["notice", "yellow", "red"]

    def test_a_card_says_what_it_states(self):
        desk = Desk()
        desk.looks(RED, ACCEPTED)
        card = desk.cards["promised/yellow"]
        assert (card.holds_from, card.due_at) == (YELLOW, YELLOW - 1)
        assert card.rule == "hunan@3/promised/passed"
        assert card.active

    def test_for_a_case_that_had_ended_it_never_rings(self):
        desk = Desk()
        finished = event("finished", "2018-10-20 10:00:00")
        assert desk.looks(RED, ACCEPTED, finished) == [("issued", "notice", 1, "level_reached")]
        assert desk.cards["promised/notice"].standing
        assert not desk.cards["promised/notice"].active


class TestResolve:
    finished = event("finished", "2018-10-20 10:00:00")

    def test_when_the_clock_stops_the_card_stands_and_the_alert_ends(self):
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        moved = desk.looks(NOTICE + 90_000, ACCEPTED, self.finished)
        assert moved == [("resolved", "notice", 1, "clock_stopped")]
        assert desk.cards["promised/notice"].standing
        assert desk.looks(NOTICE + 90_001, ACCEPTED, self.finished) == []

    def test_opened_again_where_the_end_was_taken_back(self):
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        desk.looks(NOTICE + 90_000, ACCEPTED, self.finished)
        assert desk.looks(NOTICE + 90_001, ACCEPTED) == [("reopened", "notice", 1, "clock_runs")]
        assert desk.cards["promised/notice"].active
        assert desk.cards["promised/notice"].moves == 3

    def test_stopped_in_the_very_second_of_the_breach_it_is_over(self):
        desk = Desk()
        assert len(desk.looks(RED, ACCEPTED, event("finished", "2018-10-24 10:00:00"))) == 1
        assert len(desk.looks(RED, ACCEPTED, event("finished", "2018-10-24 10:00:01"))) == 1
        assert desk.cards["promised/yellow"].holds_from == YELLOW


class TestRetract:
    def test_ended_in_time_after_all(self):
        desk = Desk()
        desk.looks(YELLOW, ACCEPTED)
        moved = desk.looks(YELLOW + 5, ACCEPTED, event("finished", "2018-10-22 10:00:00"))
        assert moved == [
            ("resolved", "notice", 1, "clock_stopped"),
            ("retracted", "yellow", 1, "ended_in_time"),
        ]
        card = desk.cards["promised/yellow"]
        assert (card.standing, card.active) == (False, False)

    def test_a_due_moment_that_moved_on_takes_the_card_and_brings_a_new_one_in_its_time(self):
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        extended = event("extended", "2018-10-18 10:00:00", amount=2)
        assert desk.looks(NOTICE + 9, ACCEPTED, extended) == [
            ("retracted", "notice", 1, "due_moved")
        ]
        new = at("2018-10-23 10:00:01")
        assert desk.looks(new - 1, ACCEPTED, extended) == []
        assert desk.looks(new, ACCEPTED, extended) == [("issued", "notice", 2, "level_reached")]

    def test_the_same_second_of_another_due_moment_is_another_statement(self):
        # a late suspension no longer moves the notice, but what it warns of
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        late = event("suspended", "2018-10-22 10:00:00", suspension="hearing", days_asked=3)
        assert desk.looks(at("2018-10-22 10:00:01"), ACCEPTED, late) == [
            ("retracted", "notice", 1, "due_moved"),
            ("issued", "notice", 2, "level_reached"),
        ]
        card = desk.cards["promised/notice"]
        assert (card.holds_from, card.due_at) == (NOTICE, at("2018-10-29 10:00:00"))

    def test_a_due_moment_that_moved_within_the_past_does_both_at_once(self):
        desk = Desk()
        desk.looks(YELLOW, ACCEPTED)
        earlier = event("accepted", "2018-10-14 10:00:00", event_id="earlier")
        moved = desk.looks(YELLOW + 1, ACCEPTED, earlier)
        assert [(move, level, sequence) for move, level, sequence, _ in moved] == [
            ("retracted", "notice", 1),
            ("issued", "notice", 2),
            ("retracted", "yellow", 1),
            ("issued", "yellow", 2),
        ]

    def test_one_card_goes_while_another_comes(self):
        # found by the prefix property: as many held as remembered, and yet one that is not held
        desk = Desk()
        desk.looks(YELLOW, ACCEPTED)
        moved = judge(
            assessed(
                LAW,
                ACCEPTED,
                event("finished", "2018-10-22 10:00:00"),
                event("extended", "2018-10-18 10:00:00", amount=99),
            ).subjects,
            desk.cards,
            YELLOW + 5,
        )
        assert ("retracted", "promised") in [(m.move, m.card.clock_id) for m in moved]
        assert ("issued", "yellow") in [(m.move, str(m.card.level)) for m in moved]

    def test_a_clock_that_never_was(self):
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        assert desk.looks(NOTICE + 1) == [("retracted", "notice", 1, "clock_gone")]
        assert desk.looks(NOTICE + 2) == []

    def test_after_it_the_same_statement_is_a_new_card(self):
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        desk.looks(NOTICE + 1)
        assert desk.looks(NOTICE + 2, ACCEPTED) == [("issued", "notice", 2, "level_reached")]


class TestWhatComes:
    def test_each_level_in_turn_then_nothing(self):
        clocks = assessed(LAW, ACCEPTED).clocks
        assert coming(clocks, {}, 0) == NOTICE
        assert coming(clocks, {}, NOTICE) == YELLOW
        assert coming(clocks, {}, YELLOW) == RED
        assert coming(clocks, {}, RED) == NEVER

    def test_of_several_clocks_the_earliest_in_whatever_order(self):
        clocks = assessed(LAW, ACCEPTED).clocks
        for order in (clocks, clocks[::-1]):
            assert coming(order, {}, NOTICE - 1) == NOTICE

    def test_a_change_of_who_answers_where_that_is_earlier_and_only_then(self):
        """Somebody stands in from the 18th on; the step is over on the 17th, or on the 27th."""
        away = [{"officer": "o1", "from": "2018-10-18", "to": "2018-10-19"}]
        post = {"code": "p", "name": "岗", "department": "d", "officers": ["o1"],
                "deputies": ["o2"], "absences": away}  # fmt: skip
        for amount, first in ((1, "2018-10-17"), (9, "2018-10-18")):
            law = rules(flow=[{"code": "s", "name": "审", "post": "p", "limit": days(amount)}],
                        posts=[post])  # fmt: skip
            begun = event("step_started", "2018-10-15 10:00:00", step="s")
            assert coming(assessed(law, begun).clocks, {}, at("2018-10-15 10:00:01")) == at(first)

    def test_nothing_after_the_end(self):
        clocks = assessed(LAW, ACCEPTED, event("finished", "2018-10-24 10:00:01")).clocks
        assert coming(clocks, {}, NOTICE) == YELLOW
        assert coming(clocks, {}, YELLOW) == NEVER

    def test_now_itself_while_a_move_is_due(self):
        clocks = assessed(LAW, ACCEPTED).clocks
        assert next_at(clocks, {}, NOTICE) == NOTICE
        desk = Desk()
        desk.looks(NOTICE, ACCEPTED)
        assert next_at(clocks, desk.cards, NOTICE) == YELLOW

    @settings(max_examples=60)
    @given(st.integers(0, 1 << 32), st.sampled_from(sorted(LAWS)))
    def test_no_verdict_changes_before_it(self, seed, law):
        """Between two moments that `next_at` gives, nothing is due; at each of them, something."""
        entries = []
        for each in random_case(Random(seed), "c"):
            entries = merge(entries, entry_of(each)) or entries
        subjects, cards, now = assess(entries, LAWS[law]).subjects, {}, 0
        moments = [now]
        while (now := next_at(subjects, cards, now)) < NEVER:
            moves = judge(subjects, cards, now)
            assert moves
            assert not judge(subjects, cards, now - 1)
            cards.update((card_key(m.card.clock_id, m.card.level), m.card) for m in moves)
            moments.append(now)
        assert all(a < b for a, b in pairwise(moments))
        levels = [r for subject in subjects for r in subject.reached(now)]
        silent = [card for card in cards.values() if card.rule.endswith("/silent")]
        assert len(cards) == len(levels) + len(silent)


class TestSilence:
    """Yellow neither closed nor answered in 3 working days turns red (domain.md §3, `hunan`)."""

    law = rules({"promised": days(7)})
    yellow = at("2018-10-25 00:00:00")
    red = at("2018-10-31 00:00:00")  # issued Thursday 25: 26, 29, 30 pass

    def desk(self, *more):
        desk = Desk(self.law)
        for now in (self.yellow - 1, self.yellow):
            desk.looks(now, ACCEPTED, *more)
        return desk

    def answered(self, when, *, closed=False, arrived=None):
        came = -1 if arrived is None else at(arrived)
        return {"promised/yellow/1": Answer("x", at(when), "r1", closed, came)}

    def looks(self, desk, now, answers, *events):
        moves = judge(assessed(self.law, ACCEPTED, *events).subjects, desk.cards, now, answers)
        for moved in moves:
            desk.cards[card_key(moved.card.clock_id, moved.card.level)] = moved.card
        return [(m.move, str(m.card.level), m.reason) for m in moves]

    def test_nobody_said_anything_by_the_end_of_the_third_working_day(self):
        desk = self.desk()
        subjects = assessed(self.law, ACCEPTED).subjects
        assert coming(subjects, desk.cards, self.yellow) == self.red
        assert desk.looks(self.red - 1, ACCEPTED) == []
        assert desk.looks(self.red, ACCEPTED) == [("issued", "red", 1, "silence")]
        assert desk.cards["promised/red"].rule == "hunan@3/promised/silent"
        assert desk.looks(self.red + 9, ACCEPTED) == []

    def test_the_days_count_from_when_the_card_was_issued(self):
        desk = Desk(self.law)
        desk.looks(at("2018-11-01 08:00:00"), ACCEPTED)  # a backlog: we knew a week later
        assert desk.looks(self.red, ACCEPTED) == []
        assert desk.looks(at("2018-11-07 00:00:00"), ACCEPTED)[0][3] == "silence"

    def test_answered_on_the_third_day_it_stays_yellow(self):
        desk, said = self.desk(), self.answered("2018-10-30 23:59:59")
        assert self.looks(desk, self.red, said) == []
        assert next_at(assessed(self.law, ACCEPTED).subjects, desk.cards, self.red, said) == NEVER

    def test_answered_a_second_later_it_is_red(self):
        desk, said = self.desk(), self.answered("2018-10-31 00:00:00")
        assert self.looks(desk, self.red, said) == [("issued", "red", "silence")]

    @pytest.mark.parametrize(
        ("arrived", "moves"),
        [
            ("2018-10-30 23:59:59", [("retracted", "red", "answered")]),
            ("2018-10-31 00:00:00", []),
            ("2018-10-31 00:01:00", []),
        ],
    )
    def test_an_answer_dated_in_time_that_arrives_late_takes_no_red_card_back(self, arrived, moves):
        """Kind: a ruling dated before it came, by any name, made a red card go away."""
        desk = self.desk()
        desk.looks(self.red, ACCEPTED)
        said = self.answered("2018-10-29 09:00:00", arrived=arrived)
        assert self.looks(desk, self.red + 60, said) == moves

    def test_one_that_is_dated_ahead_counts_from_the_moment_that_it_names(self):
        said = self.answered("2018-10-31 00:00:00", arrived="2018-10-30 09:00:00")
        assert self.looks(self.desk(), self.red, said) == [("issued", "red", "silence")]

    def test_where_nobody_knows_when_it_arrived_its_own_date_counts(self):
        desk = self.desk()
        desk.looks(self.red, ACCEPTED)
        moved = self.looks(desk, self.red + 60, self.answered("2018-10-29 09:00:00"))
        assert moved == [("retracted", "red", "answered")]

    def test_only_while_its_clock_runs(self):
        finished = event("finished", "2018-10-30 10:00:00")
        desk = self.desk()
        assert self.looks(desk, self.red, {}, finished) == [
            ("resolved", "notice", "clock_stopped"),
            ("resolved", "yellow", "clock_stopped"),
        ]

    def test_when_the_yellow_card_goes_so_does_the_red_one(self):
        desk = self.desk()
        desk.looks(self.red, ACCEPTED)
        extended = event("extended", "2018-10-20 10:00:00", amount=10)
        moves = self.looks(desk, self.red + 1, {}, extended)
        assert [(move, level) for move, level, _ in moves] == [
            ("retracted", "notice"),
            ("retracted", "yellow"),
            ("retracted", "red"),
        ]

    def test_a_closed_card_rings_no_more_and_stands(self):
        desk, said = self.desk(), self.answered("2018-10-25 09:00:00", closed=True)
        nine = at("2018-10-25 09:00:00")
        assert self.looks(desk, nine - 1, said) == []
        subjects = assessed(self.law, ACCEPTED).subjects
        assert coming(subjects, desk.cards, nine - 1, said) == nine
        assert self.looks(desk, nine, said) == [("resolved", "yellow", "closed")]
        assert desk.cards["promised/yellow"].standing

    def test_chengdu_knows_no_silence(self):
        desk = Desk(rules({"promised": days(7)}, ladder="chengdu"))
        desk.looks(self.yellow, ACCEPTED)
        assert desk.looks(NEVER - 1, ACCEPTED) == []


class TestDeemed:
    """A breach can predate the moment we know it: both are recorded."""

    law = rules({"promised": days(3)}, preset="cn-permit")
    received = event("received", "2018-10-15 10:00:00")

    def test_issued_when_known_and_holding_from_when_it_was_so(self):
        desk = Desk(self.law)
        known = at("2018-10-23 00:00:00")  # the fifth working day, Monday 22, is over
        assert {row[1] for row in desk.looks(known - 1, self.received)} == {"notice"}
        issued = desk.looks(known, self.received)
        assert [(level, reason) for _, level, _, reason in issued].count(
            ("yellow", "level_reached")
        ) == 2  # no answer, and over the promise
        card = desk.cards["promised/yellow"]
        assert (card.holds_from, card.issued_at) == (at("2018-10-19 00:00:00"), known)


class TestFindings:
    def test_one_with_a_level_is_carded_and_goes_with_its_record(self):
        refused = event("extended", "2018-10-18 10:00:00", amount=99, event_id="x")
        desk = Desk()
        moves = judge(assessed(LAW, ACCEPTED, refused).subjects, {}, NOTICE)
        assert {m.card.clock_id.split(":")[1] for m in moves if ":" in m.card.clock_id} == {
            "extension_refused"
        }
        desk.cards = {card_key(m.card.clock_id, m.card.level): m.card for m in moves}
        back = event(
            "extended",
            "2018-10-18 10:00:00",
            amount=99,
            event_id="x",
            record_version=2,
            voided=True,
        )
        gone = judge(assessed(LAW, ACCEPTED, refused, back).subjects, desk.cards, NOTICE + 1)
        assert [(m.move, m.reason) for m in gone] == [("retracted", "clock_gone")]
