"""The whole system on a broker that knows each role by a login of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from schemas import topics
from tests.support.secure_kafka import Access
from tests.support.system import ROOT, System

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.secure_kafka import SecureKafka

USERS = ("topics", "engine", "sink", "notify", "operator", "hall", "bureau")
ROLES = ("engine", "sink", "notify")
CATALOGUE = ROOT / "deploy/samples/hunan/catalogue"


class SecureSystem(System):
    """One installation; `as_` says whose login the next command or role has."""

    def __init__(self, folder: Path, kafka: SecureKafka, clickhouse_port: int, **extra) -> None:
        groups = {f"JIANCHA_{role.upper()}__GROUP": f"jiancha-{role}" for role in ROLES}
        settings = {
            **groups,  # as the list of rules names them
            "JIANCHA_ENGINE__TICKS_FROM": "worker",
            "JIANCHA_ALERTMANAGER__STALE_AFTER_DAYS": "36500",
            # Cards of the tests before this one may ring first; each test looks for its own.
            "JIANCHA_ALERTMANAGER__DIGEST_ABOVE": "100000",
        }
        super().__init__(
            folder, kafka.bootstrap, clickhouse_port, CATALOGUE, False, settings | extra
        )
        self.kafka, self.bare = kafka, dict(self.env)

    def as_(self, user, **more):
        """Take a user's login, with other settings of section `kafka`; None leaves one out."""
        login = self.kafka.settings(f"jiancha-{user}", **more)
        of_kafka = {f"JIANCHA_KAFKA__{name.upper()}": v for name, v in login.items() if v}
        self.env = {**self.bare, **of_kafka}
        return self


def rules(folder: Path, kafka: SecureKafka) -> Access:
    """Apply what `jiancha topics --acls` prints, then let its principal make the topics."""
    system = SecureSystem(folder, kafka, 1).as_("topics")
    access = Access(kafka, system.run("topics", "--acls").stdout.splitlines())
    access.grant()
    assert system.run("topics").stdout.count("made ") == len(topics.ALL)
    return access


def send(kafka, user, topic, value, key):
    """Send one record as a user; return what the broker says against it."""
    failed = []
    producer = Producer(
        {
            **kafka.client(f"jiancha-{user}"),
            "message.timeout.ms": 10_000,
            "partitioner": "murmur2_random",
            "log_level": 0,
        }
    )
    producer.produce(topic, value, key, on_delivery=lambda error, _: failed.append(error))
    producer.flush(15)
    return failed[0] and failed[0].name()


def event(number, kind="accepted", **more):
    """Write a step of a case that was due long ago."""
    step = {
        "event_id": f"{number}-{kind}",
        "case_no": number,
        "source": "hall",
        "kind": kind,
        "occurred_at": "2026-03-02T10:00:00+08:00",
        "item": "sgxk",
        "region": "430100",
        "department": "zj-430100",
        **({"case_type": "promised"} if kind == "accepted" else {}),
        **more,
    }
    return json.dumps(step, ensure_ascii=False).encode()
