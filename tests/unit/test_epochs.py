"""A state that begins from nothing begins a new epoch; whatever leaves says of which it is."""

from __future__ import annotations

import msgspec
import pytest

from schemas import topics
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    Accepted,
    CaseRecord,
    DeadLetter,
    MoveRecord,
    decode,
    encode,
)
from streams.engine.state import FORMAT, CaseState, Head, Summary, pack, unpack
from streams.runtime.logic import PARTITION_KEY, PartitionState
from streams.runtime.ports import Fatal, InputTopic
from streams.state_layout import Kept, Survey
from tests.support.cases import at, days, event, rules
from tests.support.partition import Partition, restarted

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
FIRST, SECOND = 1_700_000_000, 1_800_000_000
"""Two moments at which a state began from nothing."""


def own(partition):
    partition.take()
    kept = [value for key, value in partition.changelog if key == PARTITION_KEY]
    return decode(kept[-1], PartitionState)


def records(partition, topic, form):
    return [decode(o.value, form) for o in partition.written(topic)]


def test_a_state_that_begins_from_nothing_takes_the_moment_as_its_epoch():
    assert own(Partition(LAW, began=FIRST)).epoch == FIRST


def test_a_restored_state_keeps_its_epoch_whenever_that_is():
    first = Partition(LAW, began=FIRST)
    first.feed(ACCEPTED)
    first.take()
    again = restarted(first, began=SECOND)
    again.feed(event("finished", "2018-10-18 10:00:00"))
    assert own(again).epoch == FIRST
    assert [(c.epoch, c.revision) for c in again.cases().values()] == [(FIRST, 2)]


def test_a_state_of_the_first_release_goes_on_without_one():
    """Its partition record and its cases have no epoch on them: format 2 of 0.1.0."""
    old = b'{"format":%d,"now":1539570000,"inputs":{},"sweep":null,"passing":false}' % FORMAT
    again = Partition(LAW, changelog=[(PARTITION_KEY, old)], began=SECOND)
    again.feed(ACCEPTED)
    assert own(again).epoch == 0
    assert {c.epoch for c in again.cases().values()} == {0}


def test_a_case_packed_by_the_first_release_is_of_epoch_nought():
    head = Head(Summary(open=True, level=0, provisional=False), 0, 0)
    raw = pack(CaseState(revision=7, catalogue="c"), head)
    new = msgspec.msgpack.encode(CaseState(revision=7, catalogue="c"))
    fields = msgspec.msgpack.decode(new)
    without = raw[: -len(new)] + msgspec.msgpack.encode(fields[:-1])
    assert unpack(without) == CaseState(revision=7, catalogue="c", epoch=0)


def test_everything_that_leaves_says_of_which_epoch_it_is():
    case = Partition(LAW, began=FIRST)
    case.feed(ACCEPTED, b"nonsense")
    case.tick(at("2018-10-30"))
    (red, *_) = [m for m in case.moves() if m.level == "red"]
    answer = msgspec.json.encode(
        {
            "ruling_id": "r1",
            "case_no": red.case_no,
            "card_id": red.card_id,
            "action": "answered",
            "actor": "o-9",
            "decided_at": "2018-10-30T09:00:00+08:00",
            "reason": "系统故障",
        }
    )
    case.logic.apply(case.chunk(topics.RULINGS.name, [answer]))
    assert {m.epoch for m in records(case, topics.VERDICTS, MoveRecord)} == {FIRST}
    assert {c.epoch for c in records(case, topics.CASES, CaseRecord)} == {FIRST}
    accepted = records(case, topics.EVENTS, Accepted)
    assert {type(a).__name__ for a in accepted} == {
        "EventRecord",
        "RulingRecord",
        "ReferenceRecord",
    }
    assert {a.epoch for a in accepted} == {FIRST}
    (letter,) = [
        decode(value, DeadLetter)
        for output in case.written(topics.DEAD_LETTERS)
        for name, value in output.headers
        if name == DEAD_LETTER_HEADER
    ]
    assert letter.epoch == FIRST


def test_a_life_begun_anew_outranks_the_one_before_it_though_it_counts_from_one():
    """The kind of found/operator: three revisions, then all of it lost, then the end."""
    before = Partition(LAW, began=FIRST)
    for kind, moment in (
        ("received", "2018-10-15 09:00:00"),
        ("accepted", "2018-10-15 10:00:00"),
        ("step_started", "2018-10-15 11:00:00"),
    ):
        before.feed(event(kind, moment, **({"step": "s"} if kind == "step_started" else {})))
        before.take()
    anew = Partition(LAW, began=SECOND)
    anew.feed(ACCEPTED, event("finished", "2018-10-18 10:00:00"))
    (old,) = before.cases().values()
    (new,) = anew.cases().values()
    assert new.revision < old.revision
    assert (new.epoch, new.revision) > (old.epoch, old.revision)
    assert new.ended_at is not None


def test_records_of_the_first_release_are_of_epoch_nought():
    case = Partition(LAW, began=FIRST)
    case.feed(ACCEPTED)
    case.tick(at("2018-10-30"))
    (move, *_), (record,) = case.moves(), case.cases().values()
    for found, form in ((move, MoveRecord), (record, CaseRecord)):
        written = msgspec.json.decode(encode(found))
        del written["epoch"]
        assert decode(msgspec.json.encode(written), form).epoch == 0


@pytest.mark.parametrize("partition", [0, 1, 2])
def test_after_a_repartition_new_cases_outrank_every_earlier_life_and_the_others_keep_theirs(
    partition,
):
    """A case that a later life no longer has may be opened again in another partition."""
    survey = Survey(3)
    for number, began in enumerate((SECOND, FIRST)):
        engine = Partition(LAW, number=number, partitions=2, began=began)
        engine.take()
        kept = Kept()
        for key, value in engine.changelog:
            kept.restore(key, value)
        survey.add(number, kept)
    assert survey.record(partition, 2).epoch == SECOND
    before = Partition(LAW, began=FIRST)
    before.feed(ACCEPTED)
    before.take()
    moved = [(k, v) for k, v in before.changelog if k != PARTITION_KEY]
    moved.append((PARTITION_KEY, encode(survey.record(partition, 2))))
    after = Partition(LAW, changelog=moved, began=SECOND + 9)
    after.feed(event("finished", "2018-10-18 10:00:00"))
    after.feed(other())
    assert {c.case_no: c.epoch for c in after.cases().values()} == {
        ACCEPTED.case_no: FIRST,
        "another": SECOND,
    }


def other():
    return ACCEPTED.model_copy(update={"case_no": "another", "event_id": "another-1"})


def standing(steps, rulings, ticks):
    """Inputs with so many records when the state begins."""
    ends = (steps, rulings, ticks)
    return {t.name: InputTopic(None, 0, n) for t, n in zip(topics.INPUTS, ends, strict=True)}


def test_a_life_is_told_once_behind_the_cards_of_all_that_stood_there_when_it_began():
    case = Partition(LAW, began=FIRST, inputs=standing(1, 0, 2))
    case.tick(at("2018-10-01"))
    assert case.lives() == []
    case.feed(ACCEPTED)
    assert case.lives() == []  # a tick stands there that is not passed
    case.tick(at("2018-10-30"))
    (life,) = case.lives()
    assert (life.partition, life.partitions, life.epoch, life.at) == (0, 1, FIRST, at("2018-10-30"))
    written = case.written(topics.VERDICTS)
    assert len(written) == 4
    assert written[-1].key.startswith(b"\x00")
    case.tick(at("2018-10-31"))
    assert len(case.lives()) == 1
    assert own(case).until is None


def test_what_stood_there_behind_the_last_tick_is_judged_by_the_next_before_a_life_is_told():
    case = Partition(LAW, began=FIRST, inputs=standing(1, 0, 1))
    case.tick(at("2018-10-30"))
    case.feed(ACCEPTED)
    assert case.lives() == []
    case.tick(at("2018-10-30") + 1)
    assert [m.level for m in case.moves()] == ["notice", "yellow", "red"]
    assert len(case.lives()) == 1


def test_a_life_that_was_not_told_yet_is_told_after_a_restart_and_a_restored_one_never():
    first = Partition(LAW, began=FIRST, inputs=standing(1, 0, 1))
    first.feed(ACCEPTED)
    first.take()
    again = restarted(first, began=SECOND)
    again.tick(at("2018-10-30"))
    assert [life.epoch for life in again.lives()] == [FIRST]
    last = restarted(again, began=SECOND)
    last.tick(at("2018-10-31"))
    assert last.lives() == []


def test_a_state_of_the_first_release_tells_of_no_life():
    old = b'{"format":%d,"now":1539570000,"inputs":{}}' % FORMAT
    again = Partition(LAW, changelog=[(PARTITION_KEY, old)], began=SECOND)
    again.tick(at("2018-10-30"))
    assert again.lives() == []


@pytest.mark.parametrize("never_set", [1, 1_577_836_799, 4_102_444_800, 1 << 32])
def test_a_clock_that_was_never_set_begins_no_epoch(never_set):
    with pytest.raises(Fatal, match="set the clock"):
        Partition(LAW, began=never_set)
    first = Partition(LAW, began=FIRST)
    first.feed(ACCEPTED)
    first.take()
    assert own(restarted(first, began=never_set)).epoch == FIRST  # it begins nothing
