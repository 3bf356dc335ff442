from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from alerts.metrics import NotifyMetrics
from alerts.notify.loop import Notifier
from alerts.notify.policy import Policy, PushRules
from alerts.notify.publisher import ALERTS_A_REQUEST, PublishError
from alerts.notify.verdicts import Read
from alerts.notify.wording import Wording
from schemas.codes import Level
from schemas.verdicts import LifeRecord
from streams.board.reference import Reference
from tests.support.moves import DUE, moved


class FakeVerdicts:
    def __init__(self):
        self.waiting, self.caught_up, self.commits = [], True, 0

    def read(self, seconds):
        assert seconds <= 1
        found, self.waiting = self.waiting, []
        return found

    def commit(self):
        self.commits += 1

    def lag(self):
        return 7


class FakePublisher:
    def __init__(self):
        self.told, self.away, self.after = [], False, lambda: None

    def publish(self, alerts):
        assert len(alerts) <= ALERTS_A_REQUEST
        if self.away:
            raise PublishError("ConnectError: refused")
        self.told += [(a.labels["alertname"], a.annotations["case"], a.over) for a in alerts]
        self.after()


class House:
    """A notifier, and everything around it."""

    def __init__(self):
        self.now = float(DUE + 10)
        self.verdicts, self.publisher = FakeVerdicts(), FakePublisher()
        self.registry = CollectorRegistry()
        self.stop = threading.Event()
        self.notifier = Notifier(
            self.verdicts,
            Policy(PushRules(Level.NOTICE, 5000, 7 * 86_400, 60.0)),
            Wording(Reference(None), "http://board", 240.0),
            self.publisher,
            NotifyMetrics(self.registry),
            clock=lambda: self.now,
            chance=lambda: 0.0,
        )

    def comes(self, *moves, told=False):
        at = self.now if not told else float(DUE + 2)
        self.verdicts.waiting += [Read(move, at, told) for move in moves]

    def step(self, seconds=0.0):
        self.now += seconds
        self.publisher.told.clear()
        with capture_logs() as lines:
            self.notifier.step(self.stop)
        self.lines = lines
        return list(self.publisher.told)

    def value(self, name, **labels):
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def house():
    return House()


def test_a_card_is_told_and_committed(house):
    house.comes(moved("A"))
    assert house.step() == [("JianchaCard", "A", False)]
    assert house.verdicts.commits == 1
    assert house.value("jiancha_notify_alerts_total", kind="card") == 1
    assert house.value("jiancha_notify_moves_total", result="rings") == 1
    assert house.value("jiancha_notify_ringing", kind="card") == 1
    assert house.value("jiancha_notify_lag_records") == 7


def test_its_end_is_told_too(house):
    house.comes(moved("A"))
    house.step()
    house.comes(moved("A", move="resolved", move_no=2))
    assert house.step(5) == [("JianchaCard", "A", True)]
    assert house.value("jiancha_notify_alerts_total", kind="resolved") == 1
    assert house.value("jiancha_notify_ringing", kind="card") == 0


def test_nothing_is_told_before_it_has_caught_up(house):
    house.verdicts.caught_up = False
    house.comes(moved("A"), told=True)
    assert house.step() == []
    assert house.lines[0]["event"] == "catching_up"
    assert house.verdicts.commits == 0
    house.comes(moved("A", move="resolved", move_no=2), told=True)
    house.comes(moved("B"), told=True)
    house.verdicts.caught_up = True
    assert house.step() == [("JianchaCard", "B", False)]


def test_alertmanager_away_is_lag_and_nothing_else(house):
    house.publisher.away = True
    house.comes(moved("A"), moved("B"))
    house.step()
    assert house.lines[0]["event"] == "not_pushed"
    assert house.value("jiancha_notify_pushes_total", result="failed") == 1
    assert house.verdicts.commits == 0
    house.comes(moved("B", move="resolved", move_no=2), moved("C"))
    house.step(60)
    house.publisher.away = False
    assert house.step(60) == [("JianchaCard", "A", False), ("JianchaCard", "C", False)]
    assert house.verdicts.commits == 1
    assert [line["event"] for line in house.lines] == ["pushing_again"]


def test_it_does_not_hammer_at_what_is_away(house):
    house.publisher.away = True
    house.comes(moved("A"))
    waits = [0.0]
    for _ in range(9):
        if waits[-1]:
            house.step(waits[-1] - 0.1)
            assert house.lines == []  # it is too early
        house.step(0.2)
        waits.append(house.lines[0]["again_in"])
        house.now -= 0.1
    assert waits[1:] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_after_it_was_away_everything_is_told_again(house):
    house.comes(moved("A"))
    house.step()
    house.publisher.away = True
    house.comes(moved("B"))
    house.step(1)
    house.publisher.away = False
    assert len(house.step(31)) == 2


def test_many_go_in_several_requests(house):
    house.comes(*(moved(f"case-{n}") for n in range(ALERTS_A_REQUEST + 3)))
    assert len(house.step()) == ALERTS_A_REQUEST + 3
    assert house.value("jiancha_notify_pushes_total", result="ok") == 2


def test_a_stop_comes_between_two_requests(house):
    house.publisher.after = house.stop.set
    house.comes(*(moved(f"case-{n}") for n in range(ALERTS_A_REQUEST + 3)))
    assert len(house.step()) == ALERTS_A_REQUEST
    assert house.verdicts.commits == 0


def test_loading_history_rings_nobody_and_is_on_record(house):
    house.now += 8 * 86_400
    house.comes(moved("A"), moved("B"))
    assert house.step() == []
    (line,) = house.lines
    assert (line["event"], line["cards"]) == ("stale_cards_not_pushed", 2)
    assert house.value("jiancha_notify_moves_total", result="stale") == 2
    assert house.verdicts.commits == 1


def test_what_a_later_life_has_not_issued_again_rings_until_it_has_caught_up_and_then_ends(house):
    house.comes(moved("A"), moved("B"))
    house.step()
    house.comes(moved("A", epoch=7))
    assert house.step(60) == [("JianchaCard", "A", False), ("JianchaCard", "B", False)]
    house.comes(LifeRecord(partition=0, partitions=1, epoch=7, at=DUE))
    assert house.step(5) == [("JianchaCard", "B", True)]
    assert house.value("jiancha_notify_ringing", kind="card") == 1
    (line,) = [line for line in house.lines if line["event"] == "a new life"]
    assert (line["epoch"], line["superseded"]) == (7, 1)
