"""The engine workers of a bench: started, listened to, ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Self

from tests.bench.telling import TELLS
from tests.support.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

ENDS_WITHIN: Final = 20.0


class CrewError(Exception):
    """Raised when a worker ends by itself; the text is the end of its log."""


class Member:
    """One worker's process, and what it has told so far."""

    def __init__(self, argv: list[str], log: Path) -> None:
        self.log = log
        self.told: list[dict[str, Any]] = []
        self.began = time.time()
        with log.open("wb") as written:
            self.process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=written, encoding="utf-8"
            )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def last(self, what: str) -> dict[str, Any] | None:
        """Give the last thing of a kind that it told."""
        return next((each for each in reversed(self.told) if each["what"] == what), None)

    def end(self, number: int) -> float:
        """Send a signal that ends it, and give the moment at which it was sent."""
        at = time.time()
        self.process.send_signal(number)
        self.process.wait(ENDS_WITHIN)
        self._listener.join()
        return at

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(TELLS):
                self.told.append(json.loads(line.removeprefix(TELLS)))


class Crew:
    """The workers of one group. A context: those still there at its end are killed."""

    def __init__(self, bootstrap: str, group: str, folder: Path) -> None:
        self._argv = [sys.executable, "-m", "tests.bench.telling", bootstrap, group]
        self._folder, self._group, self._count = folder, group, 0
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members:
            if member.process.poll() is None:
                member.end(signal.SIGKILL)

    def join(self) -> Member:
        """Start one more worker."""
        self._count += 1
        member = Member(self._argv, self._folder / f"{self._group}-{self._count}.log")
        self.members.append(member)
        return member

    def leave(self, member: Member, number: int) -> float:
        """End a worker by a signal, and give the moment at which it was sent."""
        self.members.remove(member)
        return member.end(number)

    def until_shared(self, partitions: int, within: float, since: float = 0.0) -> None:
        """Wait until the members' last take-overs, after a moment, make up all the partitions.

        Raises CrewError when one of them ends, AssertionError when time is up.
        """

        def shared() -> bool:
            self.look()
            owned = [member.last("owns") for member in self.members]
            told = [each for each in owned if each is not None and each["at"] > since]
            return len(told) == len(owned) and sum(o["partitions"] for o in told) == partitions

        eventually(shared, within)

    def until_told(self, member: Member, what: str, within: float) -> None:
        """Wait until a member has told a thing. Raises as `until_shared` does."""

        def told() -> bool:
            self.look()
            return member.last(what) is not None

        eventually(told, within)

    def look(self) -> None:
        """Raise CrewError when a member has ended."""
        for member in self.members:
            if (code := member.process.poll()) is not None:
                log = member.log.read_text(encoding="utf-8", errors="replace")
                raise CrewError(f"a worker ended with {code}: {log[-1500:]}")
