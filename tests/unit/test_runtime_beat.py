"""The beat: what time is sent, with which barriers, and when a beat is left out."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    KafkaConnectionError,
)
from structlog.testing import capture_logs

from streams.kafka_access import denial
from streams.runtime.beat import Beat
from streams.runtime.ports import Barrier, Fatal
from streams.runtime.positions import Partition
from streams.runtime.ticker import Ticker
from streams.runtime.watchdog import Stalls
from tests.fakes import CountedMetrics, FakeCluster, ToyTopics, encode_tick, toy_settings

TOPICS = ToyTopics("t")


class Client:
    """confluent_kafka.Producer; `queued` records are still under way."""

    def __init__(self) -> None:
        self.queued = 0
        self.sent: list = []
        self.flushed = False

    def __call__(self, configuration):
        self.configuration = configuration
        return self

    def __len__(self):
        return self.queued

    def poll(self, _timeout):
        pass

    def produce(self, topic, value, partition):
        self.sent.append((topic, partition, json.loads(value)))

    def flush(self, _timeout):
        self.flushed = True


class Owned:
    def __init__(self, number, applied=0) -> None:
        self.offsets = {Partition(topic, number): applied for topic in TOPICS.inputs}
        self.named = ()
        self.writer = SimpleNamespace(writes=0)

    def applied(self):
        return self.offsets

    def barriers(self):
        return self.named


class Ownership:
    """`answers` says beat by beat whether it is ready; the last one stays."""

    def __init__(self, owned) -> None:
        self.owned = owned
        self.taking: dict[int, str] = {}
        self.answers = [True]
        self.refused: Exception | None = None

    @property
    def ready(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def refusal(self):
        return self.refused


class Bench:
    def __init__(self, tmp_path, *, ticking=True, **settings) -> None:
        self.settings = toy_settings("b:1", TOPICS, tmp_path, **({"tick_interval": 1.0} | settings))
        self.metrics = CountedMetrics()
        self.client = Client()
        self.cluster = FakeCluster(high=7)
        self.stalls = Stalls(self.settings.stall_timeout)
        self.times = [5_000]
        self.owned = {0: Owned(0), 3: Owned(3)}
        self.ownership = Ownership(self.owned)
        ticker = Ticker(self.settings, encode_tick, self.metrics, self.client)
        self.beat = Beat(
            self.settings,
            self.ownership,
            self.cluster,
            self.stalls,
            ticker if ticking else None,
            self.metrics,
            lambda: self.times.pop(0) if len(self.times) > 1 else self.times[0],
        )

    def once(self, seconds=1.0):
        asyncio.run(self.beat.once(seconds))


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_each_owned_partition_gets_a_tick_that_names_its_other_inputs_ends(bench):
    bench.once()
    barriers = {TOPICS.steps: 7, TOPICS.rulings: 7}
    assert bench.client.sent == [
        (TOPICS.ticks, 0, {"now": 5_000, "barriers": barriers}),
        (TOPICS.ticks, 3, {"now": 5_000, "barriers": barriers}),
    ]


def test_now_is_read_before_the_ends_so_that_all_of_its_records_are_named(tmp_path):
    bench = Bench(tmp_path)
    bench.times = [5_000, 5_400]
    bench.once()
    assert bench.client.sent[0][2]["now"] == 5_000


def test_the_watchdog_sees_the_lag_even_without_ticks(tmp_path):
    bench = Bench(tmp_path, ticking=False)
    bench.once()
    assert bench.client.sent == []
    assert bench.stalls.lag(3) == dict.fromkeys(TOPICS.inputs, 7)


@pytest.mark.parametrize("answers", [[False], [True, False]])
def test_no_tick_during_a_rebalance_though_it_begins_in_the_midst_of_a_beat(answers, bench):
    bench.ownership.answers = answers
    bench.once()
    assert bench.client.sent == []
    assert bench.metrics.counts["skipped not_ready"] == 1


def test_a_beat_is_left_out_while_earlier_ticks_are_under_way(bench):
    bench.client.queued = 2
    bench.once()
    assert bench.client.sent == []
    assert bench.metrics.counts["skipped slow_broker"] == 1


def test_a_beat_is_left_out_when_the_ends_cannot_be_had(bench):
    bench.cluster.error = KafkaConnectionError("away")
    bench.once()
    assert bench.metrics.counts["skipped slow_broker"] == 1
    assert bench.stalls.lag(0) == {}


def test_a_beat_is_left_out_when_the_ends_take_longer_than_a_beat(tmp_path):
    bench = Bench(tmp_path, tick_interval=0.02)

    async def scenario():
        bench.cluster.delay = asyncio.Event()
        await bench.beat.once(0.02)

    asyncio.run(scenario())
    assert bench.client.sent == []
    assert bench.metrics.counts["skipped slow_broker"] == 1


def test_a_time_that_has_become_old_is_not_sent(bench):
    """The process may have been frozen between the look and the tick."""
    bench.times = [5_000, 6_001]
    bench.once()
    assert bench.client.sent == []
    assert bench.metrics.counts["skipped late"] == 1


def test_a_stall_ends_the_beat_with_its_reason(tmp_path):
    bench = Bench(tmp_path, stall_timeout=2.0)
    bench.once()
    bench.once()
    bench.once()
    with pytest.raises(Fatal, match="has not moved for 3 s"):
        bench.once()


def test_a_worker_that_never_completes_a_take_over_ends(tmp_path):
    bench = Bench(tmp_path, stall_timeout=2.0)
    bench.ownership.answers = [False]
    bench.once()
    bench.once()
    with pytest.raises(Fatal, match="no take-over was completed in 3 s"):
        bench.once()


def test_a_group_that_refuses_the_worker_ends_it_at_once_with_its_reason(bench):
    bench.ownership.answers = [False]
    bench.ownership.refused = InconsistentGroupProtocolError()
    with pytest.raises(Fatal, match=f"group {bench.settings.group_id} refuses us: .*--members"):
        bench.once()


def test_a_group_that_we_have_no_right_to_is_told_with_the_right_that_is_missing(bench):
    bench.ownership.refused = GroupAuthorizationFailedError("g")
    with pytest.raises(Fatal) as raised:
        bench.once()
    assert "--members" not in str(raised.value)
    assert "jiancha topics --acls" in (denial(raised.value) or "")


def test_a_restore_under_way_may_take_its_time_and_reading_clears_the_count(tmp_path):
    bench = Bench(tmp_path, stall_timeout=2.0)
    bench.ownership.answers = [False]
    bench.ownership.taking = {0: "restoring"}
    for _ in range(5):
        bench.once()
    bench.ownership.taking = {}
    bench.once()
    bench.ownership.answers = [True]
    bench.once()
    bench.ownership.answers = [False]
    bench.once()
    bench.once()
    assert bench.metrics.counts["skipped not_ready"] == 8


def test_beats_come_at_the_interval_and_time_that_did_not_run_is_no_stall(tmp_path):
    bench = Bench(tmp_path, tick_interval=0.01)
    seen = []
    times = iter([0.0, 0.0, 0.0, 0.01, 0.01, 0.01, 500.0])

    async def once(seconds):
        seen.append(seconds)
        if len(seen) == 3:
            raise asyncio.CancelledError

    bench.beat.once = once
    now = [0.0]

    def clock():
        now[0] = next(times, now[0])
        return now[0]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(asyncio.wait_for(bench.beat.run(clock), 5))
    assert max(seen) <= 0.02


def test_ticks_of_a_partition_stay_in_order_and_closing_lets_the_last_ones_go(bench):
    assert bench.client.configuration["max.in.flight"] == 1
    Ticker(bench.settings, encode_tick, bench.metrics, bench.client).close()
    assert bench.client.flushed


def test_a_partition_whose_tick_waits_for_what_is_not_there_is_told_and_not_ended(bench):
    bench.cluster.high = 7
    bench.owned[3].named = [Barrier(TOPICS.steps, 9, 0)]
    del bench.owned[0]
    with capture_logs() as lines:
        for _ in range(3):
            bench.once(bench.settings.stall_timeout)
    (line,) = lines
    assert (line["partition"], line["barrier"], line["end"]) == (3, 9, 7)


def test_brokers_that_are_silent_are_asked_now_and_then_whether_they_still_let_us_in(bench):
    bench.cluster.error = KafkaConnectionError()
    for _ in range(25):
        bench.once()
    assert bench.cluster.knocks == 2
    bench.cluster.error = None
    bench.once()
    bench.cluster.error = KafkaConnectionError()
    for _ in range(9):
        bench.once()
    assert bench.cluster.knocks == 2


@pytest.mark.parametrize(("taking", "knocks"), [({}, 1), ({0: "restoring"}, 0)])
def test_so_are_they_while_no_take_over_comes_but_not_during_one(bench, taking, knocks):
    bench.ownership.answers, bench.ownership.taking = [False], taking
    for _ in range(12):
        bench.once()
    assert bench.cluster.knocks == knocks
