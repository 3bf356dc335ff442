"""What the halls send in a round: lawful events, repetitions, wrong keys and places, poison."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from streams.runtime.placing import partition_of
from tests.bench.hall import Sent, make_log

if TYPE_CHECKING:
    from collections.abc import Iterator


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
LARGEST = 1_048_000
"""Bytes of a record's value that the input topic just takes."""
OFFICERS = ("o-1", "o-2", "o-3", "o-9", None)
"""Whom a step names: who holds its post, a deputy, another, or nobody."""
FORGOTTEN = 0.2
"""Of a load: cases that ended within it are no longer held by the halls."""
SETTLES_AFTER = 60 + 5
"""Seconds after the last live event by which each clock has run out and been told."""


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
        self._sent: list[Sent] = self._events(events)
        self._at = 0
        self.now = self._sent[0].at

    def _events(self, events: int) -> list[Sent]:
        log = make_log(events, self._partitions, self._random.randrange(1 << 30))
        return [self._with_officer(sent) for sent in sorted(e for own in log.steps for e in own)]

    def _with_officer(self, sent: Sent) -> Sent:
        """Name one whose post it is, or nobody: who answers is then a matter of the day."""
        fields = json.loads(sent.value)
        if "step" in fields:
            fields["officer"] = self._random.choice(OFFICERS)
            fields = {name: value for name, value in fields.items() if value is not None}
        return sent._replace(value=json.dumps(fields, ensure_ascii=False).encode())

    @property
    def left(self) -> int:
        return len(self._sent) - self._at

    def burst(self, events: int) -> list[Record]:
        """Give the next events as they are sent: some twice, some elsewhere, some out of order."""
        due = self._sent[self._at : self._at + events]
        self._at += len(due)
        if due:
            self.now = due[-1].at
        records = [record for sent in due for record in self._as_sent(sent)]
        if self._random.random() < 0.3:
            self._random.shuffle(records)
        return records

    def again(self) -> list[Record]:
        """Give what the halls still hold of what was sent: whole cases, as they were."""
        sent = self._sent[: self._at]
        early = sent[: int(len(sent) * FORGOTTEN)]
        ended = {s.case_no for s in early if b'"finished"' in s.value}
        later = {s.case_no for s in self._sent[len(early) :]}
        gone = ended - later
        return [self._record(s.case_no, s.value) for s in sent if s.case_no not in gone]

    def one_case(self, events: int) -> list[Record]:
        """Give very many events of one case: all the load in one partition."""
        case_no = f"430102-2025-9{self._random.randrange(10**6):06d}"
        return [self._record(case_no, self._note(case_no, number)) for number in range(events)]

    def poison(self) -> list[Record]:
        values = (*POISON, self._random.randbytes(LARGEST))
        return [
            Record(self._random.randrange(self._partitions), b"poison", value) for value in values
        ]

    def _as_sent(self, sent: Sent) -> Iterator[Record]:
        chance = self._random.random()
        right = self._record(sent.case_no, sent.value)
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
        return event(case_no, number, "step_started", moment, step=f"S{number % 7}")


class LiveLoad(Load):
    """Events that happen as they are sent; half of the cases end before their limits.

    `settled` is when no card can come any more, seconds since the epoch.
    """

    settled = 0.0

    def _events(self, events: int) -> list[Sent]:
        return [Sent(0, "", b"")] * events  # what they say is written as they are sent

    def burst(self, events: int) -> list[Record]:
        """Give the next events as they are sent: a new case, or the end of one."""
        number = min(events, self.left)
        due = [self._next(self._at + n) for n in range(number)]
        self._at += number
        if due:
            self.settled = time.time() + SETTLES_AFTER
        return [record for sent in due for record in self._as_sent(sent)]

    def _next(self, number: int) -> Sent:
        """Write an event: cases are accepted one after the other; half of them end later."""
        begins = number % 4 < 2
        back = 3 if number % 4 == 3 else self._random.choice((200, 2000, 5000))
        case = number if begins else max(0, number - back)
        case -= max(0, case % 4 - 1)
        now, case_no = datetime.now(UTC), f"430102-2026-{case:08d}"
        moment = now.isoformat(timespec="seconds")
        kind = ("accepted", "accepted", "finished", "step_started")[number % 4]
        facts = {"finished": {"outcome": "granted"}, "step_started": {"step": "SC"}}.get(kind, {})
        value = event(case_no, number, kind, moment, **facts)
        return Sent(int(now.timestamp()), case_no, value)


def event(case_no: str, name: object, kind: str, moment: str, **facts: str) -> bytes:
    """Write the plainest event; `name` tells it from the others of its case."""
    return json.dumps(
        {
            "schema_version": 1,
            "event_id": f"{case_no}-{name}",
            "case_no": case_no,
            "source": "hall-430102",
            "kind": kind,
            "item": "i",
            "occurred_at": moment,
            **facts,
        }
    ).encode()
