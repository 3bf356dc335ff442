from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry

from alerts.metrics import NotifyMetrics
from alerts.notify import role as module
from alerts.notify.publisher import LogPublisher
from alerts.notify.role import push_rules, run_notify
from schemas.codes import Level
from streams.settings import Alertmanager, Links, Settings


def settings(**alertmanager):
    links = Links(board="http://board.test")
    return Settings(alertmanager=Alertmanager(**alertmanager), links=links)


def test_the_rules_come_from_the_settings():
    rules = push_rules(settings(url="http://am", min_level="yellow", digest_above=3))
    assert rules.window == 60
    assert (rules.min_level, rules.digest_above) == (Level.YELLOW, 3)
    assert rules.stale_after == 7 * 86_400
    assert rules.resend_every == 60


def test_without_alertmanager_nothing_is_repeated():
    assert push_rules(settings()).resend_every is None
    assert push_rules(settings()).window == 0  # a line of a log waits for no other
    assert isinstance(module._publisher(settings()), LogPublisher)


class FakeConsumer:
    closed = False

    def close(self, autocommit, timeout_ms):
        assert not autocommit
        assert timeout_ms <= 3000
        self.closed = True


class FakeVerdicts:
    """Is caught up after the second read, and stops the role at the fourth."""

    def __init__(self, stop):
        self.reads, self.stop = 0, stop

    def read(self, seconds):
        assert seconds <= 1
        self.reads += 1
        if self.reads == 4:
            self.stop.set()
        return []

    answers = True

    @property
    def caught_up(self):
        return self.reads > 1

    def commit(self):
        pass

    def lag(self):
        return self.reads


class Metrics(NotifyMetrics):
    def __init__(self):
        super().__init__(CollectorRegistry())
        self.lags = []

    def lag(self, records):
        self.lags.append(records)


def test_it_tells_its_lag_once_it_knows_what_rings_and_closes_at_the_end(monkeypatch):
    stop, consumer, metrics = threading.Event(), FakeConsumer(), Metrics()
    verdicts = FakeVerdicts(stop)
    monkeypatch.setattr(module, "open_verdicts", lambda *_: (consumer, verdicts))
    run_notify(settings(), stop, metrics)
    assert metrics.lags == [2, 3, 4]
    assert consumer.closed


def test_told_to_stop_before_there_is_a_broker_it_ends(monkeypatch):
    monkeypatch.setattr(module, "open_verdicts", lambda *_: None)
    run_notify(settings(), threading.Event(), Metrics())
