"""What a release wrote, this program reads: records, state, and what follows from the state."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from schemas import topics
from schemas.changes import ChangeReport
from schemas.findings import FindingCode, finding_code
from schemas.ticks import read_tick
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    ORIGIN_HEADER,
    Accepted,
    CaseRecord,
    DeadLetter,
    MoveRecord,
    Origin,
    decode,
    encode,
)
from streams.engine.state import head_of, pack, unpack
from streams.runtime.logic import PARTITION_KEY, RESERVED, PartitionState
from streams.settings import Settings
from streams.sink import migrations
from streams.sink.change_rows import is_report
from streams.sink.rows import TOPICS, Undecodable, rows_of
from tests.releases.kept import RELEASES, STORIES, installation, kept, law_of, published
from tests.releases.lines import Record, line
from tests.releases.lines import record as read_line
from tests.releases.record import defaults, left, said_next, state_of
from tests.releases.running import COMMITS, NotHere, archive
from tests.releases.stories import later
from tests.releases.stories import passing as told_story
from tests.support.cases import at
from tests.support.changing import settle
from tests.support.partition import Partition
from tests.support.system import ROOT

UPGRADE = (ROOT / "docs/upgrade.md").read_text(encoding="utf-8")
LEVELLED = {FindingCode.SUSPENSION_AT_BRINK, FindingCode.SUSPENSIONS_MANY}
"""Remarks of earlier releases that have a level now, and so a card."""
each_release = pytest.mark.parametrize("release", RELEASES)
each_story = pytest.mark.parametrize(("release", "story"), STORIES)
FORMS = {
    topics.CASES.name: CaseRecord,
    topics.VERDICTS.name: MoveRecord,
}


def test_every_release_of_the_changelog_is_recorded():
    assert published()
    assert set(published()) <= set(RELEASES), "python -m tests.releases.record (docs/upgrade.md)"


@each_release
def test_a_release_is_recorded_whole(release):
    """So that a record of a kind that nobody kept is not taken for one that was read."""
    found, moves, told = Counter(), Counter(), Counter()
    for of, story in STORIES:
        for record in kept(of, story, "records") if of == release else ():
            found[record.topic] += 1
            if record.topic == topics.VERDICTS.name:
                moves[decode(record.value, MoveRecord).move] += 1
            if record.topic == topics.EVENTS.name:
                content = json.loads(record.value)
                told[content["type"], content.get("result")] += 1
    assert found.keys() == {topic.name for topic in topics.ALL} - {topics.CASE_STATE.name}
    assert moves.keys() == {"issued", "retracted", "resolved", "reopened"}
    ended = {result for kind, result in told if kind == "change_ended"}
    assert ended == {"applied", "compared", "unchanged", "refused"}
    assert {kind for kind, _ in told} == {
        "event", "ruling", "reference", "change_begun", "case_difference", "change_ended",
    }  # fmt: skip


@each_story
def test_the_sink_takes_each_record(release, story):
    read = [record for record in kept(release, story, "records") if record.topic in TOPICS]
    for record in read:
        assert rows_of(record), record
    assert read or story == "elsewhere"


@each_story
def test_each_record_means_the_same_when_it_is_written_again(release, story):
    for record in kept(release, story, "records"):
        for raw, form in forms(record):
            again = msgspec.json.decode(encode(decode(raw, form)))
            assert includes(again, msgspec.json.decode(raw)), raw
        if record.topic == topics.TICKS.name:
            assert includes(
                msgspec.json.decode(encode(read_tick(record.value))),
                msgspec.json.decode(record.value),
            )


def forms(record):
    """Give the parts of a record that are ours, with what reads them."""
    headers = dict(record.headers)
    if DEAD_LETTER_HEADER in headers:
        yield headers[DEAD_LETTER_HEADER], DeadLetter
    if ORIGIN_HEADER in headers:
        yield headers[ORIGIN_HEADER], Origin
    if record.topic in FORMS:
        yield record.value, FORMS[record.topic]
    if record.topic == topics.EVENTS.name:
        yield record.value, ChangeReport if is_report(record.value) else Accepted


def includes(new, old):
    """Tell whether everything that was said is still said: a later program may say more."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(
            key in new and includes(new[key], value) for key, value in old.items()
        )
    if isinstance(old, list):
        return len(new) == len(old) and all(map(includes, new, old))
    return new == old


@each_story
def test_each_state_is_read_and_means_the_same_when_it_is_written_again(release, story):
    cases = 0
    for record in kept(release, story, "state"):
        if record.key == PARTITION_KEY:
            own = decode(record.value, PartitionState)
            assert decode(encode(own), PartitionState) == own
        elif not record.key.startswith(RESERVED):
            head, state = head_of(record.value), unpack(record.value)
            again = pack(state, head)
            assert (head_of(again), unpack(again)) == (head, state)
            cases += 1
    assert cases or story == "elsewhere"


@each_story
def test_a_restored_state_says_next_what_the_release_would_have_said(release, story):
    state, expected = kept(release, story, "state"), kept(release, story, "next")
    law = law_of(state)
    more = {"slice_cases": 2} if story in {"changing", "comparing", "passing"} else {}
    here = Partition(
        law, partitions=partitions(story), changelog=[(r.key, r.value) for r in state], **more
    )
    for topic in topics.INPUTS:
        here.next[topic.name] = here.logic.applied(topic.name)
    settle(here)
    for moment in later(here):
        here.tick(moment)
        settle(here)
    cases = [decode(r.value, CaseRecord) for r in expected if not of_verdicts(r)]
    moved = {case.case_no for case in cases if any(c.due_at in BY_LAW for c in case.clocks)}
    made = (decode(o.value, MoveRecord) for o in here.outputs if of_verdicts(o))
    moves = [facts(move) for move in made if finding_code(move.clock_id) not in LEVELLED]
    said = [facts(decode(r.value, MoveRecord)) for r in expected if of_verdicts(r)]
    assert [m for m in moves if m[0] not in moved] == [m for m in said if m[0] not in moved]
    told = {case.case_no: clocks(case) for case in cases}
    now = here.cases()  # with those that are judged anew, and say what they said
    assert {name: clocks(now[name]) for name in told} == told


def partitions(story):
    return {"elsewhere": 3, "permit": 2, "steps": 2}.get(story, 1)


def of_verdicts(record):
    return record.topic == topics.VERDICTS.name


def facts(move):
    """What of a card's move is law, and may not change with the program."""
    return (
        move.case_no, move.card_id, move.move_no, move.move, move.reason, move.at, move.clock_id,
        str(move.level), move.holds_from, move.due_at, move.active, move.officer, move.rule,
    )  # fmt: skip


BY_LAW = {at("2027-01-06 23:59:59"): at("2027-01-07 23:59:59")}
"""Due moments that a rule moved since: New Year's Day of 2027 needs no notice to be off."""


def clocks(case):
    return {
        (
            clock.clock_id,
            clock.started_at,
            BY_LAW.get(clock.due_at, clock.due_at),
            clock.stopped_at,
            str(clock.level),
        )
        for clock in case.clocks
    }


def test_a_story_told_again_gives_the_same_bytes():
    one, two = told_story(), told_story()
    assert left(one, references=True) == left(two, references=True)
    assert state_of(one) == state_of(two)
    assert said_next(one) == said_next(two)


@pytest.mark.parametrize("raw", [None, b"", b'{"a":"\xe5\x8a\x9e"}', b"\x00\xff\n", b"\r\n\x85"])
def test_bytes_come_back_from_a_line_as_they_were(raw):
    kept_one = Record("t", raw, raw, [("h", raw or b"")], 2)
    assert read_line(line(kept_one)) == kept_one
    assert "\n" not in line(kept_one)


class TestAnOlderProgramOnNewRecords:
    """What docs/upgrade.md says of it: it rests on how msgspec reads."""

    def one(self, release, topic):
        records = (r for of, story in STORIES if of == release for r in kept(of, story, "records"))
        return next(r for r in records if r.topic == topic.name)

    @each_release
    @pytest.mark.parametrize("topic", [topics.CASES, topics.VERDICTS, topics.EVENTS])
    def test_a_further_field_is_passed_over(self, release, topic):
        record = self.one(release, topic)
        more = replace(record, value=record.value[:-1] + b',"epoch_of_2030":7}')
        assert rows_of(more) == rows_of(record)

    @each_release
    def test_a_further_kind_or_word_is_undecodable(self, release):
        event, move = self.one(release, topics.EVENTS), self.one(release, topics.VERDICTS)
        kind = json.loads(event.value) | {"type": "of_2030"}
        word = json.loads(move.value) | {"move": "of_2030"}
        for record, changed in ((event, kind), (move, word)):
            with pytest.raises(Undecodable):
                rows_of(replace(record, value=json.dumps(changed).encode()))

    def test_a_further_kind_of_tick_is_none(self):
        with pytest.raises(msgspec.MsgspecError):
            read_tick(b'{"type":"of_2030","now":1,"source":"worker","barriers":{}}')


@each_release
def test_a_migration_that_was_released_is_as_it_was(release):
    now = {f"{m.title}.sql": m.checksum for m in migrations.declared()}
    then = installation(release)["migrations"]
    assert {name: now.get(name) for name in then} == then


@each_release
def test_what_changed_of_the_settings_stands_in_the_pages_table(release):
    now, then = dict(defaults(Settings)), installation(release)["settings"]
    changed = {name for name in now.keys() & then.keys() if now[name] != then[name]}
    told = changed | (then.keys() - now.keys())
    assert not {name for name in told if f"`{name}`" not in UPGRADE}


@each_release
def test_what_changed_of_the_topics_stands_in_the_pages_table(release):
    now = {topic.name: topic.config() for topic in topics.ALL}
    then = installation(release)["topics"]
    told = {name for name in now if now[name] != then.get(name)} | (then.keys() - now.keys())
    assert not {name for name in told if f"`{name}`" not in UPGRADE}


def test_every_recorded_release_can_be_built():
    assert COMMITS.keys() == set(RELEASES)


def test_a_shallow_clone_is_told_how_to_get_a_releases_commit(tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    with pytest.raises(NotHere, match=r"3c8e40f is not in this clone.*git fetch --unshallow"):
        archive(COMMITS["0.1.0"], tmp_path)
