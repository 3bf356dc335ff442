"""Runs in forks: what a mutant does must reach nobody else, nor last for ever."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING

from tests.proof.suite import KILLED, SURVIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.proof.surveying import Task

PROCESSES = 2
LEAST_SECONDS = 10
"""A mutant may take three times as long as its tests do, and this on top."""


def forked(run: Callable[[], int], seconds: float) -> int:
    """Run in a fork that dies when its seconds of processor time are up; give its process id."""
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = KILLED
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds)  # a busy machine kills none
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        code = run()
    finally:
        os._exit(code)  # whatever a mutant raises kills it


def fates(
    tasks: Iterable[Task], run: Callable[[Task], int], extra: float
) -> Iterator[tuple[Task, str]]:
    """Run each task in a fork, some at a time; give what became of it."""
    waiting, running = deque(tasks), {}
    while waiting or running:
        while waiting and len(running) < PROCESSES:
            task = waiting.popleft()
            limit = LEAST_SECONDS + extra + 3 * task.seconds
            running[forked(lambda task=task: run(task), limit)] = task
        pid, status = os.wait()
        task = running.pop(pid)
        yield task, _fate(status)


def _fate(status: int) -> str:
    if os.WIFSIGNALED(status):
        in_time = os.WTERMSIG(status) == signal.SIGPROF
        return "killed by time" if in_time else "killed"
    return "survived" if os.WEXITSTATUS(status) == SURVIVED else "killed"


def wait_for(run: Callable[[], None]) -> None:
    """Do something in a fork, and wait. Raises RuntimeError when it fails."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            run()
            code = 0
        except Exception as error:  # noqa: BLE001
            sys.stderr.write(f"{error}\n")
        finally:
            os._exit(code)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("see above")
