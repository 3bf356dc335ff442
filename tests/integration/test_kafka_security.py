"""Kafka with TLS, logins and ACLs: every role works with what it is granted, and with no more."""

from __future__ import annotations

import os
import uuid

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from schemas import topics
from tests.support.certificates import certificates
from tests.support.secure_system import CATALOGUE, ROLES, SecureSystem, event, send
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        os.environ.get("JIANCHA_SECURITY") != "1",
        reason="it takes minutes: `make test-security`, or set JIANCHA_SECURITY=1",
    ),
]

STEPS = topics.STEPS.name
READ = AclOperation.READ


@pytest.fixture
def kafka(secure_kafka):
    return secure_kafka


@pytest.fixture
def access(kafka_access):
    yield kafka_access
    kafka_access.grant()


@pytest.fixture
def system(kafka, access, tmp_path, embedded_clickhouse):
    """A system each of whose roles has its own login."""
    del access
    system = SecureSystem(tmp_path, kafka, embedded_clickhouse)
    system.as_("operator").run("migrate")
    system.as_("sink").run("history", "rewind")  # the group has read for an earlier test's history
    yield system
    system.stop()


def judged(system, number):
    return system.ask("SELECT count() FROM card_moves WHERE case_no = %(n)s", {"n": number})[0][0]


def test_one_event_goes_in_and_its_verdict_comes_out_at_every_role(system, kafka):
    for role in ROLES:
        system.as_(role).start(role)
    for role in ROLES:
        system.ready(role)
    assert send(kafka, "hall", STEPS, event("a-1"), "a-1") is None
    eventually(lambda: judged(system, "a-1"), 30)
    eventually(lambda: "a-1" in system.log("notify").read_text(), 30)

    assert send(kafka, "hall", STEPS, b"rubbish", "a-2") is None
    operator = system.as_("operator")
    letter = eventually(lambda: operator.run("dlq", "list").stdout, 30).split()[0]
    assert letter in operator.run("dlq", "replay", letter, "--force").stdout
    assert operator.run("catalogue", "import", CATALOGUE, "--dry-run").stdout
    events = system.folder / "events.jsonl"
    events.write_bytes(event("a-3") + b"\n")
    assert "all read by now" in operator.run("replay", events, "--tick-every", "1d").stdout
    for role in ROLES:
        assert system.terminate(role) == 0, system.log(role).read_text()[-3000:]


def test_a_client_certificate_is_a_login_as_well(system, kafka):
    certificate = {
        "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": kafka.mutual,
        "JIANCHA_KAFKA__SECURITY_PROTOCOL": "SSL",
        "JIANCHA_KAFKA__CA_FILE": str(kafka.tls / "ca.pem"),
    }
    for user in ("topics", "engine"):
        system.env = {**system.bare, **certificate, "JIANCHA_ENGINE__GROUP": "jiancha-engine"}
        assert "CERT_FILE" in system.run("topics", "--check", code=1).stderr
        for part, end in (("CERT", "pem"), ("KEY", "key")):
            system.env[f"JIANCHA_KAFKA__{part}_FILE"] = str(kafka.tls / f"jiancha-{user}.{end}")
        if user == "topics":
            assert "as they must be" in system.run("topics", "--check").stdout
        else:
            system.start("engine")
            system.ready("engine")
            assert system.terminate("engine") == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"password": "canary-wrong"}, "the login of jiancha-{} is refused"),
        ({"ca_file": "{folder}/ca.pem"}, "its certificate is not trusted"),
        (
            {
                "security_protocol": "PLAINTEXT",
                **dict.fromkeys(("sasl_mechanism", "username", "password", "ca_file")),
            },
            "it hangs up when it is spoken to",
        ),
    ],
    ids=["password", "authority", "plaintext"],
)
def test_who_is_not_let_in_is_told_at_once_and_ends(system, tmp_path, wrong, told):
    certificates(tmp_path, "other")
    wrong = {name: value and value.format(folder=tmp_path) for name, value in wrong.items()}
    for role in ROLES:
        system.as_(role, **wrong).start(role)
    refused = system.as_("topics", **wrong).run("topics", "--check", code=1, timeout=30).stderr
    assert told.format("topics") in refused
    assert "→ JIANCHA_KAFKA__" in refused
    for role in ROLES:
        assert system.running[role].wait(30) == 70
        said = system.log(role).read_text()
        assert "fail-stop kind=access" in said
        assert told.format(role) in said
        assert "canary" not in said


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        *((user, STEPS) for user in ("sink", "notify", "bureau", "topics")),
        *((user, topics.RULINGS.name) for user in ("hall", "notify", "sink")),
        *((user, topics.VERDICTS.name) for user in ("sink", "notify", "operator", "hall")),
        *((user, topics.CASE_STATE.name) for user in ("sink", "operator")),
        ("engine", topics.SINK_DEAD_LETTERS.name),
    ],
)
def test_nobody_writes_what_is_not_his(access, kafka, user, topic):
    del access
    assert send(kafka, user, topic, b"x", "k") == "TOPIC_AUTHORIZATION_FAILED"


@pytest.mark.parametrize("user", [*ROLES, "operator", "hall", "bureau"])
def test_nobody_but_who_makes_the_topics_makes_any_and_nobody_alters_them(access, kafka, user):
    del access
    admin = AdminClient(kafka.client(f"jiancha-{user}"))
    entry = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, STEPS, incremental_configs=[entry])
    for asked in (
        admin.create_topics([NewTopic("jiancha.more", 1, 1)]),
        admin.create_partitions([NewPartitions(STEPS, 9)]),
        admin.delete_topics([STEPS]),
        admin.incremental_alter_configs([resource]),
    ):
        (answer,) = asked.values()
        with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
            answer.result(10)


def test_who_may_not_read_the_topics_configuration_is_told_so(system):
    said = system.as_("engine").run("topics", "--check", code=1).stderr
    assert "is not ours to read → `jiancha topics --acls`" in said


WITHDRAWN = {
    "engine reads steps": ("engine", lambda r: r.name == STEPS and r.operation == READ),
    "engine writes ticks": ("engine", lambda r: r.name == topics.TICKS.name),
    "engine writes events": ("engine", lambda r: r.name == topics.EVENTS.name),
    "engine is a member": ("engine", lambda r: r.restype == ResourceType.GROUP),
    "engine's transactions": ("engine", lambda r: r.restype == ResourceType.TRANSACTIONAL_ID),
    "sink reads events": ("sink", lambda r: r.name == topics.EVENTS.name),
    "sink is a member": ("sink", lambda r: r.restype == ResourceType.GROUP),
    "notify reads verdicts": ("notify", lambda r: r.name == topics.VERDICTS.name),
}


@pytest.mark.parametrize(("role", "which"), WITHDRAWN.values(), ids=WITHDRAWN)
def test_what_is_withdrawn_while_a_role_runs_ends_it_and_nothing_is_skipped(
    system, access, kafka, role, which
):
    system.as_(role).start(role)
    system.ready(role)
    access.withdraw(lambda rule: rule.principal == f"User:jiancha-{role}" and which(rule))
    number = f"w-{uuid.uuid4().hex[:8]}"
    assert send(kafka, "hall", STEPS, event(number), number) is None
    assert system.running[role].wait(30) == 70, system.log(role).read_text()[-3000:]
    said = system.log(role).read_text()
    assert "fail-stop kind=access" in said
    assert "`jiancha topics --acls` lists what each role must be allowed" in said
    assert "Traceback (most recent call last):\n" not in said
    access.grant()
    for each in ("engine", "sink"):
        system.as_(each).start(each)
    eventually(lambda: judged(system, number), 60)


@pytest.mark.parametrize("role", ["engine", "sink"])
def test_a_login_that_is_taken_away_ends_the_role_when_it_has_to_log_in_again(
    system, access, kafka, role
):
    system.as_(role).start(role)
    system.ready(role)
    access.close(f"jiancha-{role}")
    try:
        kafka.broker.stop()
        kafka.broker.start()
        assert system.running[role].wait(60) == 70, system.log(role).read_text()[-3000:]
    finally:
        access.open(f"jiancha-{role}")
    said = system.log(role).read_text()
    assert "fail-stop kind=access" in said
    assert "JIANCHA_KAFKA__USERNAME" in said
