"""One case over which the law stumbles: three ends, then the others go on; and its way back."""

from __future__ import annotations

import itertools
import json
import sys

import pytest
from confluent_kafka import Producer

from schemas import topics
from streams.runtime.failstop import EXIT_CODE
from streams.runtime.placing import partition_of
from tests.support.stumbling import OFFICER
from tests.support.system import PARTITIONS, ROOT, on_either
from tests.support.wait import eventually

CATALOGUE = ROOT / "deploy/samples/hunan/catalogue"
STUMBLING = [sys.executable, "-m", "tests.support.stumbling"]
CASES = list(
    itertools.islice(
        (c for n in range(100) if partition_of(c := f"430102-{n:03}", PARTITIONS) == 1), 3
    )
)
"""All in one partition: the bad one between two others."""
BAD = CASES[1]


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.long),
        pytest.param("real", marks=pytest.mark.kafka),
    ]
)
def system(request, tmp_path, embedded_clickhouse):
    live = {"JIANCHA_ENGINE__TICKS_FROM": "worker", "JIANCHA_LOG": "json"}
    with on_either(request, tmp_path, embedded_clickhouse, CATALOGUE, **live) as found:
        yield found


def send(system, kind, day, *cases):
    producer = Producer(
        {"bootstrap.servers": system.bootstrap, "partitioner": "murmur2_random", "acks": "all"}
    )
    for case_no in cases:
        event = {
            "event_id": kind,
            "case_no": case_no,
            "source": "hall-a",
            "kind": kind,
            "occurred_at": f"2026-03-{day:02}T09:00:00+08:00",
            "item": "sgxk",
            "region": "430100",
            "officer": OFFICER if case_no == BAD else "o-1",
        }
        producer.produce(topics.STEPS.name, json.dumps(event), case_no)
    assert producer.flush(30) == 0


def last_words(system):
    lines = (json.loads(x) for x in system.log("engine").read_text().splitlines() if x[:1] == "{")
    return [line for line in lines if line.get("event") == "fail-stop"]


@pytest.mark.long  # `make test` has it without servers: tests/unit/test_faults.py
def test_after_three_ends_the_others_go_on_and_after_the_cure_it_does_too(system):
    send(system, "accepted", 2, *CASES)
    system.start("sink")
    for _ in range(3):
        assert system.start("engine", program=STUMBLING).wait(180) == EXIT_CODE
    system.start("engine", program=STUMBLING)
    system.ready("engine", 180)
    send(system, "finished", 3, *CASES)

    def others_go_on():
        done = "SELECT case_no FROM v_cases WHERE finished_at IS NOT NULL ORDER BY case_no"
        assert [name for (name,) in system.ask(done)] == [CASES[0], CASES[2]]
        assert system.ask("SELECT reason, count() FROM v_dead_letters GROUP BY reason") == [
            ("set_aside", 2)
        ]
        return True

    eventually(others_go_on, 180, interval=0.2)
    is_named_everywhere(system)

    assert system.terminate("engine") == 0
    system.start("engine")  # the cure: a program that does not stumble
    system.ready("engine", 180)
    assert BAD in system.run("case", "retry", BAD).stdout
    eventually(
        lambda: "0 set aside" in system.run("case", "list").stderr, 180, forgive=AssertionError
    )
    system.run("dlq", "replay", "--reason", "set_aside", "--case", BAD)

    def all_go_on():
        cases = "SELECT case_no, events FROM v_cases WHERE ended_at IS NOT NULL ORDER BY case_no"
        assert system.ask(cases) == [(case_no, 2) for case_no in CASES]
        assert system.ask("SELECT * FROM v_cases_set_aside") == []
        return True

    eventually(all_go_on, 180, interval=0.2)
    assert "is not set aside" in system.run("case", "retry", BAD, code=1).stderr


def is_named_everywhere(system):
    words = last_words(system)
    assert len(words) == 3
    for line in words:
        assert (line["kind"], line["case"]) == ("engine", BAD)
        assert (line["topic"], line["partition"]) == (topics.STEPS.name, 1)
        assert isinstance(line["offset"], int)
        assert line["reason"] == "ZeroDivisionError: the law stumbles"
    assert f"jiancha case retry {BAD}" in words[-1]["remedy"]
    listed = system.run("case", "list", "--format", "json", code=1).stdout
    assert [(m["case_no"], m["ends"]) for m in map(json.loads, listed.splitlines())] == [(BAD, 3)]
    shown = system.get("engine", "/metrics").text
    assert f'jiancha_engine_cases_set_aside{{case="{BAD}"}} 1.0' in shown
    aside = "SELECT case_no, partition, topic, reason FROM v_cases_set_aside"
    assert system.ask(aside) == [(BAD, 1, topics.STEPS.name, words[-1]["reason"])]
    assert BAD in system.run("dlq", "list", "--case", BAD).stdout
