"""A fault while deciding on one case: named, counted, after the third set aside; others go on."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.aside import CaseSetAside, CaseTakenUp
from schemas.events import STEP_EVENT
from schemas.rulings import RULING
from schemas.verdicts import DEAD_LETTER_HEADER, CaseRecord, DeadLetter, decode
from streams.runtime import cases as cases_
from streams.runtime import changes, faults, logic
from streams.runtime.faults import MARKS, Mark
from streams.runtime.ports import Fatal, Fault
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, decreed, send, with_calendar
from tests.support.ending import Ending
from tests.support.partition import Partition

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
BAD, GOOD = "坏-1", "good-1"
STEPS, TICKS = topics.STEPS.name, topics.TICKS.name


def accepted(case_no, **more):
    return event("accepted", "2018-10-15 10:00:00", case_no=case_no, **more)


def finished(case_no, when="2018-10-18 10:00:00"):
    return event("finished", when, case_no=case_no)


class Stumbling:
    """A function that fails for one case until it is cured; which case, `of` reads off its call."""

    def __init__(self, monkeypatch, where, name, of):
        self.cured, self._real = False, getattr(where, name)
        self._of = of
        monkeypatch.setattr(where, name, self)

    def __call__(self, *given, **named):
        if not self.cured and self._of(*given):
            raise KeyError("the law stumbles")
        return self._real(*given, **named)


def bad_entries(entries, *_):
    return any(entry.officer == "bad" for entry in entries)


PLACES = {
    "folding": (cases_, "merge", lambda _, entry: entry.officer == "bad"),
    "assessing": (cases_, "assess", bad_entries),
    "packing": (cases_, "case_record", lambda case_no, *_: case_no == BAD),
    "writing": (logic, "encode", lambda record: getattr(record, "case_no", "") == BAD),
    "masking": (logic, "masked_json", lambda found, _: found.case_no == BAD),
}


@pytest.fixture(params=PLACES)
def stumbling(request, monkeypatch):
    return Stumbling(monkeypatch, *PLACES[request.param])


def story():
    """Two cases, one of them bad: records, a tick, records, a tick."""
    ending = Ending(LAW)
    ending.events(accepted(GOOD), accepted(BAD, officer="bad"))
    ending.tick(at("2018-10-20"))
    ending.events(finished(GOOD), finished(BAD))
    ending.tick(at("2018-10-25"))
    return ending


def letters(ending):
    return [
        (decode(dict(o.headers)[DEAD_LETTER_HEADER], DeadLetter), o.value)
        for o in ending.written(topics.DEAD_LETTERS)
    ]


def marks(ending):
    kept = {k: v for k, v in dict(ending.state).items() if k.startswith(MARKS)}
    return [decode(value, Mark) for value in kept.values() if value is not None]


def reports(ending, form):
    tag = form.__struct_config__.tag.encode()
    return [
        decode(o.value, form)
        for o in ending.written(topics.EVENTS)
        if o.value.startswith(b'{"type":"' + tag)
    ]


def test_the_third_end_sets_the_case_aside_and_the_others_go_on(stumbling):
    ending = story()
    ends = ending.run()
    assert [fault.told["case"] for fault in ends] == [BAD] * 3
    assert {(f.told["topic"], f.told["partition"], f.told["offset"]) for f in ends} == {
        (STEPS, 0, 1)
    }
    assert all("KeyError: 'the law stumbles'" in str(fault) for fault in ends)
    assert f"`jiancha case retry {BAD}`" in ends[-1].told["remedy"]
    (mark,) = marks(ending)
    assert (mark.case_no, mark.ends, mark.aside) == (BAD, 3, True)
    (told,) = reports(ending, CaseSetAside)
    assert (told.case_no, told.topic, told.offset) == (BAD, STEPS, 1)
    assert "the law stumbles" in told.reason
    assert ending.partition.metrics.aside == (BAD,)

    whole = story()
    stumbling.cured = True
    assert whole.run() == []
    state, said = ending.of_cases(but=BAD)
    assert (state, said) == whole.of_cases(but=BAD)


def test_its_records_are_kept_as_dead_letters_which_name_case_and_remedy(stumbling):
    del stumbling
    ending = story()
    ending.run()
    found = letters(ending)
    assert [value for _, value in found] == [
        STEP_EVENT.dump_json(e) for e in (accepted(BAD, officer="bad"), finished(BAD))
    ]
    for letter, _ in found:
        assert (letter.reason, letter.field, letter.value) == ("set_aside", "case_no", BAD)
        assert f"jiancha case retry {BAD}" in letter.remedy
        assert f"jiancha dlq replay --reason set_aside --case {BAD}" in letter.remedy
    assert ending.partition.metrics.seen["refused", "hall", "set_aside"] >= 1


def test_after_the_cure_it_is_taken_up_and_is_as_if_nothing_had_been(stumbling):
    ending = story()
    ending.run()
    stumbling.cured = True
    ending.retry(BAD)
    ending.chunks.append(again(ending, *[value for _, value in letters(ending)]))
    ending.tick(at("2018-10-26"))
    assert len(ending.run()) == 3
    assert marks(ending) == []
    (told,) = reports(ending, CaseTakenUp)
    assert (told.case_no, told.by) == (BAD, "ops")
    assert ending.partition.metrics.aside == ()
    latest = {}
    for output in ending.written(topics.CASES):
        record = decode(output.value, CaseRecord)
        latest[record.case_no] = record
    same = [
        (r.events, r.ended_at, r.level, [(c.clock_id, c.due_at, c.level) for c in r.clocks])
        for r in (latest[GOOD], latest[BAD])
    ]
    assert same[0][0] == same[1][0] == 2
    assert same[0][1:] == same[1][1:]


def again(ending, *values):
    ending.send(STEPS, *values)
    return ending.chunks.pop()


def test_a_fault_of_judging_names_the_tick_and_leaves_the_state_as_it_was(monkeypatch):
    real = cases_.Cases._judge
    cured = []

    def judge(self, case_no, now):
        if case_no == BAD and not cured:
            raise ZeroDivisionError
        real(self, case_no, now)

    monkeypatch.setattr(cases_.Cases, "_judge", judge)
    ending = story()
    ends = ending.run()
    assert {(f.told["topic"], f.told["offset"]) for f in ends} == {(TICKS, 0)}
    before = dict(ending.state)[BAD.encode()]
    assert [value for _, value in letters(ending)] == [STEP_EVENT.dump_json(finished(BAD))]
    ending.tick(at("2018-10-30"))
    ending.run()
    assert dict(ending.state)[BAD.encode()] == before
    cured.append(True)
    ending.retry(BAD)
    ending.tick(at("2018-10-31"))
    ending.run()
    after = [decode(o.value, CaseRecord) for o in ending.written(topics.CASES)][-1]
    assert (after.case_no, after.as_of, str(after.level)) == (BAD, at("2018-10-31"), "red")


def test_a_slice_of_judging_is_named_too(monkeypatch):
    real = cases_.Cases._judge

    def judge(self, case_no, now):
        if case_no == BAD:
            raise ZeroDivisionError
        real(self, case_no, now)

    monkeypatch.setattr(cases_.Cases, "_judge", judge)
    ending = Ending(LAW, slice_cases=1)
    ending.events(accepted("a"), accepted(BAD), accepted("z"))
    ending.tick(at("2018-10-30"))
    ending.tick(at("2018-10-31"))
    assert {(f.told["case"], f.told["topic"]) for f in ending.run()} == {(BAD, TICKS)}
    assert {o.key for o in ending.written(topics.VERDICTS)} == {b"a", b"z"}


def test_ends_are_forgotten_once_the_case_was_decided_on(monkeypatch):
    stumbling = Stumbling(monkeypatch, *PLACES["assessing"])
    ending = Ending(LAW)
    ending.events(accepted(BAD, officer="bad"))
    for _ in range(2):
        with pytest.raises(Fault) as ended:
            ending._live()
        ending.state += ended.value.last.state
    assert [mark.ends for mark in marks(ending)] == [2]
    stumbling.cured = True
    ending._live()
    assert marks(ending) == []


def test_a_ruling_on_it_is_kept_and_one_that_stumbles_is_named(monkeypatch):
    ruling = RULING.validate_python(
        {
            "ruling_id": "r1", "case_no": BAD, "card_id": "x", "action": "answered",
            "actor": "p", "decided_at": "2018-10-19T10:00:00+08:00", "reason": "已说明",
        }
    )  # fmt: skip
    ending = Ending(LAW)
    ending.events(accepted(BAD))
    ending.send(topics.RULINGS.name, RULING.dump_json(ruling))
    Stumbling(monkeypatch, logic, "answer_of", lambda found: found.case_no == BAD)
    ends = ending.run()
    assert {(f.told["case"], f.told["topic"], f.told["offset"]) for f in ends} == {
        (BAD, topics.RULINGS.name, 0)
    }
    ((letter, value),) = letters(ending)
    assert (letter.reason, letter.origin.topic) == ("set_aside", topics.RULINGS.name)
    assert value == RULING.dump_json(ruling)


def test_a_record_that_cannot_even_be_read_is_set_aside_by_itself(monkeypatch):
    """The program stumbles over the bytes: no case is known, the record alone is kept."""
    for where in (logic, faults):
        Stumbling(monkeypatch, where, "decode_event", lambda raw: b"unlucky" in raw)
    ending = Ending(LAW)
    ending.send(STEPS, STEP_EVENT.dump_json(accepted(GOOD)), b"unlucky")
    ending.events(finished(GOOD))
    ends = ending.run()
    assert [(f.told["case"], f.told["offset"]) for f in ends] == [("", 1)] * 3
    ((letter, value),) = letters(ending)
    assert (letter.reason, value) == ("set_aside", b"unlucky")
    assert marks(ending) == []  # it is done with
    (record,) = [decode(ending.written(topics.CASES)[-1].value, CaseRecord)]
    assert (record.case_no, record.events) == (GOOD, 2)


def test_a_sweep_passes_by_what_is_set_aside_and_names_what_it_stumbles_over(monkeypatch):
    cn = LAW.catalogue.calendars["cn"]
    other = with_calendar(LAW, decreed(cn, ("2018-10-17",), (), year=2018))
    ending = Ending(LAW)
    ending.events(accepted(GOOD), accepted(BAD, officer="bad"))
    ending.tick(at("2018-10-16"))
    ending.run()
    Stumbling(monkeypatch, changes, "assess", bad_entries)
    ending.law = other
    ending.tick(at("2018-10-16 00:00:01"))
    ending.tick(at("2018-10-16 00:00:02"))
    ends = ending.run()
    assert {f.told["case"] for f in ends} == {BAD}
    assert len(ends) == 3
    assert not ending.partition.logic._changes.busy


def test_a_fault_of_a_change_itself_is_of_no_case_and_says_so(monkeypatch):
    partition = Partition(LAW)
    partition.feed(accepted(GOOD))
    partition.take()

    def stumbles(*_):
        raise RuntimeError("no law")

    monkeypatch.setattr(changes.Changes, "apply", stumbles)
    cn = LAW.catalogue.calendars["cn"]
    with pytest.raises(
        Fault, match="change of calendar or catalogue: RuntimeError: no law"
    ) as ended:
        send(partition, change(decreed(cn, ("2018-10-17",), (), year=2018)))
    assert ended.value.told["case"] == ""
    assert ended.value.last.state == []


def test_what_is_of_no_case_keeps_its_kind(monkeypatch):
    def fails(*_):
        raise Fatal("the disk is full")

    monkeypatch.setattr(cases_, "assess", fails)
    with pytest.raises(Fatal, match="the disk is full"):
        Partition(LAW).feed(accepted(GOOD))


def test_a_word_to_retry_what_is_not_set_aside_changes_nothing():
    ending = story()
    ending.retry(GOOD)
    ending.retry("nobody")
    ending.run()
    assert reports(ending, CaseTakenUp) == []


def test_no_applicant_is_named_by_what_went_wrong(monkeypatch):
    def fails(*_):
        raise ValueError("身份证 430102199003071234")

    monkeypatch.setattr(cases_, "assess", fails)
    with pytest.raises(Fault) as ended:
        Partition(LAW).feed(accepted(GOOD))
    assert "199003071234" not in str(ended.value)
