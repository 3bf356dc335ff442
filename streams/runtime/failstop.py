"""The end of the process, with a reason.

On anything unexpected the runtime does not raise into Faust, which may swallow, retry or
acknowledge: the process ends at once, a supervisor starts it anew, and the open work is done again
from the last durable state.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn

import structlog

from streams.kafka_access import denial
from streams.runtime.ports import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from streams.runtime.ports import RuntimeMetrics

EXIT_CODE: Final = 70  # EX_SOFTWARE of sysexits.h
PATIENCE: Final = 2.0  # seconds for the log line; a full disk or pipe must not keep us alive

log = structlog.get_logger(__name__)


class FailStop:
    """Ends the process: one log line with the reason, then `exit`, which runs no clean-up."""

    def __init__(self, metrics: RuntimeMetrics, *, leave: Callable[[int], Any] = os._exit) -> None:
        self._metrics = metrics
        self._leave = leave

    def __call__(self, kind: str, reason: object) -> NoReturn:
        """End the process. `kind` is a word for the metric, `reason` is for a person.

        What the brokers refuse is of one kind, `access`, wherever it shows; so is a fault while
        deciding, `engine`, and its line names what was decided on.
        """
        deadline = threading.Timer(PATIENCE, self._leave, (EXIT_CODE,))
        deadline.daemon = True
        try:
            more: dict[str, Any] = {}
            if isinstance(reason, Fault):
                kind, more = "engine", reason.told
            elif (denied := denial(reason)) is not None:
                kind, reason = "access", denied
            with contextlib.suppress(RuntimeError, MemoryError):  # no memory for a thread
                deadline.start()
            self._metrics.fail_stop(kind)
            log.critical("fail-stop", kind=kind, **more, reason=describe(reason))
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            deadline.cancel()
            self._leave(EXIT_CODE)
        raise SystemExit(EXIT_CODE)

    def unless_ended(self, kind: str, seconds: float) -> None:
        """End the process after so many seconds, if it has not ended by then.

        A library's thread may outlive everything that we wait for, and hold the process with it: a
        client does that leaves its group while the group's coordinator is away.
        """
        late = threading.Timer(seconds, self, (kind, f"not finished in {seconds:.0f} s"))
        late.daemon = True
        late.start()

    async def guard(self, kind: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`; any error it raises ends the process."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - that is what it is for
            self(kind, error)


def describe(reason: object) -> str:
    """Say what an error is, its class included unless it is one of ours."""
    if not isinstance(reason, BaseException):
        return str(reason)
    text = str(reason)
    name = type(reason).__name__
    return text if name in {"Fatal", "Fault"} else f"{name}: {text}" if text else name
