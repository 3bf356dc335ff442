"""What we lean on inside Faust, mode and aiokafka: each name exists and does what we think.

Faust is pinned to one version; this module says what to look at before the pin is moved.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import aiokafka
import faust
import pytest
from aiokafka import codec
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher as WireFetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.consumer.group_coordinator import BaseCoordinator, GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from faust.app.base import App, BootStrategy
from faust.assignor.partition_assignor import PartitionAssignor
from faust.streams import Stream
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.consumer import Consumer, ConsumerThread, Fetcher
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    ConsumerRebalanceListener,
)
from faust.transport.drivers.aiokafka import (
    Consumer as WireConsumer,
)
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.threads import QueueServiceThread

from streams.runtime import app, cluster, transport
from streams.runtime.positions import Partition

RUNTIME = Path(transport.__file__).parent


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def source(thing) -> str:
    return " ".join(inspect.getsource(thing).split())


def test_the_version_is_the_one_that_was_proven():
    assert version("faust-streaming") == "0.15.3"


@pytest.mark.parametrize("name", ["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_that_a_hall_may_use_can_be_read(name):
    """Without the libraries one compressed batch ends the worker."""
    assert getattr(codec, f"has_{name}")()


@pytest.mark.parametrize(
    ("owner", "name", "expected"),
    [
        (AIOKafkaConsumerThread, "_create_worker_consumer", ["self", "transport"]),
        (AIOKafkaConsumerThread, "_ensure_consumer", ["self"]),
        (QueueServiceThread, "call_thread", ["self", "fun", "args", "kwargs"]),
        (WireConsumer, "_new_consumer_thread", ["self"]),
        (Consumer, "perform_seek", ["self"]),
        (Consumer, "on_partitions_revoked", ["self", "revoked"]),
        (Consumer, "on_partitions_assigned", ["self", "assigned", "generation_id"]),
        (Consumer, "wait_empty", ["self"]),
        (Consumer, "getmany", ["self", "timeout"]),
        (Consumer, "_wait_next_records", ["self", "timeout"]),
        (Consumer, "ack", ["self", "message"]),
        (Consumer, "_filter_tps_with_pending_acks", ["self", "topics"]),
        (Consumer, "_new_offset", ["self", "tp"]),
        (Consumer, "_add_gap", ["self", "tp", "offset_from", "offset_to"]),
        (Consumer, "verify_all_partitions_active", ["self"]),
        (Consumer, "on_buffer_full", ["self", "tp"]),
        (Consumer, "on_buffer_drop", ["self", "tp"]),
        (ConsumerThread, "earliest_offsets", ["self", "partitions"]),
        (AIOKafkaConsumer, "beginning_offsets", ["self", "partitions"]),
        (AIOKafkaConsumer, "end_offsets", ["self", "partitions"]),
        (AIOKafkaConsumer, "seek", ["self", "partition", "offset"]),
        (Stream, "noack", ["self"]),
        (Stream, "events", ["self"]),
    ],
)
def test_what_we_override_or_call_has_the_signature_that_we_know(owner, name, expected):
    assert parameters(getattr(owner, name)) == expected


def test_no_other_private_name_of_theirs_is_touched():
    """A new underscored name belongs into this list, with a test of what it does."""
    known = {
        "_assignor", "_buffered_partitions", "_client", "_committed_offset", "_consumer",
        "_coordinator", "_ensure_consumer", "_fetcher", "_n_acked", "_new_consumer_thread",
        "_pending_exception", "_read_offset", "_subscriptions", "_thread",
        "_unacked_messages", "_wait_next_records", "_waiting_for_ack",
    }  # fmt: skip
    found = set()
    for module in (transport, app, cluster):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        ours = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        ours |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        } - known
        found |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
        } - ours
    assert found <= known


def test_an_error_of_the_group_is_kept_for_the_next_fetch_and_nothing_goes_on_until_then():
    """So a worker that fetches nothing has to look for it."""
    assert "self._coordinator = None" in source(AIOKafkaConsumer.__init__)
    pushed = source(GroupCoordinator._push_error_to_user)
    assert "self._pending_exception = exc" in pushed
    assert "[self._error_consumed_fut, self._closing]" in pushed
    assert "await self._push_error_to_user(exc) continue" in source(GroupCoordinator)
    assert AIOKafkaConsumerThread._consumer is None


def test_a_leader_that_assigned_by_a_view_without_topics_rejoins_when_it_sees_them():
    """Faust leaves topics out that it does not see, and that is no error."""
    assert "Ignoring missing topic" in source(PartitionAssignor)
    update = source(BaseCoordinator._handle_metadata_update)
    assert "if self._metadata_snapshot != metadata_snapshot:" in update
    assert "self._on_metadata_change()" in update
    assert "self.request_rejoin()" in source(GroupCoordinator._on_metadata_change)
    assert parameters(AIOKafkaClient.force_metadata_update) == ["self"]


def test_the_consumer_has_the_state_that_we_read_and_write():
    made = source(Consumer.__init__) + source(Consumer._reset_state) + source(Consumer)
    for name in (
        "_unacked_messages = WeakSet()",
        "_read_offset = defaultdict(lambda: None)",
        "_committed_offset = defaultdict(lambda: None)",
        "_buffered_partitions = set()",
        "_waiting_for_ack = None",
        "_n_acked: int = 0",
        "flow_active = True",
    ):
        assert name in made


def test_the_fetch_loop_takes_what_getmany_yields_and_drops_only_older_offsets():
    loop = source(Consumer._drain_messages)
    assert "ait = cast(AsyncIterator, getmany(timeout=1.0))" in loop
    assert "if r_offset is None or offset >= r_offset:" in loop
    assert "set_read_offset(tp, offset)" in loop


def test_waiting_for_records_returns_them_with_the_active_partitions():
    assert "return records, active_partitions" in source(Consumer._wait_next_records)


def test_a_commit_takes_the_offset_that_we_say_and_only_upwards():
    assert "offset = self._new_offset(tp)" in source(Consumer._filter_committable_offsets)
    assert "committed is None or bool(offset) and offset > committed" in source(
        Consumer._should_commit
    )
    assert "self._filter_tps_with_pending_acks(topics)" in source(Consumer.force_commit)


def test_a_rebalance_waits_for_the_unacknowledged_and_commits_before_it_lets_go():
    assert "while not self.should_stop and self._unacked_messages:" in source(Consumer.wait_empty)
    revoked = source(App._on_partitions_revoked)
    order = [
        "stop_flow",
        "flow_control.clear()",
        "_consumer_wait_empty",
        "on_partitions_revoked.send",
    ]
    places = [revoked.index(step) for step in order]
    assert places == sorted(places)
    assert "if self.conf.stream_wait_empty:" in source(App._consumer_wait_empty)


def test_the_take_over_comes_before_the_seek_and_that_before_the_flow():
    resume = source(Recovery._resume_streams)
    order = ["on_rebalance_complete.send()", "perform_seek()", "consumer.resume_flow()"]
    places = [resume.index(step) for step in order]
    assert places == sorted(places)
    assert "if not self.tables or" in source(Recovery)


def test_the_generation_is_known_before_the_assignment_is_handed_on():
    assigned = source(ConsumerRebalanceListener.on_partitions_assigned)
    order = ["app.consumer_generation_id = generation", "on_partitions_assigned("]
    places = [assigned.rindex(step) if "(" in step else assigned.index(step) for step in order]
    assert places == sorted(places)
    assert "thread.app.on_rebalance_start()" in source(
        ConsumerRebalanceListener.on_partitions_revoked
    )


def test_a_stream_skips_what_belongs_to_another_generation():
    assert "message.generation_id != self.app.consumer_generation_id" in source(Stream._py_aiter)


def test_the_fetcher_reads_through_our_getmany():
    assert "_drain_messages(self)" in source(Fetcher)


def test_a_final_acknowledgement_comes_to_our_ack():
    given = []
    message = ConsumerMessage("t", 0, 4, None, None, None, None, "v", None, tp=TP("t", 0))
    message.incref()
    message.ack(SimpleNamespace(ack=lambda m: given.append(m) or True))
    assert given == [message]
    assert (message.value, message.tp, message.acked) == ("v", ("t", 0), False)


def test_notifying_nobody_is_allowed():
    faust_consumer.notify(None)


def test_their_partitions_and_ours_are_the_same_keys():
    ours, faust_s, wire_s = Partition("t", 1), TP("t", 1), aiokafka.TopicPartition("t", 1)
    assert {ours: 1}[faust_s] == {ours: 1}[wire_s] == {wire_s: 1}[ours] == 1
    assert faust_consumer.ensure_TP(ours) == faust_s


def test_a_position_can_be_read_without_waiting():
    async def scenario():
        tp = aiokafka.TopicPartition("t", 0)
        assignment = Assignment({tp})
        state = assignment.state_value(tp)
        assert isinstance(state, TopicPartitionState)
        assert not state.has_valid_position
        state.seek(5)
        assert (state.has_valid_position, state.position) == (True, 5)
        assert assignment.state_value(aiokafka.TopicPartition("t", 1)) is None

    asyncio.run(scenario())


def test_a_position_moves_past_markers_and_with_the_records_only():
    """Holes are told from the position after a fetch."""
    unpack = source(PartitionRecords._unpack_records)
    assert "is_control_batch: self.next_fetch_offset = next_batch.next_offset" in unpack
    assert "self.next_fetch_offset = record.offset + 1" in unpack


def test_a_seek_drops_what_was_fetched_before_it():
    seek = source(WireFetcher.seek_to)
    assert "self._subscriptions.seek(tp, offset)" in seek
    assert "del self._records[tp]" in seek


def test_ends_are_looked_up_at_our_isolation_level():
    assert "OffsetRequest(-1, self._isolation_level" in source(WireFetcher)


def test_one_metadata_request_tells_all_topics_partitions():
    client = aiokafka.AIOKafkaConsumer.__init__.__globals__["AIOKafkaClient"]
    assert parameters(client.fetch_all_metadata) == ["self"]
    assert "self._client = AIOKafkaClient(" in source(AIOKafkaConsumer.__init__)


def test_neither_web_nor_producer_is_started():
    boot = app.ConsumerOnly.__new__(app.ConsumerOnly)
    assert boot._should_enable_web() is False
    assert boot._should_enable_kafka_producer() is False
    assert issubclass(app.ConsumerOnly, BootStrategy)
    assert faust.App.BootStrategy is BootStrategy


def test_the_assignor_groups_topics_of_one_width():
    assert "topics_by_partitions[num_partitions].add(topic)" in source(
        PartitionAssignor._get_copartitioned_groups
    )
