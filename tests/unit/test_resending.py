"""What is told again is what was told, under its own name; what is made never hides the true."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.aside import CaseSetAside
from schemas.verdicts import CaseRecord, MoveRecord, ReferenceRecord, decode, encode
from streams.engine.case import assess
from streams.engine.state import unpack
from streams.resending import FROM_STATE, MoveName, Refused, Sent, name_of, resend
from streams.runtime.faults import Mark
from streams.runtime.logic import PARTITION_KEY
from streams.state_layout import Kept
from tests.support.cases import at, days, event, rules
from tests.support.partition import Partition

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
OTHER = rules({"promised": days(1)})
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
EPOCH = 1_700_000_000


class Known:
    def __init__(self, moves=(), references=()):
        self.there, self.told = set(moves), set(references)

    def moves(self, wanted):
        return self.there & {name for _, name in wanted}

    def references(self):
        return self.told


def lived():
    """A case with a red card that was resolved, and one whose cards stand."""
    engine = Partition(LAW, began=EPOCH)
    engine.feed(ACCEPTED, event("accepted", "2018-10-15 10:00:00", case_no="other"))
    engine.tick(at("2018-10-30"))
    engine.feed(event("finished", "2018-10-30 09:00:00"))
    engine.tick(at("2018-10-31"))
    engine.take()
    return engine


def state_of(engine):
    kept = Kept()
    for key, value in engine.changelog:
        kept.restore(key, value)
    return kept


def told(engine, known=None, law=OTHER):
    """Tell from the state alone: the files of the command's machine are others'."""
    out, sent = [], Sent()
    resend(0, state_of(engine), law, known or Known(), out.append, sent)
    return out, sent


def of(out, topic, form):
    return [decode(o.value, form) for o in out if o.topic == topic.name]


def test_a_case_is_told_as_the_engine_told_it_last():
    engine = lived()
    out, sent = told(engine)
    again = {r.case_no: r for r in of(out, topics.CASES, CaseRecord)}
    assert again.keys() == {"c", "other"}
    for case_no, record in engine.cases().items():
        assert (again[case_no].epoch, again[case_no].revision) == (EPOCH, record.revision)
        assert again[case_no].clocks == record.clocks
        assert again[case_no].findings == record.findings
    assert (sent.cases, sent.cards) == (2, 6)  # three levels of the promised limit each


def test_moves_that_the_topic_or_the_history_has_are_not_made():
    engine = lived()
    there = [MoveName(m.card_id, m.epoch, m.move_no) for m in engine.moves()]
    out, sent = told(engine, Known(there))
    assert of(out, topics.VERDICTS, MoveRecord) == []
    assert sent.moves == 0


def test_a_lost_move_is_made_under_its_true_name_and_says_that_it_was():
    engine = lived()
    true = {(m.card_id, m.move_no): m for m in engine.moves()}
    out, _ = told(engine)
    made = {(m.card_id, m.move_no): m for m in of(out, topics.VERDICTS, MoveRecord)}
    assert made.keys() == true.keys()  # no card here has moved more than twice
    for name, move in made.items():
        assert move.reason == FROM_STATE
        same = ("move_id", "epoch", "move", "case_no", "clock_id", "level", "sequence", "rule",
                "holds_from", "due_at", "active")  # fmt: skip
        assert [getattr(move, f) for f in same] == [getattr(true[name], f) for f in same]
        if move.move_no == 1:  # when it was issued is in the state
            assert move.at == true[name].at


def test_only_what_is_lost_of_a_card_is_made():
    engine = lived()
    moves = engine.moves()
    there = [MoveName(m.card_id, m.epoch, m.move_no) for m in moves if m.move_no == 1]
    out, _ = told(engine, Known(there))
    made = of(out, topics.VERDICTS, MoveRecord)
    assert {m.move_no for m in made} == {2}
    assert len(made) == len(moves) - len(there)


def test_what_is_in_force_is_told_where_the_history_lacks_it():
    engine = lived()
    out, sent = told(engine)
    found = of(out, topics.EVENTS, ReferenceRecord)
    assert {(r.subject, r.version) for r in found} == {
        (r.subject, r.version)
        for r in (decode(o.value, ReferenceRecord) for o in engine.written(topics.EVENTS)
                  if b'"reference"' in o.value)
    }  # fmt: skip
    assert {(r.epoch, r.at) for r in found} == {(EPOCH, EPOCH)}
    assert sent.references == len(found)
    known = Known(references={(r.subject, r.version) for r in found})
    assert of(told(engine, known)[0], topics.EVENTS, ReferenceRecord) == []


def test_a_case_that_is_set_aside_is_told_as_that_and_the_law_is_not_tried_on_it(monkeypatch):
    kept = state_of(lived())
    mark = Mark("c", topics.STEPS.name, 7, 3, 5, "KeyError: 'the law stumbles'")
    once = Mark("other", topics.STEPS.name, 8, 1, 5, "an end that was counted")
    record = Mark("", topics.STEPS.name, 9, 3, 5, "a record of no known case")
    for each in (mark, once, record):
        kept.restore(each.key, encode(each))

    def stumbles(entries, law, _pinned):
        assert entries != unpack(kept.cases[b"c"]).entries
        return assess(entries, law)

    monkeypatch.setattr("streams.resending.assess", stumbles)
    out, sent = [], Sent()
    resend(0, kept, OTHER, Known(), out.append, sent)
    assert {r.case_no for r in of(out, topics.CASES, CaseRecord)} == {"other"}
    (told,) = [o for o in out if o.topic == topics.EVENTS.name and b"case_set_aside" in o.value]
    said = decode(told.value, CaseSetAside)
    assert (said.case_no, said.epoch, said.reason) == ("c", EPOCH, mark.reason)
    assert said.from_state
    assert (sent.aside, sent.cases) == (1, 1)


def test_a_state_without_its_own_record_is_refused():
    kept = state_of(lived())
    del kept.reserved[PARTITION_KEY]
    with pytest.raises(Refused, match="partition 0 holds cases and no record of its own"):
        resend(0, kept, LAW, Known(), print, Sent())
    resend(1, Kept(), LAW, Known(), print, Sent())  # a partition that nobody has owned yet


def test_a_name_is_read_off_a_move_and_off_nothing_else():
    (move, *_) = lived().moves()
    assert name_of(b"c", encode(move)) == (move.card_id, EPOCH, move.move_no)
    assert name_of(b"c", b'{"card_id":"a0","move_no":3}') == ("a0", 0, 3)  # of 0.1.0
    assert name_of(b"\x00life", b'{"type":"life"}') is None
    assert name_of(b"c", b"nonsense") is None
    assert name_of(b"c", None) is None
