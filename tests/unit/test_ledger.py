"""What happened in a case, read off a set of records in whatever order they came."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.entries import UNTOLD, alike, entry_of, merge
from streams.engine.ledger import read
from tests.support.cases import at, event
from tests.support.random_cases import contradicted, corrected, random_case


def fold(events):
    entries = []
    for each in events:
        merged = merge(entries, entry_of(each))
        entries = entries if merged is None else merged
    return entries


def ledger(*events):
    return read(fold(events))


class TestMerge:
    first = event("accepted", "2018-10-15 10:00:00", event_id="a")

    def newer(self, **facts):
        return self.first.model_copy(update=facts)

    def test_the_same_record_again_changes_nothing(self):
        entries = fold([self.first])
        assert merge(entries, entry_of(self.first)) is None

    def test_the_given_entries_are_left_as_they_were(self):
        entries = fold([self.first])
        merge(entries, entry_of(event("finished", "2018-10-16 10:00:00")))
        assert len(entries) == 1

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_a_higher_version_replaces_a_lower_one_whichever_came_first(self, order):
        later = self.newer(record_version=2, occurred_at=self.first.occurred_at + timedelta(days=1))
        versions = [self.first, later]
        entries = fold([versions[n] for n in order])
        assert [e.at for e in entries] == [at("2018-10-16 10:00:00")]

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_of_two_under_the_same_version_both_stay_and_the_same_one_is_read(self, order):
        versions = [self.newer(officer="u1"), self.newer(officer="u2")]
        found = ledger(*[versions[n] for n in order])
        assert found.accepted.officer == "u2"
        assert [e.officer for e in found.contradicting] == ["u1"]

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_the_same_record_written_down_twice_is_one_and_the_first_writing_counts(self, order):
        written = [
            event("accepted", "2018-10-15 10:00:00", recorded_at=f"2018-10-{day}T10:00:00+08:00")
            for day in (16, 20)
        ]
        (entry,) = fold([written[n] for n in order])
        assert entry.recorded == at("2018-10-16 10:00:00")

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_a_record_taken_back_was_never_there(self, order):
        back = self.newer(record_version=2, voided=True)
        found = ledger(*[(self.first, back)[n] for n in order])
        assert (found.entries, found.accepted) == ([], None)
        assert found.opened.at == at("2018-10-15 10:00:00")

    def test_the_same_id_of_another_source_is_another_record(self):
        assert len(fold([self.first, self.newer(source="other")])) == 2

    def test_entries_stand_in_the_order_in_which_they_happened(self):
        decided = event("decided", "2018-10-16 10:00:00", outcome="granted")
        started = event("step_started", "2018-10-16 10:00:00", step="s")
        received = event("received", "2018-10-14 10:00:00")
        kinds = [e.kind for e in fold([decided, started, self.first, received])]
        assert kinds == ["received", "accepted", "step_started", "decided"]

    @settings(max_examples=60)
    @given(st.integers(0, 1 << 32))
    def test_any_order_and_repetition_gives_the_same_bytes(self, seed):
        random = Random(seed)
        events = random_case(random, "c")
        for one in random.sample(events, len(events) // 2):
            events += [corrected(one, random), contradicted(one)]
        shuffled = random.sample(events, len(events)) + random.choices(events, k=5)
        assert msgspec.msgpack.encode(fold(events)) == msgspec.msgpack.encode(fold(shuffled))


class TestEntries:
    def test_fractions_of_a_second_are_cut_off(self):
        said = event("accepted", "2018-10-15 10:00:00.999999")
        assert entry_of(said).at == at("2018-10-15 10:00:00")

    def test_what_is_not_on_record_is_told_from_nought(self):
        unknown = event("suspended", "2018-10-15 10:00:00", suspension="hearing")
        nothing = event("suspended", "2018-10-16 10:00:00", suspension="hearing", days_asked=0)
        assert [s.days_asked for s in ledger(unknown, nothing).suspensions] == [None, 0]

    def test_a_stated_moment_is_rounded_up_and_a_date_is_not(self):
        stated = {"promised_due_at": "2026-03-11T23:59:59.5+08:00"}
        for by_date, due in ((False, "2026-03-12 00:00:00"), (True, "2026-03-11 23:59:59")):
            said = event("accepted", "2026-03-02 10:00:00", promised_by_date=by_date, **stated)
            assert (entry_of(said).due, entry_of(said).by_date) == (at(due), by_date)
        suspended = entry_of(event("suspended", "2026-03-02 10:00:00", suspension="testing"))
        assert (suspended.due, suspended.by_date, suspended.single_moment) == (-1, False, False)

    def test_what_had_come_by_the_time_that_it_says_is_not_dated_ahead(self):
        entry = entry_of(event("accepted", "2026-03-02 10:00:00"))
        assert entry.known_by(entry.at) is entry
        assert entry.known_by(-1) is entry
        assert entry.known_by(entry.at - 1).came_by == entry.at - 1

    def test_of_two_copies_that_no_tick_has_named_neither_has_come(self):
        first = entry_of(event("accepted", "2026-03-02 10:00:00"), arrived=UNTOLD)
        second = msgspec.structs.replace(first, recorded=first.at)
        (joined,) = merge([first], second)
        assert (joined.arrived, joined.recorded) == (UNTOLD, first.at)

    def test_what_an_earlier_version_kept_without_a_number_contradicts_none(self):
        none, nought, second = (
            entry_of(event("step_started", "2026-03-02 10:00:00", step="s", sequence=n))
            for n in (None, 0, 2)
        )
        for one, other in ((none, nought), (none, second)):
            assert alike(one, other)
            assert alike(other, one)
            (joined,) = merge([one], other) or [one]
            assert joined.sequence == other.sequence
        assert not alike(nought, second)
        assert not alike(second, nought)


class TestActs:
    def test_of_two_records_of_one_act_the_earliest_counts(self):
        found = ledger(
            event("accepted", "2018-10-16 10:00:00"),
            event("accepted", "2018-10-15 10:00:00"),
            event("corrections_supplied", "2018-10-12 10:00:00"),
        )
        assert found.accepted.at == at("2018-10-15 10:00:00")
        assert found.opened.at == at("2018-10-12 10:00:00")

    def test_what_the_acceptance_says_of_the_case_rules(self):
        found = ledger(
            event("received", "2018-10-14 10:00:00", region="430102", window="w1"),
            event("accepted", "2018-10-15 10:00:00", region="430103"),
        )
        assert (found.value("region"), found.value("window")) == ("430103", "w1")
        assert found.value("department") == ""


def step(kind, when, code="s", **facts):
    return event(kind, when, step=code, **facts)


class TestSteps:
    def runs(self, *events):
        return [
            (r.code, r.number, r.started and r.finished and r.finished.at - r.started.at)
            for r in ledger(*events).steps
        ]

    def test_each_pass_is_its_own(self):
        runs = self.runs(
            step("step_started", "2018-10-15 10:00:00"),
            step("step_finished", "2018-10-15 11:00:00"),
            step("step_started", "2018-10-16 10:00:00"),
            step("step_finished", "2018-10-16 12:00:00"),
        )
        assert runs == [("s", 1, 3600), ("s", 2, 7200)]

    def test_a_start_left_open_before_another_is_handed_over_to_it(self):
        runs = self.runs(
            step("step_started", "2018-10-15 10:00:00"),
            step("step_started", "2018-10-15 10:30:00"),
            step("step_finished", "2018-10-15 11:00:00"),
        )
        assert runs == [("s", 1, 3600)]

    def test_an_end_before_every_start_is_no_pass(self):
        end = step("step_finished", "2018-10-15 09:00:00")
        found = ledger(end, step("step_started", "2018-10-15 10:00:00"))
        assert [(r.number, r.finished is None) for r in found.steps] == [(1, True)]
        assert [entry.at for entry in found.loose] == [at("2018-10-15 09:00:00")]

    def test_where_the_source_keeps_one_time_a_step_its_end_shows_no_pass(self):
        assert not ledger(step("step_finished", ONE, single_moment=True)).steps

    def test_one_that_starts_and_ends_in_the_same_second_is_over(self):
        runs = self.runs(
            step("step_finished", "2018-10-15 10:00:00"),
            step("step_started", "2018-10-15 10:00:00"),
        )
        assert runs == [("s", 1, 0)]

    def test_steps_side_by_side_do_not_end_each_other(self):
        found = ledger(
            step("step_started", "2018-10-15 10:00:00", "a"),
            step("step_started", "2018-10-15 11:00:00", "b"),
            step("step_finished", "2018-10-15 12:00:00", "b"),
        )
        assert [r.finished is None for r in found.steps] == [True, False]
        assert found.current_step.step == "a"

    def test_without_an_open_step_the_last_one_was_the_desk(self):
        found = ledger(
            step("step_started", "2018-10-15 10:00:00", "a"),
            step("step_finished", "2018-10-15 11:00:00", "a"),
            event("decided", "2018-10-16 10:00:00", outcome="granted"),
        )
        assert found.current_step.step == "a"
        assert ledger(event("received", "2018-10-15 10:00:00")).current_step is None


def opened(when, ref=None):
    return event("suspended", when, suspension="hearing", suspension_id=ref)


def ended(when, ref=None):
    return event("resumed", when, suspension_id=ref)


ONE, TWO, THREE, FOUR = (f"2018-10-1{n} 10:00:00" for n in range(1, 5))


class TestSuspensions:
    @pytest.mark.parametrize(
        ("events", "ends"),
        [
            ([opened(ONE), ended(TWO)], [TWO]),
            ([opened(ONE)], [None]),
            ([ended(ONE), opened(TWO)], [None]),
            ([opened(ONE), opened(TWO), ended(THREE)], [None, THREE]),
            ([opened(ONE), opened(TWO), ended(THREE), ended(FOUR)], [FOUR, THREE]),
            ([opened(ONE, "a"), opened(TWO, "b"), ended(THREE, "a"), ended(FOUR)], [THREE, FOUR]),
            ([opened(ONE, "a"), opened(TWO), ended(THREE, "a"), ended(FOUR, "x")], [THREE, FOUR]),
            ([opened(ONE, "a"), opened(TWO, "b"), ended(THREE, "x")], [None, None]),
            ([opened(ONE, "a"), ended(TWO, "a"), opened(THREE, "a")], [TWO, None]),
            ([opened(ONE), ended(ONE)], [ONE]),
        ],
        ids=[
            "a pair",
            "never ended",
            "an end before the start",
            "the latest of two ends",
            "nested",
            "by name, then what is left",
            "a strange name ends what has none",
            "a strange name ends nothing that has its own",
            "the same name again",
            "within a second",
        ],
    )
    def test_an_end_finds_its_start(self, events, ends):
        for given_order in (events, events[::-1]):
            found = ledger(*given_order).suspensions
            assert [s.end for s in found] == [end and at(end) for end in ends]
