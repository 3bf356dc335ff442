"""Kafka with TLS, logins and ACLs: every role works with what it is granted, and with no more."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from tests.support.secure_kafka import Access, secure_kafka
from tests.support.system import ROOT, System
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka

USERS = ("topics", "engine", "sink", "notify", "operator", "hall", "bureau")
ROLES = ("engine", "sink", "notify")
CATALOGUE = ROOT / "deploy/samples/hunan/catalogue"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    names = [f"jiancha-{user}" for user in USERS]
    with secure_kafka(tmp_path_factory.mktemp("secure-kafka"), *names) as broker:
        yield broker


@pytest.fixture(scope="module")
def access(kafka, tmp_path_factory):
    """Apply what `jiancha topics --acls` prints, then let its principal make the topics."""
    system = System(tmp_path_factory.mktemp("topics"), kafka.bootstrap, 1, CATALOGUE, False,
                    environment(kafka, "topics"))  # fmt: skip
    told = system.run("topics", "--acls").stdout
    access = Access(kafka, told.splitlines())
    access.grant()
    made = system.run("topics").stdout
    assert made.count("made ") == len(topics.ALL)
    return access


def environment(kafka, user, **more):
    """Give a principal's environment; the groups are the ones that the list names."""
    settings = kafka.settings(f"jiancha-{user}", **more)
    return {
        **{f"JIANCHA_KAFKA__{name.upper()}": value for name, value in settings.items()},
        **{f"JIANCHA_{role.upper()}__GROUP": f"jiancha-{role}" for role in ROLES},
        "JIANCHA_ENGINE__TICKS_FROM": "worker",
        "JIANCHA_ALERTMANAGER__STALE_AFTER_DAYS": "36500",
    }


@pytest.fixture
def system(kafka, access, tmp_path, embedded_clickhouse):
    """A system each of whose roles has its own login."""
    system = System(tmp_path, kafka.bootstrap, embedded_clickhouse, CATALOGUE, False)
    base = dict(system.env)

    def as_(user, **more):
        system.env = {**base, **environment(kafka, user, **more)}
        return system

    system.as_ = as_
    as_("operator").run("migrate")
    yield system
    system.stop()
    access.grant()


def send(kafka, user, topic, value, key):
    """Send one record as a user; return what the broker says against it."""
    from confluent_kafka import Producer

    failed = []
    producer = Producer({**kafka.client(f"jiancha-{user}"), "message.timeout.ms": 10_000,
                         "partitioner": "murmur2_random", "log_level": 0})  # fmt: skip
    producer.produce(topic, value, key, on_delivery=lambda error, _: failed.append(error))
    producer.flush(15)
    return failed[0] and failed[0].name()


def event(number, kind="accepted"):
    return json.dumps({
        "event_id": f"{number}-{kind}", "case_no": number, "source": "hall", "kind": kind,
        "occurred_at": "2026-03-02T10:00:00+08:00", "item": "sgxk", "region": "430100",
        "department": "zj-430100", "case_type": "promised",
    }).encode()  # fmt: skip


def test_one_event_goes_in_and_its_verdict_comes_out_at_every_role(system, kafka):
    for role in ROLES:
        system.as_(role).start(role)
    for role in ROLES:
        system.ready(role)
    assert send(kafka, "hall", topics.STEPS.name, event("a-1"), "a-1") is None
    eventually(lambda: system.ask("SELECT count() FROM card_moves WHERE case_no = 'a-1'")[0][0], 30)
    eventually(lambda: "a-1" in system.log("notify").read_text(), 30)
    for role in ROLES:
        assert system.terminate(role) == 0, system.log(role).read_text()[-3000:]
