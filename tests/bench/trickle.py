"""A steady trickle of events into every partition, and a reader of what was committed of them."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.runtime.placing import partition_of
from tests.bench.change import NOW, event_value, named, step_started
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.live import Sender

EVERY: Final = 0.1
"""Seconds between two events of one partition."""
FRESH: Final = 1.0
"""Seconds for which a partition that is at work is never silent."""


class WrongOutcomeError(AssertionError):
    """Raised when an event is lost or doubled."""


class Seen(NamedTuple):
    """An event as the reader saw it, on this machine's clock."""

    at: float
    sent: float


class Trickle:
    """Events that flow and are read while it is open: a context."""

    def __init__(self, bootstrap: str, partitions: int, cases: int, to: Sender) -> None:
        self._bootstrap, self._to = bootstrap, to
        self._cases: list[list[str]] = [[] for _ in range(partitions)]
        for number in range(cases):
            name = named(number)
            self._cases[partition_of(name, partitions)].append(name)
        self._sent = 0
        """Events sent into each partition."""
        self._came: Counter[str] = Counter()
        self._seen: list[list[Seen]] = [[] for _ in range(partitions)]
        self._ended, self._enough = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._send, self._read)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def silence(self, since: float) -> float:
        """Give the longest time in which nothing came of a partition, the last before included."""
        return max(
            later.at - earlier.at
            for seen in self._seen
            for earlier, later in pairwise(seen)
            if later.at >= since
        )

    def waited(self, since: float) -> float:
        """Give the longest time that an event sent since then took to its reader."""
        return max(each.at - each.sent for seen in self._seen for each in seen if each.at >= since)

    def until_calm(self, seconds: float, within: float, look: Callable[[], None]) -> None:
        """Wait until no partition was silent, and no event waited, for so many seconds.

        Raises RuntimeError when the sender or the reader has ended, AssertionError when time is up.
        """
        began = time.time()

        def calm() -> bool:
            look()
            if not all(thread.is_alive() for thread in self._threads):
                raise RuntimeError("nothing is sent, or read, any more")
            since = time.time() - seconds
            return (
                since > began
                and all(seen and time.time() - seen[-1].at < FRESH for seen in self._seen)
                and max(self.silence(since), self.waited(since)) < FRESH
            )

        eventually(calm, within, interval=0.1)

    def end(self, within: float) -> int:
        """Send no more, wait for what is on its way, and give how many came, each once.

        Raises WrongOutcomeError when one is missing or came twice.
        """
        self._enough.set()
        self._threads[0].join()
        wanted = {f"{p}-{n}" for p in range(len(self._seen)) for n in range(self._sent)}
        deadline = time.monotonic() + within
        while len(self._came) < len(wanted) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(2 * FRESH)  # for what might come twice
        twice = [event_id for event_id, times in self._came.items() if times > 1]
        if lost := wanted - self._came.keys():
            raise WrongOutcomeError(f"{len(lost)} events are lost, e.g. {min(lost)}")
        if twice:
            raise WrongOutcomeError(f"{len(twice)} events came twice, e.g. {min(twice)}")
        return len(wanted)

    def _send(self) -> None:
        began = time.monotonic()
        while not self._enough.wait(max(0.0, began + self._sent * EVERY - time.monotonic())):
            for partition, names in enumerate(self._cases):
                name = names[self._sent % len(names)]
                value = event_value(step_started(f"{partition}-{self._sent}", int(name[-8:])))
                self._to.send(topics.STEPS.name, value, name, partition)
                if self._sent % round(1 / EVERY) == 0:
                    tick = encode(Tick(NOW + int(self._sent * EVERY), "replay", {}))
                    self._to.send(topics.TICKS.name, tick, None, partition)
            self._sent += 1
        self._to.flush()

    def _read(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "bench",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 5,
            }
        )
        consumer.assign([TopicPartition(topics.EVENTS.name, p, 0) for p in range(len(self._seen))])
        while not self._ended.is_set():
            for message in consumer.consume(1000, 0.02):
                record = json.loads(message.value()) if message.error() is None else {}
                if record.get("type") == "event":
                    self._came[record["event"]["event_id"]] += 1
                    sent = record["origin"]["timestamp_ms"] / 1000
                    self._seen[message.partition()].append(Seen(time.time(), sent))
        consumer.close()
