"""What the halls send in a round: lawful events, repetitions, wrong keys and places, poison."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from streams.runtime.placing import partition_of
from tests.bench.hall import make_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.hall import Sent

POISON = (
    b"",
    b"\xff\xfe not text",
    b"{",
    b"[1, 2]",
    b'{"case_no": "x"}',
    b'{"schema_version": 1, "schema_version": 1}',
    b"[" * 2000,
    b"x" * 5000,
)


class Record(NamedTuple):
    """One record for `hall.steps`."""

    partition: int
    key: bytes | None
    value: bytes


class Load:
    """The events of a round, in bursts. `now` is the hall's time, seconds since the epoch."""

    def __init__(self, seed: str, events: int, partitions: int) -> None:
        self._random = Random(f"load {seed}")
        self._partitions = partitions
        log = make_log(events, partitions, self._random.randrange(1 << 30))
        self._sent: list[Sent] = sorted(event for own in log.steps for event in own)
        self._at = 0
        self.now = self._sent[0].at

    @property
    def left(self) -> int:
        return len(self._sent) - self._at

    def burst(self, events: int) -> list[Record]:
        """Give the next events as they are sent: some twice, some elsewhere, some out of order."""
        due = self._sent[self._at : self._at + events]
        self._at += len(due)
        if due:
            self.now = due[-1].at
        records = [record for event in due for record in self._as_sent(event)]
        if self._random.random() < 0.3:
            self._random.shuffle(records)
        return records

    def one_case(self, events: int) -> list[Record]:
        """Give very many events of one case: all the load in one partition."""
        case_no = f"430102-2025-9{self._random.randrange(10**6):06d}"
        return [self._record(case_no, self._note(case_no, number)) for number in range(events)]

    def poison(self) -> list[Record]:
        return [
            Record(self._random.randrange(self._partitions), b"poison", value) for value in POISON
        ]

    def _as_sent(self, event: Sent) -> Iterator[Record]:
        chance = self._random.random()
        right = self._record(event.case_no, event.value)
        if chance < 0.02:
            yield right._replace(partition=self._random.randrange(self._partitions))
        elif chance < 0.04:
            yield right._replace(key=self._random.choice((None, b"wrong")))
        else:
            yield right
        if chance > 0.98:
            yield right  # sent again

    def _record(self, case_no: str, value: bytes) -> Record:
        return Record(partition_of(case_no, self._partitions), case_no.encode(), value)

    def _note(self, case_no: str, number: int) -> bytes:
        """Write a step that begins and never ends: the longest kind of case."""
        moment = f"2025-03-{3 + number % 25:02d}T{number % 24:02d}:{number % 60:02d}:00+08:00"
        return json.dumps(
            {
                "schema_version": 1,
                "event_id": f"{case_no}-{number}",
                "case_no": case_no,
                "source": "hall-430102",
                "kind": "step_started",
                "item": "i",
                "occurred_at": moment,
                "step": f"S{number % 7}",
            }
        ).encode()
