"""Runs several processes as one: started in order, ended in reverse, all or none.

    supervisor = Supervisor(Child("kafka", [...], ready=...), Child("engine", [...]))
    sys.exit(supervisor.run())

By default the death of one ends all: an embedded server takes its state with it, so the others
would go on with what is no longer true.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Self

from deploy.local.process import Child, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

__all__ = ["Child", "StartError", "Supervisor"]

BACKOFF: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before each next restart of a child; the last one repeats."""
STEADY: Final = 60.0
"""A child that has run this many seconds begins again with the first of them."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_LOOK_EVERY: Final = 0.05


class StartError(Exception):
    """Raised when a child cannot be started, ends, or is not ready in time: one line says why."""


class Supervisor:
    """Keeps `children` running. `log` gets one line at a time, from several threads.

    Used by `run`, or as a context manager around `start` and `stop`.
    """

    def __init__(
        self,
        *children: Child,
        log: Callable[[str], None] | None = None,
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        self._children = children
        self._log = log or _to_stderr
        self._backoff = backoff
        self._guard = threading.Lock()
        self._running: dict[str, Process] = {}
        self._watched: set[str] = set()
        self._over = threading.Event()
        self._interrupted = False
        self.failure: str | None = None
        """The one line that says which child ended, and how; None while all is well."""
        # Children live no longer than the thread that started them (see Process): this one.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")

    def start(self) -> None:
        """Start the children in order, each when the one before is ready.

        Raises StartError; what had been started is stopped by then.
        """
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        for child in self._children:
            self.add(child)

    def add(self, *children: Child) -> None:
        """Start more children, at once, and wait until all are ready.

        Raises StartError when one is not in time, or when any child ends meanwhile; all children
        are stopped by then.
        """
        try:
            for process in [self._spawn(child) for child in children]:
                self._await_ready(process)
        except BaseException:
            self.stop()
            raise
        with self._guard:
            self._watched |= {child.name for child in children}

    def stop(self) -> None:
        """Stop all children, the last one first. Twice does no harm."""
        self._over.set()
        while (last := self._pop()) is not None:
            if not last.stop():
                within = f"{last.child.stop_within:g} s"
                self._log(f"{last.child.name} did not stop in {within}: killed")
        self._starter.shutdown()  # last: its thread's end is the end of any child left

    def _pop(self) -> Process | None:
        with self._guard:
            return self._running.popitem()[1] if self._running else None

    def pid(self, name: str) -> int:
        """Return the process id of a running child. Raises KeyError when none has that name."""
        with self._guard:
            return self._running[name].pid

    def run(self, foreground: Callable[[threading.Event], None] | None = None) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP, or until a child ends; return the exit code.

        `foreground` runs, in a thread of its own, while the children are up; its event is set
        when they are about to stop. When it returns the children run on; when it raises, all
        stops. From the main thread only, since it takes the signals.
        """
        before = {number: signal.signal(number, self._interrupt) for number in SIGNALS}
        try:
            self.start()
            if foreground is not None:
                threading.Thread(target=self._in_front, args=(foreground,), daemon=True).start()
            while not self._is_over():
                self._over.wait(_LOOK_EVERY)
        except StartError as error:
            self._fail(str(error))
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.failure is None:
            return 0
        self._log(self.failure)
        return 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _interrupt(self, _number: int, _frame: Any) -> None:
        self._interrupted = True  # no more: an Event's lock may be held by the thread we are in

    def _is_over(self) -> bool:
        return self._interrupted or self._over.is_set()

    def _fail(self, line: str) -> None:
        """End everything for this reason, unless it is ending for another."""
        with self._guard:
            if not self._is_over():
                self.failure = line
                self._over.set()

    def _spawn(self, child: Child) -> Process:
        def start() -> Process:
            with self._guard:
                if self._over.is_set():
                    raise StartError(self.failure or "stopped")
                process = Process(child, lambda line: self._log(f"{child.name} | {line}"))
                self._running[child.name] = process
                return process

        try:
            return self._starter.submit(start).result()
        except OSError as error:
            raise StartError(f"{child.name} cannot be started: {error}") from error
        except RuntimeError as error:  # no starter any more
            raise StartError(self.failure or "stopped") from error

    def _await_ready(self, process: Process) -> None:
        child = process.child
        deadline = time.monotonic() + child.ready_within
        cause = ""
        while not self._is_over():
            if how := process.ended():
                raise StartError(f"{child.name} ended before it was ready: {how}")
            try:
                if child.ready is None or child.ready():
                    return
            except Exception as error:  # noqa: BLE001 - whatever a probe raises means "not yet"
                cause = f" ({error})"
            if time.monotonic() >= deadline:
                within = f"{child.ready_within:g} s"
                raise StartError(f"{child.name} was not ready within {within}{cause}")
            self._over.wait(_LOOK_EVERY)
        raise StartError(self.failure or "interrupted")

    def _in_front(self, foreground: Callable[[threading.Event], None]) -> None:
        try:
            foreground(self._over)
        except Exception as error:  # noqa: BLE001 - it becomes the one line of the end
            self._fail(f"{type(error).__name__}: {error}")

    def _watch(self) -> None:
        """Look at the children until the end."""
        restarts: dict[str, Restarts] = {}
        while not self._over.wait(_LOOK_EVERY):
            with self._guard:
                watched = [(name, p) for name, p in self._running.items() if name in self._watched]
            for name, process in watched:
                how = process.ended()
                if how is None:
                    continue
                if not process.child.restart:
                    self._fail(f"{name} ended, so all stops: {how}")
                    return
                plan = restarts.setdefault(name, Restarts(self._backoff))
                now = time.monotonic()
                if plan.due is None:
                    self._log(f"{name} ended; again in {plan.ended(now):g} s: {how}")
                elif now >= plan.due:
                    plan.started(now)
                    self._restart(process.child)

    def _restart(self, child: Child) -> None:
        try:
            self._spawn(child)
        except StartError as error:
            self._fail(str(error))


class Restarts:
    """When one child is to be started again. Moments are seconds of one monotonic clock."""

    def __init__(self, backoff: Sequence[float]) -> None:
        self._backoff = backoff
        self._tries = 0
        self._since: float | None = None
        self.due: float | None = None
        """None while the child runs."""

    def ended(self, now: float) -> float:
        """Note that the child has ended; return the seconds until it is due again."""
        if self._since is None or now - self._since > STEADY:
            self._tries = 0
        wait = self._backoff[min(self._tries, len(self._backoff) - 1)]
        self._tries += 1
        self.due = now + wait
        return wait

    def started(self, now: float) -> None:
        """Note that the child has been started again."""
        self._since, self.due = now, None


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
