"""A port of the loopback that is free."""

from __future__ import annotations

import errno
import random
import socket
from itertools import cycle
from typing import Final

PORTS: Final = range(10_100, 32_768)
"""Above the last that browsers refuse, and below those that the system gives to connections: of a
server that is down each of its clients' attempts takes one, until one of them holds the very port
that the server is to come back to."""
TRIES: Final = 100

# Each process in an order of its own, so that parallel ones do not meet; none twice in a process,
# since a server may bind its port long after it was given.
_order: Final = cycle(random.Random().sample(PORTS, len(PORTS)))  # noqa: S311 - no secret


def free_port() -> int:
    """Return a TCP port of the loopback that nothing listens on now.

    A server that can bind port 0 itself should rather do so. Raises OSError when all seem taken.
    """
    for _ in range(TRIES):
        port = next(_order)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise OSError(errno.EADDRINUSE, f"{TRIES} ports of {PORTS} were all taken")
