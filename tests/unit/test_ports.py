"""Free ports: none that a connection's own end could take meanwhile."""

from __future__ import annotations

import socket
from itertools import repeat

import pytest

from deploy.local import ports
from deploy.local.ports import PORTS, free_port


def test_a_free_port_can_be_bound_and_lies_below_those_of_connections():
    port = free_port()
    assert port in PORTS
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))


def test_no_port_is_given_twice():
    """Three brokers ask for a dozen before the first of them binds one."""
    given = [free_port() for _ in range(500)]
    assert len(set(given)) == len(given)


def test_a_port_that_is_taken_is_not_given(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "_order", iter([taken, taken, free_port()]))
        assert free_port() != taken


def test_when_all_are_taken_it_says_so(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "_order", repeat(taken))
        with pytest.raises(OSError, match="all taken"):
            free_port()
