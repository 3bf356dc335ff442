"""Arrival (到达): the `now` of the last tick whose barrier lies at or below a record's offset.

Expectations are counted by hand on domain.md §2 and the calendar of 2026 that was decreed.
"""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.catalogue_loading import catalogue_from
from schemas.events import STEP_EVENT
from schemas.rulings import RULING
from schemas.ticks import Tick
from schemas.verdicts import ORIGIN_HEADER, Origin, decode, encode
from streams.engine.arrival import loaded, past
from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.state import unpack
from streams.runtime.arrivals import OPEN
from streams.runtime.logic import RESERVED
from tests.support.cases import at, days, event, rules, rules_of
from tests.support.partition import Partition, elsewhere, restarted

STEPS, RULINGS = topics.STEPS.name, topics.RULINGS.name
LAW = rules({"promised": days(7), "statutory": days(20)})
MONDAY = at("2026-03-02 10:00:00")
ACCEPTED = event("accepted", "2026-03-02 10:00:00")


def ticked(here, now, *, steps=None, rulings=None):
    """A tick that names what was sent until now, unless other offsets are given."""
    named = {STEPS: here.next[STEPS] if steps is None else steps}
    named[RULINGS] = here.next[RULINGS] if rulings is None else rulings
    return here.tick(now, barriers=named)


def states(here):
    here.take()
    return {
        key.decode(): unpack(value)
        for key, value in dict(here.changelog).items()
        if not key.startswith(RESERVED)
    }


def arrivals(here):
    """When each record of the state arrived, in their order."""
    found = states(here)
    return [entry.arrived for name in sorted(found) for entry in found[name].entries]


def told(here):
    """What the accepted events say of it."""
    events = [json.loads(o.value) for o in here.written(topics.EVENTS)]
    return [e["origin"].get("arrived") for e in events if e["type"] in ("event", "ruling")]


def ruling(when, card, action="answered"):
    return RULING.dump_json(
        RULING.validate_python(
            {
                "ruling_id": "r1", "case_no": "c", "card_id": card, "action": action,
                "actor": "o-1", "decided_at": f"{when}+08:00", "reason": "说明",
            }
        )
    )  # fmt: skip


def ruled(here, raw):
    return here.logic.apply(here.chunk(RULINGS, [raw]))


class TestOfARecord:
    def test_it_is_the_last_ticks_moment(self):
        here = Partition(LAW)
        for second in range(3):
            ticked(here, MONDAY + second)
        here.feed(ACCEPTED)
        assert arrivals(here) == [MONDAY + 2]
        assert told(here) == [MONDAY + 2]

    def test_before_the_first_tick_nobody_knows(self):
        here = Partition(LAW)
        here.feed(ACCEPTED)
        ticked(here, MONDAY)
        assert arrivals(here) == [-1]
        assert told(here) == [None]

    def test_what_is_read_before_the_tick_that_was_made_before_it_came_after_that(self):
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(ACCEPTED)
        assert arrivals(here) == [MONDAY]  # as far as ticks are read
        ticked(here, MONDAY + 1, steps=0)  # made before the record stood in the log
        ticked(here, MONDAY + 2, steps=0)
        ticked(here, MONDAY + 3)
        assert arrivals(here) == [MONDAY + 2]

    def test_ticks_that_wait_for_others_tell_it_too(self):
        here = Partition(LAW)
        ticked(here, MONDAY, steps=1)
        ticked(here, MONDAY + 1, steps=1)
        ticked(here, MONDAY + 2, steps=2)
        here.feed(ACCEPTED, event("step_started", "2026-03-02 10:00:01", step="a"))
        assert arrivals(here) == [-1, MONDAY + 1]
        assert not any(key.startswith(OPEN) for key, value in here.changelog if value)

    def test_an_outage_of_ours_makes_no_source_late(self):
        """No tick is made while nobody works: what came meanwhile came when we stopped."""
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(ACCEPTED, event("step_started", "2026-03-12 09:00:00", step="a"))
        ticked(here, at("2026-03-30 08:00:00"))
        assert arrivals(here) == [MONDAY, MONDAY]
        codes = {f.code for f in here.cases()["c"].findings}
        assert not codes & {"late_record", "dated_ahead"}

    def test_nor_does_it_date_anybody_ahead(self):
        """It had surely come by the first tick after; what lies beyond that is dated ahead."""
        for when, ahead in (("08:05:00", False), ("08:05:01", True)):
            here = Partition(LAW)
            ticked(here, MONDAY)
            here.feed(event("accepted", f"2026-03-30 {when}"))
            ticked(here, at("2026-03-30 08:00:00"))
            ticked(here, at("2026-03-30 09:00:00"))
            codes = {f.code for f in here.cases()["c"].findings}
            assert ("dated_ahead" in codes) is ahead

    def test_by_when_it_came_is_the_same_read_ahead_of_its_ticks_or_behind_them(self):
        """Also where several ticks name the same barrier: the first of them counts."""
        told = set()
        for ahead in (True, False):
            here = Partition(LAW)
            ticked(here, MONDAY)
            early = event("accepted", "2026-03-30 10:00:00")
            ticks = [at(f"2026-03-30 0{hour}:00:00") for hour in (7, 8, 9)]
            barriers = {STEPS: here.next[STEPS] + 1, RULINGS: here.next[RULINGS]}
            if ahead:
                here.feed(early)
            for now in ticks:
                here.tick(now, barriers=barriers)
            if not ahead:
                here.feed(early)
            here.tick(at("2026-03-30 11:00:00"), barriers=barriers)
            told |= {each.came_by for each in states(here)["c"].entries}
        assert told == {at("2026-03-30 07:00:00")}

    def test_a_tick_without_barriers_says_nothing_of_it(self):
        here = Partition(LAW)
        here.tick(MONDAY)
        here.feed(ACCEPTED)
        here.tick(MONDAY + 1)
        assert arrivals(here) == [-1]

    def test_a_tick_that_does_not_count_dates_nothing(self):
        here = Partition(LAW)
        here.tick(MONDAY, barriers={STEPS: 0}, timestamp=(MONDAY + 900) * 1000)
        here.tick(MONDAY, barriers={STEPS: 0}, source="replay")
        here.feed(ACCEPTED)
        assert arrivals(here) == [-1]

    def test_a_tick_that_was_held_up_takes_nothing_back(self):
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(ACCEPTED)
        ticked(here, MONDAY + 9)
        ticked(here, MONDAY + 5, steps=0)
        here.feed(event("finished", "2026-03-02 10:00:09"))
        assert arrivals(here) == [MONDAY, MONDAY + 9]

    def test_of_copies_the_first_counts(self):
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(ACCEPTED)
        ticked(here, MONDAY + 60)
        here.feed(ACCEPTED)
        assert arrivals(here) == [MONDAY]
        assert told(here) == [MONDAY, MONDAY + 60]

    def test_one_that_came_before_the_first_tick_stays_unknown(self):
        here = Partition(LAW)
        here.feed(ACCEPTED)
        ticked(here, MONDAY)
        here.feed(ACCEPTED)
        assert arrivals(here) == [-1]

    def test_another_version_has_its_own(self):
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(ACCEPTED)
        ticked(here, MONDAY + 60)
        here.feed(ACCEPTED.model_copy(update={"record_version": 2}))
        assert arrivals(here) == [MONDAY + 60]

    @pytest.mark.parametrize("known", [True, False])
    def test_a_record_sent_on_carries_the_one_it_had(self, known):
        name, place = elsewhere(2)
        here = Partition(LAW, partitions=2)
        if known:
            ticked(here, MONDAY)
        here.feed(event("accepted", "2026-03-02 10:00:00", case_no=name))
        sent = here.written(topics.STEPS)[0]
        there = Partition(LAW, partitions=2, number=place)
        ticked(there, MONDAY + 7200)
        chunk = there.chunk(STEPS, [sent.value], keys=[sent.key], headers=[sent.headers])
        there.logic.apply(chunk)
        assert arrivals(there) == [MONDAY if known else -1]
        ticked(there, MONDAY + 7201, steps=0)  # and no tick of its own says otherwise
        assert arrivals(there) == [MONDAY if known else -1]

    def test_so_does_one_whose_header_is_of_an_earlier_version(self):
        origin = Origin(STEPS, 1, 5, MONDAY * 1000)
        assert b"arrived" not in encode(origin)
        here = Partition(LAW)
        ticked(here, MONDAY)
        value = STEP_EVENT.dump_json(ACCEPTED)
        headers = [[(ORIGIN_HEADER, encode(origin))]]
        here.logic.apply(here.chunk(STEPS, [value], keys=[b"c"], headers=headers))
        assert arrivals(here) == [-1]


CASES = ["a", "b", "c"]
LOG = [
    event("accepted", "2026-03-02 10:00:00", case_no="a"),
    event("accepted", "2026-03-02 10:00:01", case_no="b"),
    event("accepted", "2026-03-02 10:00:00", case_no="a"),
    event("accepted", "2026-03-02 10:00:02", case_no="c"),
    event("finished", "2026-03-02 10:00:05", case_no="b"),
    event("finished", "2026-03-02 10:00:05", case_no="b", record_version=2),
    event("step_started", "2026-03-02 10:00:06", case_no="c", step="x"),
    event("finished", "2026-03-02 10:00:08", case_no="a"),
]
MADE = [(MONDAY + n, named) for n, named in enumerate((0, 0, 1, 3, 3, 5, 6, 8, 8))]
EXPECTED = {
    # offset 0: the tick of MONDAY+1 names 0; offsets 1 and 2: that of +2 names 1, of +3 names 3
    "a": {("accepted", 1): MONDAY + 1, ("finished", 1): MONDAY + 6},
    "b": {("accepted", 1): MONDAY + 2, ("finished", 2): MONDAY + 5},
    "c": {("accepted", 1): MONDAY + 4, ("step_started", 1): MONDAY + 6},
}


@given(st.lists(st.sampled_from(["record", "records", "tick", "ticks", "take", "restart"])))
def test_it_is_a_function_of_the_log_however_the_topics_are_read(turns):
    """However steps and ticks are read against each other, and wherever a process ends."""
    here, records, ticks = Partition(LAW), list(LOG), list(MADE)
    for turn in [*turns, *["records"] * 3, *["ticks"] * 3]:
        if turn == "take":
            here.take()
        if turn == "restart":
            here.take()
            here = restarted(here)
            ticks = MADE[here.logic.applied(topics.TICKS.name) :]
        if turn.startswith("record") and records:
            many = 1 if turn == "record" else 3
            here.feed(*records[:many])
            del records[:many]
        if turn.startswith("tick") and ticks:
            many = 1 if turn == "tick" else 4
            values = [encode(Tick(now, "worker", {STEPS: n})) for now, n in ticks[:many]]
            chunk = here.chunk(topics.TICKS.name, values, timestamp=MONDAY * 1000)
            here.logic.apply(chunk)
            del ticks[:many]
    found = {
        name: {(e.kind, e.version): e.arrived for e in state.entries}
        for name, state in states(here).items()
    }
    assert found == EXPECTED
    left = {key: value for key, value in dict(here.changelog).items() if key.startswith(OPEN)}
    assert set(left.values()) <= {None}, "what every tick has named is open no more"


class TestLateRecords:
    def found(self, *events, code="late_record", law=LAW, by=-1, **came):
        entries = []
        for each in events:
            entries = merge(entries, entry_of(each, **came).known_by(by)) or entries
        return [f for f in assess(entries, law).findings if f.code == code]

    @pytest.mark.parametrize(
        ("arrived", "late"),
        [
            ("2026-03-02 10:00:00", False),
            ("2026-03-03 23:59:59", False),  # the first working date after
            ("2026-03-04 00:00:00", True),
        ],
    )
    def test_by_arrival_where_the_source_does_not_say(self, arrived, late):
        found = self.found(ACCEPTED, arrived=at(arrived))
        assert bool(found) is late
        if late:
            assert (found[0].detail.by, found[0].detail.at) == ("arrival", at(arrived))

    def test_days_off_are_no_working_dates(self):
        friday = event("accepted", "2026-03-06 17:00:00")
        assert not self.found(friday, arrived=at("2026-03-09 23:00:00"))
        assert self.found(friday, arrived=at("2026-03-10 00:00:00"))

    def test_by_what_the_source_says_although_it_came_at_once(self):
        said = event("accepted", "2026-03-02 09:00:00", recorded_at="2026-03-20T09:00:00+08:00")
        found = self.found(said, arrived=at("2026-03-02 09:00:01"))
        assert found[0].detail.by == "recorded_at"
        assert found[0].detail.at == at("2026-03-20 09:00:00")

    def test_a_source_that_backdates_what_it_wrote_is_found_by_arrival(self):
        said = event("accepted", "2026-03-02 09:00:00", recorded_at="2026-03-02T09:00:00+08:00")
        assert self.found(said, arrived=at("2026-03-20 09:00:00"))[0].detail.by == "arrival"

    def test_unknown_is_silent(self):
        assert not self.found(ACCEPTED)
        assert not self.found(event("accepted", "2027-03-02 10:00:00"), code="dated_ahead")

    @pytest.mark.parametrize(("seconds", "ahead"), [(300, False), (301, True)])
    def test_dated_more_than_five_minutes_after_it_had_surely_come(self, seconds, ahead):
        found = self.found(ACCEPTED, code="dated_ahead", arrived=0, by=MONDAY - seconds)
        assert bool(found) is ahead
        if ahead:
            assert (str(found[0].level), found[0].at) == ("yellow", MONDAY - seconds)
            assert found[0].detail.by == "arrival"

    def test_a_future_acceptance_is_carded_when_it_arrives_and_not_in_its_year(self):
        """Found in c.jsonl, C6: accepted in 2027, written down in 2026, nothing said."""
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(event("accepted", "2027-03-02 10:00:00"))
        ticked(here, MONDAY + 1)
        issued = [m for m in here.moves() if m.move == "issued"]
        assert [(m.clock_id.split(":")[1], str(m.level), m.at) for m in issued] == [
            ("dated_ahead", "yellow", MONDAY + 1)
        ]

    @pytest.mark.parametrize(("until", "late"), [(MONDAY, True), (MONDAY + 864_000, False)])
    def test_within_a_period_of_loading_nothing_is_late(self, until, late):
        came = {"arrived": MONDAY + 864_000, "loading": until}
        assert bool(self.found(ACCEPTED, **came)) is late


class TestLoading:
    def law(self, source, until="2026-03-31T18:00:00+08:00"):
        content = {**LAW.catalogue.content, "loading": [{"source": source, "until": until}]}
        return rules_of(catalogue_from(content, LAW.catalogue.calendars))

    @pytest.mark.parametrize(
        ("source", "late"), [("hall", []), ("*", []), ("other", ["late_record"])]
    )
    def test_it_stands_in_the_catalogue_in_force(self, source, late):
        here = Partition(self.law(source))
        ticked(here, at("2026-03-30 09:00:00"))
        here.feed(ACCEPTED)
        assert [str(f.code) for f in here.cases()["c"].findings] == late

    def test_what_comes_after_it_is_late_again(self):
        here = Partition(self.law("hall"))
        ticked(here, at("2026-03-31 18:00:01"))
        here.feed(ACCEPTED)
        assert [str(f.code) for f in here.cases()["c"].findings] == ["late_record"]

    def test_a_catalogue_without_one_keeps_its_version(self):
        assert "loading" not in LAW.catalogue.content
        assert self.law("hall").catalogue.version != LAW.catalogue.version


class TestRulings:
    def yellow(self):
        """A promise of seven days from Monday 03-02: over from Thursday 03-12 on."""
        here = Partition(LAW)
        ticked(here, MONDAY)
        here.feed(ACCEPTED)
        ticked(here, at("2026-03-12 00:00:00"))
        card = next(m.card_id for m in here.moves() if m.level == "yellow")
        return here, card

    def levels(self, here):
        return [(str(m.level), m.move, m.reason) for m in here.moves()][2:]

    def test_an_answer_that_arrives_after_the_third_day_takes_no_red_card_back(self):
        here, card = self.yellow()
        ticked(here, at("2026-03-18 00:00:00"))  # 13, 16, 17 have passed
        ruled(here, ruling("2026-03-13T09:00:00", card))
        ticked(here, at("2026-03-18 00:00:01"))
        assert self.levels(here) == [("red", "issued", "silence")]

    def test_one_that_arrives_before_its_end_keeps_it_yellow(self):
        here, card = self.yellow()
        ticked(here, at("2026-03-17 23:59:58"))
        ruled(here, ruling("2026-03-17T09:00:00", card))
        ticked(here, at("2026-03-17 23:59:59"))
        ticked(here, at("2026-03-18 00:00:00"))
        assert self.levels(here) == []

    def test_it_is_in_time_by_the_tick_that_was_made_before_it_however_late_that_is_read(self):
        here, card = self.yellow()
        ticked(here, at("2026-03-17 23:59:58"))
        ruled(here, ruling("2026-03-17T09:00:00", card))  # read before the tick of midnight
        ticked(here, at("2026-03-18 00:00:00"), rulings=0)
        ticked(here, at("2026-03-18 00:00:01"))
        assert self.levels(here) == [("red", "issued", "silence")]

    @pytest.mark.parametrize(
        ("arrived", "found"), [("2026-03-16 23:59:59", []), ("2026-03-17 00:00:00", ["none"])]
    )
    def test_dated_before_the_working_day_before_it_came_is_a_remark(self, arrived, found):
        """Decided on Friday 03-13: the first working date after is Monday 03-16."""
        here, card = self.yellow()
        ticked(here, at(arrived))
        ruled(here, ruling("2026-03-13T09:00:00", card))
        ticked(here, at(arrived) + 1)
        told_of = [f for f in here.cases()["c"].findings if f.code == "ruling_backdated"]
        assert [str(f.level) for f in told_of] == found
        assert [f.detail.ruling for f in told_of] == ["r1"] * len(found)

    def test_a_restart_keeps_when_it_came(self):
        here, card = self.yellow()
        ticked(here, at("2026-03-17 23:59:58"))
        ruled(here, ruling("2026-03-17T09:00:00", card))
        here.take()
        fresh = restarted(here)
        ticked(fresh, at("2026-03-18 00:00:00"), rulings=0)
        ticked(fresh, at("2026-03-18 00:00:01"))
        assert [str(m.level) for m in fresh.moves() if m.move == "issued"] == ["red"]


def test_the_header_is_read_as_it_was_written():
    origin = Origin(STEPS, 0, 1, 5, MONDAY)
    assert decode(encode(origin), Origin) == origin


def test_a_late_record_names_the_card_that_it_cures():
    """Decided in time on 03-11, written down and sent on 03-20, when a yellow card stood."""
    law = rules({"promised": days(7)})
    here = Partition(law)
    ticked(here, MONDAY)
    here.feed(ACCEPTED)
    ticked(here, at("2026-03-20 08:00:00"))
    cards = [m.card_id for m in here.moves() if m.move == "issued"]
    here.feed(event("decided", "2026-03-09 10:00:00", outcome="granted"))
    ticked(here, at("2026-03-20 09:00:00"))
    (late,) = [f for f in here.cases()["c"].findings if f.code == "late_record"]
    retracted = [m.card_id for m in here.moves() if m.move == "retracted"]
    assert late.detail.cured == tuple(retracted)
    assert set(retracted) <= set(cards)
    assert retracted


@pytest.mark.parametrize(
    "late",
    [
        event("suspended", "2026-03-04 09:00:00", suspension="testing", basis="b", days_asked=20),
        event("extended", "2026-03-04 09:00:00", amount=9),
    ],
    ids=["suspended", "extended"],
)
def test_a_late_record_that_moves_the_due_names_the_card_too_and_no_other_does(late):
    here = Partition(rules({"promised": days(7)}))
    ticked(here, MONDAY)
    here.feed(ACCEPTED)
    ticked(here, at("2026-03-20 08:00:00"))
    here.feed(late, event("step_started", "2026-03-05 10:00:00", step="s"))
    ticked(here, at("2026-03-20 09:00:00"))
    retracted = tuple(m.card_id for m in here.moves() if m.move == "retracted")
    told = {f.kind: f.detail.cured for f in here.cases()["c"].findings if f.code == "late_record"}
    assert retracted
    assert told == {late.kind: retracted, "step_started": ()}


def test_a_late_notice_names_the_card_that_it_cures_by_its_telling():
    """Written down on 03-12 to have been told on 03-06: the acceptance was answered in time."""
    here = Partition(rules({"acceptance": days(5)}))
    ticked(here, MONDAY)
    here.feed(event("received", "2026-03-02 10:00:00"))
    ticked(here, at("2026-03-20 08:00:00"))
    told = {"items": ["x"], "told_at": "2026-03-06T10:00:00+08:00"}
    here.feed(event("corrections_requested", "2026-03-12 10:00:00", **told))
    ticked(here, at("2026-03-20 09:00:00"))
    (late,) = [f for f in here.cases()["c"].findings if f.code == "late_record"]
    retracted = [m.card_id for m in here.moves() if m.move == "retracted"]
    assert late.detail.cured == tuple(retracted)
    assert retracted


def test_nothing_is_late_by_days_that_no_calendar_holds():
    calendar = rules({"promised": days(7)}).resolve("i", "", "", at("2100-12-01")).calendar
    assert past(calendar, at("2100-12-31 10:00:00"), at("2100-12-01 10:00:00"), 1)
    assert not past(calendar, at("2100-12-31 10:00:00"), at("2100-12-01 10:00:00"), 100)


@pytest.mark.parametrize(("recorded", "within"), [(10, True), (11, False)])
def test_what_came_before_the_first_tick_was_loaded_if_it_was_written_down_by_then(
    recorded, within
):
    entry = entry_of(event("accepted", "2026-03-02 10:00:00"))
    came = msgspec.structs.replace(entry, recorded=recorded, arrived=-1, loading=10)
    assert loaded(came) is within


def test_of_copies_that_came_alike_the_longer_period_of_loading_counts():
    first = entry_of(event("accepted", "2026-03-02 10:00:00"))
    copies = [msgspec.structs.replace(first, arrived=5, loading=until) for until in (10, 20)]
    for order in (copies, copies[::-1]):
        (joined,) = merge(merge([], order[0]), order[1]) or merge([], order[0])
        assert (joined.arrived, joined.loading) == (5, 20)
