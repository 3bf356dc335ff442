"""Become another program that ends when its parent does: `tether.py PARENT_PID PROGRAM [...]`.

The kernel is asked here, in a process of one thread just started, and not between fork and exec in
the supervisor, where other threads may hold locks. What is asked outlives exec. SIGKILL, because
a SIGTERM might be slept through, and every server here can be killed without harm. Linux only:
elsewhere the program is merely started. Run by its path, so it imports nothing of the project.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then become the program."""
    parent, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died before it could be watched
            sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - to become it is the point
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
