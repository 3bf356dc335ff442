"""One partition: what comes in, what is written, and what a restart leaves as it was."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from schemas import topics
from schemas.events import STEP_EVENT
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    ORIGIN_HEADER,
    DeadLetter,
    Origin,
    decode,
    encode,
)
from streams.runtime.logic import PARTITION_KEY
from streams.runtime.passing_on import MAX_LETTER_BYTES
from streams.runtime.placing import partition_of
from streams.runtime.ports import Fatal, InputTopic
from tests.support.cases import at, days, event, rules
from tests.support.partition import INPUTS, Partition, elsewhere, restarted

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
FINISHED = event("finished", "2018-10-18 10:00:00")


def partition(*events, **more):
    made = Partition(LAW, **more)
    if events:
        made.feed(*events)
    return made


def told(moves):
    return [(m.move, str(m.level), m.sequence, m.at) for m in moves]


class TestCards:
    def test_each_level_is_issued_once_when_time_reaches_it(self):
        case = partition(ACCEPTED)
        for moment in (
            "2018-10-19 10:00:00",
            "2018-10-19 10:00:01",
            "2018-10-19 10:00:02",
            "2018-10-30 00:00:00",
            "2018-10-31 00:00:00",
        ):
            case.tick(at(moment))
        assert told(case.moves()) == [
            ("issued", "notice", 1, at("2018-10-19 10:00:01")),
            ("issued", "yellow", 1, at("2018-10-30")),
            ("issued", "red", 1, at("2018-10-30")),
        ]

    def test_the_moment_it_held_and_the_moment_we_knew_are_two_facts(self):
        case = partition(ACCEPTED)
        case.tick(at("2018-10-30"))
        yellow = next(m for m in case.moves() if m.level == "yellow")
        assert yellow.holds_from == at("2018-10-24 10:00:01")
        assert yellow.at == at("2018-10-30")

    def test_a_late_end_resolves_the_alert_and_never_erases_the_card(self):
        case = partition(ACCEPTED)
        case.tick(at("2018-10-25"))
        case.feed(event("finished", "2018-10-25 10:00:00"))
        case.tick(at("2018-10-25 12:00:00"))
        moves = [m for m in case.moves() if m.level == "yellow"]
        assert [(m.move, m.active) for m in moves] == [("issued", True), ("resolved", False)]
        assert moves[0].card_id == moves[1].card_id
        assert moves[0].move_id != moves[1].move_id

    def test_a_record_that_arrives_late_and_cures_retracts_the_card_with_its_reason(self):
        case = partition(ACCEPTED)
        case.tick(at("2018-10-25"))
        case.feed(FINISHED)
        case.tick(at("2018-10-26"))
        retracted = [m for m in case.moves() if m.move == "retracted"]
        assert {(str(m.level), m.reason) for m in retracted} == {
            ("notice", "ended_in_time"),
            ("yellow", "ended_in_time"),
        }

    def test_a_due_moment_that_moves_retracts_the_notice_and_brings_a_new_one(self):
        case = partition(ACCEPTED)
        case.tick(at("2018-10-20"))
        case.feed(event("extended", "2018-10-19 15:00:00", amount=5))
        case.tick(at("2018-10-21"))
        case.tick(at("2018-11-08"))
        notices = [m for m in case.moves() if m.level == "notice"]
        assert [(m.move, m.sequence) for m in notices] == [
            ("issued", 1),
            ("retracted", 1),
            ("issued", 2),
        ]

    def test_time_never_goes_back(self):
        case = partition(ACCEPTED)
        case.tick(at("2018-10-25"))
        case.tick(at("2018-10-16"))
        assert case.cases()["c"].as_of == at("2018-10-25")

    def test_events_alone_issue_nothing(self):
        case = partition()
        case.tick(at("2018-12-01"))
        case.feed(ACCEPTED)
        assert case.moves() == []
        case.tick(at("2018-12-01 00:00:01"))
        assert {str(m.level) for m in case.moves()} == {"notice", "yellow", "red"}


class TestTicks:
    def test_a_tick_waits_for_what_it_names(self):
        case = partition()
        assert case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 1}) == []
        assert case.metrics.seen == {}
        done = case.feed(ACCEPTED)
        assert [c.topic for c in done] == [topics.STEPS.name, topics.TICKS.name]
        assert {str(m.level) for m in case.moves()} == {"notice", "yellow"}

    def test_what_a_tick_waits_for_is_told_as_far_as_it_has_come(self):
        case = partition()
        assert case.logic.barriers() == ()
        case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 2})
        assert case.logic.barriers() == [(topics.STEPS.name, 2, 0)]
        case.feed(ACCEPTED)
        assert case.logic.barriers() == [(topics.STEPS.name, 2, 1)]
        case.logic.advance(topics.STEPS.name, 2)
        assert not case.logic.barriers()

    def test_after_a_rebalance_nothing_waits_until_it_is_read_again(self):
        case = partition()
        case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 2})
        case.logic.rewind()
        assert not case.logic.barriers()

    def test_markers_release_a_tick_too(self):
        case = partition(ACCEPTED)
        assert case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 2}) == []
        assert len(case.logic.advance(topics.STEPS.name, 2)) == 1

    def test_a_hole_behind_the_last_tick_is_applied_once_no_tick_waits(self):
        case = partition()
        case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 1})
        assert case.logic.advance(topics.TICKS.name, 5) == []
        assert case.logic.applied(topics.TICKS.name) == 0
        case.feed(ACCEPTED)
        assert case.logic.applied(topics.TICKS.name) == 5

    @pytest.mark.parametrize(
        ("source", "stamp", "reason"),
        [("replay", None, "other_source"), ("worker", 0, "strays")],
    )
    def test_a_tick_that_does_not_count_is_refused_and_counted(self, source, stamp, reason):
        case = partition(ACCEPTED)
        done = case.tick(at("2018-10-25"), source=source, timestamp=stamp)
        assert len(done) == 1
        assert case.moves() == []
        assert case.metrics.seen["tick_refused", reason] == 1

    def test_a_replay_may_send_any_time(self):
        case = partition(ACCEPTED, ticks_from="replay")
        case.tick(at("2018-10-25"), source="replay", timestamp=0)
        assert len(case.moves()) == 2

    def test_an_unreadable_tick_is_passed_over(self):
        case = partition()
        done = case.logic.apply(case.chunk(topics.TICKS.name, [b"{}", None]))
        assert len(done) == 1
        assert case.metrics.seen["tick_refused", "unreadable"] == 2

    def test_a_rewind_forgets_what_waits(self):
        case = partition()
        case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 1})
        case.logic.rewind()
        case.next[topics.TICKS.name] = 0
        case.feed(ACCEPTED)
        assert case.moves() == []
        case.tick(at("2018-10-25"), barriers={topics.STEPS.name: 1})
        assert len(case.moves()) == 2


class TestOnePlaceACase:
    def test_what_belongs_elsewhere_is_sent_on_with_its_origin_and_not_judged(self):
        name, place = elsewhere(8)
        here = Partition(LAW, partitions=8)
        here.feed(event("accepted", "2018-10-15 10:00:00", case_no=name))
        (sent,) = here.written(topics.STEPS)
        assert (sent.partition, sent.key) == (place, name.encode())
        origin = decode(dict(sent.headers)[ORIGIN_HEADER], Origin)
        assert (origin.topic, origin.partition, origin.offset) == (topics.STEPS.name, 0, 0)
        assert here.cases() == {}
        assert here.metrics.seen["misplaced", "hall", "partition"] == 1

    def test_a_ruling_on_a_case_elsewhere_is_sent_on_and_not_lost_to_it(self):
        name, place = elsewhere(8)
        here = Partition(LAW, partitions=8)
        here.logic.apply(here.chunk(topics.RULINGS.name, [json.dumps({
            "ruling_id": "r1", "case_no": name, "card_id": "k", "action": "answered",
            "actor": "o", "decided_at": "2018-10-20T10:00:00+08:00", "reason": "依规定",
        }).encode()]))  # fmt: skip
        (sent,) = here.written(topics.RULINGS)
        assert (sent.partition, sent.key) == (place, name.encode())
        assert here.written(topics.EVENTS) == partition().written(topics.EVENTS)

    def test_what_was_sent_on_keeps_its_origin(self):
        name, _ = elsewhere(8)
        there = Partition(LAW, partitions=8, number=partition_of(name, 8))
        raw = STEP_EVENT.dump_json(event("accepted", "2018-10-15 10:00:00", case_no=name))
        origin = Origin(topics.STEPS.name, 0, 77, 5)
        headers = [[(ORIGIN_HEADER, encode(origin))]]
        there.logic.apply(there.chunk(topics.STEPS.name, [raw], headers=headers))
        (kept,) = (
            json.loads(o.value) for o in there.written(topics.EVENTS) if o.key == name.encode()
        )
        assert kept["origin"]["offset"] == 77

    def test_a_header_that_is_no_origin_says_nothing(self):
        here = partition()
        raw = STEP_EVENT.dump_json(ACCEPTED)
        here.logic.apply(here.chunk(topics.STEPS.name, [raw], headers=[[(ORIGIN_HEADER, b"x")]]))
        (kept,) = (json.loads(o.value) for o in here.written(topics.EVENTS) if o.key == b"c")
        assert kept["origin"]["offset"] == 0

    def test_a_wrong_key_in_the_right_place_is_judged_here_and_counted(self):
        here = partition()
        here.feed(ACCEPTED, keyed=False)
        assert "c" in here.cases()
        assert here.metrics.seen["misplaced", "hall", "key"] == 1


class TestDeadLetters:
    def letter(self, raw, **more):
        here = partition(**more)
        here.feed(raw)
        (out,) = here.written(topics.DEAD_LETTERS)
        return decode(dict(out.headers)[DEAD_LETTER_HEADER], DeadLetter), out

    def test_the_bytes_go_on_with_reason_remedy_and_origin(self):
        letter, out = self.letter(b'{"kind":"accepted"}')
        assert out.value == b'{"kind":"accepted"}'
        assert (letter.reason, letter.field) == ("missing", "event_id")
        assert letter.remedy
        assert (letter.origin.topic, letter.origin.offset) == (topics.STEPS.name, 0)
        assert not letter.cut

    def test_a_large_one_is_cut_with_its_hash_and_size(self):
        letter, out = self.letter(b"x" * 1_000_000)
        assert len(out.value) == MAX_LETTER_BYTES
        assert letter.cut
        assert letter.size == 1_000_000
        assert len(letter.sha256) == 64

    def test_a_tombstone_is_refused_too(self):
        here = partition()
        here.logic.apply(here.chunk(topics.STEPS.name, [None]))
        assert len(here.written(topics.DEAD_LETTERS)) == 1

    def test_a_case_that_outgrows_its_cap_takes_no_more_and_the_partition_goes_on(self):
        here = partition()
        many = [
            event("step_started", "2018-10-15 10:00:00", event_id=f"e{n}", step="s" * 64)
            for n in range(3000)
        ]
        here.feed(*many)
        here.feed(event("accepted", "2018-10-15 10:00:00", case_no="other"))
        refused = here.metrics.seen["refused", "hall", "case_too_large"]
        assert 0 < refused < 3000
        assert len(here.written(topics.DEAD_LETTERS)) == refused
        assert {"c", "other"} <= here.cases().keys()
        assert all(len(v) < 300_000 for _, v in here.changelog)

    def test_a_ruling_is_put_on_record_and_a_bad_one_refused(self):
        here = partition()
        good = {
            "ruling_id": "r1",
            "case_no": "c",
            "card_id": "x",
            "action": "answered",
            "actor": "u1",
            "decided_at": "2018-10-15T10:00:00+08:00",
            "reason": "材料已补",
        }
        values = [json.dumps(good).encode(), b"{}", None]
        here.logic.apply(here.chunk(topics.RULINGS.name, values))
        assert len([o for o in here.written(topics.EVENTS) if o.key == b"c"]) == 1
        assert len(here.written(topics.DEAD_LETTERS)) == 2


class TestPrivacy:
    def test_nothing_that_names_an_applicant_leaves_the_engine(self):
        here = partition(
            event(
                "received",
                "2018-10-15 09:00:00",
                applicant_name="张三丰",
                applicant_id="430102199001011234",
                applicant_phone="13812345678",
                case_name="张三丰 13812345678 的申请",
            )
        )
        for out in here.take().outputs:
            for secret in ("张三丰", "430102199001011234", "13812345678"):
                assert secret not in (out.value or b"").decode()


class TestRestart:
    def test_what_is_restored_goes_on_as_if_nothing_had_happened(self):
        one = partition(ACCEPTED)
        one.tick(at("2018-10-20"))
        one.take()
        two = restarted(one)
        assert two.metrics.now == at("2018-10-20")
        two.tick(at("2018-10-25"))
        assert told(two.moves()) == [("issued", "yellow", 1, at("2018-10-25"))]

    def test_records_below_the_state_are_passed_over(self):
        one = partition(ACCEPTED)
        one.take()
        two = restarted(one)
        two.next.clear()
        two.feed(ACCEPTED)
        batch = two.take()
        assert [o for o in batch.outputs if o.topic == topics.CASES.name] == []
        assert two.logic.applied(topics.STEPS.name) == 1

    def test_the_catalogue_and_calendars_are_announced_once(self):
        one = partition()
        assert {json.loads(o.value)["subject"] for o in one.written(topics.EVENTS)} == {
            "catalogue",
            "calendar",
        }
        assert restarted(one).written(topics.EVENTS) == []

    def test_limits_are_pinned_at_acceptance(self):
        one = partition()
        one.tick(at("2018-10-15 11:00:00"))
        one.feed(ACCEPTED)
        due = one.cases()["c"].clocks[0].due_at
        stricter = rules({"promised": days(1)}, mode="elapsed")
        two = Partition(stricter, changelog=one.changelog)
        two.next = Counter({t.name: two.logic.applied(t.name) for t in topics.INPUTS})
        two.feed(event("step_started", "2018-10-16 10:00:00", step="s"))
        two.feed(event("accepted", "2018-10-15 10:00:00", case_no="new"))
        assert two.cases()["c"].clocks[0].due_at == due
        assert two.cases()["new"].clocks[0].due_at < due

    @pytest.mark.parametrize(
        ("found", "why"),
        [
            (InputTopic("other", 0, 9), "made again"),
            (InputTopic("mine", 0, 0), "ends at 0"),
            (InputTopic("mine", 5, 9), "deleted before"),
        ],
        ids=["recreated", "past high water", "retention"],
    )
    def test_another_topic_or_lost_records_end_the_process(self, found, why):
        mine = {**INPUTS, topics.STEPS.name: InputTopic("mine", 0, 9)}
        one = Partition(LAW, inputs=mine)
        one.feed(ACCEPTED)
        one.take()
        with pytest.raises(Fatal, match=why):
            restarted(one, inputs={**INPUTS, topics.STEPS.name: found})

    @pytest.mark.parametrize(("found", "remedy"), [(1, "state rebuild"), (9, "that version")])
    def test_an_unknown_format_ends_the_process(self, found, remedy):
        one = partition(ACCEPTED)
        one.take()
        key, value = next(r for r in one.changelog if r[0] == b"c")
        told = f"partition 0: state has format {found}, .*{remedy}"
        with pytest.raises(Fatal, match=told):
            Partition(LAW, changelog=[(key, bytes([found]) + value[1:])])
        state = encode(decode(dict(one.changelog)[PARTITION_KEY], dict) | {"format": found})
        with pytest.raises(Fatal, match=told):
            Partition(LAW, changelog=[(PARTITION_KEY, state)])

    def test_the_counts_survive(self):
        one = partition(ACCEPTED, event("accepted", "2018-10-15 10:00:00", case_no="d"))
        one.feed(event("finished", "2018-10-16 10:00:00", case_no="d"))
        one.tick(at("2018-10-25"))
        one.take()
        counts = {(s.open, s.level): n for s, n in one.metrics.cases.items()}
        assert counts == {(True, 2): 1, (False, 0): 1}
        assert restarted(one).metrics.cases == one.metrics.cases


class TestWhatACaseShows:
    def test_what_started_after_the_last_tick_is_shown_at_once(self):
        partition = Partition(LAW)
        partition.tick(at("2018-10-15 09:59:59"))
        partition.feed(event("accepted", "2018-10-15 10:00:00"))
        assert {c.clock_id for c in partition.cases()["c"].clocks} == {"promised", "statutory"}

    def test_deemed_acceptance_is_shown_when_silence_has_spoken_and_not_before(self):
        # without a level of its own at that second, too: an acceptance that no ladder knows
        law = rules({"promised": days(20)}, preset="cn-permit", ladder="plain")
        partition = Partition(law)
        partition.feed(event("received", "2018-10-15 10:00:00"))
        partition.tick(at("2018-10-22 23:59:59"))
        assert {c.clock_id for c in partition.cases()["c"].clocks} == {"acceptance:1"}
        partition.tick(at("2018-10-23 00:00:00"))
        assert {c.clock_id for c in partition.cases()["c"].clocks} == {
            "acceptance:1",
            "promised",
            "statutory",
        }
