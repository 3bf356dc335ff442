"""Kills, freezes and rebalances on real Kafka: nothing lost, nothing doubled, no state wrong.

After each of them the oracle reads every topic and compares it with what went in; a sampler has
watched the commits all the while.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time

import confluent_kafka as ck
import pytest

from tests.support.oracle import Lab
from tests.support.servers import real_kafka as own_kafka
from tests.support.wait import eventually

pytestmark = pytest.mark.kafka
NAMES = itertools.count()


@pytest.fixture
def make_lab(real_kafka, tmp_path):
    made = []

    def make(servers=real_kafka, **settings) -> Lab:
        lab = Lab(servers, f"survival{next(NAMES)}", tmp_path, **settings)
        made.append(lab)
        lab.make_topics()
        return lab

    yield make
    for lab in made:
        lab.close()


class Feeder:
    """Feeds a lab at a steady rate in the background, until it is asked to end."""

    def __init__(self, lab: Lab, each: int, every: float = 0.1) -> None:
        self._ended = threading.Event()
        self._work = lab, each, every
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        lab, each, every = self._work
        while not self._ended.wait(every):
            lab.feed(each, cases=500)


def took_over(lab: Lab, name: str, times: int = 1) -> None:
    eventually(lambda: lab.log(name).count("took over") >= times, 40)


def more_is_committed(lab: Lab, than: int = 0) -> int:
    """Wait until more is committed, and tell how much that is."""

    def moved() -> int:
        now = sum(lab.committed(lab.topics.steps).values())
        return now if now > than else 0

    return eventually(moved, 40, forgive=ck.KafkaException)


@pytest.mark.long
def test_killed_in_the_midst_of_it_and_started_again(make_lab):
    lab = make_lab(partitions=4)
    with lab.watching_commits() as samples, Feeder(lab, 300):
        lab.spawn("w1")
        done = more_is_committed(lab)
        lab.workers["w1"].kill()
        lab.workers["w1"].wait()
        lab.spawn("w1")
        more_is_committed(lab, done)
    lab.wait_until_judged()
    assert lab.stop("w1") == 0, lab.log("w1")
    assert len(samples) > 10
    assert lab.commits_too_early(samples) == []


@pytest.mark.long
def test_a_worker_frozen_past_its_session_that_wakes_up_changes_nothing(make_lab, tmp_path):
    freeze = tmp_path / "freeze"
    lab = make_lab(freeze=str(freeze))
    zombie = lab.spawn("zombie")
    lab.feed(2000)
    lab.wait_until_judged()
    freeze.touch()
    lab.feed(1000)  # folded by the zombie, and not written: it stops between the two
    eventually(lambda: not freeze.exists(), 10)
    lab.spawn("heir")
    lab.feed(1000)
    lab.wait_until_judged()
    before = lab.states()
    zombie.send_signal(signal.SIGCONT)
    assert zombie.wait(30) == 70
    assert "another worker owns it now" in lab.log("zombie")
    assert lab.states() == before
    lab.feed(500)
    lab.wait_until_judged()
    assert lab.stop("heir") == 0, lab.log("heir")


@pytest.mark.long
def test_workers_that_come_go_and_die_while_events_arrive(make_lab):
    lab = make_lab(partitions=4)
    with lab.watching_commits() as samples, Feeder(lab, 200):
        lab.spawn("w1")
        more_is_committed(lab)
        lab.spawn("w2")
        took_over(lab, "w2")
        lab.spawn("w3")
        took_over(lab, "w3")
        assert lab.stop("w2") == 0, lab.log("w2")
        lab.workers["w3"].kill()
        more_is_committed(lab, sum(lab.committed(lab.topics.steps).values()))
        lab.spawn("w4")
        took_over(lab, "w4")
        assert lab.stop("w1") == 0, lab.log("w1")
        took_over(lab, "w4", times=2)
    lab.wait_until_judged()
    assert lab.stop("w4") == 0, lab.log("w4")
    assert lab.commits_too_early(samples) == []


@pytest.mark.long
def test_the_broker_is_killed_and_comes_back(tmp_path):
    """A supervisor starts the worker again whenever it has ended itself."""
    with own_kafka(tmp_path / "kafka") as kafka:
        lab = Lab(kafka.bootstrap, "outage", tmp_path, write_timeout=10.0)
        lab.make_topics()
        supervised = threading.Event()

        def supervise() -> None:
            while not supervised.wait(0.2):
                if lab.workers["w1"].poll() is not None:
                    lab.spawn("w1")

        lab.spawn("w1")
        supervisor = threading.Thread(target=supervise)
        supervisor.start()
        try:
            lab.feed(2000)
            lab.wait_until_judged()
            kafka.kill()
            time.sleep(1.0)  # not a wait for something: the length of the outage
            kafka.start()
            lab.feed(2000)
            lab.wait_until_judged(90)
        finally:
            supervised.set()
            supervisor.join()
        lab.stop("w1")
        lab.close()
        assert not lab.check()
