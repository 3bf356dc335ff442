"""Some 65 kinds of bad message among 10,000 good ones: none lost, none judged, each explained."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import Producer

from schemas import topics
from tests.support.bad_messages import BAD_MESSAGES
from tests.support.boston import SAMPLE
from tests.support.system import on_either
from tests.support.wait import eventually

pytestmark = pytest.mark.long  # `make test` has each kind by itself, and dead letters on real Kafka

GOOD = 10_000
CATALOGUE = SAMPLE.parent / "hunan" / "catalogue"


def good(number):
    """One of two events of a case, as a hall sends it."""
    kind = ("accepted", "finished")[number % 2]
    return {
        "event_id": f"e{number}",
        "case_no": f"430102-{number // 2:06}",
        "source": "hall-a",
        "kind": kind,
        "occurred_at": f"2026-03-{2 + number % 2:02}T09:00:00+08:00",
        "item": "i",
    }


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kafka)])
def system(request, tmp_path, embedded_clickhouse):
    with on_either(request, tmp_path, embedded_clickhouse, CATALOGUE) as found:
        yield found


def send(system):
    """Send the good ones keyed as they should be, and the bad ones in between."""
    producer = Producer(
        {
            "bootstrap.servers": system.bootstrap,
            "partitioner": "murmur2_random",
            "message.max.bytes": 8 << 20,
        }
    )
    every = GOOD // len(BAD_MESSAGES)
    for number in range(GOOD):
        event = good(number)
        producer.produce(topics.STEPS.name, json.dumps(event), event["case_no"])
        if number % every == 0 and number // every < len(BAD_MESSAGES):
            bad = BAD_MESSAGES[number // every]
            producer.produce(topics.STEPS.name, bad.raw, f"bad-{bad.name}")
        if number % 1000 == 0:
            producer.flush()
    assert producer.flush(30) == 0


def test_every_good_one_is_judged_and_every_bad_one_explained(system):
    assert len(BAD_MESSAGES) >= 40
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    send(system)

    def all_there():
        assert system.ask("SELECT count() FROM v_cases") == [(GOOD // 2,)]
        assert system.ask("SELECT countIf(finished_at IS NOT NULL) FROM v_cases") == [(GOOD // 2,)]
        assert system.ask("SELECT count() FROM v_dead_letters") == [(len(BAD_MESSAGES),)]
        return True

    eventually(all_there, 60, interval=0.2)
    letters = system.ask("SELECT reason, field, message, remedy, origin_topic FROM v_dead_letters")
    assert all(message and remedy for _, _, message, remedy, _ in letters)
    assert {topic for *_, topic in letters} == {topics.STEPS.name}
    found = sorted((reason, field) for reason, field, *_ in letters)
    assert found == sorted((bad.reason, bad.field) for bad in BAD_MESSAGES)
    cured(system)


def cured(system):
    """Cure one, replay it twice: it is in once."""
    listed = system.run("dlq", "list", "--reason", "timezone_aware", "--format", "json").stdout
    letter = json.loads(listed.splitlines()[0])
    for _ in range(2):
        cure = f"{letter['field']}=2026-03-02T09:00:00+08:00"
        system.run("dlq", "replay", letter["letter_id"], "--set", cure)

    def there():
        return system.ask("SELECT count() FROM v_cases")[0][0] == GOOD // 2 + 1

    eventually(there, 30, interval=0.2)
    assert system.ask("SELECT count() FROM v_dead_letters") == [(len(BAD_MESSAGES),)]
