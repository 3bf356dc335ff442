"""The sink role: its clients, its end."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.kafka_access import denial
from streams.kafka_clients import kafka_python_consumer_options
from streams.sink.batches import Batcher
from streams.sink.clickhouse import connect
from streams.sink.errors import words
from streams.sink.inserts import Writer
from streams.sink.letters import Letters
from streams.sink.loop import Sink
from streams.sink.rows import TOPICS

if TYPE_CHECKING:
    from clickhouse_driver import Client

    from streams.settings import Settings
    from streams.sink.metrics import SinkMetrics

FLUSH_SECONDS: Final = 4.0
"""How long an insert may still take after the stop; then it is given up, uncommitted."""
CLOSE_SECONDS: Final = 2.0
BOOTSTRAP_SECONDS: Final = 3.0

log = structlog.get_logger(__name__)


def run_sink(settings: Settings, stop: threading.Event, metrics: SinkMetrics) -> None:
    """Move what the engine wrote to ClickHouse until `stop` is set, then end within 10 s.

    An absent Kafka or ClickHouse is waited for. Raises `loop.Stalled`, for a supervisor to start
    anew, what the brokers refuse (`kafka_access.denial`), and what is a fault of the sink's own.
    """
    consumer = _consumer(settings, stop)
    if consumer is None:
        return
    client = connect(settings.clickhouse)
    letters = Letters(settings.kafka)
    ended = threading.Event()
    cut = threading.Thread(target=_cut_off, args=(stop, ended, client), daemon=True)
    cut.start()
    sink = Sink(
        consumer,
        Writer(client, settings.clickhouse.database, metrics.inserted),
        letters,
        Batcher(settings.sink.batch_rows, settings.sink.batch_seconds),
        metrics,
        monotonic=time.monotonic,
        wall=time.time,
        chance=random.random,
    )
    try:
        sink.subscribe()
        _await_topics(consumer, stop, embedded=settings.kafka.embedded)
        while not stop.is_set():
            sink.step()
        sink.finish()
    finally:
        ended.set()
        letters.close()
        consumer.close(autocommit=False, timeout_ms=round(CLOSE_SECONDS * 1000))
        client.disconnect()


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
    while missing := sorted(set(TOPICS) - consumer.topics()):
        if embedded:  # it makes a topic when a client first names it
            consumer.end_offsets([TopicPartition(topic, 0) for topic in missing])
            continue
        log.warning("topics are missing: run `jiancha topics`", missing=missing)
        if stop.wait(1.0):
            return


def _cut_off(stop: threading.Event, ended: threading.Event, client: Client) -> None:
    """Break an insert that hangs when the sink should end."""
    stop.wait()
    if not ended.wait(FLUSH_SECONDS):
        with contextlib.suppress(OSError, AttributeError):  # closed already, or never opened
            client.connection.socket.shutdown(socket.SHUT_RDWR)
