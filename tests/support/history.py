"""Records as the engine writes them, a sink to move them, and a place in ClickHouse for them."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from kafka import KafkaProducer

from schemas import topics
from schemas.codes import ClockKind, Level
from schemas.findings import RULES, FindingCode
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    CaseRecord,
    ClockRecord,
    DeadLetter,
    EventRecord,
    FindingRecord,
    LevelReached,
    MoveRecord,
    Origin,
    ReferenceRecord,
    RulingRecord,
    card_id,
    encode,
    letter_id,
    move_id,
)
from streams.engine.entries import identity
from streams.kafka_clients import kafka_python_options
from streams.settings import ClickHouse, Kafka, Settings, Sink
from streams.sink import migrations
from streams.sink.clickhouse import connect
from streams.sink.run import run_sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clickhouse_driver import Client


def at(text: str) -> int:
    """Read a moment of UTC, e.g. `2026-03-02 09:00:00`, as seconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOW = at("2026-03-10 00:00:00")
"""When the engine wrote what says nothing else."""


@dataclass(frozen=True)
class Sent:
    """A record as a consumer gives it."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int = 0
    offset: int = 0
    timestamp: int = NOW * 1000
    headers: list[tuple[str, bytes]] = field(default_factory=list)


def origin(offset: int = 0, *, arrived: int = NOW, partition: int = 0) -> Origin:
    return Origin(topics.STEPS.name, partition, offset, arrived * 1000)


def event(case_no: str, kind: str, occurred_at: str, *, offset: int = 0, **facts: Any) -> Sent:
    """Write an accepted event. `arrived` (seconds) and `partition` say where it came from."""
    came = origin(offset, arrived=facts.pop("arrived", NOW), partition=facts.pop("partition", 0))
    content = {
        "schema_version": 1,
        "event_id": f"{case_no}-{kind}-{offset}",
        "case_no": case_no,
        "source": "hall",
        "kind": kind,
        "occurred_at": occurred_at,
        **facts,
    }
    record = EventRecord(
        case_no=case_no, origin=came, event=msgspec.Raw(msgspec.json.encode(content))
    )
    return Sent(topics.EVENTS.name, encode(record), case_no.encode())


def ruling(case_no: str, card: str, decided_at: str, **facts: Any) -> Sent:
    content = {
        "ruling_id": f"r-{case_no}",
        "case_no": case_no,
        "card_id": card,
        "action": "answered",
        "actor": "bureau-1",
        "decided_at": decided_at,
        "reason": "explained",
        **facts,
    }
    record = RulingRecord(
        case_no=case_no, origin=origin(), ruling=msgspec.Raw(msgspec.json.encode(content))
    )
    return Sent(topics.EVENTS.name, encode(record), case_no.encode())


def reference(subject: Any, name: str, version: str, *, partition: int = 0, since: int = 0) -> Sent:
    record = ReferenceRecord(
        subject=subject,
        name=name,
        version=version,
        partition=partition,
        at=since,
        content=msgspec.Raw(msgspec.json.encode({"name": name, "version": version})),
    )
    return Sent(topics.EVENTS.name, encode(record))


def clock(clock_id: str, started: str, due: str, stopped: str | None = None, **more: Any) -> Any:
    """Write a clock of a case."""
    first = clock_id.partition(":")[0]
    kind = ClockKind.SPECIAL_PROCEDURE if first == "special" else ClockKind(first)
    values = {
        "clock_id": clock_id,
        "clock": kind,
        "step": clock_id.split(":")[1] if kind is ClockKind.STEP else None,
        "started_at": at(started),
        "known_from": at(started),
        "deemed": False,
        "assumed": False,
        "due_at": at(due),
        "stopped_at": None if stopped is None else at(stopped),
        "state": "running" if stopped is None else "stopped",
        "overdue": False,
        "level": Level.NONE,
        "cards": [LevelReached(Level.NOTICE, at(due) - 86_400, "hunan.notice")],
        "provisional": False,
        "limit": "5 working_day",
        "mode": "next_day",
        "calendar": "cn",
        "calendar_version": "2026.1",
        **more,
    }
    return ClockRecord(**values)


def finding(
    code: FindingCode, when: str, *, of: str, level: Level | None = None, **more: Any
) -> Any:
    """Write a finding on a record, which its event id (of the source `hall`) names."""
    record = identity("hall", of)
    values = {
        "finding_id": f"finding:{code}:{record:x}",
        "code": code,
        "level": RULES[code].level if level is None else level,
        "at": at(when),
        "basis": RULES[code].basis,
        "kind": of.split("-")[-2],
        "record": record,
        "record_version": 1,
        "occurred_at": at(when),
        **more,
    }
    return FindingRecord(**values)


def case(case_no: str, clocks: list[ClockRecord], *, revision: int = 1, **more: Any) -> Sent:
    """Write a case."""
    values = {
        "case_no": case_no,
        "revision": revision,
        "as_of": NOW,
        "source": "hall",
        "item": "item-1",
        "item_name": "食品经营许可",
        "region": "430102",
        "department": "dept-1",
        "opened_at": min((c.started_at for c in clocks), default=NOW),
        "events": 3,
        "suspended": False,
        "level": Level.NONE,
        "catalogue": "v1",
        "clocks": clocks,
        "findings": [],
        **more,
    }
    return Sent(topics.CASES.name, encode(CaseRecord(**values)), case_no.encode())


def move(
    case_no: str,
    clock_of: ClockRecord,
    level: Level,
    what: Any = "issued",
    when: str | None = None,
    **more: Any,
) -> Sent:
    """Write a card's move; by default it is issued at the first second over the due time."""
    sequence, number = more.pop("sequence", 1), more.pop("move_no", 1)
    card = more.pop("card_id", card_id(case_no, clock_of.clock_id, level, sequence))
    over = clock_of.due_at + 1
    values = {
        "move_id": move_id(card, number),
        "card_id": card,
        "move": what,
        "move_no": number,
        "at": over if when is None else at(when),
        "reason": "level_reached" if what == "issued" else "due_moved",
        "case_no": case_no,
        "clock_id": clock_of.clock_id,
        "clock": clock_of.clock,
        "level": level,
        "sequence": sequence,
        "rule": f"hunan.{level}",
        "holds_from": over,
        "due_at": clock_of.due_at,
        "started_at": clock_of.started_at,
        "stopped_at": clock_of.stopped_at,
        "active": what in {"issued", "reopened"},
        "provisional": False,
        "limit": clock_of.limit,
        "source": "hall",
        "item": "item-1",
        "item_name": "食品经营许可",
        "region": "430102",
        "department": "dept-1",
        "step": clock_of.step,
        "officer": clock_of.officer,
        "revision": 1,
        "catalogue": "v1",
        "calendar": clock_of.calendar,
        "calendar_version": clock_of.calendar_version,
        **more,
    }
    return Sent(topics.VERDICTS.name, encode(MoveRecord(**values)), case_no.encode())


def dead_letter(offset: int, *, reason: str = "missing", **more: Any) -> Sent:
    values = {
        "letter_id": letter_id(topics.STEPS.name, 0, offset),
        "reason": reason,
        "field": "occurred_at",
        "value": "yesterday",
        "message": "Field required",
        "remedy": "send this field",
        "source": "hall",
        "origin": origin(offset),
        "sha256": "0" * 64,
        "size": 17,
        "cut": False,
        **more,
    }
    header = (DEAD_LETTER_HEADER, encode(DeadLetter(**values)))
    return Sent(topics.DEAD_LETTERS.name, b'{"applicant_name": "X"}', b"k", headers=[header])


class Metrics:
    """What a sink reported."""

    def __init__(self):
        self.rows: Counter[str] = Counter()
        self.batches: list[float] = []
        self.lags: dict[str, int] = {}
        self.retries: Counter[str] = Counter()
        self.poison: Counter[str] = Counter()
        self.gaps: dict[str, int] = {}

    def inserted(self, table, rows):
        self.rows[table] += rows

    def batch(self, seconds, at):
        assert at > NOW
        self.batches.append(seconds)

    def lag(self, topic, records):
        self.lags[topic] = records

    def retried(self, reason):
        self.retries[reason] += 1

    def gap(self, topic, records):
        self.gaps[topic] = records

    def poisoned(self, table, rows):
        self.poison[table] += rows


def settings(bootstrap: str, clickhouse: ClickHouse, **sink: Any) -> Settings:
    """Settings of a sink with a group of its own, which inserts at once."""
    return Settings(
        kafka=Kafka(bootstrap_servers=bootstrap, embedded=True, session_timeout=3),
        clickhouse=clickhouse,
        sink=Sink(**{"group": f"sink-{uuid.uuid4().hex}", "batch_seconds": 0.05, **sink}),
    )


_SPARE: dict[int, list[str]] = {}
"""Databases with all tables and no rows, by the port of their server."""


@contextlib.contextmanager
def database(port: int, *, migrated: bool = True) -> Iterator[tuple[ClickHouse, Client]]:
    """Give an empty database of its own in the ClickHouse on `port`, and a client that uses it.

    One that an earlier test has left with its tables as they were is emptied and given again: that
    takes a tenth of the time of a migration.
    """
    spare = _SPARE.setdefault(port, []) if migrated else []
    name = spare.pop() if spare else f"t_{uuid.uuid4().hex[:12]}"
    where = ClickHouse(port=port, database=name)
    client = connect(where, database="")
    if migrated:
        migrations.migrate(client, name)
    shape = _shape(client, name)
    try:
        yield where, client
    finally:
        if migrated and _shape(client, name) == shape:
            for table, made in shape:
                if made.startswith("CREATE TABLE") and table != "schema_migrations":
                    client.execute(f"TRUNCATE TABLE {name}.{table}")
            spare.append(name)
        else:
            client.execute(f"DROP DATABASE IF EXISTS {name}")
        client.disconnect()


def _shape(client: Client, name: str) -> list[tuple[str, str]]:
    """Say what tables and views there are, and how they were made."""
    return client.execute(
        "SELECT name, create_table_query FROM system.tables WHERE database = %(of)s ORDER BY name",
        {"of": name},
    )


@contextlib.contextmanager
def sink(of: Settings, metrics: Metrics | None = None) -> Iterator[threading.Thread]:
    """Run a sink; at the end it must stop within 10 s, without an error."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            run_sink(of, stop, metrics or Metrics())
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "the sink did not stop within 10 s"
    assert not failures, failures


def produce(kafka: Kafka, records: Iterable[Sent]) -> None:
    """Send records to their topics, and return when the broker has them."""
    producer = KafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers.split(","), **kafka_python_options(kafka)
    )
    sent = [
        producer.send(record.topic, record.value, record.key, headers=record.headers)
        for record in records
    ]
    for each in sent:
        each.get(10)
    producer.close()
