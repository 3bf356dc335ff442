"""Two halls on real Kafka: one signs, somebody writes in its name. The case is not touched."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.macs import MAC_HEADER
from tests.support.sources import HN, OPS, ZZ, signed
from tests.support.system import installed
from tests.support.wait import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.long]  # `make test`: tests/unit/test_speaking.py

CATALOGUE = """
name: 两市
regions:
  - {code: "430000", name: 湖南省}
  - {code: "430100", name: 长沙市}
  - {code: "430200", name: 株洲市}
items:
  - {code: i, name: 事项, versions: [{clocks: {promised: {amount: 7, unit: working_day}}}]}
sources:
  - {code: hn-zwfw, name: 长沙, regions: ["430100"], keys: [hn-2026]}
  - {code: zz-zwfw, name: 株洲, regions: ["430200"], keys: [zz-2026]}
  - {code: bureau, name: 监察机构, regions: ["430000"], keys: [ops-2026], cures: true}
"""
GOOD = {
    "event_id": "e1",
    "case_no": "430100-1",
    "source": "hn-zwfw",
    "kind": "accepted",
    "occurred_at": "2026-03-02T09:00:00+08:00",
    "item": "i",
    "region": "430100",
}
VOIDED = {"record_version": 2, "voided": True}


@pytest.fixture
def system(tmp_path, real_kafka, embedded_clickhouse):
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "a.yaml").write_text(CATALOGUE, encoding="utf-8")
    keys = tmp_path / "keys"
    keys.touch(0o600)
    keys.write_text("".join(f"{k.id} {k.algorithm} {k.secret.hex()}\n" for k in (HN, ZZ, OPS)))
    with installed(
        tmp_path,
        real_kafka,
        embedded_clickhouse,
        catalogue,
        embedded=False,
        JIANCHA_KEYS_FILE=str(keys),
    ) as found:
        yield found


def send(system, *records):
    producer = Producer(
        {"bootstrap.servers": system.bootstrap, "partitioner": "murmur2_random", "acks": "all"}
    )
    for fields, key, keyed in records:
        raw = json.dumps({**GOOD, **fields}).encode()
        case = fields.get("case_no", GOOD["case_no"]) if keyed else "another key"
        producer.produce(topics.STEPS.name, raw, case, headers=signed(key, raw) if key else None)
    assert producer.flush(30) == 0


def reasons(system):
    return sorted(system.ask("SELECT source, reason FROM v_dead_letters"))


def case(system):
    return system.ask(
        "SELECT source, events, accepted_at IS NULL FROM v_cases WHERE case_no = '430100-1'"
    )


def test_who_writes_in_anothers_name_is_refused_and_the_case_stands(system):
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    send(
        system,
        ({}, HN, True),
        (
            {"event_id": "f1", "source": "zz-zwfw", "case_no": "430200-1", "region": "430200"},
            ZZ,
            True,
        ),
        (VOIDED, None, True),  # found/operator/forged_by_another_hall.jsonl
        (VOIDED, ZZ, True),
        ({**VOIDED, "source": "zz-zwfw"}, ZZ, True),
        ({**VOIDED, "source": "zz-zwfw", "region": None}, ZZ, True),
        ({"event_id": "e9", "source": "op"}, None, True),
        # signed, under a wrong key: sent on to its partition, where its MAC still holds
        ({"event_id": "e2", "kind": "step_started", "step": "审查"}, HN, False),
        # signed and unreadable: the operator corrects it, and answers for that
        ({"event_id": "e3", "kind": "finished", "occurred_at": "2026-03-04T09:00:00"}, HN, True),
    )

    def refused():
        assert reasons(system) == [
            ("hn-zwfw", "key_foreign"),
            ("hn-zwfw", "mac_missing"),
            ("hn-zwfw", "timezone_aware"),
            ("op", "source_unknown"),
            ("zz-zwfw", "case_foreign"),
            ("zz-zwfw", "region_foreign"),
        ]
        assert case(system) == [("hn-zwfw", 2, 0)]
        return True

    eventually(refused, 60, interval=0.2)
    metrics = system.get("engine", "/metrics").text
    assert 'jiancha_dead_letters_total{reason="key_foreign",source="hn-zwfw"} 1.0' in metrics
    cured(system)


def cured(system):
    def listed(reason):
        told = system.run("dlq", "list", "--reason", reason, "--format", "json").stdout
        return [json.loads(line)["letter_id"] for line in told.splitlines()]

    (letter,) = listed("timezone_aware")
    cure = ("--set", "occurred_at=2026-03-04T09:00:00+08:00")
    unsigned = system.run("dlq", "replay", letter, *cure, code=1)
    assert "was signed by hn-zwfw" in unsigned.stderr
    system.run("dlq", "replay", letter, *cure, "--sign", OPS.id)
    # What was forged is refused again, with the MAC it came with.
    system.run("dlq", "replay", "--reason", "key_foreign")

    def there():
        assert case(system) == [("hn-zwfw", 3, 0)]
        assert len(listed("key_foreign")) == 2
        return True

    eventually(there, 60, interval=0.5)
    assert MAC_HEADER not in system.log("engine").read_text(encoding="utf-8")


def test_a_replay_signs_what_it_sends(system, tmp_path):
    for role in ("engine", "sink"):
        system.start(role)
        system.ready(role)
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(GOOD) + "\n", encoding="utf-8")
    wrong = system.run("replay", events, "--sign", "hn-1999", code=2)
    assert "hn-1999 is not in the file of keys" in wrong.stderr
    system.run("replay", events, "--sign", HN.id)
    eventually(lambda: case(system) == [("hn-zwfw", 1, 0)], 30, interval=0.2)
    assert reasons(system) == []


def test_an_engine_without_a_key_that_the_catalogue_names_does_not_start(system):
    del system.env["JIANCHA_KEYS_FILE"]
    process = system.start("engine")
    assert process.wait(60) == 2
    told = system.log("engine").read_text(encoding="utf-8")
    assert "sources[hn-zwfw].keys: hn-2026 is not among the keys here" in told
    assert "JIANCHA_KEYS_FILE" in told
    assert HN.secret.hex() not in told
