"""The notifier between a broker and a real Alertmanager, and what Prometheus sees of it."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
import uuid
from datetime import datetime

import confluent_kafka as ck
import httpx
import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from structlog.testing import capture_logs

from alerts.metrics import NotifyMetrics, role_registry
from alerts.notify import verdicts
from alerts.notify.role import run_notify
from deploy.local.ports import free_port
from schemas.codes import Level
from schemas.topics import VERDICTS
from schemas.verdicts import encode
from streams.http import Health, serve
from streams.settings import Alertmanager, Http, Kafka, Links, Settings
from tests.support import servers
from tests.support.moves import moved
from tests.support.wait import eventually
from tests.support.watchers import alertmanager, message_gateway, prometheus

pytestmark = pytest.mark.prometheus

PARTITIONS = 2
QUIET = {"log_level": 2}
"""librdkafka says on standard error that a broker has gone, which every test's does in the end."""


class House:
    """A topic of its own on a broker, and the notifiers that read it."""

    def __init__(self, bootstrap, topic, embedded, alertmanager_url):
        self.topic = topic
        self.settings = Settings(
            kafka=Kafka(bootstrap_servers=bootstrap, embedded=embedded),
            alertmanager=Alertmanager(url=alertmanager_url, resend_every=1.0, digest_window=1.0),
            links=Links(board="http://board:8080"),
            http=Http(port=free_port()),
        )
        self.producer = ck.Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, **QUIET})
        self.now = int(time.time())

    def sends(self, *moves):
        for move in moves:
            partition = int(move.card_id, 16) % PARTITIONS
            self.producer.produce(self.topic, encode(move), partition=partition)
        assert self.producer.flush(10) == 0

    def card(self, case_no, level=Level.NOTICE, move="issued", move_no=1, **changed):
        late = 600 if level is Level.NOTICE else -1
        return moved(
            case_no, level, move, move_no, holds_from=self.now - 30,
            due_at=self.now - 30 + late, **changed,
        )  # fmt: skip

    @contextlib.contextmanager
    def notifier(self):
        registry = role_registry("notify", "0")
        stop = threading.Event()
        arguments = (self.settings, stop, NotifyMetrics(registry))
        thread = threading.Thread(target=run_notify, args=arguments)
        thread.start()
        well = Health(ok=True, detail="well")
        stop_http = serve(self.settings.http, registry, lambda: well, lambda: well)
        try:
            yield registry
        finally:
            began = time.monotonic()
            stop.set()
            thread.join(20)
            stop_http()
            self.ended_within = time.monotonic() - began
            assert not thread.is_alive()


@pytest.mark.long
@pytest.mark.parametrize("embedded", [True, False])
def test_a_broker_that_does_not_answer_is_waited_for_until_told_to_end(topic, embedded):
    with socket.create_server(("127.0.0.1", 0)) as frozen:  # it listens, and says nothing
        house = House(f"127.0.0.1:{frozen.getsockname()[1]}", topic, embedded, None)
        before = threading.active_count()
        with house.notifier(), capture_logs() as lines:

            def tried(times):
                return len([line for line in lines if line["event"] == "no_verdicts"]) >= times

            eventually(lambda: tried(2), 15)
        assert house.ended_within < 10
        assert threading.active_count() <= before


def alerts(url):
    """What rings in Alertmanager, by case: (level, state)."""
    found = httpx.get(f"{url}/api/v2/alerts", timeout=5).json()
    return {
        (a["annotations"].get("case", a["labels"]["alertname"]), a["labels"]["level"]): a
        for a in found
        if a["labels"]["alertname"].startswith("JianchaCard")
        or a["labels"]["alertname"] == "JianchaDigest"
    }


@pytest.fixture
def topic(monkeypatch):
    """A topic of the test's own: the broker is shared."""
    name = f"verdicts-{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(verdicts, "VERDICTS", dataclasses.replace(VERDICTS, name=name))
    return name


@pytest.fixture(
    params=[
        pytest.param("real", marks=pytest.mark.kafka),
        pytest.param("embedded", marks=pytest.mark.long),
    ]
)
def broker(request, topic):
    bootstrap = request.getfixturevalue(f"{request.param}_kafka")
    if request.param == "real":
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(10)
    else:
        ck.Producer({"bootstrap.servers": bootstrap, **QUIET}).list_topics(topic, 10)
    return bootstrap, request.param == "embedded"


@pytest.fixture
def messages():
    with message_gateway() as gateway:
        yield gateway


def test_a_card_from_its_issue_to_its_end(topic, broker, messages, tmp_path):
    with alertmanager(tmp_path / "am", free_port(), messages.url) as url:
        house = House(broker[0], topic, broker[1], url)
        with house.notifier() as registry:
            house.sends(house.card("A"), house.card("B"))

            def both_ring():
                assert alerts(url).keys() == {("A", "notice"), ("B", "notice")}
                return True

            eventually(both_ring, 15)
            found = alerts(url)["A", "notice"]
            assert found["labels"]["severity"] == "info"
            assert found["labels"]["region"] == "430102"
            assert found["labels"]["card_id"] == house.card("A").card_id
            assert found["generatorURL"] == "http://board:8080/case?no=A"
            assert "预警 办件 A 承诺时限将于" in found["annotations"]["summary"]
            assert found["receivers"] == [{"name": "officer"}]
            eventually(lambda: len(messages.alerts("/officer")) >= 2, 10)

            # A breach inhibits its own warning, and no other.
            house.sends(house.card("A", Level.YELLOW))

            def only_its_own():
                now = alerts(url)
                inhibited = now["A", "notice"]["status"]
                assert inhibited["state"] == "suppressed"
                assert inhibited["inhibitedBy"] == [now["A", "yellow"]["fingerprint"]]
                assert now["B", "notice"]["status"]["state"] == "active"
                return now["A", "yellow"]["status"]["state"] == "active"

            eventually(only_its_own, 15, forgive=(AssertionError, KeyError))
            eventually(lambda: messages.alerts("/section-head"), 10)
            assert not messages.alerts("/leader")

            # It ends in time: the alerts end at once, not when they would have expired.
            house.sends(
                house.card("A", move="resolved", move_no=2),
                house.card("A", Level.YELLOW, "resolved", 2),
            )
            eventually(lambda: alerts(url).keys() == {("B", "notice")}, 3)
            eventually(lambda: messages.alerts("/section-head", "resolved"), 10)

            def nothing_is_untold():
                return registry.get_sample_value("jiancha_notify_lag_records") == 0

            eventually(nothing_is_untold, 5)
        assert house.ended_within < 10

        # The next notifier knows what rings, and what ended is not told again.
        with house.notifier() as registry:
            eventually(
                lambda: registry.get_sample_value("jiancha_notify_alerts_total", {"kind": "card"}),
                15,
            )
            assert alerts(url).keys() == {("B", "notice")}
            resolved = {"kind": "resolved"}
            assert registry.get_sample_value("jiancha_notify_alerts_total", resolved) is None


def test_nobody_is_told_that_it_is_over_until_it_is(topic, broker, messages, tmp_path):
    """The notifier stops: four minutes later leaders read “resolved”, with the breach's text."""
    with alertmanager(tmp_path / "am", free_port(), messages.url) as url:
        house = House(broker[0], topic, broker[1], url)
        house.sends(house.card("A", Level.RED), house.card("B", Level.RED))
        with house.notifier():
            eventually(lambda: len(messages.alerts("/leader")) >= 2, 15)
        stopped = time.time()
        # Its absence is not waited for: what Alertmanager knows says when it would end by itself.
        ends = [datetime.fromisoformat(a["endsAt"]).timestamp() for a in alerts(url).values()]
        assert len(ends) == 2
        assert all(end > stopped + 300 * 86_400 for end in ends)
        house.sends(
            house.card("A", Level.RED, "resolved", 2, reason="clock_stopped", stopped_at=house.now)
        )
        assert not messages.alerts("/leader", "resolved")
        with house.notifier():  # the next one knows what ended meanwhile, and says it
            eventually(lambda: messages.alerts("/leader", "resolved"), 15)
            eventually(lambda: alerts(url).keys() == {("B", "red")}, 5)
        (over,) = messages.alerts("/leader", "resolved")
        summary = over["annotations"]["summary"]
        assert summary.startswith("告警解除 红牌 办件 A 承诺时限：时限已终止")
        assert "已超过" not in summary


@pytest.mark.long
def test_what_a_deleted_topic_held_ends_and_what_alertmanager_lost_is_told_once(
    topic, broker, messages, tmp_path
):
    port = free_port()
    with alertmanager(tmp_path / "am", port, messages.url) as url:
        house = House(broker[0], topic, broker[1], url)
        house.sends(house.card("A", Level.RED))
        gone = {
            "labels": {"alertname": "JianchaCard", "card_id": "gone", "level": "red"},
            "annotations": {"summary": "红牌 办件 Z", "case": "Z"},
            "generatorURL": "http://board:8080/case?no=Z",
            "endsAt": "2100-01-01T00:00:00Z",
        }
        theirs = {
            **gone, "labels": {**gone["labels"], "card_id": "theirs"},
            "annotations": {"case": "T"}, "generatorURL": "http://elsewhere:8080/case?no=T",
        }  # fmt: skip
        assert httpx.post(f"{url}/api/v2/alerts", json=[gone, theirs]).status_code == 200
        with house.notifier():
            eventually(lambda: alerts(url).keys() == {("A", "red"), ("T", "red")}, 25)
        (over,) = eventually(lambda: messages.alerts("/leader", "resolved"), 10)
        assert over["labels"]["card_id"] == "gone"
        assert "在记录中已不存在" in over["annotations"]["summary"]
    heard = len(messages.alerts("/leader"))
    with alertmanager(tmp_path / "am", port, messages.url) as url:  # it has kept what it has said
        with house.notifier():
            eventually(lambda: alerts(url).keys() == {("A", "red")}, 15)
        assert len(messages.alerts("/leader")) == heard


@pytest.mark.long
def test_at_midnight_every_red_is_named_and_the_rest_is_one_message(
    topic, broker, messages, tmp_path
):
    with alertmanager(tmp_path / "am", free_port(), messages.url) as url:
        house = House(broker[0], topic, broker[1], url)
        with house.notifier():
            house.sends(*(house.card(f"Y{n:02}", Level.YELLOW) for n in range(60)))
            house.sends(*(house.card(f"R{n:02}", Level.RED) for n in range(60)))

            def all_told():
                named = {a["annotations"]["case"] for a in messages.alerts("/leader")}
                assert named == {f"R{n:02}" for n in range(60)}
                return messages.alerts("/section-head")[-1]["labels"]["alertname"]

            eventually(all_told, 30, forgive=(AssertionError, IndexError, KeyError))
            rings = alerts(url)
        assert len(rings) == 61
        digest = rings["JianchaDigest", "yellow"]
        assert digest["annotations"]["issued"] == "60"
        assert digest["annotations"]["page"] == "http://board:8080/cases?level=yellow"
        assert max(messages.sizes) <= 4096


@pytest.mark.long
def test_a_notifier_cut_off_from_kafka_says_nothing_of_its_lag_any_more(topic, tmp_path):
    """A poll that brings nothing looks the same whether the topic is quiet or the broker gone."""
    with contextlib.ExitStack() as broker:
        kafka = servers.embedded_kafka(tmp_path / "kafka", {topic: PARTITIONS})
        bootstrap = broker.enter_context(kafka)
        house = House(bootstrap, topic, embedded=True, alertmanager_url=None)
        house.sends(house.card("A", Level.RED))
        with house.notifier() as registry:

            def heard():
                return registry.get_sample_value("jiancha_notify_heard_timestamp_seconds")

            eventually(heard, 15)
            broker.close()
            # So `/readyz` fails after a minute, and JianchaNotifierAway rings.
            eventually(lambda: time.time() - heard() > verdicts.ASK_SECONDS + 5, 60)
        assert house.ended_within < 10


def test_alertmanager_comes_late_and_is_restarted(topic, broker, tmp_path):
    port = free_port()
    house = House(broker[0], topic, broker[1], f"http://127.0.0.1:{port}")
    with house.notifier() as registry:
        house.sends(house.card("A", Level.RED), house.card("B"))
        house.sends(house.card("B", move="resolved", move_no=2))

        def failed():
            count = registry.get_sample_value("jiancha_notify_pushes_total", {"result": "failed"})
            return count and registry.get_sample_value("jiancha_notify_lag_records") > 0

        eventually(failed, 15)
        with alertmanager(tmp_path / "first", port) as url:
            eventually(lambda: alerts(url).keys() == {("A", "red")}, 15)
        with alertmanager(tmp_path / "second", port) as url:  # it remembers nothing
            eventually(lambda: alerts(url).keys() == {("A", "red")}, 15)
        eventually(lambda: registry.get_sample_value("jiancha_notify_lag_records") == 0, 5)
    assert house.ended_within < 10


@pytest.mark.kafka
def test_what_was_aborted_is_not_told_and_markers_do_not_hold_up(topic, real_kafka, tmp_path):
    admin = AdminClient({"bootstrap.servers": real_kafka})
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(10)
    with alertmanager(tmp_path / "am", free_port()) as url:
        house = House(real_kafka, topic, embedded=False, alertmanager_url=url)
        house.producer = producer = ck.Producer(
            {"bootstrap.servers": real_kafka, "transactional.id": topic, **QUIET}
        )
        producer.init_transactions(10)
        for case, end in (("A", producer.commit_transaction), ("B", producer.abort_transaction)):
            producer.begin_transaction()
            house.sends(house.card(case), house.card(case, Level.RED))
            end(10)
        with house.notifier() as registry:  # the topic ends with markers
            eventually(lambda: alerts(url).keys() == {("A", "notice"), ("A", "red")}, 15)
            eventually(lambda: registry.get_sample_value("jiancha_notify_lag_records") == 0, 5)


@pytest.mark.long
def test_prometheus_sees_the_notifier_and_its_watchdog_reaches_the_switch(
    topic, embedded_kafka, messages, tmp_path
):
    ck.Producer({"bootstrap.servers": embedded_kafka, **QUIET}).list_topics(topic, 10)
    port = free_port()
    with alertmanager(tmp_path / "am", port, messages.url) as url:
        house = House(embedded_kafka, topic, embedded=True, alertmanager_url=url)
        house.sends(house.card("A", Level.RED))
        targets = {
            "notify:9108": f"127.0.0.1:{house.settings.http.port}",
            "alertmanager:9093": f"127.0.0.1:{port}",
        }
        with house.notifier(), prometheus(tmp_path / "prometheus", targets) as prom:

            def ask(query):
                answer = httpx.get(f"{prom}/api/v1/query", params={"query": query}, timeout=5)
                return [float(r["value"][1]) for r in answer.json()["data"]["result"]]

            eventually(lambda: ask('up{job="jiancha", role="notify"} == 1'), 15)
            eventually(lambda: ask('jiancha_notify_ringing{kind="card"}') == [1], 15)
            eventually(lambda: ask("alertmanager_alerts"), 15)
            eventually(lambda: messages.alerts("/watchdog"), 20)
            (watchdog, *_) = messages.alerts("/watchdog")
            assert watchdog["annotations"]["runbook_url"] == (
                "https://board.test/runbook#jianchawatchdog"
            )
            assert watchdog["annotations"]["dashboard_url"] == (
                "https://grafana.test/d/jiancha-overview"
            )
            assert not {"board", "grafana"} & watchdog["labels"].keys()
            assert ask("jiancha_links_info") == [1]
            assert messages.alerts("/leader")
