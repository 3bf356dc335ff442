"""The worker's contract, on both kinds of Kafka; what only a real one can do stands below it."""

from __future__ import annotations

import itertools
import time

import confluent_kafka as ck
import pytest

from tests.support.oracle import Lab
from tests.support.wait import eventually

NAMES = itertools.count()
EMBEDDED = {"read_committed": False, "topic_ids": False}


@pytest.fixture(
    params=[
        pytest.param("real", marks=pytest.mark.kafka),
        pytest.param("embedded", marks=pytest.mark.long),
    ]
)
def make_lab(request, tmp_path):
    """Make a lab with settings of the test's own, on the broker whose turn it is."""
    servers = request.getfixturevalue(f"{request.param}_kafka")
    made = []

    def make(**settings) -> Lab:
        extra = EMBEDDED if request.param == "embedded" else {}
        name = f"worker{next(NAMES)}-{request.param}"
        lab = Lab(servers, name, tmp_path, partitions=4, **(extra | settings))
        made.append(lab)
        (lab.make_embedded_topics if request.param == "embedded" else lab.make_topics)()
        return lab

    yield make
    for lab in made:
        lab.close()


@pytest.fixture
def make_real_lab(real_kafka, tmp_path):
    made = []

    def make(**settings) -> Lab:
        lab = Lab(real_kafka, f"worker{next(NAMES)}", tmp_path, **settings)
        made.append(lab)
        lab.make_topics()
        return lab

    yield make
    for lab in made:
        lab.close()


def test_every_event_is_judged_once_and_a_restart_goes_on_where_it_stopped(make_lab):
    lab = make_lab()
    lab.feed(4000)
    lab.spawn("w1")
    lab.wait_until_judged()
    began = time.monotonic()
    assert lab.stop("w1") == 0, lab.log("w1")
    assert time.monotonic() - began < 10
    assert lab.committed(lab.topics.steps) == lab.ends(lab.topics.steps)
    lab.feed(1000)
    lab.spawn("w2")
    lab.wait_until_judged()
    assert lab.stop("w2") == 0, lab.log("w2")
    assert f'"chunk {lab.topics.steps}": 1000' in lab.log("w2")
    assert not lab.check()


@pytest.mark.long
def test_a_tick_waits_for_the_events_that_it_names_over_a_restart_too(make_lab):
    lab = make_lab(make_ticks=False)
    for reached in (5, 10):  # events of the one case that each partition has
        lab.tick(reached, {lab.topics.steps: reached})

    def ticked() -> set:
        return {(meta["ticks"], meta["now"]) for meta in lab.metas().values()}

    lab.spawn("w1")
    lab.feed(4 * 4, cases=4)
    lab.wait_until_judged()
    assert ticked() == {(0, 0)}
    lab.feed(4, cases=4)
    lab.wait_until_judged()  # each case of five has its breach
    assert ticked() == {(1, 5)}
    assert lab.stop("w1") == 0, lab.log("w1")
    lab.spawn("w2")
    lab.feed(5 * 4, cases=4)
    eventually(lambda: ticked() == {(2, 10)}, 30)
    eventually(lambda: set(lab.committed(lab.topics.ticks).values()) == {2}, 10)
    assert lab.stop("w2") == 0, lab.log("w2")
    assert not lab.check()


@pytest.mark.long
@pytest.mark.kafka
def test_a_second_worker_takes_its_share_and_the_first_takes_it_back(make_real_lab):
    lab = make_real_lab(partitions=4)
    lab.spawn("w1")
    lab.feed(2000)
    lab.wait_until_judged()
    lab.spawn("w2")
    eventually(lambda: "took over" in lab.log("w2"), 90, forgive=FileNotFoundError)
    lab.feed(2000)
    lab.wait_until_judged()
    assert lab.stop("w2") == 0, lab.log("w2")
    lab.feed(2000)
    lab.wait_until_judged()
    assert lab.stop("w1") == 0, lab.log("w1")
    assert f'"chunk {lab.topics.steps}"' in lab.log("w2")  # it had a share
    assert '"kept": 0' not in lab.log("w1")


@pytest.mark.long
@pytest.mark.kafka
def test_aborted_events_and_markers_are_no_events_and_hold_no_tick_back(make_real_lab):
    lab = make_real_lab()
    lab.spawn("w1")
    lab.feed(100)
    lab.wait_until_judged()
    lab.feed_in_transactions(300, each=50)
    lab.wait_until_judged()
    assert lab.committed(lab.topics.steps) == lab.ends(lab.topics.steps)  # past the last marker
    ticks = sum(meta["ticks"] for meta in lab.metas().values())
    eventually(lambda: sum(m["ticks"] for m in lab.metas().values()) > ticks + 2, 10)
    assert lab.stop("w1") == 0
    assert '"holes"' in lab.log("w1")
    assert not lab.check()


BLIND = """
import sys, time
from aiokafka.cluster import ClusterMetadata
from tests import fakes
sees, first = ClusterMetadata.partitions_for_topic, []
def blind(self, topic):
    first.append(time.monotonic())  # from the first look on: the start may take long
    return sees(self, topic) if time.monotonic() > first[0] + 3 else None
ClusterMetadata.partitions_for_topic = blind
sys.exit(fakes.main(sys.argv[1]))
"""


@pytest.mark.long
@pytest.mark.kafka
def test_a_leader_to_whom_a_broker_that_has_just_begun_told_no_topics_soon_sees_them(make_real_lab):
    """Seen with a single broker that was killed: for five minutes nobody was assigned anything."""
    lab = make_real_lab()
    lab.feed(100)
    lab.spawn("w1", "-c", BLIND)
    lab.wait_until_judged(30)
    assert "partitions=[] " in lab.log("w1")
    assert lab.stop("w1") == 0, lab.log("w1")


@pytest.mark.long
@pytest.mark.kafka
def test_a_group_that_will_not_have_the_worker_ends_it_and_says_who_may_be_in_it(make_real_lab):
    """Somebody looks into the steps with a client of his own, under the engine's group id."""
    lab = make_real_lab()
    somebody = ck.Consumer({"bootstrap.servers": lab.servers, "group.id": lab.topics.group})
    somebody.subscribe([lab.topics.steps])
    try:
        eventually(lambda: somebody.poll(0.1) or somebody.assignment(), 20)
        worker = lab.spawn("w1")
        assert worker.wait(30) == 70, lab.log("w1")
    finally:
        somebody.close()
    assert "refuses us" in lab.log("w1")
    assert "--describe --members" in lab.log("w1")


@pytest.mark.long
@pytest.mark.kafka
def test_a_state_topic_that_was_lost_ends_the_process_and_says_the_cure(make_real_lab):
    lab = make_real_lab()
    lab.feed(100)
    lab.spawn("w1")
    lab.wait_until_judged()
    assert lab.stop("w1") == 0
    lab.remake(lab.topics.state)
    assert lab.spawn("w2").wait(30) == 70
    assert "the state topic lost records. Run `jiancha state rebuild`" in lab.log("w2")


@pytest.mark.long
@pytest.mark.kafka
def test_an_input_topic_made_anew_ends_the_process(make_real_lab):
    lab = make_real_lab()
    lab.feed(100)
    lab.spawn("w1")
    lab.wait_until_judged()
    assert lab.stop("w1") == 0
    lab.remake(lab.topics.rulings)
    assert lab.spawn("w2").wait(30) == 70
    assert "was made anew" in lab.log("w2")


@pytest.mark.kafka
def test_a_topic_of_another_width_ends_the_process(make_real_lab):
    lab = make_real_lab()
    lab.remake(lab.topics.rulings, partitions=3)
    assert lab.spawn("w1").wait(30) == 70
    assert "co-partitioned" in lab.log("w1") or "partitions differ" in lab.log("w1")


@pytest.mark.long
def test_without_a_broker_the_process_ends_with_a_reason(tmp_path):
    lab = Lab("127.0.0.1:9", "nowhere", tmp_path)
    assert lab.spawn("w1").wait(60) == 70
    assert "KafkaConnectionError" in lab.log("w1")
