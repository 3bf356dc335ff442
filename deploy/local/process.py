"""One child process: started tied to this one, its lines passed on, ended in two steps."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local import tether

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LOOK_EVERY: Final = 0.02
_LAST_LINES: Final = 1.0
"""Seconds to wait for the output of a process that has ended; a grandchild may hold it open."""


@dataclass(frozen=True, slots=True)
class Child:
    """What to run, and how to tell that it serves. Times are in seconds."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's own environment."""
    ready: Callable[[], bool] | None = None
    """Called again and again after the start, until it returns true; None: ready when started."""
    ready_within: float = 30.0
    stop_within: float = 10.0
    """Between SIGTERM and SIGKILL."""
    restart: bool = False
    """Start it again when it ends, with backoff. For roles whose servers keep their state."""


class Process:
    """A running child. `emit` gets each line of its output, from a thread.

    Raises OSError when it cannot be started. On Linux the kernel ends the child when the *thread*
    that made this object ends, so that a SIGKILL of this process leaves none behind: make it from
    a thread that lives as long as the child should.
    """

    def __init__(self, child: Child, emit: Callable[[str], None]) -> None:
        self.child = child
        self.last_line = ""
        self._emit = emit
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(tether.__file__)), str(os.getpid()), *child.argv],
            env={**os.environ, **child.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends children in order
        )
        self._lines = threading.Thread(target=self._pass_on, name=child.name, daemon=True)
        self._lines.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._popen.pid

    def ended(self) -> str | None:
        """Return how the child ended, in words, or None while it runs."""
        if not self._is_over():
            return None
        code = self._reap()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{how}: {self.last_line}" if self.last_line else how

    def stop(self) -> bool:
        """Ask the child to end, and end it if it does not; tell whether it ended by itself."""
        deadline = time.monotonic() + self.child.stop_within
        if not self._is_over():
            self._signal(signal.SIGTERM)
        while not (clean := self._is_over()) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)
        self._reap()
        return clean

    def _is_over(self) -> bool:
        """Tell whether the child has ended, without giving up its process id."""
        if self._popen.returncode is not None:
            return True
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, look) is not None

    def _reap(self) -> int:
        """End the child and what it may have started and left; return its exit code.

        The group is signalled while the child's process id is still its own.
        """
        if self._popen.returncode is None:
            self._signal(signal.SIGKILL)
        code = self._popen.wait()
        self._lines.join(_LAST_LINES)
        return code

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the child and all it started: it leads a session, thus a group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _pass_on(self) -> None:
        assert self._popen.stdout is not None  # noqa: S101 - a pipe was asked for
        with self._popen.stdout as lines:
            for line in lines:
                self.last_line = line.rstrip() or self.last_line
                self._emit(line.rstrip("\n"))
