"""A replay's time: records bring it, so that what is read ahead of a tick changes nothing.

Dates from the worked example that was published with a provincial system (mode `elapsed`): accepted
Monday 2018-10-15 10:00:00, promised 7, statutory 10 working days; notice, yellow and red one second
after 10:00:00 of 10-19, 10-24 and 10-29.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.events import STEP_EVENT
from schemas.ticks import REPLAYED_AT, Tick
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, decode, encode
from tests.support.cases import at, days, event, rules
from tests.support.partition import Partition, elsewhere, restarted

LAW = rules({"promised": days(7), "statutory": days(10)}, mode="elapsed")
NOTICE, YELLOW, RED = (at(f"2018-10-{day} 10:00:01") for day in (19, 24, 29))
ACCEPTED = event("accepted", "2018-10-15 10:00:00")
END = "2018-10-24 16:00:00"
FINISHED = event("finished", END)
NOON = at("2018-10-30 12:00:00")


def replayed(**more):
    return Partition(LAW, ticks_from="replay", **more)


def sent(here, *events, header=None, name=REPLAYED_AT):
    """Hand over a chunk of records as a replay sends them, each at its own moment."""
    values = [e if isinstance(e, bytes) else STEP_EVENT.dump_json(e) for e in events]
    moments = [header or b"%d" % e.occurred_at.timestamp() for e in events]
    keys = [None if isinstance(e, bytes) else e.case_no.encode() for e in events]
    headers = [[(name, moment)] for moment in moments]
    today = at("2026-10-01 12:00:00") * 1000
    chunk = here.chunk(topics.STEPS.name, values, keys=keys, headers=headers, timestamp=today)
    return here.logic.apply(chunk)


def ticked(here, now, named=0):
    tick = Tick(now, "replay", {topics.STEPS.name: named}, timed=True)
    return here.logic.apply(here.chunk(topics.TICKS.name, [encode(tick)]))


def told(here):
    return [(m.case_no, str(m.level), m.move, m.at) for m in here.moves()]


def arrivals(here):
    """When each accepted record arrived, in seconds since the epoch."""
    events = [json.loads(o.value) for o in here.written(topics.EVENTS)]
    return [e["origin"]["timestamp_ms"] / 1000 for e in events if e["type"] == "event"]


LATE_END = [
    ("c", "notice", "issued", NOTICE),
    ("c", "yellow", "issued", YELLOW),
    ("c", "notice", "resolved", at(END)),
    ("c", "yellow", "resolved", at(END)),
]


class TestMoves:
    def test_cards_and_resolutions_are_dated_within_the_case_however_coarse_the_ticks(self):
        here = replayed()
        sent(here, ACCEPTED, FINISHED)
        ticked(here, NOON, named=2)
        assert told(here) == LATE_END

    def test_what_is_read_ahead_of_its_tick_does_not_date_a_move_before_it(self):
        """The records of the next hours lie in the topic when the tick of this one is read."""
        here = replayed()
        sent(here, ACCEPTED)
        ticked(here, at("2018-10-24 12:00:00"), named=1)
        sent(here, FINISHED)
        ticked(here, at("2018-10-24 13:00:00"), named=1)
        ticked(here, NOON, named=2)
        assert told(here) == LATE_END

    def test_an_end_in_the_second_of_a_tick_is_before_it(self):
        here = replayed()
        sent(here, ACCEPTED, event("finished", "2018-10-24 10:00:00"))
        ticked(here, YELLOW, named=2)
        assert ("c", "yellow") not in {(case, level) for case, level, *_ in told(here)}

    def test_time_goes_on_where_no_record_comes(self):
        here = replayed()
        sent(here, ACCEPTED)
        ticked(here, NOON, named=1)
        assert [(level, when) for _, level, move, when in told(here) if move == "issued"] == [
            ("notice", NOTICE),
            ("yellow", YELLOW),
            ("red", RED),
            ("red", at("2018-10-30")),  # the promised clock's: three working days unanswered
        ]

    def test_of_halls_that_bring_no_time_only_ticks_tell_it(self):
        """Cards are dated by the tick then, since what came before it cannot be told apart."""
        here = replayed()
        here.feed(ACCEPTED, FINISHED)
        here.tick(NOON, source="replay")
        assert {when for *_, when in told(here)} == {NOON}


CASES = [
    [event("accepted", "2018-10-15 10:00:00", case_no="a"), event("finished", END, case_no="a")],
    [event("accepted", "2018-10-15 10:00:00", case_no="b")],
    [
        event("accepted", "2018-10-16 10:00:00", case_no="c"),
        event("suspended", "2018-10-17 10:00:00", case_no="c", suspension="testing", days_asked=3),
        event("decided", "2018-10-29 10:00:00", case_no="c", outcome="granted"),
        event("finished", "2018-10-29 10:00:00", case_no="c"),
    ],
]
LOG = sorted((e for case in CASES for e in case), key=lambda e: e.occurred_at)
TICKS = [at(f"2018-10-{day} 18:00:00") for day in range(15, 31)]


def named_by(tick):
    return sum(e.occurred_at.timestamp() <= tick for e in LOG)


def in_order():
    here, sent_so_far = replayed(), 0
    for tick in TICKS:
        for each in LOG[sent_so_far : named_by(tick)]:
            sent(here, each)
        sent_so_far = named_by(tick)
        ticked(here, tick, sent_so_far)
    return sorted(told(here))


@given(st.lists(st.sampled_from(["record", "records", "tick", "ticks", "restart"])))
def test_however_the_topics_are_read_and_whoever_goes_on_every_move_is_the_same(turns):
    here, records, ticks = replayed(), list(LOG), list(TICKS)
    for turn in [*turns, "records", "records", "records", "ticks", "ticks", "ticks", "ticks"]:
        if turn == "restart":
            here.take()
            outputs, here = here.outputs, restarted(here, ticks_from="replay")
            here.outputs = outputs
            ticks = TICKS[here.logic.applied(topics.TICKS.name) :]  # those that wait come again
        if turn.startswith("record") and records:
            many = 1 if turn == "record" else 3
            sent(here, *records[:many])
            del records[:many]
        if turn.startswith("tick"):
            many = 1 if turn == "tick" else 5
            for tick in ticks[:many]:
                ticked(here, tick, named_by(tick))
            del ticks[:many]
    assert sorted(told(here)) == in_order()


class TestArrival:
    def test_it_is_the_replays_time_and_not_the_brokers(self):
        here = replayed()
        sent(here, ACCEPTED, FINISHED)
        assert arrivals(here) == [at("2018-10-15 10:00:00"), at(END)]

    def test_a_record_out_of_order_arrives_when_it_was_sent(self):
        here = replayed()
        sent(here, ACCEPTED)
        ticked(here, at("2018-10-26"), named=1)
        sent(here, FINISHED, header=b"%d" % at("2018-10-26"))
        assert arrivals(here)[1] == at("2018-10-26")

    def test_without_a_time_of_its_own_it_is_the_last_ticks(self):
        here = replayed()
        here.tick(NOON, source="replay")
        here.feed(FINISHED)
        assert arrivals(here) == [NOON]

    def test_a_refused_record_arrived_in_the_replays_time_too(self):
        here = replayed()
        sent(here, b"no event", header=b"%d" % NOON)
        letter = dict(here.written(topics.DEAD_LETTERS)[0].headers)[DEAD_LETTER_HEADER]
        assert decode(letter, DeadLetter).origin.timestamp_ms == NOON * 1000

    def test_what_is_sent_on_to_its_own_partition_takes_its_arrival_along(self):
        name, _ = elsewhere(2)
        here = replayed(partitions=2)
        sent(here, event("accepted", "2018-10-15 10:00:00", case_no=name))
        headers = here.written(topics.STEPS)[0].headers
        there = replayed(partitions=2, number=1)
        value = here.written(topics.STEPS)[0].value
        there.logic.apply(there.chunk(topics.STEPS.name, [value], headers=[headers], timestamp=9))
        assert arrivals(there) == [at("2018-10-15 10:00:00")]
        assert there.cases()[name].as_of == at("2018-10-15 10:00:00")

    def test_where_live_ticks_count_nobody_dates_an_arrival_or_moves_time(self):
        here = Partition(LAW, ticks_from="worker")
        sent(here, ACCEPTED, header=b"%d" % NOON)
        assert arrivals(here) == [at("2026-10-01 12:00:00")]
        assert here.cases()["c"].as_of == 0
        assert here.moves() == []

    @pytest.mark.parametrize(
        "header", [b"-1", b"x", b"1e9", b"9" * 13, b"9" * 12, "１".encode(), b" 1539568800"]
    )
    def test_a_header_that_is_no_moment_says_nothing(self, header):
        here = replayed()
        here.tick(NOON, source="replay")
        sent(here, FINISHED, header=header)
        assert arrivals(here) == [NOON]
        assert here.cases()["c"].as_of == NOON


class TestRecords:
    def test_a_clock_whose_stop_is_on_record_has_ended_whenever_the_last_tick_was(self):
        """Nothing is written when time comes to the stop, so what is written now holds then."""
        here = Partition(LAW)
        here.feed(ACCEPTED)
        here.tick(at("2018-10-23 10:00:00"))
        here.feed(FINISHED)
        clocks = here.cases()["c"].clocks
        assert {(c.state, c.stopped_at) for c in clocks} == {("stopped", at(END))}
        assert {str(c.clock): c.overdue for c in clocks} == {"promised": True, "statutory": False}

    def test_when_it_stands_still_is_told_whenever_it_is_written(self):
        """Three working days from 10-16 10:00, at 7 hours a day: until 10-19 10:00:00."""
        here = Partition(LAW)
        here.tick(at("2018-10-15 10:00:00"))
        asked = event("suspended", "2018-10-16 10:00:00", suspension="testing", days_asked=3)
        here.feed(ACCEPTED, asked)
        promised = next(c for c in here.cases()["c"].clocks if c.clock == "promised")
        assert promised.state == "running"  # as of the writing
        assert promised.paused_from == [at("2018-10-16 10:00:00")]
        assert promised.paused_until == [at("2018-10-19 10:00:00")]
