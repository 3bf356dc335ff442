"""What a replay sends, in which order, and at which time of its own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from schemas import topics
from schemas.event_lines import EventLine
from schemas.events import STEP_EVENT
from schemas.ticks import REPLAYED_AT, Tick, read_tick
from streams import replaying
from streams.replaying import Pace, Replay
from streams.settings import Settings
from tests.support.cases import at, event

HOUR = 3600
TEN = at("2018-10-15 10:00:00")


class Broker:
    """Takes everything, and acknowledges it when it is flushed: offset by offset, one partition."""

    def __init__(self, *_):
        self.records, self._open, self._next = [], [], 0

    def produce(self, topic, value, _key=None, headers=(), on_delivery=None, **_):
        self.records.append((topic, value, dict(headers)))
        if on_delivery is not None:
            self._open.append((on_delivery, self._next))
            self._next += 1

    def flush(self, _timeout):
        for told, offset in self._open:
            told(None, SimpleNamespace(partition=lambda: 0, offset=lambda n=offset: n))
        self._open.clear()
        return 0


class Readers:
    """Nobody reads, and nobody is behind."""

    ahead = 1000

    def __init__(self, *_):
        pass

    def ends(self, names):
        return {0: dict.fromkeys(names, 0)}

    def wait_until(self, *_):
        pass

    wait_until_done = close = wait_until


@pytest.fixture
def sent(monkeypatch):
    """Replay some events; give what was sent: records as their moment, ticks as (now, named)."""
    monkeypatch.setattr(replaying, "Producer", Broker)
    monkeypatch.setattr(replaying, "Readers", Readers)

    def send(*events, until=None):
        pace = Pace(speed=None, tick_every=HOUR, until=until)
        replay = Replay(Settings(), pace, lambda _: None)
        replay.run(
            EventLine(n, b"?", None, None) if e is None
            else EventLine(n, STEP_EVENT.dump_json(e), e, None)
            for n, e in enumerate(events, 1)
        )  # fmt: skip
        send.late = (replay.sent.late, replay.sent.first_late)
        return [_told(*record) for record in replay._producer.records]

    return send


def _told(topic, value, headers):
    if topic == topics.TICKS.name:
        tick = read_tick(value)
        assert isinstance(tick, Tick)
        assert tick.timed
        return ("tick", tick.now - TEN, tick.barriers[topics.STEPS.name])
    moment = headers.get(REPLAYED_AT)
    return None if moment is None else int(moment) - TEN


def when(clock):
    return event("accepted", f"2018-10-15 {clock}")


def test_what_happened_by_a_ticks_second_is_sent_and_named_before_it(sent):
    assert sent(when("10:30:00"), when("11:00:00"), when("11:00:01")) == [
        1800,
        3600,
        ("tick", 3600, 2),
        3601,
        ("tick", 7200, 3),
    ]


def test_hours_without_an_event_pass_tick_by_tick(sent):
    assert sent(when("10:30:00"), when("13:00:00")) == [
        1800,
        ("tick", 3600, 1),
        ("tick", 7200, 1),
        10_800,
        ("tick", 10_800, 2),
    ]


def test_what_stands_too_late_in_the_file_arrives_when_it_is_sent(sent):
    """A record cannot have come before a tick that was there without it."""
    assert sent(when("10:30:00"), when("11:30:00"), when("10:10:00"), when("11:10:00")) == [
        1800,
        ("tick", 3600, 1),
        5400,
        3600,
        4200,
        ("tick", 7200, 4),
    ]
    assert sent.late == (1, 3)  # the fourth is later than the tick before it


def test_one_event_of_the_far_future_makes_the_others_late_and_the_replay_says_so(sent):
    sent(when("10:30:00"), when("23:30:00"), when("11:00:00"), when("12:00:00"))
    assert sent.late == (2, 3)


def test_a_line_that_is_no_event_arrives_at_the_last_tick_where_there_was_one(sent):
    assert sent(None, when("10:30:00"), when("11:30:00"), None) == [
        None,
        1800,
        ("tick", 3600, 2),
        5400,
        3600,
        ("tick", 7200, 4),
    ]


def test_time_ends_where_it_is_told_to(sent):
    assert sent(when("10:30:00"), when("12:30:00"), until=TEN + 5000) == [
        1800,
        ("tick", 3600, 1),
        ("tick", 5000, 1),
    ]
