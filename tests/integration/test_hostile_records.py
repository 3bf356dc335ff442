"""What a hall can make a real broker take that must end no engine; and a worker's own clock."""

from __future__ import annotations

import json
import time

import confluent_kafka as ck
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics
from schemas.verdicts import ORIGIN_HEADER
from streams.runtime.placing import partition_of
from streams.runtime.ports import Batch, Fatal
from streams.runtime.transactions import FencedProducer
from tests.fakes import ToyTopics, toy_settings
from tests.support.system import PARTITIONS, ROOT, on_either
from tests.support.wait import eventually

CATALOGUE = ROOT / "deploy/samples/hunan/catalogue"
STEPS = topics.STEPS.name
HUGE = b"\0" * 20_000_000
"""More than the engine may write in one record; compressed, a broker takes it for 80 KB."""


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.kafka)])
def system(request, tmp_path, embedded_clickhouse):
    live = {"JIANCHA_ENGINE__TICKS_FROM": "worker", "JIANCHA_LOG": "json"}
    with on_either(request, tmp_path, embedded_clickhouse, CATALOGUE, **live) as found:
        yield found


def value(case_no):
    event = {
        "event_id": "a",
        "case_no": case_no,
        "source": "hall",
        "kind": "accepted",
        "occurred_at": "2026-03-02T09:00:00+08:00",
        "item": "sgxk",
        "region": "430100",
    }
    return json.dumps(event)


@pytest.mark.long
def test_huge_headers_and_keys_and_forged_origins_hold_up_nobody(system):
    producer = ck.Producer(
        {
            "bootstrap.servers": system.bootstrap,
            "compression.type": "zstd",
            "message.max.bytes": 100_000_000,
        }
    )
    elsewhere = (partition_of("strayed", PARTITIONS) + 1) % PARTITIONS
    forged = b'{"topic":"%s","partition":-1,"offset":-1,"timestamp_ms":-9000000000000}'
    producer.produce(STEPS, value("strayed"), "x", elsewhere, headers=[("x", HUGE)])
    producer.produce(STEPS, b"no event", HUGE, 0)
    for _ in range(150):  # more than a sink takes for the rows' own fault
        producer.produce(
            STEPS, b"no event", "x", 1, headers=[(ORIGIN_HEADER, forged % b"hall.steps")]
        )
    for number in range(PARTITIONS):
        name = next(c for n in range(99) if partition_of(c := f"c-{n}", PARTITIONS) == number)
        producer.produce(STEPS, value(name), name, number)
    assert producer.flush(60) == 0
    system.start("engine")
    system.start("sink")

    def all_are_there():
        (cases,) = system.ask("SELECT count(), countIf(case_no = 'strayed') FROM v_cases")
        letters = system.ask("SELECT reason, count() FROM v_dead_letters GROUP BY reason")
        assert (cases, letters) == ((PARTITIONS + 1, 1), [("json_invalid", 151)])
        return True

    eventually(all_are_there, 180, interval=0.5)


class FastClock:
    """A client whose machine's clock is a year ahead."""

    def __init__(self, configuration):
        self._client = ck.Producer(configuration)

    def __getattr__(self, name):
        return getattr(self._client, name)

    def produce(self, *given, **named):
        ahead = int((time.time() + 365 * 86_400) * 1000)
        self._client.produce(*given, timestamp=ahead, **named)


@pytest.mark.kafka
@pytest.mark.long
def test_a_worker_whose_clock_is_far_ahead_begins_no_life(real_kafka, tmp_path):
    settings = toy_settings(real_kafka, ToyTopics("ahead"), tmp_path)
    admin = AdminClient({"bootstrap.servers": real_kafka})
    (made,) = admin.create_topics([NewTopic(settings.state_topic, 1, 1)]).values()
    made.result(30)
    producer = FencedProducer(settings, 0, FastClock)
    producer.claim()
    with pytest.raises(Fatal, match="clock is an hour or more off the brokers': set it"):
        producer.write(Batch([], [(b"\x00partition", b"{}")]))
    producer.close()
