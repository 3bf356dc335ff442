"""The gate before a server: what it holds when it stops."""

from __future__ import annotations

import gc
import socket

from tests.faults.network import Gate


def test_a_gate_that_stops_leaves_nothing_open_to_the_collector():
    """Else it falls on a test by chance, as a warning of what that test never opened."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        gate = Gate(server.getsockname()[1])
        gate.start()
        with socket.create_connection(("127.0.0.1", gate.port)) as client:
            inner, _ = server.accept()
            with inner:
                client.sendall(b"x" * (1 << 20))  # more than anybody takes
                gate.stop()
    del gate
    gc.collect()
