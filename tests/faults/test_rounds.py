"""A selection of rounds: each fault once, and what an oracle is worth that never finds anything."""

from __future__ import annotations

import os

import pytest

from tests.faults.points import DOUBLE, FORGET, LOSE
from tests.faults.rounds import Plan, run
from tests.support.need import need

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        os.environ.get("JIANCHA_FAULTS_ROUNDS") != "1",
        reason="faults take minutes: `make faults`, or set JIANCHA_FAULTS_ROUNDS=1",
    ),
]


@pytest.fixture(autouse=True)
def kafka():
    need("java")


@pytest.mark.parametrize(
    ("sabotage", "found"), [(LOSE, "lost"), (DOUBLE, "doubled"), (FORGET, "state_wrong")]
)
def test_what_a_worker_does_wrong_is_found(tmp_path, sabotage, found):
    plan = Plan(seed="sabotage", seconds=6, workers=1, events=1200, sabotage=sabotage)
    assert getattr(run(plan, tmp_path, print).findings, found)


def test_each_fault_once_with_one_broker_and_the_history(tmp_path):
    plan = Plan(seed="each", workers=2, events=40_000, history=True, outage=10.0, every=True)
    outcome = run(plan, tmp_path, print)
    assert not outcome.findings, outcome.findings.told()


def test_three_brokers_of_which_one_is_lost_at_a_time(tmp_path):
    only = (
        "kill a broker",
        "freeze a broker",
        "a broker's disk is full",
        "cut the network",
        "cut brokers off from each other",
        "kill a worker",
    )
    plan = Plan(seed="three", brokers=3, workers=2, events=20_000, every=True, only=only)
    outcome = run(plan, tmp_path, print)
    assert not outcome.findings, outcome.findings.told()


def test_clocks_that_are_wrong_by_an_hour_declare_nothing(tmp_path):
    only = ("the clock an hour ahead", "the clock an hour behind", "kill a worker")
    plan = Plan(seed="live", workers=2, live=True, every=True, only=only)
    outcome = run(plan, tmp_path, print)
    assert not outcome.findings, outcome.findings.told()


def test_a_state_begun_anew_an_older_one_and_kafka_lost_one_after_the_other(tmp_path):
    recover = ("begin anew", "an older state restored", "Kafka lost")
    plan = Plan(seed="lost", seconds=8, workers=1, events=1200, history=True, recover=recover)
    outcome = run(plan, tmp_path, print)
    assert not outcome.findings, outcome.findings.told()
    assert outcome.done == list(recover)


def test_a_running_release_is_upgraded(tmp_path):
    plan = Plan(seed="up", seconds=8, workers=1, events=800, history=True, recover=["upgrade"])
    outcome = run(plan, tmp_path, print)
    assert not outcome.findings, outcome.findings.told()
