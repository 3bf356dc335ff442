"""Beside working engines: sending to their broker, and following what they have committed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaException, Producer, TopicPartition

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from confluent_kafka import Message

FLUSH_WITHIN: Final = 120.0
MOST_AT_ONCE: Final = 5000


class Sender:
    """Sends without ever failing for a full queue; each record is dated when it is sent.

    Idempotent, so that a retry changes no order: a tick counts on the offsets before it. It
    waits `linger` milliseconds for more of a partition: by default as long as Java's client does.
    """

    def __init__(self, bootstrap: str, linger: int = 5) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": linger,
                "queue.buffering.max.messages": 1_000_000,
                "log_level": 3,
            }
        )

    def send(self, topic: str, value: bytes, key: str | bytes | None, partition: int) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, partition)
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Wait until the broker has everything. Raises TimeoutError."""
        if self._producer.flush(FLUSH_WITHIN):
            raise TimeoutError("the broker does not take what it is sent")


class Follower:
    """Gives each committed record of some topics to `take`, with when it could be read.

    That moment is by the machine's clock, in seconds since the epoch. `take` is called in a thread
    of the follower's own, which begins at the topics' first records.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[str],
        partitions: int,
        take: Callable[[Message, float], None],
    ) -> None:
        self._consumer = KafkaConsumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "bench",  # demanded by the client, never joined
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 5,
            }
        )
        self._consumer.assign([TopicPartition(t, p, 0) for t in topics for p in range(partitions)])
        self._take = take
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            first = self._consumer.poll(0.1)
            if first is None:
                continue
            found = [first, *self._consumer.consume(MOST_AT_ONCE, 0)]
            read_at = time.time()
            for message in found:
                if (error := message.error()) is None:
                    self._take(message, read_at)
                elif not error.retriable():
                    raise KafkaException(error)
        self._consumer.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def broken(self) -> bool:
        return not self._thread.is_alive()


def until(
    condition: Callable[[], bool],
    within: float,
    engines: Sequence[subprocess.Popen[bytes]],
    what: str,
) -> None:
    """Wait for a condition. Raises RuntimeError when it does not come, or an engine ended."""
    deadline = time.monotonic() + within
    while not condition():
        if any(engine.poll() is not None for engine in engines):
            raise RuntimeError(f"{what}: an engine ended")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {within:.0f} s")
        time.sleep(0.02)


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the value that so many percent lie below, of which there is one at least."""
    ordered = sorted(values)
    return ordered[len(ordered) * percent // 100]
