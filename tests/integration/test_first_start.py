"""Halls send first, the engine starts second: on its first day it lives, and loses none of it."""

from __future__ import annotations

import json

import pytest
from confluent_kafka import Producer

from schemas import topics
from tests.support.system import ROOT, on_either
from tests.support.wait import eventually

SAMPLE = ROOT / "deploy/samples/hunan"
EVENTS = [json.loads(line) for line in (SAMPLE / "events.jsonl").read_bytes().splitlines()]


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.long),
        pytest.param("real", marks=[pytest.mark.kafka, pytest.mark.long]),
    ]
)
def system(request, tmp_path, embedded_clickhouse):
    ticks = {"JIANCHA_ENGINE__TICKS_FROM": "worker"}
    with on_either(request, tmp_path, embedded_clickhouse, SAMPLE / "catalogue", **ticks) as found:
        yield found


def send(system):
    producer = Producer(
        {"bootstrap.servers": system.bootstrap, "partitioner": "murmur2_random", "acks": "all"}
    )
    for event in EVENTS:
        producer.produce(topics.STEPS.name, json.dumps(event), event["case_no"])
    assert producer.flush(30) == 0


def test_what_halls_sent_before_the_first_tick_is_judged_by_it(system):
    send(system)
    engine = system.start("engine")
    system.start("sink")
    for role in ("engine", "sink"):
        system.ready(role, 180)
    cases = {event["case_no"] for event in EVENTS}
    with_post = {event["case_no"] for event in EVENTS if event["kind"] == "step_started"}

    def all_there():
        assert engine.poll() is None, system.log("engine").read_text()[-3000:]
        assert {name for (name,) in system.ask("SELECT case_no FROM v_cases")} == cases
        steps = "SELECT DISTINCT case_no FROM v_clocks WHERE clock = 'step' AND officer != ''"
        assert with_post & {name for (name,) in system.ask(steps)}
        assert system.ask("SELECT count() FROM card_moves FINAL")[0][0] > 0  # a tick has come
        return True

    eventually(all_there, 180, interval=0.2)
    assert system.ask("SELECT count() FROM v_dead_letters") == [(0,)]
    assert system.terminate("engine") == 0
