"""Cards: what is issued, resolved, opened again and retracted, as records and time move."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.case import assess
from streams.engine.judge import NEVER, card_key, coming, judge, next_at
from streams.engine.entries import entry_of, merge
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
        assert card.rule == "hunan@1/promised/passed"
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
        assert coming(clocks, 0) == NOTICE
        assert coming(clocks, NOTICE) == YELLOW
        assert coming(clocks, YELLOW) == RED
        assert coming(clocks, RED) == NEVER

    def test_nothing_after_the_end(self):
        clocks = assessed(LAW, ACCEPTED, event("finished", "2018-10-24 10:00:01")).clocks
        assert coming(clocks, NOTICE) == YELLOW
        assert coming(clocks, YELLOW) == NEVER

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
        clocks, cards, now = assess(entries, LAWS[law]).clocks, {}, 0
        moments = [now]
        while (now := next_at(clocks, cards, now)) < NEVER:
            moves = judge(clocks, cards, now)
            assert moves
            assert not judge(clocks, cards, now - 1)
            cards.update((card_key(m.card.clock_id, m.card.level), m.card) for m in moves)
            moments.append(now)
        assert all(a < b for a, b in pairwise(moments))
        levels = [r for clock in clocks for r in clock.reached(now)]
        assert len(cards) == len(levels)
