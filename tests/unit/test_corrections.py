"""Clocks corrected after their breach (超时后更正), as ticks find them.

A promise of seven working days, a statute of twenty. Accepted Monday 2026-03-02: promised until
Wednesday 03-11, statutory until Monday 03-30, both 23:59:59 (no day of March is a holiday).
"""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.catalogue_loading import catalogue_from
from schemas.verdicts import ClockValues, RecordName
from streams.engine.corrections import Correction, remembered
from streams.engine.corrections import found as found_of
from streams.engine.entries import entry_of
from streams.engine.state import unpack
from streams.runtime.logic import RESERVED
from tests.support.cases import at, built_in, days, event, rules, rules_of
from tests.support.changing import change, decreed, send, settle
from tests.support.partition import Partition, restarted

STEPS, RULINGS = topics.STEPS.name, topics.RULINGS.name
LAW = rules({"promised": days(7), "statutory": days(20)}, flow=[{"code": "s", "name": "审"}])
ACCEPTED = event("accepted", "2026-03-02 10:00:00", event_id="a")
DUE = at("2026-03-11 23:59:59")
STATING = rules({"promised": {"stated": "promised_due_at"}, "statutory": days(20)})
STATED = event(
    "accepted", "2026-03-02 10:00:00", event_id="a", promised_due_at="2026-03-11T12:00:00+08:00"
)
OVER = at("2026-03-20 08:00:00")
NEXT = OVER + 1


def moment(text):
    return datetime.fromisoformat(f"{text}+08:00")


def again(first, when, version=2, **facts):
    """The same record, sent again with another time."""
    more = {"record_version": version, "event_id": first.event_id, **facts}
    if "outcome" in first.__dict__ and "outcome" not in more:
        more["outcome"] = first.outcome
    return event(first.kind, when, **more)


def with_places():
    """Seven working days, but seventeen in the region `q` and its department `d`."""
    base = built_in()
    preset = {"name": "p", "title": "t", "basis": "b", "clocks": {"promised": days(7)}}
    long = {"policy": {"limits": {"promised": days(17)}}}
    content = {
        **base.content,
        "presets": [*base.content["presets"], preset],
        "regions": [{"code": "r", "name": "区"}, {"code": "q", "name": "县", **long}],
        "departments": [{"code": "d", "name": "局", "region": "q"}],
        "items": [
            {"code": "i", "name": "事项", "versions": [{"preset": "p"}]},
        ],
    }
    return rules_of(catalogue_from(content, base.calendars))


def taken_back(first):
    return first.model_copy(update={"record_version": 2, "voided": True})


def ticked(here, now):
    return here.tick(now, barriers={STEPS: here.next[STEPS], RULINGS: here.next[RULINGS]})


def over(*events, accepted=ACCEPTED, law=LAW, now=OVER):
    """A partition whose last tick has left what these records show."""
    here = Partition(law)
    ticked(here, at("2026-03-02 10:00:00"))
    here.feed(accepted, *events)
    ticked(here, now)
    return here


def found(here):
    """Of each correction: the clock, and what it was and became."""
    return [
        (f.detail.clock_id, f.detail.before, f.detail.after)
        for f in here.cases()["c"].findings
        if f.code == "corrected_after_breach"
    ]


def cards(here):
    """The cards issued on corrections."""
    moves = here.moves()
    return [m for m in moves if m.move == "issued" and ":corrected_after" in m.clock_id]


def names(here):
    return [f.detail.clock_id for f in here.cases()["c"].findings if f.detail and f.detail.before]


def named(here):
    """The kinds of the records that the first correction names."""
    finding = next(f for f in here.cases()["c"].findings if f.detail and f.detail.before)
    return [record.kind for record in finding.detail.records]


class TestReplaced:
    def test_an_acceptance_sent_again_with_a_later_date(self):
        """Found in c.jsonl, C1: 19 of March counts 20, 23 … 27 and 30: the seventh day."""
        here = over()
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        was = ClockValues(at("2026-03-02 10:00:00"), DUE)
        became = ClockValues(at("2026-03-19 10:00:00"), at("2026-03-30 23:59:59"))
        assert found(here) == [("promised", was, became)]
        issued = cards(here)
        assert [(str(m.level), m.at, m.active) for m in issued] == [("yellow", NEXT, True)]

    def test_it_names_the_record_by_its_new_version(self):
        here = over()
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        finding = next(f for f in here.cases()["c"].findings if f.detail and f.detail.before)
        assert [(r.kind, r.record_version) for r in finding.detail.records] == [("accepted", 2)]
        assert finding.at == NEXT

    def test_a_decision_sent_again_with_an_earlier_date(self):
        """Found in p2.jsonl, S-3: late by its first version, in time by its second."""
        decided = event("decided", "2026-03-12 15:00:00", outcome="granted", event_id="d")
        here = over(decided)
        here.feed(again(decided, "2026-03-11 15:00:00"))
        ticked(here, NEXT)
        ((clock, before, after),) = found(here)
        assert clock == "promised"
        assert (before.stopped_at, after.stopped_at) == (
            at("2026-03-12 15:00:00"), at("2026-03-11 15:00:00"),
        )  # fmt: skip

    def test_also_where_it_is_over_by_both(self):
        decided = event("decided", "2026-03-18 15:00:00", outcome="granted", event_id="d")
        here = over(decided)
        here.feed(again(decided, "2026-03-16 15:00:00"))
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_an_end_taken_back(self):
        decided = event("decided", "2026-03-18 15:00:00", outcome="granted", event_id="d")
        here = over(decided)
        here.feed(taken_back(decided))
        ticked(here, NEXT)
        ((_, before, after),) = found(here)
        assert (before.stopped_at, after.stopped_at) == (at("2026-03-18 15:00:00"), None)

    def test_the_acceptance_taken_back_takes_its_clocks_along(self):
        here = over(event("step_started", "2026-03-02 11:00:00", step="s"))
        here.feed(taken_back(ACCEPTED))
        ticked(here, NEXT)
        assert [(name, after) for name, _, after in found(here)] == [("promised", None)]

    def test_a_second_record_of_the_act(self):
        here = over(event("decided", "2026-03-18 15:00:00", outcome="granted"))
        here.feed(event("decided", "2026-03-10 15:00:00", outcome="granted"))
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_the_same_version_saying_something_else(self):
        here = over()
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00", version=1))
        here.feed(again(ACCEPTED, "2026-02-27 10:00:00", version=1))
        ticked(here, NEXT)
        assert len(names(here)) <= 1  # which of them is read decides whether the clock moved

    def test_a_copy_that_says_the_due_moment_was_stated_before_what_it_takes_in(self):
        """Written on the 5th it takes the testing in; written on the 2nd the testing moves it."""
        testing = event(
            "suspended", "2026-03-03 09:00:00", suspension="testing", days_asked=3, basis="b"
        )
        written = STATED.model_copy(update={"recorded_at": moment("2026-03-05 18:00:00")})
        here = over(testing, accepted=written, law=STATING)
        due = at("2026-03-11 12:00:00")
        assert {c.clock: c.due_at for c in here.cases()["c"].clocks}["promised"] == due
        here.feed(STATED.model_copy(update={"recorded_at": moment("2026-03-02 11:00:00")}))
        ticked(here, NEXT)
        assert [(name, was.due_at) for name, was, _ in found(here)] == [("promised", due)]

    @pytest.mark.parametrize("version", [2, 3])
    def test_one_finding_a_clock_and_tick_however_often_it_was_sent(self, version):
        here = over()
        for n in range(2, version + 1):
            here.feed(again(ACCEPTED, f"2026-03-1{n} 10:00:00", version=n))
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_each_tick_has_its_own(self):
        here = over()
        for n, when in ((2, "2026-03-03 10:00:00"), (3, "2026-03-04 10:00:00")):
            here.feed(again(ACCEPTED, when, version=n))
            ticked(here, OVER + n)
        assert names(here) == ["promised", "promised"]

    def test_two_clocks_have_two(self):
        here = over(now=at("2026-04-01 08:00:00"))
        here.feed(again(ACCEPTED, "2026-03-03 10:00:00"))
        ticked(here, at("2026-04-01 08:00:01"))
        assert sorted(names(here)) == ["promised", "statutory"]

    def test_of_two_sent_again_only_the_one_that_moved_it_is_named(self):
        """Each is asked by itself: an officer is not named beside another's correction."""
        step = event("step_started", "2026-03-03 09:00:00", step="s")
        here = over(step)
        here.feed(again(step, "2026-03-04 09:00:00", step="s"))
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        assert named(here) == ["accepted"]

    def test_where_only_both_together_moved_it_both_are_named(self):
        """Either of two decisions in time keeps it in time: none of them alone is the cause."""
        late = event("decided", "2026-03-18 09:00:00", outcome="granted")
        end = event("finished", "2026-03-18 10:00:00")
        here = over(late, end)
        here.feed(again(late, "2026-03-10 09:00:00"), again(end, "2026-03-10 09:00:00"))
        ticked(here, NEXT)
        assert named(here) == ["decided", "finished"]

    def test_a_copy_that_was_written_down_later_is_not_named_beside_them(self):
        late = event("decided", "2026-03-18 09:00:00", outcome="granted")
        end = event("finished", "2026-03-18 10:00:00")
        here = over(late, end)
        here.feed(again(late, "2026-03-10 09:00:00"), again(end, "2026-03-10 09:00:00"))
        here.feed(ACCEPTED.model_copy(update={"recorded_at": moment("2026-03-02 11:00:00")}))
        ticked(here, NEXT)
        assert named(here) == ["decided", "finished"]

    @pytest.mark.parametrize(("sent_again", "told"), [(20, 1), (21, 21)])
    def test_of_more_than_twenty_all_are_named(self, sent_again, told):
        steps = [
            event("step_started", f"2026-03-03 09:00:{n:02}", step="s")
            for n in range(1, sent_again)
        ]
        here = over(*steps)
        for step in steps:
            here.feed(again(step, "2026-03-04 09:00:00", step="s"))
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        assert len(named(here)) == told

    @pytest.mark.parametrize("sequence", [0, 1])
    def test_a_second_end_of_one_pass_of_a_step(self, sequence):
        """Late by both: what tells them from two passes is their number."""
        passes = {"step": "s", "sequence": sequence}
        begun = event("step_started", "2026-03-02 11:00:00", **passes)
        here = over(
            begun,
            event("step_finished", "2026-03-18 09:00:00", **passes),
            law=rules({"step": days(2)}),
        )
        here.feed(event("step_finished", "2026-03-16 09:00:00", **passes))
        ticked(here, NEXT)
        assert len(names(here)) == 1

    @pytest.mark.parametrize(
        ("tick", "corrected"),
        [("2026-03-09 23:59:59", []), ("2026-03-10 00:00:00", ["acceptance:1", "promised"])],
    )
    def test_a_clock_that_is_known_by_silence_since_this_very_tick(self, tick, corrected):
        """Deemed accepted on Monday the 9th at 24:00, and due since the 4th."""
        law = rules({"acceptance": days(5), "promised": days(2)})
        now = at(tick)
        received = event("received", "2026-03-02 10:00:00")
        here = over(accepted=received, law=law, now=now)
        here.feed(again(received, "2026-03-03 10:00:00"))
        ticked(here, now + 1)
        assert sorted(names(here)) == corrected

    def test_a_second_end_of_one_special_procedure(self):
        """Ended on the 5th it moves by a day; ended on the 13th by seven."""
        paused = event(
            "suspended", "2026-03-04 09:00:00", suspension="testing", suspension_id="p",
            days_asked=7,
        )  # fmt: skip
        end, now = event("resumed", "2026-03-13 09:00:00", suspension_id="p"), OVER + 4 * 86_400
        here = over(paused, end, now=now)
        here.feed(event("resumed", "2026-03-05 09:00:00", suspension_id="p"))
        ticked(here, now + 1)
        assert names(here) == ["promised"]
        assert named(here) == ["resumed"]

    def test_a_second_start_of_one_special_procedure(self):
        """Begun on the 3rd and not on the 4th: the earlier of the two counts."""
        first, second = (
            event("suspended", f"2026-03-0{n} 09:00:00", suspension="testing", basis="b",
                  days_asked=days_asked, suspension_id="p") for n, days_asked in ((4, 1), (3, 5))
        )  # fmt: skip
        here = over(first)
        here.feed(second)
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_a_start_that_is_assumed_though_its_decision_is_dated_ahead(self):
        """Whatever is judged over has been told so; nobody waits for the decision's date."""
        law = rules({"promised": days(7)})
        step = event("step_started", "2026-03-02 10:00:00", step="s")
        ahead = event("decided", "2026-03-27 10:00:00", outcome="granted")
        here = over(ahead, accepted=step, law=law)
        here.feed(again(step, "2026-03-12 10:00:00", step="s"))
        ticked(here, NEXT)
        assert names(here) == ["promised"]


class TestIsNone:
    def test_while_the_clock_is_in_time(self):
        here = over(now=DUE)
        here.feed(again(ACCEPTED, "2026-03-03 10:00:00"))
        ticked(here, DUE + 1)
        assert names(here) == []

    def test_from_the_first_second_over(self):
        here = over(now=DUE + 1)
        here.feed(again(ACCEPTED, "2026-03-03 10:00:00"))
        ticked(here, DUE + 2)
        assert names(here) == ["promised"]

    def test_what_moves_nothing(self):
        here = over()
        here.feed(again(ACCEPTED, "2026-03-02 10:00:00", officer="o-2"))
        ticked(here, NEXT)
        assert names(here) == []

    def test_a_first_decision_after_the_due(self):
        here = over()
        here.feed(event("decided", "2026-03-12 09:00:00", outcome="granted"))
        ticked(here, NEXT)
        assert names(here) == []

    def test_the_first_record_of_an_act_that_moves_the_due(self):
        """What it cures `late_record` tells."""
        here = over()
        here.feed(
            event("suspended", "2026-03-04 09:00:00", suspension="testing", days_asked=5,
                  basis="b"),
        )  # fmt: skip
        ticked(here, NEXT)
        assert names(here) == []

    @pytest.mark.parametrize(
        "events",
        [
            [event("extended", f"2026-03-0{n} 09:00:00", amount=9 - n) for n in (4, 5)],
            [event("suspended", f"2026-03-0{n} 09:00:00", suspension="testing", basis="b",
                   days_asked=n) for n in (4, 5)],
        ],
        ids=["extended", "suspended"],
    )  # fmt: skip
    def test_nor_two_of_them_at_once(self, events):
        here = over()
        here.feed(*events)
        ticked(here, NEXT)
        assert names(here) == []

    @pytest.mark.parametrize("name", [None, "q"])
    def test_nor_a_second_special_procedure_of_another_number_or_of_none(self, name):
        named = None if name is None else "p"
        first, second = (
            event("suspended", f"2026-03-0{n} 09:00:00", suspension="testing", basis="b",
                  days_asked=n, suspension_id=number) for n, number in ((2, named), (6, name))
        )  # fmt: skip
        here = over(first)
        here.feed(second)
        ticked(here, NEXT)
        assert names(here) == []

    def test_such_a_one_beside_another_that_is_sent_again_and_moves_nothing(self):
        step = event("step_started", "2026-03-02 11:00:00", step="s", event_id="s")
        here = over(step)
        here.feed(
            event("extended", "2026-03-04 09:00:00", amount=9),
            again(step, "2026-03-02 12:00:00", step="s"),
        )
        ticked(here, NEXT)
        assert names(here) == []

    def test_a_repetition(self):
        here = over()
        here.feed(ACCEPTED)
        ticked(here, NEXT)
        assert names(here) == []

    def test_what_came_before_the_tick_that_found_it_over(self):
        here = over(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        assert names(here) == []

    def test_a_case_that_was_over_when_it_came(self):
        here = Partition(LAW)
        ticked(here, OVER)
        here.feed(ACCEPTED, again(ACCEPTED, "2026-03-03 10:00:00"))
        here.take()
        here.feed(again(ACCEPTED, "2026-03-04 10:00:00", version=3))
        ticked(here, NEXT)
        assert names(here) == []

    def test_a_change_between_two_records_of_the_same_second(self):
        """Not over by the tick; over by the first record, cured by the second: no tick saw it."""
        here = over(now=DUE - 86_400)
        here.feed(again(ACCEPTED, "2026-02-20 10:00:00"))
        here.take()
        here.feed(again(ACCEPTED, "2026-03-05 10:00:00", version=3))
        ticked(here, DUE - 86_399)
        assert names(here) == []

    def test_within_a_period_of_loading(self):
        content = {
            **LAW.catalogue.content,
            "loading": [{"source": "hall", "until": "2026-03-31T00:00:00+08:00"}],
        }
        here = over(law=rules_of(catalogue_from(content, LAW.catalogue.calendars)))
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        assert names(here) == []

    def test_before_there_is_a_tick(self):
        here = Partition(LAW)
        here.feed(ACCEPTED, again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        assert names(here) == []


class TestEndsDatedBack:
    """A back-dated ending must not cure in silence (domain.md §2, Readings)."""

    @pytest.mark.parametrize(
        ("when", "corrected"), [("2026-03-11 23:59:59", ["promised"]), ("2026-03-12 00:00:00", [])]
    )
    def test_a_first_decision_at_or_before_the_due(self, when, corrected):
        here = over()
        here.feed(event("decided", when, outcome="granted"))
        ticked(here, NEXT)
        assert names(here) == corrected

    def test_a_first_finishing_beside_a_decision_that_was_late(self):
        here = over(event("decided", "2026-03-18 15:00:00", outcome="granted"))
        here.feed(event("finished", "2026-03-10 09:00:00"))
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    @pytest.mark.parametrize(
        ("when", "corrected"),
        [
            ("2026-03-11 11:59:58.5", ["promised"]),
            ("2026-03-11 11:59:59.5", ["promised"]),
            ("2026-03-11 12:00:00.5", []),
        ],
    )
    def test_within_a_second_against_a_stated_moment(self, when, corrected):
        """It ends in the next second: also that one is the record's."""
        here = over(accepted=STATED, law=STATING)
        here.feed(event("decided", when, outcome="granted"))
        ticked(here, NEXT)
        assert names(here) == corrected

    @pytest.mark.parametrize(
        ("told", "corrected"),
        [("2026-03-09 23:59:59", ["acceptance:1"]), ("2026-03-10 00:00:00", [])],
    )
    def test_a_notice_that_says_it_was_told_in_time(self, told, corrected):
        """It is written today and dates only the telling back: so the answer is in time (§32)."""
        law = rules({"acceptance": days(5), "promised": days(7)})
        now = at("2026-03-10 08:00:00")
        here = over(accepted=event("received", "2026-03-02 10:00:00"), law=law, now=now)
        told_at = told.replace(" ", "T") + "+08:00"
        here.feed(
            event("corrections_requested", "2026-03-10 08:00:00", items=["x"], told_at=told_at)
        )
        ticked(here, now + 1)
        assert names(here) == corrected

    @pytest.mark.parametrize(
        "ending",
        [
            event("refused", "2026-02-27 10:00:00"),
            event("finished", "2026-02-27 10:00:00", outcome="returned"),
        ],
        ids=["refused", "finished"],
    )
    def test_an_ending_before_the_acceptance_so_that_this_is_of_another_round(self, ending):
        """The clock that was over goes by another name then; nothing ends it."""
        here = over()
        here.feed(ending)
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_a_second_delivery(self):
        law = rules({"promised": days(7), "delivery": days(10)})
        granted = event("decided", "2026-03-04 10:00:00", outcome="granted")
        now = at("2026-04-01 08:00:00")
        here = over(granted, event("delivered", "2026-03-30 10:00:00"), law=law, now=now)
        here.feed(event("delivered", "2026-03-27 10:00:00"))
        ticked(here, now + 1)
        assert names(here) == ["delivery"]

    def test_it_names_the_end(self):
        here = over()
        here.feed(
            event("step_started", "2026-03-03 09:00:00", step="s"),
            event("decided", "2026-03-10 09:00:00", outcome="granted"),
        )
        ticked(here, NEXT)
        assert named(here) == ["decided"]

    def test_of_the_only_clock(self):
        here = over(law=rules({"promised": days(7)}))
        here.feed(event("decided", "2026-03-10 09:00:00", outcome="granted"))
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_of_a_step(self):
        here = over(event("step_started", "2026-03-02 11:00:00", step="s"),
                    law=rules({"step": days(2)}))  # fmt: skip
        here.feed(event("step_finished", "2026-03-03 09:00:00", step="s"))
        ticked(here, NEXT)
        assert names(here) == ["step:s:1"]

    def test_a_receipt_that_opens_the_round_of_another_record_beside_one_that_does_nothing(self):
        """The overdue clock is of the acceptance's round, and then there is no such round."""
        denied = event("decided", "2026-03-03 10:00:00", outcome="denied")
        here = over(denied, event("accepted", "2026-03-04 10:00:00", event_id="a2"))
        here.feed(
            event("received", "2026-03-04 09:00:00"),
            event("step_finished", "2026-03-20 08:00:00", step="s"),
        )
        ticked(here, NEXT)
        (name,) = names(here)
        assert name.endswith("/promised")


class TestPlaced:
    """A record that says of which item, region or department the case is, where none said so."""

    LAW = with_places()
    STEP = event("step_started", "2026-03-20 08:00:00", step="s")

    @pytest.mark.parametrize(
        "place", [{"region": "q"}, {"department": "d"}], ids=["region", "department"]
    )
    def test_a_step_of_today_that_names_a_place_with_a_longer_promise(self, place):
        """No act is dated back and none is replaced: seven days become seventeen all the same."""
        here = over(law=self.LAW)
        here.feed(self.STEP.model_copy(update=place))
        ticked(here, NEXT)
        ((clock, before, after),) = found(here)
        assert (clock, before.due_at, after.due_at) == (
            "promised", DUE, at("2026-03-25 23:59:59"),
        )  # fmt: skip

    def test_beside_an_end_dated_back_it_is_named_too(self):
        here = over(law=self.LAW)
        here.feed(
            event("decided", "2026-03-10 09:00:00", outcome="granted"),
            self.STEP.model_copy(update={"region": "q"}),
        )
        ticked(here, NEXT)
        assert named(here) == ["decided", "step_started"]

    def test_also_one_that_could_do_nothing_else(self):
        here = over(law=self.LAW)
        end = event("step_finished", "2026-03-20 08:00:00", step="s", region="q")
        here.feed(end)
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    def test_the_item_that_the_acceptance_did_not_name(self):
        accepted = STATED.model_copy(update={"item": None})
        here = over(accepted=accepted, now=DUE)
        here.feed(self.STEP)
        ticked(here, NEXT)
        assert names(here) == ["promised"]

    @pytest.mark.parametrize(
        ("accepted", "region"), [("", "r"), ("r", "q")], ids=["the same limit", "named before"]
    )
    def test_is_none_where_nothing_moves(self, accepted, region):
        here = over(accepted=ACCEPTED.model_copy(update={"region": accepted or None}), law=self.LAW)
        here.feed(self.STEP.model_copy(update={"region": region}))
        ticked(here, NEXT)
        assert names(here) == []

    def test_a_first_special_procedure_that_names_it_too_is_none_by_what_it_stops(self):
        here = over(law=self.LAW)
        here.feed(
            event("suspended", "2026-03-04 09:00:00", suspension="testing", days_asked=5,
                  basis="b", region="r"),
        )  # fmt: skip
        ticked(here, NEXT)
        assert names(here) == []


class TestRemembered:
    def test_it_stays_when_the_record_is_put_right_again(self):
        here = over()
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        ticked(here, NEXT)
        here.feed(again(ACCEPTED, "2026-03-02 10:00:00", version=3))
        ticked(here, NEXT + 1)
        assert names(here) == ["promised"]
        ticked(here, NEXT + 2)
        assert names(here) == ["promised"]

    def test_a_restart_between_the_record_and_the_tick_finds_it_too(self):
        here = over()
        here.take()
        here = restarted(here)
        here.feed(again(ACCEPTED, "2026-03-19 10:00:00"))
        here.take()
        here = restarted(here)
        ticked(here, NEXT)
        assert names(here) == ["promised"]
        here = restarted(here)
        ticked(here, NEXT + 1)
        here.feed(event("step_started", "2026-03-20 09:00:00", step="s"))
        assert names(here) == ["promised"]

    def test_the_first_of_a_hundred_stay_and_the_latest(self):
        made = [Correction(n, "promised", (), ClockValues(0, 0)) for n in range(101)]
        assert remembered(made[:99], [made[99]]) == made[:100]
        assert remembered(made[:100], [made[100]]) == [*made[:99], made[100]]

    def test_it_is_found_on_the_record_that_did_it(self):
        entries = [entry_of(each) for each in (ACCEPTED, again(ACCEPTED, "2026-03-19 10:00:00"))]
        for entry in entries:
            name = RecordName("accepted", entry.id, entry.version, entry.at, voided=False)
            correction = Correction(NEXT, "promised", (name,), ClockValues(0, 0))
            assert found_of(correction, entries).record is entry

    def test_they_are_bounded(self):
        here = over()
        for n in range(2, 160):
            here.feed(again(ACCEPTED, f"2026-03-0{2 + n % 2} 10:00:00", version=n))
            ticked(here, OVER + n)
        assert len(names(here)) == 100

    def test_a_case_that_has_ended_rings_nobody(self):
        decided = event("decided", "2026-03-18 15:00:00", outcome="granted", event_id="d")
        here = over(decided)
        here.feed(again(decided, "2026-03-10 15:00:00"))
        ticked(here, NEXT)
        issued = cards(here)
        assert [m.active for m in issued] == [False]


def states(here):
    here.take()
    return {k: unpack(v) for k, v in dict(here.changelog).items() if not k.startswith(RESERVED)}


SENT = [
    again(ACCEPTED, "2026-03-19 10:00:00"),
    again(ACCEPTED, "2026-03-18 10:00:00", version=3),
    ACCEPTED,
    event("decided", "2026-03-10 15:00:00", outcome="granted", event_id="d1"),
    event("decided", "2026-03-17 15:00:00", outcome="granted", event_id="d2"),
    event("extended", "2026-03-04 09:00:00", amount=9),
    taken_back(event("decided", "2026-03-17 15:00:00", outcome="granted", event_id="d2")),
]


@given(st.permutations(range(len(SENT))), st.lists(st.integers(0, len(SENT) - 1)), st.data())
def test_any_order_any_repetition_and_any_end_between_two_ticks_is_the_same(order, more, data):
    def ran(numbers, *, cuts):
        here = over(now=at("2026-04-02 08:00:00"))
        for number in numbers:
            here.feed(SENT[number])
            if cuts:
                cut = data.draw(st.sampled_from(["", "take", "restart"]))
                if cut:
                    here.take()
                if cut == "restart":
                    here = restarted(here)
        ticked(here, at("2026-04-02 08:00:01"))
        (state,) = states(here).values()
        state.revision = 0
        return state

    assert ran([*order, *more], cuts=True) == ran(range(len(SENT)), cuts=False)


class TestChangesOfTheLaw:
    """By the law in force for both: what a decree moves is none, also beside a corrected record."""

    def moved(self, *events):
        """Friday 03-06 becomes a day off between the two ticks: the promise ends a day later."""
        here = over()
        calendar = LAW.catalogue.calendars["cn"]
        send(here, change(decreed(calendar, off=("2026-03-06",), worked=(), year=2026)))
        settle(here)
        if events:
            here.feed(*events)
        ticked(here, NEXT)
        return here

    def test_a_decree_alone(self):
        here = self.moved()
        due = next(c.due_at for c in here.cases()["c"].clocks if c.clock == "promised")
        assert due == DUE + 86_400
        assert names(here) == []

    def test_beside_a_record_that_moves_nothing(self):
        assert names(self.moved(again(ACCEPTED, "2026-03-02 10:00:00", officer="o-2"))) == []

    def test_beside_one_that_does(self):
        assert names(self.moved(again(ACCEPTED, "2026-03-03 10:00:00"))) == ["promised"]
