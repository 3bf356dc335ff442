"""The engine's worker as a process of its own, started as a user starts it; what it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from deploy.local.ports import free_port
from tests.bench.live import until
from tests.bench.open_states import PARTITIONS
from tests.bench.process import cpu, resident

if TYPE_CHECKING:
    from collections.abc import Sequence

JIANCHA: Final = ("-m", "streams.cli")
READY_WITHIN: Final = 300.0
STOP_WITHIN: Final = 30.0


class Engine:
    """One engine worker at a time, on one broker.

    `profile` is a file for what cProfile finds of each; it makes them slower.
    """

    def __init__(self, bootstrap: str, catalogue: Path, folder: Path, profile: str = "") -> None:
        self._port = free_port()
        self._log = folder / "engine.log"
        self._environment = os.environ | {
            "JIANCHA_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "JIANCHA_KAFKA__PARTITIONS": str(PARTITIONS),
            "JIANCHA_CATALOGUE": str(catalogue),
            "JIANCHA_HTTP__PORT": str(self._port),
        }
        watched = ("-m", "cProfile", "-o", profile) if profile else ()
        self._argv: Sequence[str] = (
            sys.executable, *watched, *JIANCHA, "worker", "--role", "engine",
        )  # fmt: skip
        self.running: list[subprocess.Popen[bytes]] = []

    def make_topics(self) -> None:
        """Make the topics as the command does."""
        argv = [sys.executable, *JIANCHA, "topics"]
        subprocess.run(argv, env=self._environment, check=True, capture_output=True)

    def start(self) -> None:
        """Start a worker; it is at work when `wait` returns."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._argv, env=self._environment, stdout=log, stderr=log)
        self.running.append(process)

    def wait(self) -> None:
        """Wait until the worker has its cases and reads. Raises RuntimeError."""
        until(self._ready, READY_WITHIN, self.running, "the engine")

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """End the worker in good order, or at least end it."""
        while self.running:
            process = self.running.pop()
            process.terminate()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def cpu(self) -> float:
        """Give the seconds of CPU that the worker has used."""
        return cpu(self.running[-1].pid)

    def resident(self) -> int:
        """Give the bytes of the worker that are in memory."""
        return resident(self.running[-1].pid)

    def said(self) -> str:
        """Give the end of what the workers told."""
        return self._log.read_text(encoding="utf-8")[-3000:] if self._log.exists() else ""
