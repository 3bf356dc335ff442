"""Which law holds for a round: what was in force when the record came that opens it."""

from __future__ import annotations

import pytest

from schemas import topics
from streams.engine.pins import Pin, PinnedLaw, with_pin
from streams.engine.state import unpack
from streams.runtime.logic import PARTITION_KEY
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, reported, send, settle
from tests.support.partition import Partition

STEPS = topics.STEPS.name
SEVEN = rules({"promised": days(7)}, preset="cn-permit")
THREE = rules({"promised": days(3), "acceptance": days(2)}, preset="cn-permit")
FIVE = rules({"promised": days(5)}, preset="cn-permit")
RECEIVED = event("received", "2026-03-02 09:00:00")
ACCEPTED = event("accepted", "2026-03-03 10:00:00")
RETURNED = event("decided", "2026-03-05 10:00:00", outcome="returned")
AGAIN = event("accepted", "2026-03-16 10:00:00")


def enact(here, law, change_id="c1", **more):
    send(here, change(catalogue=law.catalogue.content, change_id=change_id, **more))
    settle(here)


def due(here, name="promised", case="c"):
    clocks = {
        clock.clock_id.rpartition("/")[2] + ("" if clock.round == 1 else f"#{clock.round}"): clock
        for clock in here.cases()[case].clocks
    }
    return clocks[name].due_at


def restarted(here, law=SEVEN):
    again = Partition(law, changelog=here.changelog)
    again.next.update(here.next)
    return again


class TestByTheRecordThatOpens:
    def test_the_receipts_law_for_the_answer_and_the_acceptances_for_the_decision(self):
        here = Partition(SEVEN)
        here.feed(RECEIVED)
        enact(here, THREE)
        here.feed(ACCEPTED)
        assert due(here, "acceptance:1") == at("2026-03-09 23:59:59")  # five days, as received
        assert due(here) == at("2026-03-06 23:59:59")  # three, as accepted

    def test_also_where_both_are_of_one_second(self):
        here = Partition(SEVEN)
        here.feed(RECEIVED)
        enact(here, THREE)
        here.feed(event("accepted", "2026-03-02 09:00:00"))
        assert due(here) == at("2026-03-05 23:59:59")  # three from 03-02, as accepted

    def test_deemed_accepted_it_is_the_receipts(self):
        here = Partition(SEVEN)
        here.feed(RECEIVED)
        enact(here, THREE)
        here.feed(event("step_started", "2026-03-04 10:00:00", step="s"))
        here.tick(at("2026-03-10 09:00:00"))
        assert due(here) == at("2026-03-11 23:59:59")  # seven from 03-02

    def test_or_that_of_the_supply_from_which_it_counts(self):
        here = Partition(SEVEN)
        told = {"items": ["x"]}
        here.feed(RECEIVED, event("corrections_requested", "2026-03-03 10:00:00", **told))
        enact(here, FIVE)
        here.feed(event("corrections_supplied", "2026-03-05 10:00:00", **told))
        enact(here, THREE, "c2")
        here.tick(at("2026-03-13 09:00:00"))
        assert due(here) == at("2026-03-12 23:59:59")  # five from 03-05

    def test_a_later_round_has_its_own_and_the_earlier_ones_keep_theirs(self):
        here = Partition(SEVEN)
        here.feed(ACCEPTED, RETURNED)
        enact(here, THREE)
        here.feed(AGAIN)
        assert due(here) == at("2026-03-12 23:59:59")
        assert due(here, "promised#2") == at("2026-03-19 23:59:59")
        enact(here, FIVE, "c2")
        here.feed(event("step_started", "2026-03-17 10:00:00", step="s"))
        assert due(here) == at("2026-03-12 23:59:59")
        assert due(here, "promised#2") == at("2026-03-19 23:59:59")

    def test_none_is_dropped_where_rounds_join_and_part_again(self):
        here = Partition(SEVEN)
        here.feed(ACCEPTED, RETURNED)
        enact(here, THREE)
        here.feed(AGAIN)
        enact(here, FIVE, "c2")
        back = {"record_version": 2, "voided": True}
        here.feed(RETURNED.model_copy(update=back))
        assert due(here) == at("2026-03-12 23:59:59")
        here.feed(RETURNED.model_copy(update={"record_version": 3}))
        assert due(here, "promised#2") == at("2026-03-19 23:59:59")

    def test_a_later_version_of_the_record_keeps_its_pin(self):
        here = Partition(SEVEN)
        here.feed(RECEIVED, ACCEPTED)
        enact(here, THREE)
        later = event("accepted", "2026-03-04 10:00:00", event_id=ACCEPTED.event_id)
        here.feed(later.model_copy(update={"record_version": 2}))
        assert due(here) == at("2026-03-13 23:59:59")

    def test_they_are_restored(self):
        here = Partition(SEVEN)
        here.feed(RECEIVED)
        enact(here, THREE)
        here.feed(ACCEPTED)
        here.take()
        again = restarted(here)
        again.feed(event("step_started", "2026-03-04 10:00:00", step="s"))
        assert due(again) == at("2026-03-06 23:59:59")
        assert due(again, "acceptance:1") == at("2026-03-09 23:59:59")

    def test_a_retroactive_change_holds_for_every_round(self):
        here = Partition(SEVEN)
        here.feed(ACCEPTED, RETURNED)
        enact(here, THREE)
        here.feed(AGAIN)
        enact(here, FIVE, "c2", retroactive=True)
        assert due(here, "promised#2") == at("2026-03-23 23:59:59")
        state = unpack(dict(here.changelog)[b"c"])
        assert state.pins == []

    def test_where_nothing_changed_nothing_is_kept(self):
        here = Partition(SEVEN)
        here.feed(RECEIVED, ACCEPTED, RETURNED, AGAIN)
        here.take()
        assert unpack(dict(here.changelog)[b"c"]).pins == []


class TestByOffset:
    """Below a change's barrier the old law, else the new: a fast and a slow replay pin alike."""

    BEFORE = event("accepted", "2026-03-02 10:00:00", case_no="before")
    AFTER = event("accepted", "2026-03-02 10:00:00", case_no="after")

    def ran(self, *, ahead):
        here = Partition(SEVEN)
        here.feed(self.BEFORE)
        if ahead:  # the records are read before the change is
            here.feed(self.AFTER)
        enact(here, THREE, barriers={STEPS: 1})
        if not ahead:
            here.feed(self.AFTER)
        here.tick(at("2026-03-20 10:00:00"))
        return here

    @pytest.mark.parametrize("ahead", [True, False])
    def test_it(self, ahead):
        here = self.ran(ahead=ahead)
        assert due(here, case="before") == at("2026-03-11 23:59:59")
        assert due(here, case="after") == at("2026-03-05 23:59:59")

    def test_the_cards_are_the_same(self):
        one, other = ([m.card_id for m in self.ran(ahead=a).moves()] for a in (True, False))
        assert sorted(one) == sorted(other)

    def test_a_dry_run_pins_nothing(self):
        here = Partition(SEVEN)
        here.feed(self.AFTER)
        enact(here, THREE, barriers={STEPS: 0}, dry_run=True)
        assert due(here, case="after") == at("2026-03-11 23:59:59")

    def test_what_a_tick_has_named_came_before_every_later_change(self):
        here = Partition(SEVEN)
        here.feed(self.BEFORE)
        here.tick(at("2026-03-03 10:00:00"), barriers={STEPS: 1})
        enact(here, THREE, barriers={STEPS: 0})
        assert due(here, case="before") == at("2026-03-11 23:59:59")


def listing(*items):
    """A law whose catalogue lists some items, seven days each."""
    content = SEVEN.catalogue.content
    version = content["items"][0]["versions"][0]
    made = [{"code": code, "name": code, "versions": [version]} for code in items]
    return {**content, "items": made}


class TestAnItemThatBecomesKnown:
    """A round whose catalogue does not know its item is judged again with each newer one."""

    CASE = event("accepted", "2026-03-02 10:00:00", item="nosuch")

    def test_it_is_judged_by_the_first_that_knows_it_and_pinned_there(self):
        here = Partition(SEVEN)
        here.feed(self.CASE)
        here.tick(at("2026-03-02 11:00:00"))
        assert [str(f.code) for f in here.cases()["c"].findings] == ["item_unknown"]
        send(here, change(catalogue=listing("i", "other"), change_id="c1"))
        settle(here)
        assert here.cases()["c"].clocks == []
        send(here, change(catalogue=listing("i", "nosuch"), change_id="c2"))
        settle(here)
        assert due(here) == at("2026-03-11 23:59:59")
        assert here.cases()["c"].findings == []
        assert reported(here, "c2")[1].keys() == {"c"}
        enact(here, THREE, "c3")  # which lists it no more
        here.feed(event("step_started", "2026-03-03 10:00:00", step="s", item="nosuch"))
        assert due(here) == at("2026-03-11 23:59:59")

    def test_its_card_is_taken_back_by_the_next_tick(self):
        here = Partition(SEVEN)
        here.feed(self.CASE)
        here.tick(at("2026-03-02 11:00:00"))
        send(here, change(catalogue=listing("i", "nosuch")))
        settle(here)
        here.tick(at("2026-03-02 12:00:00"))
        assert [(m.move, str(m.level)) for m in here.moves()] == [
            ("issued", "red"),
            ("retracted", "red"),
        ]

    def test_also_where_the_hall_states_its_due_moment(self):
        here = Partition(SEVEN)
        stated = self.CASE.model_copy(update={"promised_due_at": AGAIN.occurred_at})
        here.feed(stated)
        here.take()
        send(here, change(catalogue=listing("nosuch")))
        settle(here)
        assert due(here) == at("2026-03-11 23:59:59")

    def test_others_are_not_opened_for_it(self):
        here = Partition(SEVEN)
        here.feed(self.CASE, event("accepted", "2026-03-02 10:00:00", case_no="known"))
        here.take()
        send(here, change(catalogue=listing("i", "nosuch")))
        settle(here)
        assert reported(here)[2][0].judged == 1

    def test_a_restart_on_the_way_goes_on(self):
        here = Partition(SEVEN)
        here.feed(*(self.CASE.model_copy(update={"case_no": f"c{n}"}) for n in range(3)))
        here.take()
        here.logic._changes._size = 1
        send(here, change(catalogue=listing("i", "nosuch")))
        here.take()
        again = restarted(here)
        settle(again)
        assert PARTITION_KEY in dict(again.changelog)
        for number in range(3):
            assert unpack(dict(again.changelog)[f"c{number}".encode()]).pins


def test_one_pin_for_each_record_and_none_for_the_first_law():
    law, other = PinnedLaw("a", None), PinnedLaw("b", None)
    pins = with_pin(with_pin([], 1, other, law), 2, other, law)
    assert pins == [Pin(1, "b"), Pin(2, "b")]
    assert with_pin(pins, 1, law, law) == [Pin(2, "b")]
