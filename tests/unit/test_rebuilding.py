"""A state made again: from the topics, from an older state, from both, cut off at every step."""

from __future__ import annotations

import msgspec
import pytest

from schemas import topics
from schemas.aside import CaseSetAside
from schemas.events import STEP_EVENT
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    LIFE_KEY,
    CaseRecord,
    DeadLetter,
    LifeRecord,
    MoveRecord,
    decode,
    encode,
)
from streams.engine.state import unpack
from streams.rebuilding import (
    STEPS,
    TICKS,
    Issued,
    Rebuild,
    Record,
    epoch_after,
    known_case,
)
from streams.runtime.inputs import InputPosition
from streams.runtime.logic import REBUILDING, RESERVED, CasePartition
from streams.runtime.ports import Fatal, Fault
from streams.state_layout import Kept
from tests.support.cases import at, days, event, rules
from tests.support.partition import INPUTS, Counted, Partition

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
NUMBERS = [f"430102-2018-{n:04d}" for n in range(12)]
EPOCH = 1_800_000_000
DAYS = [f"2018-10-{day} 12:00:00" for day in range(15, 32)]
LATER = [f"2018-11-{day:02d} 12:00:00" for day in range(1, 10)]


def log():
    """What halls sent on which day: accepted, some suspended, some finished."""
    found = {day: [] for day in (*DAYS, *LATER)}
    for number, case_no in enumerate(NUMBERS):
        begun = DAYS[number % 3]
        found[begun].append(event("accepted", begun.replace("12:", "10:"), case_no=case_no))
        if number % 3 == 0:
            found[DAYS[4]].append(
                event("suspended", "2018-10-19 11:00:00", case_no=case_no, suspension="testing")
            )
            found[DAYS[7]].append(event("resumed", "2018-10-22 11:00:00", case_no=case_no))
        if number % 4 == 0:
            found[LATER[1]].append(event("finished", "2018-11-02 11:00:00", case_no=case_no))
    return found


def live(days_, engine=None):
    """An engine that lived through these days: it, and what its steps topic holds."""
    engine = engine or Partition(LAW, began=EPOCH)
    sent = getattr(engine, "sent", [])
    for day in days_:
        events = log()[day]
        if events:
            engine.feed(*events)
            sent += events
        engine.tick(at(day))
        engine.take()
    engine.sent = sent
    return engine


def records(events):
    return [Record(e.case_no.encode(), STEP_EVENT.dump_json(e), 0, ()) for e in events]


def kept(changelog):
    found = Kept()
    for key, value in changelog:
        found.restore(key, value)
    return found


def derived(engine):
    issued, known = Issued(), {}
    for output in engine.outputs:
        if output.topic == topics.VERDICTS.name:
            issued.take(output.value)
        elif output.topic == topics.CASES.name:
            case_no, found = known_case(output.value)
            known[case_no] = found
    return issued, known


def rebuilt(engine, *, state=(), steps=None, now=None, **more):
    """Make the state again of what is left; give the rebuild."""
    issued, known = derived(engine)
    fresh = CasePartition(0, 1, LAW, Counted())
    positions = {t.name: InputPosition(None, engine.next[t.name]) for t in topics.INPUTS}
    rebuild = Rebuild(
        fresh, kept(state), positions,
        epoch=EPOCH + 1, now=at(DAYS[-1]) if now is None else now, **more,
    )  # fmt: skip
    left = records(engine.sent if steps is None else steps)
    if left:
        rebuild.apply(STEPS, left)
    rebuild.renew(issued, known, lambda *_: None)
    return rebuild


def written(rebuild, state=(), size=1 << 20):
    """The state topic and the outputs after a rebuild is written."""
    changelog, outputs = list(state), []
    for batch in rebuild.batches(size):
        changelog += batch.state
        outputs += batch.outputs
    return changelog, outputs


def plain(changelog):
    """Every case's state, without how often and in which epoch it was written."""
    found = {}
    for key, value in kept(changelog).cases.items():
        state = unpack(value)
        state.revision = state.epoch = 0
        found[key.decode()] = state
    return found


def on(changelog, engine):
    """An engine that goes on from a state topic."""
    fresh = Partition(LAW, changelog=changelog, inputs=INPUTS)
    fresh.next.update({t.name: fresh.logic.applied(t.name) for t in topics.INPUTS})
    fresh.sent = list(engine.sent)
    return fresh


def same_future(engine, changelog):
    """What a rebuilt engine does from here on is what the undisturbed one does."""
    expected, found = live(LATER, engine), live(LATER, on(changelog, engine))
    assert plain(found.changelog) == plain(expected.changelog)
    later = [m for m in expected.moves() if m.at > at(DAYS[-1])]
    assert len(later) > 5

    def said(moves):
        return {msgspec.structs.replace(m, epoch=0, revision=0) for m in moves}

    assert said(found.moves()) == said(later)


def test_from_the_topics_alone():
    engine = live(DAYS)
    rebuild = rebuilt(engine)
    changelog, _ = written(rebuild)
    assert plain(changelog) == plain(engine.changelog)
    assert (rebuild.found.cases, rebuild.found.from_state) == (12, 0)
    assert rebuild.found.incomplete == rebuild.found.gone == []
    same_future(engine, changelog)


def test_from_an_older_state_and_the_topics():
    engine = live(DAYS[:6])
    older = list(engine.changelog)
    live(DAYS[6:], engine)
    changelog, _ = written(rebuilt(engine, state=older), older)
    assert plain(changelog) == plain(engine.changelog)
    same_future(engine, changelog)


def test_what_the_steps_no_longer_reach_is_in_the_state():
    engine = live(DAYS)
    rebuild = rebuilt(engine, state=engine.changelog, steps=[])
    changelog, _ = written(rebuild, engine.changelog)
    assert plain(changelog) == plain(engine.changelog)
    assert rebuild.found.from_state == 12
    same_future(engine, changelog)


def test_what_nothing_reaches_any_more_is_named():
    engine = live(DAYS)
    gone, cut = NUMBERS[1], NUMBERS[0]
    left = [e for e in engine.sent if e.case_no != gone and (e.case_no, e.kind) != (cut, "resumed")]
    rebuild = rebuilt(engine, steps=left)
    assert rebuild.found.gone == [gone]
    assert rebuild.found.incomplete == [cut]


def test_a_state_that_is_itself_wrong_can_be_left_out():
    engine = live(DAYS)
    one = NUMBERS[0].encode()
    wrong = [(b"430102-2018-9999", value) for key, value in engine.changelog if key == one]
    rebuild = rebuilt(engine, state=wrong, topics_only=True)
    changelog, _ = written(rebuild, wrong)
    assert plain(changelog) == plain(engine.changelog)


def test_all_that_leaves_is_of_the_new_epoch_and_every_case_and_card_is_said_again():
    engine = live(DAYS)
    _, outputs = written(rebuilt(engine))
    cases = [decode(o.value, CaseRecord) for o in outputs if o.topic == topics.CASES.name]
    verdicts = [o for o in outputs if o.topic == topics.VERDICTS.name]
    moves = [decode(o.value, MoveRecord) for o in verdicts[:-1]]
    life = decode(verdicts[-1].value, LifeRecord)
    assert (verdicts[-1].key, life.epoch, life.at) == (LIFE_KEY, EPOCH + 1, at(DAYS[-1]))
    assert sorted(c.case_no for c in cases) == NUMBERS
    assert {c.epoch for c in cases} == {m.epoch for m in moves} == {EPOCH + 1}
    last = {}
    for move in engine.moves():  # a card that another has followed was taken back
        last[move.case_no, move.clock_id, move.level] = move
    assert {m.card_id: (m.move, m.at, m.active) for m in moves} == {
        m.card_id: (m.move, m.at, m.active) for m in last.values()
    }


@pytest.mark.parametrize("batches", range(1, 9))
def test_cut_off_no_engine_starts_on_it_and_the_next_run_makes_the_same(batches):
    engine = live(DAYS[:6])
    older = list(engine.changelog)
    live(DAYS[6:], engine)
    whole = list(rebuilt(engine, state=older).batches(600))
    assert len(whole) > 9
    cut = older + [each for batch in whole[:batches] for each in batch.state]
    with pytest.raises(Fatal, match="run `jiancha state rebuild` again"):
        Partition(LAW, changelog=cut)
    changelog, _ = written(rebuilt(engine, state=cut), cut)
    assert plain(changelog) == plain(engine.changelog)
    assert REBUILDING not in kept(changelog).reserved
    same_future(engine, changelog)


def test_the_inputs_are_read_on_where_they_end():
    engine = live(DAYS)
    changelog, _ = written(rebuilt(engine))
    own = kept(changelog).own
    assert {t: p.next for t, p in own.inputs.items()} == {
        t.name: engine.next[t.name] for t in topics.INPUTS
    }
    assert own.epoch == EPOCH + 1
    assert own.now == at(DAYS[-1])
    assert engine.next[TICKS] == len(DAYS)
    assert any(key.startswith(RESERVED + b"catalogue/") for key in kept(changelog).reserved)


def test_its_epoch_outranks_whatever_is_on_record_whoever_began_it():
    """A life begun by a clock far ahead: its state may be lost, what it wrote is there."""
    engine = live(DAYS)
    issued, known = derived(engine)
    state = kept(engine.changelog)
    assert epoch_after(EPOCH - 5, [state, Kept()], issued, known) == EPOCH + 1
    assert epoch_after(EPOCH + 5, [state], issued, known) == EPOCH + 5
    ahead = EPOCH + 1_000_000_000
    life = LifeRecord(partition=0, partitions=1, epoch=ahead, at=0)
    assert issued.take(encode(life)) is None
    assert epoch_after(EPOCH, [], issued, {}) == ahead + 1
    (case_no, case), *_ = known.items()
    case.epoch = ahead + 7
    assert epoch_after(EPOCH, [], Issued(), {case_no: case}) == ahead + 8
    (move, *_) = engine.moves()
    issued.take(encode(msgspec.structs.replace(move, epoch=ahead + 9)))
    assert epoch_after(EPOCH, [], issued, {}) == ahead + 10


def test_a_case_on_which_it_fails_is_set_aside_and_its_records_are_kept():
    engine = live(DAYS)
    bad = NUMBERS[2]
    fault = Fault("KeyError", case=bad, topic=STEPS, partition=0, offset=3, remedy="-")
    rebuild = rebuilt(engine, aside=[fault])
    changelog, outputs = written(rebuild)
    assert rebuild.found.aside == [bad]
    expected = plain(engine.changelog)
    del expected[bad]
    assert plain(changelog) == expected
    headers = [dict(o.headers) for o in outputs if o.topic == topics.DEAD_LETTERS.name]
    letters = [decode(each[DEAD_LETTER_HEADER], DeadLetter) for each in headers]
    assert {(letter.reason, letter.value) for letter in letters} == {("set_aside", bad)}
    assert len(letters) == sum(e.case_no == bad for e in engine.sent)
    (told,) = [o for o in outputs if o.topic == topics.EVENTS.name and o.key == bad.encode()]
    said = decode(told.value, CaseSetAside)
    assert (said.case_no, said.epoch, said.reason) == (bad, EPOCH + 1, "KeyError")
