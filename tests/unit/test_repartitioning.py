"""Repartitioning on brokers in memory: killed at every step, refused for every reason."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from schemas import topics
from schemas.verdicts import decode, encode
from streams.engine.state import FORMAT
from streams.repartitioning import STATE, WIDENED, Refused, Unread, prospect, repartition
from streams.runtime.changes import TASK
from streams.runtime.faults import Mark
from streams.runtime.logic import PARTITION_KEY, RESERVED, PartitionState
from streams.runtime.placing import partition_of
from streams.runtime.positions import Partition as Place
from streams.runtime.references import IN_FORCE
from streams.state_layout import Kept, Survey, transactions
from tests.support.cases import at, days, event, rules
from tests.support.partition import Partition

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
BEFORE, TO = 4, 7
NUMBERS = [f"430102-2018-{n:04d}" for n in range(60)]
STEPS, RULINGS, TICKS = (topic.name for topic in topics.INPUTS)


class Killed(Exception):  # noqa: N818 - named after the condition
    pass


class Brokers:
    """The topics in memory. `dies_at`: the change before which the run is killed."""

    def __init__(self, logs):
        self.state = {number: list(log) for number, log in enumerate(logs)}
        self.sizes = dict.fromkeys((STATE, *WIDENED), len(logs))
        self.engines = 0
        self.behind = []
        self.asked = []
        self.claimed = set()
        self.dies_at = -1
        self.changes = 0
        self.largest = 0

    def _change(self):
        if self.changes == self.dies_at:
            raise Killed
        self.changes += 1

    def counts(self):
        return dict(self.sizes)

    def members(self):
        return self.engines

    def claim(self, partitions):
        self.claimed |= set(partitions)

    def kept(self, partition):
        kept = Kept()
        for key, value in self.state[partition]:
            kept.restore(key, value)
        return kept

    def unread(self, starts):
        self.asked.append(starts)
        return self.behind

    def write(self, partition, batch):
        assert partition in self.claimed
        self._change()
        for topic, place, key, value, _ in batch.outputs:
            assert topic == STATE
            self.state[place].append((key, value))
        self.state[partition] += batch.state
        self.largest = max(self.largest, len(batch.outputs))

    def widen(self, topic, partitions):
        self._change()
        self.sizes[topic] = partitions
        if topic == STATE:
            for number in range(partitions):
                self.state.setdefault(number, [])

    # -- what the test asks

    def starts_engines(self):
        """Whether an engine finds its topics as it must (`streams.runtime.cluster`)."""
        return len({self.sizes[t] for t in (STATE, STEPS, RULINGS, TICKS)}) == 1

    def cases(self):
        """Every place of every case."""
        found = {}
        for number in self.state:
            for key, value in self.kept(number).cases.items():
                found.setdefault(key.decode(), []).append((number, value))
        return found


def silent(*_):
    pass


def layout(partitions=BEFORE, numbers=NUMBERS):
    """What engines leave behind that have accepted each case, and let a day pass."""
    logs = []
    for number in range(partitions):
        engine = Partition(LAW, number=number, partitions=partitions)
        mine = [n for n in numbers if partition_of(n, partitions) == number]
        if mine:
            engine.feed(*(event("accepted", "2018-10-15 10:00:00", case_no=n) for n in mine))
        engine.tick(at("2018-10-16 10:00:00") + number)  # workers are not of one mind
        engine.take()
        logs.append(engine.changelog)
    return Brokers(logs)


def engines(brokers):
    """Engines that take every partition over."""
    count = brokers.sizes[STATE]
    found = []
    for number in range(count):
        engine = Partition(LAW, number=number, partitions=count, changelog=brokers.state[number])
        engine.next = Counter({t.name: engine.logic.applied(t.name) for t in topics.INPUTS})
        found.append(engine)
    return found


def oracle():
    """The pure engine over all cases at once, without any repartition."""
    alone = Partition(LAW)
    alone.feed(*(event("accepted", "2018-10-15 10:00:00", case_no=n) for n in NUMBERS))
    alone.tick(at("2018-10-16 10:00:00") + BEFORE - 1)
    return alone


def go_on(engines):
    """Late events and an end for some of the old cases, new cases, and time; give every move."""
    new = [f"430103-2018-{n:04d}" for n in range(20)]
    sent = [
        *(
            event("suspended", "2018-10-15 15:00:00", case_no=n, suspension="testing")
            for n in NUMBERS[::3]
        ),
        *(event("resumed", "2018-10-18 15:00:00", case_no=n) for n in NUMBERS[::3]),
        *(event("finished", "2018-10-17 10:00:00", case_no=n) for n in NUMBERS[1::3]),
        *(event("accepted", "2018-10-15 10:00:00", case_no=n) for n in NUMBERS),  # once more
        *(event("accepted", "2018-10-17 10:00:00", case_no=n) for n in new),
    ]
    for engine in engines:
        mine = [e for e in sent if partition_of(e.case_no, len(engines)) == engine.number]
        engine.feed(*mine)
        for moment in ("2018-10-24 10:00:01", "2018-10-26 10:00:01", "2018-11-05 10:00:01"):
            engine.tick(at(moment))
    moves = [(m.move_id, m.card_id, m.move, m.at, m.due_at) for e in engines for m in e.moves()]
    cases = {
        number: msgspec.structs.replace(record, revision=0)
        for e in engines
        for number, record in e.cases().items()
    }
    assert not any(e.written(topics.STEPS) for e in engines)
    assert len(moves) == len(set(moves))
    return sorted(moves), cases


@pytest.fixture(scope="module")
def expected():
    moves, cases = go_on([oracle()])
    assert len(moves) > 100
    return moves, cases


def test_verdicts_after_it_are_those_of_an_engine_that_never_knew_of_it(expected):
    brokers = layout()
    before = {number: places[0][1] for number, places in brokers.cases().items()}
    done = repartition(brokers, TO, silent)
    assert (done.before, done.survey.cases) == (BEFORE, len(NUMBERS))
    assert brokers.cases() == {n: [(partition_of(n, TO), before[n])] for n in NUMBERS}
    assert set(brokers.sizes.values()) == {TO}
    assert go_on(engines(brokers)) == expected


@pytest.mark.parametrize("size", [1, 1500])
def test_killed_before_any_step_and_run_again_nothing_is_lost_or_doubled(size, expected):
    whole = layout()
    repartition(whole, TO, silent, size)
    assert whole.largest < len(NUMBERS) / BEFORE  # moved in many transactions
    for moment in range(whole.changes):
        brokers = layout()
        brokers.dies_at = moment
        with pytest.raises(Killed):
            repartition(brokers, TO, silent, size)
        assert all(len(places) == 1 for places in brokers.cases().values())
        assert brokers.cases().keys() == set(NUMBERS)
        assert brokers.starts_engines() is (moment == 0)
        brokers.behind = [Unread(STEPS, 0, 5)] if moment else []  # halls do not wait for ever
        brokers.dies_at = -1
        repartition(brokers, TO, silent, size)
        assert brokers.cases() == whole.cases()
        assert [brokers.kept(n).reserved for n in range(TO)] == [
            whole.kept(n).reserved for n in range(TO)
        ]
        assert brokers.starts_engines()
    assert go_on(engines(brokers)) == expected


def test_killed_again_and_again_it_still_ends():
    brokers = layout()
    for moment in range(1, 200):
        brokers.dies_at = moment
        try:
            repartition(brokers, TO, silent, 1)
            break
        except Killed:
            brokers.changes = 0
    assert brokers.starts_engines()
    assert all(len(places) == 1 for places in brokers.cases().values())
    assert brokers.cases().keys() == set(NUMBERS)


def test_every_partition_gets_the_references_and_goes_on_at_one_time():
    brokers = layout()
    inputs = [brokers.kept(n).own.inputs for n in range(BEFORE)]
    repartition(brokers, TO, silent)
    latest = at("2018-10-16 10:00:00") + BEFORE - 1
    references = brokers.kept(0).references
    assert {IN_FORCE} < references.keys()
    for number in range(TO):
        kept = brokers.kept(number)
        assert kept.references == references
        assert (kept.own.format, kept.own.now, kept.own.sweep) == (FORMAT, latest, None)
        if number < BEFORE:
            assert kept.own.inputs == inputs[number]
        else:
            assert {t: p.next for t, p in kept.own.inputs.items()} == {
                STEPS: 0, RULINGS: 0, TICKS: 0,
            }  # fmt: skip


def test_it_may_be_done_twice_and_the_second_time_in_other_steps(expected):
    brokers = layout()
    repartition(brokers, 5, silent)
    repartition(brokers, TO, silent)
    assert go_on(engines(brokers)) == expected


def test_nothing_is_done_where_there_are_as_many():
    brokers = layout()
    brokers.engines = 3
    assert repartition(brokers, BEFORE, silent).before == BEFORE
    assert brokers.changes == 0
    assert brokers.claimed == set()


def test_a_prospect_changes_nothing_and_shuts_nobody_out():
    brokers = layout()
    brokers.engines = 3
    survey = prospect(brokers, TO, silent).survey
    assert (brokers.changes, brokers.claimed) == (0, set())
    moving = [n for n in NUMBERS if partition_of(n, BEFORE) != partition_of(n, TO)]
    assert (survey.cases, survey.moving) == (len(NUMBERS), len(moving))
    assert survey.load == Counter(partition_of(n, TO) for n in NUMBERS)
    assert survey.bytes_moving > 50 * len(moving)


def test_what_is_looked_for_begins_where_each_input_was_applied():
    brokers = layout()
    repartition(brokers, TO, silent)
    first, last = brokers.asked
    assert first == last
    assert len(first) == 3 * BEFORE
    fed = sum(partition_of(n, BEFORE) == 2 for n in NUMBERS)
    assert (first[Place(STEPS, 2)], first[Place(TICKS, 2)], first[Place(RULINGS, 2)]) == (
        fed, 1, 0,
    )  # fmt: skip


def test_what_came_in_meanwhile_is_told():
    brokers = layout()
    late = [Unread(STEPS, 1, 9)]
    brokers.unread = lambda _: late if brokers.changes else []
    assert repartition(brokers, TO, silent).late == late


class TestRefusals:
    def refused(self, brokers, to=TO):
        changes = brokers.changes
        with pytest.raises(Refused) as told:
            repartition(brokers, to, silent)
        assert brokers.changes == changes
        return str(told.value)

    def test_engines_that_run_are_not_shut_out(self):
        brokers = layout()
        brokers.engines = 2
        assert self.refused(brokers) == "2 engines are in the group, and stay: stop them all"
        assert brokers.claimed == set()

    @pytest.mark.parametrize(
        ("unread", "said"),
        [
            (Unread(STEPS, 2, 17), "hall.steps[2]: a record at 17 is not applied"),
            (Unread(RULINGS, 0, 3), "jiancha.rulings[0]: a record at 3 is not applied"),
            (Unread(TICKS, 1, 8, "c1"), "jiancha.ticks[1]: the change c1 at 8 is not applied"),
        ],
    )
    def test_an_input_that_is_not_applied_to_its_end(self, unread, said):
        brokers = layout()
        brokers.behind = [unread, unread._replace(offset=unread.offset + 1)]
        assert self.refused(brokers).splitlines() == [
            f"{said}: let the halls pause, let the engines read everything, and stop them"
        ]

    def test_a_change_on_its_way_through_the_cases(self):
        brokers = layout()
        brokers.state[1].append((TASK, b"{}"))
        assert "partition 1: a change of calendar or catalogue is on its way" in self.refused(
            brokers
        )
        brokers.state[1].append((TASK, None))
        repartition(brokers, TO, silent)

    def test_a_state_of_another_format(self):
        brokers = layout()
        own = decode(dict(brokers.state[3])[PARTITION_KEY], PartitionState)
        brokers.state[3].append(
            (PARTITION_KEY, encode(msgspec.structs.replace(own, format=FORMAT + 1)))
        )
        assert f"partition 3: state has format {FORMAT + 1}" in self.refused(brokers)

    def test_partitions_under_different_law(self):
        brokers = layout()
        brokers.state[2].append((IN_FORCE, b"another"))
        assert "partition 2 holds another in-force" in self.refused(brokers)

    def test_cases_without_their_partitions_record(self):
        brokers = layout()
        brokers.state[0].append((PARTITION_KEY, None))
        assert "partition 0 holds cases and no record of its own" in self.refused(brokers)

    def test_fewer_partitions(self):
        assert "Kafka takes none away" in self.refused(layout(), BEFORE - 1)

    def test_another_number_than_that_of_the_one_half_done(self):
        brokers = layout()
        brokers.dies_at = 6
        with pytest.raises(Killed):
            repartition(brokers, TO, silent)
        brokers.dies_at = -1
        for to in (BEFORE, TO + 1):
            assert f"end it first, by `jiancha repartition --to {TO}`" in self.refused(brokers, to)

    @pytest.mark.parametrize(("topic", "size"), [(topics.CASES.name, 5), (STATE, 3)])
    def test_topics_that_differ_otherwise(self, topic, size):
        brokers = layout()
        brokers.sizes[topic] = size
        assert "the topics' partitions differ" in self.refused(brokers)

    def test_topics_that_are_missing(self):
        brokers = layout()
        del brokers.sizes[topics.CASES.name]
        assert f"there is no topic {topics.CASES.name}" in self.refused(brokers)

    @pytest.mark.parametrize("harm", ["lost", "changed", "doubled"])
    def test_what_reads_back_otherwise_leaves_the_mark(self, harm):
        brokers = layout()
        write = brokers.write

        def bad(partition, batch):
            write(partition, batch)
            if batch.outputs and brokers.changes > 9:
                output = batch.outputs[0]
                after = {"lost": None, "changed": b"x", "doubled": output.value}[harm]
                place = (output.partition + (harm == "doubled")) % TO
                brokers.state[place].append((output.key, after))

        brokers.write = bad
        with pytest.raises(Refused, match=r"read back are .* do not start an engine"):
            repartition(brokers, TO, silent)
        assert not brokers.starts_engines()


def test_a_partition_that_was_never_owned_is_no_reason_to_refuse():
    brokers = layout(numbers=[n for n in NUMBERS if partition_of(n, BEFORE) != 1])
    brokers.state[1] = []
    repartition(brokers, TO, silent)
    assert brokers.kept(1).own.inputs == {}
    assert all(len(places) == 1 for places in brokers.cases().values())


def test_transactions_are_cut_by_bytes_and_keep_everything():
    moves = [(n % 3, b"k%d" % n, bytes(10 * n)) for n in range(20)]
    parts = list(transactions(iter(moves), 200))
    assert [move for part in parts for move in part] == moves
    assert all(sum(len(k) + len(v) for _, k, v in part[:-1]) < 200 for part in parts)
    assert len(parts) > 5
    assert list(transactions(iter(()), 200)) == []


def test_a_digest_does_not_depend_on_places_and_tells_a_changed_state():
    def survey(*partitions):
        found = Survey(2)
        for number, cases in enumerate(partitions):
            kept = Kept()
            kept.cases = cases
            found.add(number, kept)
        return found

    one = survey({b"a": b"1", b"b": b"2"}, {})
    assert one.same_cases(survey({b"b": b"2"}, {b"a": b"1"}))
    assert not one.same_cases(survey({b"a": b"2", b"b": b"1"}, {}))
    assert not one.same_cases(survey({b"a": b"1"}, {}))
    assert not one.same_cases(survey({b"a": b"1", b"b": b"2"}, {b"a": b"1"}))


def test_reserved_keys_are_no_cases():
    kept = Kept()
    kept.restore(RESERVED + b"x", b"1")
    kept.restore(b"a", b"2")
    kept.restore(b"a", None)
    assert (kept.cases, kept.reserved, kept.own) == ({}, {RESERVED + b"x": b"1"}, None)


def test_what_is_marked_of_a_case_goes_with_it_and_a_records_mark_stays():
    case_no = next(f"c-{n}" for n in range(100) if partition_of(f"c-{n}", TO) == TO - 1)
    case, record = (Mark(name, "t", 5, 3, 0, "why") for name in (case_no, ""))
    kept = Kept()
    kept.restore(case_no.encode(), b"state")
    for mark in (case, record):
        kept.restore(mark.key, encode(mark))
    assert kept.references == {}
    assert list(kept.leaving(0, TO)) == [
        (TO - 1, case.key, encode(case)),
        (TO - 1, case_no.encode(), b"state"),
    ]
    assert list(kept.leaving(TO - 1, TO)) == []
