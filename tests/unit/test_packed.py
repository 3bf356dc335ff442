"""Where a partition's cases lie: open ones in memory, closed ones in the cold store in the end."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.codes import Outcome
from schemas.verdicts import encode
from streams.engine.state import Summary, unpack
from streams.runtime import packed
from streams.runtime.cold import Cold, InMemory
from streams.runtime.cold_file import ColdFile
from streams.runtime.logic import RESERVED
from streams.runtime.ports import Fatal
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, decreed, reported, send, settle
from tests.support.partition import Partition, restarted

LAW = rules({"promised": days(7), "e_licence": days(5)}, preset="cn-permit")
DAY = 86_400
ACCEPTED = event("accepted", "2026-03-02 10:00:00")
FINISHED = event("finished", "2026-03-04 10:00:00", outcome="denied")
REPEATED = event("finished", "2026-03-05 10:00:00", outcome="denied")
NOW = at("2026-03-04 12:00:00")
CLOSED = Summary(open=False, level=0, provisional=False)


@pytest.fixture(params=[InMemory, ColdFile])
def store(request):
    made = request.param()
    yield made
    made.close()


def partition(store, *events, after_days=90, law=LAW, now=NOW, **more):
    made = Partition(law, cold=Cold(store, after_days), **more)
    made.feed(*(events or (ACCEPTED, FINISHED)))
    for second in (0, 1):  # one that closed with the first tick goes with the second
        made.tick(now + second)
        made.take()
    return made


def state(here, case_no="c"):
    return dict(here.changelog)[case_no.encode()]


def places(here):
    return here.metrics.in_memory, here.metrics.in_cold_store


def pass_days(here, days_later):
    here.tick(NOW + days_later * DAY)
    here.take()


class TestGoing:
    def test_a_closed_case_leaves_memory_after_so_many_days(self, store):
        here = partition(store)
        assert places(here) == (1, 0)
        pass_days(here, 89)
        assert places(here) == (1, 0)
        pass_days(here, 90)
        assert places(here) == (0, 1)
        assert store.get("c") == state(here)

    def test_an_open_case_stays(self, store):
        here = partition(store, ACCEPTED, after_days=0)
        pass_days(here, 300)
        assert places(here) == (1, 0)

    def test_a_case_that_ended_and_can_still_be_carded_stays_until_it_was(self, store):
        """The electronic licence is due five working days after the decision."""
        granted = event("finished", "2026-03-04 10:00:00", outcome="granted")
        here = partition(store, ACCEPTED, granted, after_days=0)
        for day in (5, 30, 31):
            pass_days(here, day)
            assert places(here) == (1, 0)
        for day in (60, 61):  # the silence about the yellow cards is over
            pass_days(here, day)
        assert {m.clock for m in here.moves()} == {"delivery", "e_licence"}
        assert places(here) == (0, 1)
        assert here.metrics.cases == {Summary(open=False, level=3, provisional=False): 1}

    def test_one_that_was_reopened_since_stays(self, store):
        here = partition(store, after_days=1)
        here.feed(FINISHED.model_copy(update={"record_version": 2, "voided": True}))
        here.take()
        for day in (1, 2):  # no card is due yet
            pass_days(here, day)
            assert places(here) == (1, 0)
        assert here.moves() == []

    def test_a_tick_moves_no_more_than_a_slice(self, store, monkeypatch):
        monkeypatch.setattr(packed, "COOLED_AT_ONCE", 2)
        cases = [f"case-{n}" for n in range(5)]
        of = [
            each.model_copy(update={"case_no": name})
            for name in cases
            for each in (ACCEPTED, FINISHED)
        ]
        here = partition(store, *of)
        found = []
        for second in range(4):
            here.tick(NOW + 90 * DAY + second)
            here.take()
            found.append(places(here))
        assert found == [(3, 2), (1, 4), (0, 5), (0, 5)]
        assert here.metrics.cases == {CLOSED: 5}

    def test_one_that_is_worked_on_goes_with_a_later_tick(self, store):
        here = partition(store, after_days=1)
        here.feed(FINISHED)  # a repetition opens the case, and changes nothing
        pass_days(here, 1)
        assert places(here) == (1, 0)
        pass_days(here, 2)
        assert places(here) == (0, 1)


class TestComing:
    def test_a_repetition_leaves_it_where_it_is(self, store):
        here = partition(store, after_days=0)
        before = state(here)
        here.feed(FINISHED)
        here.take()
        assert here.metrics.seen["repeated", "hall"] == 1
        assert places(here) == (0, 1)
        assert state(here) == store.get("c") == before

    def test_a_late_record_that_changes_no_card_is_kept_there(self, store):
        here, there = partition(store, after_days=0), partition(InMemory())
        for one in (here, there):
            one.feed(REPEATED)
            one.tick(NOW + 5)
            one.take()
        assert len(unpack(state(here)).entries) == 3
        assert state(here) == state(there) == store.get("c")
        assert places(here) == (0, 1)
        assert here.metrics.cases == there.metrics.cases == {CLOSED: 1}

    def test_a_late_record_that_makes_it_late_brings_it_back_to_be_carded(self, store):
        """The finishing is taken back: the case is open, and its limit has long passed."""
        here, there = partition(store, after_days=0), partition(InMemory())
        gone = FINISHED.model_copy(update={"record_version": 9, "voided": True})
        for one in (here, there):
            pass_days(one, 100)
            one.feed(gone)
            one.take()
        assert places(here) == (1, 0)
        assert len(store) == 0
        for one in (here, there):
            one.tick(NOW + 100 * DAY + 1)
        assert here.moves() == there.moves() != []
        assert state(here) == state(there)
        assert here.metrics.cases == there.metrics.cases

    def test_a_ruling_finds_it(self, store):
        late = event("finished", "2026-06-04 10:00:00", outcome="denied")
        here, there = (
            partition(place, ACCEPTED, late, after_days=0, now=at("2026-06-04 12:00:00"))
            for place in (store, InMemory())
        )
        for one in (here, there):
            one.tick(at("2026-06-05"))
            one.take()
        assert places(here) == (0, 1)
        ruling = {
            "ruling_id": "r1",
            "case_no": "c",
            "card_id": here.moves()[0].card_id,
            "action": "closed",
            "at": "2026-06-05T10:00:00+08:00",
            "actor": "x",
        }
        for one in (here, there):
            one.logic.apply(one.chunk(topics.RULINGS.name, [encode(ruling)]))
            one.tick(at("2026-06-06"))
            one.take()
        assert state(here) == state(there) == store.get("c")

    def test_a_case_nobody_knows_is_in_neither_place(self, store):
        here = partition(store, after_days=0)
        here.feed(ACCEPTED.model_copy(update={"case_no": "other"}))
        here.take()
        assert places(here) == (1, 1)
        assert state(here, "other")


class TestRestore:
    def test_closed_cases_go_to_the_store_at_once_and_are_counted_once(self, store):
        here = partition(InMemory())
        again = restarted(here, cold=Cold(store, 90))
        again.take()
        assert places(again) == (0, 1)
        assert again.metrics.cases == {CLOSED: 1}
        assert store.get("c") == state(here)

    def test_of_several_states_of_a_case_the_last_counts(self, store):
        here = Partition(LAW)
        reopened = FINISHED.model_copy(update={"record_version": 2, "voided": True})
        for each in (ACCEPTED, FINISHED, REPEATED, reopened):
            here.feed(each)
            here.tick(NOW)
            here.take()
        kinds = [here.changelog[:n] for n in range(1, len(here.changelog) + 1)]
        for changelog in kinds:
            fresh = type(store)()
            again = Partition(LAW, changelog=changelog, cold=Cold(fresh, 90))
            again.take()
            plain = Partition(LAW, changelog=changelog)
            plain.take()
            assert again.metrics.cases == plain.metrics.cases
            assert sum(places(again)) == 1
            assert len(fresh) == again.metrics.in_cold_store
            fresh.close()

    @pytest.mark.parametrize("events", [(ACCEPTED,), (ACCEPTED, FINISHED)])
    def test_a_tombstone_removes_a_case_wherever_it_is(self, store, events):
        here = partition(InMemory(), *events)
        again = Partition(LAW, changelog=[*here.changelog, (b"c", None)], cold=Cold(store, 90))
        again.take()
        assert places(again) == (0, 0)
        assert again.metrics.cases == {}

    def test_a_closed_case_of_an_unknown_format_ends_the_process(self, store):
        here = partition(InMemory())
        other = bytes([9]) + state(here)[1:]
        with pytest.raises(Fatal, match="partition 0: state has format 9"):
            Partition(LAW, changelog=[(b"c", other)], cold=Cold(store, 90))

    def test_letting_go_of_the_partition_closes_the_store(self, store):
        closed = []
        store.close, close = lambda: closed.append(True), store.close
        here = partition(store)
        here.logic.close()
        assert closed == [True]
        store.close = close


class TestChange:
    """The licence was to be delivered in January 2027, the month that is decreed: still not there.

    All cards that there can be are issued, so that the closed case sleeps, and rests on those days.
    """

    EVENTS = (
        event("accepted", "2026-12-28 10:00:00"),
        event("finished", "2026-12-30 10:00:00", outcome="granted"),
    )
    DECREE = decreed(LAW.catalogue.calendars["cn"])

    def silent(self, store, events=EVENTS, **more):
        here = partition(store, *events, now=at("2027-03-01"), **more)
        for second in (0, 1):
            here.tick(at("2027-04-01") + second)
            here.take()
        return here

    def test_it_comes_to_the_cold_cases_that_rest_on_the_days_it_changes(self, store):
        here, there = self.silent(store, after_days=0), self.silent(InMemory(), after_days=999)
        assert (places(here), places(there)) == ((0, 1), (1, 0))
        for one in (here, there):
            send(one, change(self.DECREE))
            settle(one)
            one.tick(at("2027-04-02"))
            settle(one)
        _, found, (ended,) = reported(here)
        assert found["c"].keys() >= {"delivery", "e_licence"}
        assert (ended.judged, ended.changed) == (1, 1)
        assert {m.reason for m in here.moves() if m.move == "retracted"} == {"due_moved"}
        assert (here.changelog, here.outputs) == (there.changelog, there.outputs)

    def test_one_that_rests_on_no_such_day_stays_unopened(self, store):
        here = partition(store, after_days=0)
        before = list(here.changelog)
        send(here, change(self.DECREE))
        settle(here)
        assert reported(here)[1] == {}
        assert [kv for kv in here.changelog[len(before) :] if kv[0][:1] != RESERVED] == []

    @pytest.mark.parametrize("dry_run", [True, False])
    @pytest.mark.parametrize("outcome", [Outcome.GRANTED, Outcome.DENIED])
    def test_one_that_comes_back_while_the_heads_are_looked_at_is_not_missed(
        self, store, dry_run, outcome, monkeypatch
    ):
        """It is read as it is by then: one that was denied rested on no day, and is open again."""
        monkeypatch.setattr("streams.runtime.sweep.LOOK", 2)
        monkeypatch.setattr("streams.runtime.cold_file.READ_AT_ONCE", 1)
        names = [f"case-{n}" for n in range(7)]
        of = [each.model_copy(update={"case_no": n}) for n in names for each in self.EVENTS]
        of[-1] = of[-1].model_copy(update={"outcome": outcome})
        gone = of[-1].model_copy(update={"record_version": 2, "voided": True})
        cold = self.silent(store, of, after_days=0)
        warm = self.silent(InMemory(), of, after_days=999)
        assert (places(cold), places(warm)) == ((0, 7), (7, 0))
        for one in (cold, warm):
            send(one, change(self.DECREE, dry_run=dry_run))
            one.take()
            one.feed(gone)
            one.take()
            assert reported(one)[0] == []  # it still looks
            assert sum(places(one)) == 7
            settle(one)
        assert reported(cold)[1].keys() == set(names)
        assert reported(cold) == reported(warm)
        assert (cold.changelog, cold.outputs) == (warm.changelog, warm.outputs)
        in_store = 6 if dry_run else 0  # or else their cards move with the next tick
        assert places(cold) == (7 - in_store, in_store)
        assert len(store) == in_store

    def test_none_goes_cold_while_the_heads_are_looked_at(self, store, monkeypatch):
        monkeypatch.setattr("streams.runtime.sweep.LOOK", 2)
        names = ["case-1", "case-2", "case-3"]
        of = [each.model_copy(update={"case_no": n}) for n in names for each in self.EVENTS]
        here = self.silent(store, of, after_days=31)
        send(here, change(self.DECREE, dry_run=True))
        here.take()
        here.tick(at("2027-05-03"))
        here.take()
        assert places(here) == (3, 0)
        settle(here)
        here.tick(at("2027-05-03") + 1)
        here.take()
        assert places(here) == (0, 3)
        assert reported(here)[1].keys() == set(names)
