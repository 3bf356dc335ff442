"""Records at their edges: what an event says to the law, written down twice, taken back, paired."""

from __future__ import annotations

import pytest

from streams.engine.entries import FACTS, Entry, entry_of, identity, merge
from streams.engine.ledger import read
from tests.support.cases import at, event


def fold(*events):
    entries = []
    for each in events:
        entries = merge(entries, entry_of(each)) or entries
    return entries


class TestWhatTheLawAsksOfARecord:
    def test_a_record_that_says_nothing_more_than_that_it_happened(self):
        bare = event("received", "2018-10-15 10:00:00", event_id="e", item=None)
        nothing = {"item", "item_name", "region", "department", "window", "step", "step_name"}
        nothing |= {"officer", "case_type", "channel", "unit", "what", "ref", "approver"}
        known = {
            "at": at("2018-10-15 10:00:00"),
            "rank": 0,
            "id": identity("hall", "e"),
            "version": 1,
            "kind": "received",
            "source": "hall",
        }
        assert entry_of(bare) == Entry(**known)
        assert entry_of(bare) == Entry(
            **known,
            **dict.fromkeys(nothing, ""),
            recorded=-1,
            due=-1,
            amount=-1,
            told=-1,
            grounds=False,
            items=(),
            all_supplied=-1,
            unrecorded=0,
            single_moment=False,
            within=False,
            voided=False,
        )

    def test_whose_case_it_is_and_who_has_it_on_the_desk(self):
        said = {
            "item": "i2",
            "item_name": "事项二",
            "region": "430100",
            "department": "d",
            "window": "w",
            "step": "s",
            "step_name": "审查",
            "officer": "u",
            "case_type": "promised",
            "channel": "online",
        }
        entry = entry_of(event("accepted", "2018-10-15 10:00:00", **said))
        assert {name: getattr(entry, name) for name in said} == said

    @pytest.mark.parametrize(
        ("clock", "within"), [("10:00:00", False), ("10:00:00.000001", True), ("10:00:00.5", True)]
    )
    def test_whether_it_happened_within_its_second(self, clock, within):
        entry = entry_of(event("finished", f"2018-10-15 {clock}"))
        assert (entry.at, entry.within) == (at("2018-10-15 10:00:00"), within)

    def test_its_name_is_the_same_for_ever_for_cards_carry_it(self):
        assert identity("hall", "e-1") == 0x79837E9D2432A632

    def test_what_a_source_cannot_hold_each_fact_apart(self):
        for fact in FACTS:
            entry = entry_of(event("decided", "2018-10-15", outcome="granted", unrecorded=[fact]))
            assert [other for other in FACTS if entry.cannot_hold(other)] == [fact]


class TestWrittenDownTwice:
    first = event("accepted", "2018-10-15 10:00:00", event_id="a")

    def written(self, when):
        return self.first.model_copy(
            update={"recorded_at": event("accepted", f"2018-10-{when}").occurred_at}
        )

    def test_when_it_was_written_counts_also_where_it_came_first_without(self):
        (entry,) = fold(self.first, self.written("16 10:00:00"))
        assert entry.recorded == at("2018-10-16 10:00:00")
        (entry,) = fold(self.written("16 10:00:00"), self.first)
        assert entry.recorded == at("2018-10-16 10:00:00")

    def test_in_the_same_second_it_changes_nothing(self):
        again = self.written("16 10:00:00")
        assert merge(fold(again), entry_of(again)) is None


class TestTakenBack:
    gone = event("received", "2018-10-14 10:00:00", event_id="r", voided=True)
    accepted = event("accepted", "2018-10-15 10:00:00")
    desk = event("step_started", "2018-10-16 10:00:00", step="s")

    def test_a_record_that_was_taken_back_opens_no_case(self):
        ledger = read(fold(self.gone, self.accepted, self.desk))
        assert (ledger.opened.kind, ledger.last.kind) == ("accepted", "step_started")

    def test_where_every_record_was_what_the_earliest_said_of_the_case_remains(self):
        ledger = read(fold(self.gone))
        assert (ledger.opened.kind, ledger.last.kind) == ("received", "received")


class TestPairs:
    def test_an_end_without_a_number_ends_the_latest_that_runs_though_that_has_one(self):
        ledger = read(
            fold(
                event("suspended", "2018-10-15 10:00:00", suspension="testing"),
                event("suspended", "2018-10-16 10:00:00", suspension="hearing", suspension_id="b"),
                event("resumed", "2018-10-17 10:00:00"),
            )
        )
        assert [s.end for s in ledger.suspensions] == [None, at("2018-10-17 10:00:00")]
