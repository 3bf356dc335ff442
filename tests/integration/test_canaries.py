"""No secret and no applicant in what we say: seeded, then looked for in every log and metric."""

from __future__ import annotations

import json
import os

import pytest

from schemas import topics
from tests.support import servers
from tests.support.secure_kafka import password
from tests.support.secure_system import ROLES, SecureSystem, event, send
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.long]

CLICKHOUSE = "canary-ch-4Kd8"
APPLICANT = {
    "applicant_name": "金丝雀CanaryName",
    "applicant_id": "430102199003071234",
    "applicant_phone": "13987654321",
}
EVERY = ("engine", "sink", "notify", "board")


def spellings(secret):
    """Give a secret as JSON, Python and Python's bytes write it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret.encode())[2:-1],
        repr(secret.encode("unicode_escape"))[2:-1],
    }


CANARIES = {
    "the brokers' password": {"canary-pw"},
    "ClickHouse's password": {"canary-ch"},
    **{field: spellings(value) for field, value in APPLICANT.items()},
}


def found(text):
    return {
        f"{what}: …{text[max(0, text.index(spelling) - 300) : text.index(spelling) + 100]}…"
        for what, spelled in CANARIES.items()
        for spelling in spelled
        if spelling in text
    }


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory):
    with servers.embedded_clickhouse(tmp_path_factory.mktemp("clickhouse"), CLICKHOUSE) as port:
        yield port


@pytest.fixture(params=["human", "json"])
def system(request, secure_kafka, kafka_access, clickhouse, tmp_path):
    del kafka_access
    (tmp_path / "clickhouse-password").write_text(f"{CLICKHOUSE}\n")
    system = SecureSystem(
        tmp_path,
        secure_kafka,
        clickhouse,
        JIANCHA_LOG=request.param,
        JIANCHA_LOG_LEVEL="debug",
        JIANCHA_CLICKHOUSE__PASSWORD_FILE=str(tmp_path / "clickhouse-password"),
    )
    system.form = request.param
    yield system
    system.stop()


def as_(system, user, **more):
    """Take a login whose password is in a file."""
    file = system.folder / f"{user}-password"
    file.write_text(f"{password(f'jiancha-{user}')}\n")
    return system.as_(user, **{"password": None, "password_file": str(file), **more})


@pytest.mark.skipif(
    os.environ.get("JIANCHA_SECURITY") != "1",
    reason="a minute: `make test-security`, or set JIANCHA_SECURITY=1",
)
def test_neither_logs_nor_metrics_hold_a_secret_or_an_applicant(system, secure_kafka):
    said = as_(system, "operator").run("migrate").stderr
    said += as_(system, "sink").run("history", "rewind").stderr
    for role in EVERY:
        (as_(system, role) if role in ROLES else as_(system, "operator")).start(role)
    for role in EVERY:
        system.ready(role)
    number = f"canary-{system.form}"
    good = event(number, kind="received", **APPLICANT)
    bad = event(number, kind="nonsense", **APPLICANT)
    broken = good[:-1]
    for value in (good, event(number), bad, broken):
        assert send(secure_kafka, "hall", topics.STEPS.name, value, number) is None
    eventually(lambda: number in system.log("notify").read_text(), 60)
    board = eventually(
        lambda: (page := system.get("board", f"/case?no={number}")).status_code == 200 and page, 30
    )
    assert APPLICANT["applicant_id"] not in board.text
    said += as_(system, "operator").run("dlq", "list").stderr
    metrics = {role: system.get(role, "/metrics").text for role in EVERY}
    for role in EVERY:
        assert system.terminate(role) == 0, system.log(role).read_text()[-3000:]
    for role in EVERY:
        log = system.log(role).read_text()
        assert not found(log), role
        assert "jiancha_" in metrics[role]
        assert not found(metrics[role]), role
    assert "kafka.consumer" in system.log("sink").read_text()  # the libraries were let speak
    assert not found(said)


def test_a_login_that_fails_does_not_tell_what_was_tried(system):
    wrong = {"password": "canary-pw-wrong", "password_file": None}
    for role in ROLES:
        as_(system, role, **wrong).start(role)
    said = as_(system, "topics", **wrong).run("topics", "--check", code=1).stderr
    assert "the login of jiancha-topics is refused" in said
    for role in ROLES:
        assert system.running[role].wait(30) == 70
        said += system.log(role).read_text()
    (system.folder / "clickhouse-password").write_text("canary-ch-wrong")
    refused = as_(system, "operator").run("migrate", code=1)
    assert "ClickHouse at" in refused.stderr
    as_(system, "sink").start("sink")
    eventually(lambda: "starting" in system.log("sink").read_text(), 20)
    assert not found(said + refused.stdout + refused.stderr)


@pytest.mark.parametrize(
    "wrong",
    [
        {"JIANCHA_KAFKA__PORT": "canary-pw-x"},
        {"JIANCHA_KAFKA__SASL_MECHANISM": "canary-pw-x"},
        {"JIANCHA_KAFKA__SECURITY_PROTOCOL": "PLAINTEXT"},
        {"JIANCHA_KAFKA__USERNAME": ""},
        {"JIANCHA_CLICKHOUSE__PORT": "canary-ch-x"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_settings_that_are_wrong_are_told_without_their_values(system, wrong):
    as_(system, "engine").env |= wrong
    for command, code in ((("topics", "--check"), 2), (("worker", "--role", "sink"), 2)):
        done = system.run(*command, code=code)
        assert done.stderr
        assert not found(done.stdout + done.stderr)
        assert "Traceback" not in done.stderr
