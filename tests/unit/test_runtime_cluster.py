"""Brokers that restart while a worker starts are waited for, within a limit."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from structlog.testing import capture_logs

from streams.kafka_access import ASK_AGAIN, RESTART_SECONDS
from streams.runtime import cluster as module
from streams.runtime.cluster import LOOKS, Cluster
from streams.runtime.ports import Fatal
from tests.fakes import ToyTopics, toy_settings

TOPICS = ToyTopics("t")


class Brokers:
    """Answers clients one after another, the last answer for ever."""

    def __init__(self, monkeypatch, tmp_path, starts=(None,), seen=()):
        self.starts, self.seen, self.waited, self.open = list(starts), list(seen), 0.0, 0
        monkeypatch.setattr(module, "AIOKafkaConsumer", lambda **_: self)
        self.settings = toy_settings("b:1", TOPICS, tmp_path)
        self.cluster = Cluster(self.settings)
        self._client = self

    @staticmethod
    def _next(answers):
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def start(self):
        self.open += 1
        if (answer := self._next(self.starts)) is not None:
            raise answer

    async def stop(self):
        self.open -= 1

    async def fetch_all_metadata(self):
        counts = self._next(self.seen)
        return SimpleNamespace(partitions_for_topic=lambda topic: set(range(counts.get(topic, 0))))

    async def pause(self, seconds):
        self.waited += seconds

    def connect(self):
        with capture_logs() as self.lines:
            asyncio.run(self.cluster.start(self.pause))

    def partitions(self):
        self.connect()
        return asyncio.run(self.cluster.partitions(self.pause))


AWAY = KafkaConnectionError("Unable to bootstrap")


def test_a_broker_that_comes_back_is_waited_for_and_told_once(monkeypatch, tmp_path):
    brokers = Brokers(monkeypatch, tmp_path, [AWAY, AWAY, None])
    brokers.connect()
    assert brokers.waited == 2 * ASK_AGAIN
    assert [line["event"] for line in brokers.lines] == ["broker away"]
    assert brokers.open == 1  # what failed was closed


def test_one_that_does_not_is_told(monkeypatch, tmp_path):
    brokers = Brokers(monkeypatch, tmp_path, [AWAY])
    with pytest.raises(Fatal, match="broker away"):
        brokers.connect()
    assert brokers.waited <= RESTART_SECONDS
    assert brokers.open == 0


def test_what_is_refused_is_not_waited_for(monkeypatch, tmp_path):
    brokers = Brokers(monkeypatch, tmp_path, [TopicAuthorizationFailedError("t")])
    with pytest.raises(TopicAuthorizationFailedError):
        brokers.connect()
    assert brokers.waited == 0


def test_topics_without_a_leader_yet_are_looked_for_again(monkeypatch, tmp_path):
    brokers = Brokers(monkeypatch, tmp_path)
    every = dict.fromkeys([*brokers.settings.inputs, brokers.settings.state_topic], 4)
    brokers.seen = [{}, every]
    assert brokers.partitions() == 4
    assert brokers.waited == ASK_AGAIN


def test_topics_that_stay_missing_are_missing(monkeypatch, tmp_path):
    brokers = Brokers(monkeypatch, tmp_path, seen=[{}])
    with pytest.raises(Fatal, match="topics are missing"):
        brokers.partitions()
    assert brokers.waited == LOOKS * ASK_AGAIN
