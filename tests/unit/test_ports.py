"""Free ports: none that a connection's own end could take meanwhile."""

from __future__ import annotations

import socket

import pytest

from deploy.local import ports
from deploy.local.ports import PORTS, free_port


def test_a_free_port_can_be_bound_and_lies_below_those_of_connections():
    port = free_port()
    assert port in PORTS
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))


def test_a_port_that_is_taken_is_not_given(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        taken = server.getsockname()[1]
        drawn = iter([taken, taken, free_port()])
        monkeypatch.setattr(ports._random, "choice", lambda _: next(drawn))
        assert free_port() != taken


def test_when_all_are_taken_it_says_so(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports._random, "choice", lambda _: taken)
        with pytest.raises(OSError, match="all taken"):
            free_port()
