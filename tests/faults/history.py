"""The history in a round: ClickHouse behind a gate, its loss, and what must stand in it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any

from clickhouse_driver import Client

from deploy.local import servers
from deploy.local.ports import free_port
from deploy.local.process import Process
from tests.faults.network import Gate
from tests.faults.views import Views
from tests.support.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.reader import Reader

UP_WITHIN = 60.0
DATABASE = "jiancha"
TABLES = ("events", "cases", "card_moves", "dead_letters")


class History:
    """A ClickHouse that can be killed and frozen; the sink comes through the gate."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._disk = servers.Layout(folder).clickhouse
        self._backup = self._disk.with_name("clickhouse-backup")
        self._child = servers.clickhouse(servers.Layout(folder), self._port)
        self._views = Views()
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

    def lose(self) -> None:
        """Lose the server with its disk; an empty one takes its place."""
        self.kill()
        shutil.rmtree(self._disk)
        self.start()

    def back_up(self) -> None:
        """Copy all tables as they are at one moment."""
        self.stop()
        shutil.copytree(self._disk, self._backup, symlinks=True)
        self.start()

    def restore(self) -> None:
        """Lose the server; the disk is that of the backup."""
        self.kill()
        shutil.rmtree(self._disk)
        self._backup.rename(self._disk)
        self.start()

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

    def come_to(self, reader: Reader, within: float) -> None:
        """Let it come to what the topics say: that stays in it when they are lost."""
        assert not (wrong := self.hold(reader, within)), wrong

    def hold(self, reader: Reader, within: float) -> list[str]:
        """Hold the views against topics and state, once the sink has come to the topics' end."""
        self._views.read(reader)
        began, wrong = time.monotonic(), [""]
        while wrong and time.monotonic() < began + within:
            wrong = self._views.compare(self.ask)
            time.sleep(0.5)
        return wrong
