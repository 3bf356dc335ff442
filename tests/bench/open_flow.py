"""Events of the bench's open cases, sent as fast as can be or so many a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from schemas import topics
from streams.runtime.placing import partition_of
from tests.bench.change import event_value, named
from tests.bench.open_states import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.live import Sender


class Flow:
    """Sends events of cases with numbers below `cases`, each event a new one."""

    def __init__(self, sender: Sender, cases: int) -> None:
        self._sender = sender
        self._cases = cases
        self._random = Random(3)
        self._began = datetime.now(UTC).isoformat(timespec="seconds")
        self._made = 0
        self._prepared: deque[tuple[str, bytes, int]] = deque()
        self.sent = 0

    def prepare(self, count: int) -> None:
        """Make events beforehand: making them takes as long as what is measured."""
        self._prepared.extend(self._event() for _ in range(count))

    def burst(self, count: int) -> float:
        """Send so many at once; give when the first was sent, in seconds since the epoch."""
        made = [self._event() for _ in range(count)]
        began = time.time()
        for event in made:
            self._send(*event)
        self._sender.flush()
        return began

    @contextmanager
    def steady(self, a_second: float) -> Iterator[None]:
        """Send so many a second, evenly, within the block."""
        stop = threading.Event()
        thread = threading.Thread(target=self._flow, args=(a_second, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _flow(self, a_second: float, stop: threading.Event) -> None:
        began, sent = time.monotonic(), 0
        while not stop.wait(0.005):
            due = int((time.monotonic() - began) * a_second)
            for _ in range(due - sent):
                self._send(*(self._prepared.popleft() if self._prepared else self._event()))
            sent = due
        self._sender.flush()

    def _send(self, name: str, value: bytes, partition: int) -> None:
        self._sender.send(topics.STEPS.name, value, name, partition)
        self.sent += 1

    def _event(self) -> tuple[str, bytes, int]:
        name = named(self._random.randrange(self._cases))
        facts = {
            "event_id": f"live-{self._made}",
            "case_no": name,
            "source": "hall-430102",
            "kind": "step_started",
            "step": "SC",
            "occurred_at": self._began,
            "item": "i",
        }
        self._made += 1
        return name, event_value(facts), partition_of(name, PARTITIONS)
