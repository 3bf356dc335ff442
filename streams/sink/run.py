"""The sink role: its clients, its end."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.kafka_access import denial
from streams.kafka_clients import kafka_python_consumer_options, kafka_python_options
from streams.sink.batches import Batcher
from streams.sink.clickhouse import connect
from streams.sink.errors import Kind, kind_of, words
from streams.sink.inserts import SchemaDiffers, Writer
from streams.sink.letters import Letters
from streams.sink.loop import Sink
from streams.sink.offsets import Brokers, HistoryGap, Offsets
from streams.sink.rows import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clickhouse_driver import Client

    from streams.settings import Kafka, Settings
    from streams.sink.metrics import SinkMetrics
    from streams.sink.offsets import Gap

FLUSH_SECONDS: Final = 4.0
"""How long an insert may still take after the stop; then it is given up, uncommitted."""
CLOSE_SECONDS: Final = 2.0
BOOTSTRAP_SECONDS: Final = 3.0
TELL_EVERY: Final = 30
"""Tries, a second apart, after which it is told again that topics are missing."""
PARKED_SECONDS: Final = 10.0
"""Between two looks whether an operator has closed a gap in the history."""

log = structlog.get_logger(__name__)


def run_sink(settings: Settings, stop: threading.Event, metrics: SinkMetrics) -> None:
    """Move what the engine wrote to ClickHouse until `stop` is set, then end within 10 s.

    An absent Kafka or ClickHouse is waited for, and so is an operator where the history lacks what
    the group has read: the group is left, and the metrics and the log say so. Raises
    `loop.Stalled`, for a supervisor to start anew, what the brokers refuse
    (`kafka_access.denial`), and what is a fault of the sink's own.
    """
    parked = False
    while not stop.is_set():
        try:
            _run(settings, stop, metrics)
        except HistoryGap as gap:
            _tell(metrics, gap.gaps)
            log.error(  # noqa: TRY400 - the trace says nothing more
                "still stopped" if parked else "fail_stop",
                reason="history_gap",
                error=str(gap),
                again_in=PARKED_SECONDS,
            )
            parked = True
            stop.wait(PARKED_SECONDS)
        else:
            return


def _tell(metrics: SinkMetrics, gaps: Iterable[Gap]) -> None:
    lacking = Counter(dict.fromkeys(TOPICS, 0))
    for gap in gaps:
        lacking[gap.partition.topic] += gap.next - gap.first
    for topic, records in lacking.items():
        metrics.gap(topic, records)


def _run(settings: Settings, stop: threading.Event, metrics: SinkMetrics) -> None:
    """Move records until `stop` is set. Raises HistoryGap besides."""
    consumer = _consumer(settings, stop)
    if consumer is None:
        return
    client = connect(settings.clickhouse)
    letters = Letters(settings.kafka)
    ended = threading.Event()
    cut = threading.Thread(target=_cut_off, args=(stop, ended, client), daemon=True)
    cut.start()
    offsets = None
    if not settings.kafka.embedded:
        brokers = Brokers(consumer, partial(topic_ids, settings.kafka))
        offsets = Offsets(client, settings.clickhouse.database, brokers, time.time)
    sink = Sink(
        consumer,
        Writer(client, settings.clickhouse.database, metrics.inserted),
        letters,
        Batcher(settings.sink.batch_rows, settings.sink.batch_seconds),
        metrics,
        offsets=offsets,
        monotonic=time.monotonic,
        wall=time.time,
        chance=random.random,
    )
    try:
        sink.subscribe()
        _await_topics(consumer, stop, embedded=settings.kafka.embedded)
        if offsets is not None:
            _first_check(offsets, brokers)
            _tell(metrics, ())
        while not stop.is_set():
            sink.step()
        sink.finish()
    finally:
        ended.set()
        letters.close()
        consumer.close(autocommit=False, timeout_ms=round(CLOSE_SECONDS * 1000))
        client.disconnect()


def _first_check(offsets: Offsets, brokers: Brokers) -> None:
    """Hold the whole history against the group before it is joined. Raises HistoryGap.

    One that stands still for a gap must not be a member: while there are any the group's offsets
    cannot be set. Where a server does not answer the loop goes on with it: it waits, and tells of
    the lag.
    """
    try:
        offsets.check(brokers.partitions(TOPICS), adopt=False)
    except HistoryGap:
        raise
    except Exception as error:
        expected = isinstance(error, KafkaError | SchemaDiffers) and not denial(error)
        if not expected and kind_of(error) is Kind.DATA:
            raise
        log.warning("the history is not compared yet", error=words(error))


def topic_ids(kafka: Kafka, names: Iterable[str]) -> dict[str, str]:
    """Ask for topics' ids, which change when one is deleted and made again. Raises KafkaError."""
    admin = KafkaAdminClient(
        bootstrap_servers=kafka.bootstrap_servers.split(","),
        client_id="jiancha-sink-topics",
        bootstrap_timeout_ms=round(BOOTSTRAP_SECONDS * 1000),
        **kafka_python_options(kafka),
    )
    try:
        found = admin.describe_topics(sorted(names))
    finally:
        admin.close()
    return {topic["name"]: str(topic["topic_id"]) for topic in found}


def _consumer(settings: Settings, stop: threading.Event) -> Any:
    """Connect to Kafka, however long it takes; None when told to stop before."""
    kafka = settings.kafka
    while not stop.is_set():
        try:
            return KafkaConsumer(
                bootstrap_servers=kafka.bootstrap_servers.split(","),
                group_id=settings.sink.group,
                client_id="jiancha-sink",
                bootstrap_timeout_ms=round(BOOTSTRAP_SECONDS * 1000),
                max_partition_fetch_bytes=4 << 20,
                metrics_enabled=False,
                **kafka_python_consumer_options(kafka),
            )
        except KafkaError as error:
            if denial(error):
                raise
            log.warning("no broker", servers=kafka.bootstrap_servers, error=words(error))
            stop.wait(1.0)
    return None


def _await_topics(consumer: Any, stop: threading.Event, *, embedded: bool) -> None:
    """Wait for the topics that were subscribed, and know them before the group is joined.

    Who joins before that joins twice, and the second time may go wrong: see `Sink._watch`.
    """
    tries = 0
    while missing := sorted(set(TOPICS) - consumer.topics()):
        if embedded:  # it makes a topic when a client first names it
            consumer.end_offsets([TopicPartition(topic, 0) for topic in missing])
            continue
        if tries % TELL_EVERY == 0:
            log.warning("topics are missing: run `jiancha topics`", missing=missing)
        tries += 1
        if stop.wait(1.0):
            return


def _cut_off(stop: threading.Event, ended: threading.Event, client: Client) -> None:
    """Break an insert that hangs when the sink should end."""
    stop.wait()
    if not ended.wait(FLUSH_SECONDS):
        with contextlib.suppress(OSError, AttributeError):  # closed already, or never opened
            client.connection.socket.shutdown(socket.SHUT_RDWR)
