from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry

from alerts.metrics import NotifyMetrics
from alerts.notify import role as module
from alerts.notify.publisher import LogPublisher
from alerts.notify.role import NotifyRole, push_rules, run_notify
from schemas.codes import Level
from streams.settings import Alertmanager, Settings


def settings(**alertmanager):
    return Settings(alertmanager=Alertmanager(**alertmanager))


@pytest.fixture
def metrics():
    return NotifyMetrics(CollectorRegistry())


def test_the_rules_come_from_the_settings():
    rules = push_rules(settings(url="http://am", min_level="yellow", digest_above=3))
    assert (rules.min_level, rules.digest_above) == (Level.YELLOW, 3)
    assert rules.stale_after == 7 * 86_400
    assert rules.resend_every == 60


def test_without_alertmanager_nothing_is_repeated():
    assert push_rules(settings()).resend_every is None
    assert isinstance(module._publisher(settings()), LogPublisher)


class FakeConsumer:
    closed = False

    def close(self, autocommit, timeout_ms):
        assert not autocommit
        assert timeout_ms <= 3000
        self.closed = True


class FakeVerdicts:
    """Is caught up after the second read, and stops the role at the fourth."""

    def __init__(self, stop, seen):
        self.reads, self.stop, self.seen = 0, stop, seen

    def read(self, seconds):
        assert seconds <= 1
        self.reads += 1
        self.seen()
        if self.reads == 4:
            self.stop.set()
        return []

    @property
    def caught_up(self):
        return self.reads > 1

    def commit(self):
        pass

    def lag(self):
        return 0


def test_it_is_ready_once_it_knows_what_rings_and_closes_at_the_end(monkeypatch, metrics):
    stop, consumer, states = threading.Event(), FakeConsumer(), []
    role = NotifyRole(settings(), metrics)
    verdicts = FakeVerdicts(stop, lambda: states.append((role.health().ok, role.ready().ok)))
    monkeypatch.setattr(module, "open_verdicts", lambda *_: (consumer, verdicts))
    assert role.health().detail == "waits for Kafka"
    role.run(stop)
    assert states == [(True, False), (True, False), (True, True), (True, True)]
    assert consumer.closed


def test_a_loop_that_stands_still_is_not_well(monkeypatch, metrics):
    stop = threading.Event()
    role = NotifyRole(settings(), metrics)
    verdicts = FakeVerdicts(stop, lambda: None)
    monkeypatch.setattr(module, "open_verdicts", lambda *_: (FakeConsumer(), verdicts))
    role.run(stop)
    assert role.health().ok
    monkeypatch.setattr(module, "STANDSTILL", 0.0)
    assert not role.health().ok


def test_told_to_stop_before_there_is_a_broker_it_ends(monkeypatch, metrics):
    monkeypatch.setattr(module, "open_verdicts", lambda *_: None)
    run_notify(settings(), threading.Event(), metrics)
