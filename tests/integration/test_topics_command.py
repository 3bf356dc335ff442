"""`jiancha topics` on real Kafka: makes what is missing, and tells what differs."""

from __future__ import annotations

import os
import subprocess

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from deploy.local.ports import free_port
from schemas import topics
from streams.cli import main
from tests.support.system import JIANCHA, ROOT, remove_topics
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka


@pytest.fixture
def bootstrap(real_kafka):
    remove_topics(real_kafka)
    yield real_kafka
    remove_topics(real_kafka)


def run(bootstrap, *arguments, code=0, **settings):
    env = {"JIANCHA_KAFKA__BOOTSTRAP_SERVERS": bootstrap, "JIANCHA_KAFKA__PARTITIONS": "4"}
    env |= {f"JIANCHA_KAFKA__{name.upper()}": value for name, value in settings.items()}
    done = CliRunner().invoke(main, ["topics", *arguments], env=env, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def test_missing_topics_are_made_once_and_then_checked(bootstrap):
    lacking = run(bootstrap, "--check", code=1)
    assert f"{topics.STEPS.name} is missing → jiancha topics" in lacking.stderr
    made = run(bootstrap)
    assert made.stdout.count("made ") == len(topics.ALL)
    described = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics
    for topic in topics.ALL:
        assert len(described[topic.name].partitions) == (4 if topic.co_partitioned else 1)
    again = run(bootstrap)
    assert "made" not in again.stdout
    assert "9 topics are as they must be." in run(bootstrap, "--check").stdout


def test_each_mismatch_is_told_and_nothing_is_made_meanwhile(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics(
        [NewTopic(topics.STEPS.name, 4, 1), NewTopic(topics.TICKS.name, 2, 1)]
    ).values():
        made.result(10)
    eventually(lambda: topics.TICKS.name in admin.list_topics(timeout=10).topics)
    told = run(bootstrap, code=1)
    assert "jiancha.ticks has 2 partitions instead of 4" in told.stderr
    assert "hall.steps has max.message.bytes=1048588" not in told.stderr
    assert "--entity-name hall.steps --add-config retention.ms=7776000000" in told.stderr
    assert "made" not in told.stdout
    assert topics.VERDICTS.name not in admin.list_topics(timeout=10).topics


def test_the_cure_that_is_told_cures(bootstrap):
    run(bootstrap)
    alter(bootstrap, topics.CASE_STATE.name, "cleanup.policy", "delete")
    told = eventually(lambda: run(bootstrap, code=1)).stderr
    assert "--entity-name jiancha.case-state --add-config cleanup.policy=compact" in told
    alter(bootstrap, topics.CASE_STATE.name, "cleanup.policy", "compact")
    eventually(lambda: run(bootstrap))


def alter(bootstrap, topic, key, value):
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(10)


def test_a_factor_that_the_cluster_cannot_hold_is_told_in_the_brokers_words(bootstrap):
    told = run(bootstrap, code=1, replication_factor="3").stderr
    assert "replication factor of 3 cannot be reached" in told
    assert len(told) < 400


def test_the_embedded_broker_needs_nothing():
    assert "embedded" in run("127.0.0.1:1", embedded="true").stdout


@pytest.mark.parametrize(
    "command",
    [
        ["topics"],
        pytest.param(["dlq", "list"], marks=pytest.mark.long),
        pytest.param(["repartition", "--to", "8"], marks=pytest.mark.long),
        pytest.param(["replay", os.devnull], marks=pytest.mark.long),
    ],
)
def test_no_broker_is_one_line(command):
    done = subprocess.run(
        [*JIANCHA, *command],
        env={**os.environ, "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("no broker answers at 127.0.0.1:")
    assert line.endswith("start Kafka, or set JIANCHA_KAFKA__BOOTSTRAP_SERVERS")
