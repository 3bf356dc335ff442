from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from alerts.metrics import NotifyMetrics
from alerts.notify.loop import Notifier
from alerts.notify.policy import Policy, PushRules
from alerts.notify.publisher import ALERTS_A_REQUEST, PublishError, Refused, Standing
from alerts.notify.verdicts import Read
from alerts.notify.wording import Alert, Wording
from schemas.codes import Level
from schemas.verdicts import LifeRecord
from streams.board.reference import Reference
from tests.support.moves import DUE, moved


class FakeVerdicts:
    def __init__(self):
        self.waiting, self.caught_up, self.commits, self.answers = [], True, 0, True

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
        self.refuses, self.stands, self.sent = set(), [], []

    def publish(self, alerts):
        assert len(alerts) <= ALERTS_A_REQUEST
        if self.away:
            raise PublishError("ConnectError: refused")
        self.sent += alerts
        self.told += [
            (a.labels["alertname"], a.annotations.get("case", a.labels.get("digest")), a.over)
            for a in alerts
        ]
        self.after()
        return [Refused(a, "400") for a in alerts if a.annotations.get("case") in self.refuses]

    def standing(self):
        if self.away:
            raise PublishError("ConnectError: refused")
        return self.stands


class House:
    """A notifier, and everything around it."""

    def __init__(self):
        self.now = float(DUE + 10)
        self.verdicts, self.publisher = FakeVerdicts(), FakePublisher()
        self.registry = CollectorRegistry()
        self.stop = threading.Event()
        self.notifier = Notifier(
            self.verdicts,
            Policy(PushRules(Level.NOTICE, 5000, 7 * 86_400, 60.0, window=0.0)),
            Wording(Reference(None), "http://board"),
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


def test_one_that_alertmanager_refuses_stops_no_other_and_is_on_record(house):
    house.publisher.refuses = {"B"}
    house.comes(moved("A"), moved("B"), moved("C"))
    assert len(house.step()) == 3
    (line,) = house.lines
    assert (line["event"], line["alerts"], line["why"]) == ("alerts_refused", 1, "400")
    assert line["first"]["card_id"] == moved("B").card_id
    assert house.value("jiancha_notify_refused_alerts_total") == 1
    assert house.verdicts.commits == 1
    house.step(60)  # it is told again with the rest
    assert house.value("jiancha_notify_refused_alerts_total") == 2


def test_while_kafka_does_not_answer_it_says_nothing_of_its_lag(house):
    house.step()
    heard = house.value("jiancha_notify_heard_timestamp_seconds")
    assert heard == house.now
    house.verdicts.answers = False
    house.step(30)
    assert house.value("jiancha_notify_heard_timestamp_seconds") == heard


class TestWhatIsOnRecordNoLonger:
    """What rings in Alertmanager and belongs to no card: it is ended, in words of its own."""

    def stands(self, house, seconds_ago, page="http://board/case?no=X", **labels):
        labels = {"alertname": "JianchaCard", "card_id": "gone", **labels}
        alert = Alert(labels, {"case": "X"}, DUE, DUE + 1e9, over=False, page=page)
        house.publisher.stands.append(Standing(alert, house.now + 300 - seconds_ago))

    def looked(self, house):
        house.step()
        house.step(300)
        return [a for a in house.publisher.sent if a.annotations.get("ended") == "not_on_record"]

    def test_an_alert_of_no_card_ends(self, house):
        self.stands(house, 241)
        (over,) = self.looked(house)
        assert over.over
        assert over.labels["card_id"] == "gone"
        assert house.lines[-1]["event"] == "forgotten_alerts_ended"

    def test_nobody_looks_before_everything_was_told_again(self, house):
        self.stands(house, 600)
        house.step(299)
        assert house.publisher.sent == []

    @pytest.mark.parametrize(
        "stands",
        [
            {"seconds_ago": 239},  # another notifier tells it
            {"seconds_ago": 241, "page": "http://other-house/case?no=X"},
            {"seconds_ago": 241, "card_id": moved("A").card_id},  # told in a digest by now
        ],
    )
    def test_what_is_not_ours_to_end_rings_on(self, house, stands):
        house.comes(moved("A"))
        self.stands(house, **stands)
        assert self.looked(house) == []

    def test_a_digest_ends_when_there_is_none_of_its_name(self, house):
        self.stands(house, 241, alertname="JianchaDigest", digest="gone")
        assert len(self.looked(house)) == 1

    def test_alertmanager_away_is_asked_again(self, house):
        self.stands(house, 241)
        house.step()
        house.publisher.away = True
        house.step(300)
        assert house.lines[-1]["event"] == "forgotten_alerts_not_ended"
        house.publisher.away = False
        house.step(300)
        assert house.publisher.sent[-1].annotations["ended"] == "not_on_record"


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
