"""The history in a round: ClickHouse behind a gate, and what must stand in it at the end."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from clickhouse_driver import Client

from deploy.local import servers
from deploy.local.ports import free_port
from deploy.local.process import Process
from schemas import topics
from schemas.verdicts import CaseRecord, EventRecord, MoveRecord, decode
from streams.runtime.logic import RESERVED
from streams.sink.judged_rows import version
from tests.faults.network import Gate
from tests.faults.oracle import Findings, event_of
from tests.support.reader import Reader
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

UP_WITHIN = 60.0
DATABASE = "jiancha"
TABLES = ("events", "cases", "card_moves", "dead_letters")


class History:
    """A ClickHouse that can be killed and frozen; the sink comes through the gate."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._child = servers.clickhouse(servers.Layout(folder), self._port)
        self._process: Process | None = None
        self.gate = Gate(self._port)

    def start(self) -> None:
        self._process = Process(self._child, lambda _: None)
        eventually(self._answers, UP_WITHIN, interval=0.1, forgive=OSError)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self._process.stop()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, number)

    def _answers(self) -> bool:
        return servers.answers("127.0.0.1", self._port)

    def refuse(self) -> None:
        """Take no row any more; read as before."""
        for table in TABLES:
            self.ask(f"ALTER TABLE {table} MODIFY SETTING parts_to_throw_insert = 1")

    def take(self) -> None:
        """Take rows again."""
        for table in TABLES:
            self.ask(f"ALTER TABLE {table} RESET SETTING parts_to_throw_insert")

    def ask(self, sql: str) -> list[Any]:
        client = Client("127.0.0.1", port=self._port, database=DATABASE)
        try:
            return client.execute(sql)
        finally:
            client.disconnect()

    def hold(self, reader: Reader, within: float, findings: Findings) -> None:
        """Hold the tables against the topics, once the sink has come to their end."""
        events = {
            (record.case_no, bytes(record.event))
            for message in reader.read(topics.EVENTS.name)
            if not (message.key() or b"").startswith(RESERVED)
            and isinstance(record := event_of(message), EventRecord)
        }
        moves = {
            f"{move.epoch} {move.move_id}"
            for message in reader.read(topics.VERDICTS.name)
            if not (message.key() or b"").startswith(RESERVED)
            for move in [decode(message.value(), MoveRecord)]
        }
        cases: Counter[str] = Counter()
        for message in reader.read(topics.CASES.name):
            record = decode(message.value(), CaseRecord)
            cases[record.case_no] = max(cases[record.case_no], version(record))
        letters = sum(1 for _ in reader.read(topics.DEAD_LETTERS.name))
        began, wrong = time.monotonic(), [""]
        while wrong and time.monotonic() < began + within:
            wrong = [
                *self._count("events", "count()", len(events)),
                *self._count("dead_letters", "count()", letters),
                *self._named(
                    "card_moves",
                    "concat(toString(epoch), ' ', card_id, '-', toString(move_no))",
                    moves,
                ),
                *self._named(
                    "cases",
                    "concat(case_no, ' ', toString(revision))",
                    {f"{name} {revision}" for name, revision in cases.items()},
                ),
            ]
            time.sleep(0.5)
        findings.history_wrong += wrong

    def _count(self, table: str, what: str, expected: int) -> list[str]:
        ((found,),) = self.ask(f"SELECT {what} FROM {table} FINAL")
        return [] if found == expected else [f"{table}: {found} rows instead of {expected}"]

    def _named(self, table: str, what: str, expected: AbstractSet[str]) -> list[str]:
        found = Counter(name for (name,) in self.ask(f"SELECT {what} FROM {table} FINAL"))
        wrong = [f"{table} lacks {name}" for name in sorted(expected - set(found))]
        wrong += [f"{table} invents {name}" for name in sorted(set(found) - expected)]
        return wrong + [f"{table} doubles {name}" for name, n in found.items() if n > 1]
