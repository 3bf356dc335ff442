"""Waiting for the signal to end, in a process whose libraries run threads."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDING: Final = frozenset({signal.SIGTERM, signal.SIGINT})


@contextlib.contextmanager
def held() -> Iterator[Callable[[], None]]:
    """Hold SIGTERM and SIGINT back; yield what waits for one of them.

    Threads begun inside hold them back too, so they interrupt nothing. Further ones that came
    meanwhile are dropped at the end: the process is ending already.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield _wait
    finally:
        while signal.sigpending() & ENDING:
            signal.sigwait(ENDING)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait() -> None:
    signal.sigwait(ENDING)
