from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaTimeoutError
from structlog.testing import capture_logs

from alerts.notify import verdicts as module
from alerts.notify.verdicts import VerdictsTopic, Widened, open_verdicts
from schemas.topics import VERDICTS
from schemas.verdicts import ORIGIN_HEADER, LifeRecord, encode
from streams.settings import Kafka, Settings
from tests.support.moves import DUE, moved

P0, P1 = (TopicPartition(VERDICTS.name, number) for number in (0, 1))


class FakeConsumer:
    """Gives what `log` holds by partition, a few records a poll, and keeps commits."""

    def __init__(self, log, committed=None, begins=0):
        self.log, self.begins = log, begins
        self.kept = dict(committed or {})
        self.at = {}
        self.headers = {}
        self.fails = self.closed = self.known = False

    def assign(self, tps):
        self.assigned = tps

    def beginning_offsets(self, tps, timeout_ms):
        assert timeout_ms <= 3000
        return dict.fromkeys(tps, self.begins)

    def end_offsets(self, tps, timeout_ms):
        assert timeout_ms <= 3000
        if not self.log:
            raise KafkaTimeoutError("no such topic")
        self.known = True
        return {tp: self.begins + len(self.log[tp]) for tp in tps}

    def committed(self, tp, timeout_ms):
        assert timeout_ms <= 3000
        return self.kept.get(tp)

    def seek(self, tp, offset):
        self.at[tp] = offset

    def position(self, tp, timeout_ms):
        assert timeout_ms <= 3000
        return self.at[tp]

    def highwater(self, tp):
        return self.begins + len(self.log[tp])

    def poll(self, timeout_ms, max_records):
        assert timeout_ms <= 1000
        found = {}
        for tp, start in self.at.items():
            part = self.log[tp][start - self.begins :][: min(2, max_records)]
            if part:
                found[tp] = [
                    SimpleNamespace(
                        offset=start + n,
                        value=value,
                        timestamp=(DUE + start + n) * 1000,
                        headers=self.headers.get(start + n, ()),
                    )
                    for n, value in enumerate(part)
                ]
                self.at[tp] = start + len(part)
        return found

    def commit(self, offsets, timeout_ms):
        assert timeout_ms <= 3000
        if self.fails:
            raise KafkaTimeoutError("slow")
        self.kept.update({tp: kept.offset for tp, kept in offsets.items()})

    def partitions_for_topic(self, name):
        assert self.known  # else it would wait for ever
        return {tp.partition for tp in self.log if tp.topic == name}

    def close(self, autocommit, timeout_ms):
        assert not autocommit
        assert timeout_ms <= 3000
        self.closed = True


def raw(*names):
    return [encode(moved(name)) for name in names]


def make(log, committed=None, begins=0, unreadable=lambda: None):
    consumer = FakeConsumer(log, committed, begins)
    return consumer, VerdictsTopic(consumer, {tp.partition for tp in log}, unreadable)


def test_it_reads_every_partition_from_the_beginning_though_all_is_committed():
    log = {P0: raw("a", "b", "c"), P1: raw("d")}
    consumer, topic = make(log, {P0: 2, P1: 1})
    found = []
    while not topic.caught_up:
        found += topic.read(0.1)
    assert consumer.assigned == [P0, P1]
    assert [(read.move.case_no, read.told) for read in found] == [
        ("a", True), ("b", True), ("d", True), ("c", False),
    ]  # fmt: skip
    assert found[1].written_at == DUE + 1


def test_a_move_that_was_sent_again_for_the_sink_is_no_news_and_rings_nobody():
    log = {P0: raw("a")}
    consumer, topic = make(log)
    topic.read(0.1)
    assert topic.caught_up
    log[P0] += raw("a", "b")
    consumer.headers[1] = [(ORIGIN_HEADER, b"{}")]
    assert [read.move.case_no for read in topic.read(0.1)] == ["b"]
    topic.commit()
    assert consumer.kept == {P0: 3}


def test_an_empty_topic_is_caught_up_at_once():
    _, topic = make({P0: [], P1: []}, begins=40)
    assert topic.caught_up


def test_reading_begins_where_the_topic_does():
    consumer, topic = make({P0: raw("a")}, begins=100)
    assert consumer.at == {P0: 100}
    assert not topic.caught_up
    assert topic.read(0.1)[0].move.case_no == "a"
    assert topic.caught_up


def test_lag_is_what_is_not_told():
    log = {P0: raw("a", "b", "c"), P1: raw("d")}
    consumer, topic = make(log, {P0: 1})
    assert topic.lag() == 3
    while not topic.caught_up:
        topic.read(0.1)
    assert topic.lag() == 3
    topic.commit()
    assert topic.lag() == 0
    assert consumer.kept == {P0: 3, P1: 1}
    log[P1] += raw("e")
    assert topic.lag() == 1


def test_a_commit_that_fails_is_made_good_by_the_next():
    consumer, topic = make({P0: raw("a")})
    topic.read(0.1)
    consumer.fails = True
    with capture_logs() as lines:
        topic.commit()
    assert lines[0]["event"] == "not_committed"
    assert topic.lag() == 1
    consumer.fails = False
    topic.commit()
    assert consumer.kept == {P0: 1}


def test_nothing_is_committed_twice():
    consumer, topic = make({P0: raw("a")}, {P0: 1})
    topic.read(0.1)
    consumer.fails = True  # it would say so
    with capture_logs() as lines:
        topic.commit()
    assert lines == []


def test_a_commit_of_an_earlier_topic_of_this_name_means_nothing():
    _, topic = make({P0: raw("a")}, {P0: 7})
    assert [read.told for read in topic.read(0.1)] == [False]


def test_what_is_no_move_is_counted_logged_and_passed_over():
    counted = []
    _, topic = make({P0: [b"{", *raw("a")]}, unreadable=lambda: counted.append(1))
    with capture_logs() as lines:
        assert [read.move.case_no for read in topic.read(0.1)] == ["a"]
    assert counted == [1]
    assert (lines[0]["event"], lines[0]["offset"]) == ("unreadable_move", 0)


class TestOpening:
    @pytest.fixture
    def stop(self, monkeypatch):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0)
        return threading.Event()

    def connecting(self, monkeypatch, *answers):
        asked, answers = [], list(answers)

        def connect(**options):
            asked.append(options)
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(module, "KafkaConsumer", connect)
        return asked

    def test_an_absent_broker_and_an_absent_topic_are_waited_for(self, monkeypatch, stop):
        without = FakeConsumer({})
        with_topic = FakeConsumer({P0: raw("a")})
        self.connecting(monkeypatch, KafkaConnectionError("away"), without, with_topic)
        with capture_logs() as lines:
            consumer, topic = open_verdicts(Settings(), stop, lambda: None)
        assert consumer is with_topic
        assert without.closed
        assert [line["event"] for line in lines] == ["no_verdicts"] * 2
        assert topic.lag() == 1

    def test_it_ends_when_told_to(self, monkeypatch, stop):
        stop.set()
        self.connecting(monkeypatch)
        assert open_verdicts(Settings(), stop, lambda: None) is None

    def test_it_sees_only_what_is_committed_and_commits_by_hand(self, monkeypatch, stop):
        asked = self.connecting(monkeypatch, FakeConsumer({P0: []}))
        settings = Settings(kafka=Kafka(bootstrap_servers="a:1,b:2"))
        open_verdicts(settings, stop, lambda: None)
        assert asked[0]["bootstrap_servers"] == ["a:1", "b:2"]
        assert asked[0]["isolation_level"] == "read_committed"
        assert asked[0]["enable_auto_commit"] is False
        assert asked[0]["group_id"] == "jiancha-notify"


def test_a_card_whose_end_stands_in_a_newer_partition_does_not_ring_again_at_a_start():
    ended = encode(moved("a", move="resolved", move_no=2))
    log = {P0: raw("x", "y", "a"), P1: [ended]}
    _, topic = make(log)
    found = []
    while not topic.caught_up:
        found += topic.read(0.1)
    assert [(r.move.case_no, r.move.move) for r in found if r.move.case_no == "a"] == [
        ("a", "resolved")
    ]
    log[P1] += [encode(moved("a", move="reopened", move_no=3)), ended]  # from now on in order
    assert [r.move.move_no for r in topic.read(0.1)] == [3, 2]


class TestWhetherTheBrokerAnswers:
    """A poll that brings nothing cannot tell a quiet topic from a broker that is gone."""

    def make(self):
        self.now = 0.0
        consumer = FakeConsumer({P0: raw("a")})
        return consumer, VerdictsTopic(consumer, {0}, lambda: None, lambda: self.now)

    def test_a_quiet_topic_is_asked_and_answers(self):
        _, topic = self.make()
        topic.read(0.0)
        for self.now in (5.0, 11.0, 22.0, 33.0):
            topic.read(0.0)
            assert topic.answers

    def test_one_that_is_gone_does_not_and_is_heard_again(self, monkeypatch):
        consumer, topic = self.make()
        topic.read(0.0)

        def away(*_, **__):
            raise KafkaTimeoutError("no answer")

        with monkeypatch.context() as gone:
            gone.setattr(consumer, "end_offsets", away)
            self.now = 12.0
            topic.read(0.0)
            assert topic.answers  # it may be slow
            self.now = 15.0
            topic.read(0.0)
            assert not topic.answers
        topic.read(0.0)
        assert topic.answers


def test_partitions_that_are_added_are_not_overlooked():
    consumer, topic = make({P0: raw("a")})
    topic.read(0.1)
    consumer.log[P1] = raw("b")
    with pytest.raises(Widened, match="more partitions"):
        topic.read(0.1)


def test_a_broker_that_refuses_between_two_reads_is_waited_for(monkeypatch):
    consumer, topic = make({P0: raw("a", "b", "c")})
    assert len(topic.read(0.1)) == 2

    def refused(*_, **__):
        raise KafkaConnectionError("Connection refused")

    with monkeypatch.context() as away:
        for call in ("position", "partitions_for_topic", "poll"):
            away.setattr(consumer, call, refused)
        with capture_logs() as lines:
            for _ in range(3):
                assert topic.read(0.0) == []
                assert not topic.caught_up
                topic.commit()
                assert topic.lag() == 3
        assert [line["event"] for line in lines] == ["not read"]
    assert [read.move.case_no for read in topic.read(0.1)] == ["c"]
    assert topic.caught_up
    topic.commit()
    assert consumer.kept == {P0: 3}


def test_a_later_life_counts_a_cards_moves_anew():
    """Nine moves in one life, then the first of the next: that is the latest."""
    old, new = encode(moved("a", move="resolved", move_no=9)), encode(moved("a", epoch=7))
    log = {P0: [old, new], P1: []}
    topic = VerdictsTopic(FakeConsumer(log), {0, 1}, lambda: None)
    assert [(r.move.epoch, r.move.move_no) for r in topic.read(0.1)] == [(0, 9), (7, 1)]
    behind = VerdictsTopic(FakeConsumer({P0: [new], P1: [old]}), {0, 1}, lambda: None)
    assert [r.move.epoch for r in behind.read(0.1)] == [7]


def test_a_life_is_read_in_its_place():
    life = LifeRecord(partition=0, partitions=2, epoch=7, at=DUE)
    topic = VerdictsTopic(FakeConsumer({P0: [encode(life)], P1: []}), {0, 1}, lambda: 1 / 0)
    assert [r.move for r in topic.read(0.1)] == [life]
