"""A port of the loopback that is free."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a TCP port of the loopback that nothing listens on now.

    The kernel hands ephemeral ports out in an order that rarely repeats, so parallel test
    processes do not meet on one; a server that can bind port 0 itself should rather do so.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
