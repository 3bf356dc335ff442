from __future__ import annotations

import socket
import threading

import pytest
from prometheus_client import CollectorRegistry, Counter

from deploy.local.ports import free_port
from streams import http as module
from streams.http import Health, serve
from streams.settings import Http
from tests.support.wait import eventually

WELL = Health(ok=True, detail="well")


class Client:
    """One end of a pair of sockets whose other end the server is given, as if it had accepted."""

    def __init__(self, server):
        self.mine, theirs = socket.socketpair()
        self.mine.settimeout(5)
        server.process_request(theirs, ("127.0.0.1", 1))

    def send(self, raw):
        self.mine.sendall(raw)

    def answer(self):
        found = b""
        while part := self.mine.recv(65536):
            found += part
        self.mine.close()
        return found


@pytest.fixture
def checks():
    return {
        "/healthz": lambda: WELL,
        "/readyz": lambda: Health(ok=False, detail="恢复中 restoring"),
    }


@pytest.fixture
def server(checks):
    registry = CollectorRegistry()
    Counter("jiancha_things_total", "Things", registry=registry).inc(3)
    with module._Server(("127.0.0.1", 0), registry, checks) as server:
        yield server


def ask(server, line, headers=""):
    client = Client(server)
    client.send(f"{line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    head, _, body = client.answer().partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body.decode()


def test_metrics(server):
    status, head, body = ask(server, "GET /metrics")
    assert status == 200
    assert "text/plain" in head
    assert "jiancha_things_total 3.0" in body


def test_health_and_readiness_have_a_line_for_a_person(server):
    assert ask(server, "GET /healthz")[::2] == (200, "well\n")
    assert ask(server, "GET /readyz?verbose=1")[::2] == (503, "恢复中 restoring\n")


def test_a_check_that_fails_is_a_bad_sign(server, checks):
    checks["/healthz"] = {}.popitem
    status, _, body = ask(server, "GET /healthz")
    assert (status, body) == (503, "the check failed: KeyError\n")


def test_head_has_the_length_and_no_body(server):
    status, head, body = ask(server, "HEAD /healthz")
    assert (status, body) == (200, "")
    assert "Content-Length: 5" in head


@pytest.mark.parametrize("path", ["/", "/healthz/", "/../etc/passwd", "/metrics.json", "*"])
def test_there_is_nothing_else(server, path):
    assert ask(server, f"GET {path}")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method(server, method):
    assert ask(server, f"{method} /metrics")[0] == 501


def test_it_does_not_say_what_it_is_made_of(server):
    head = ask(server, "GET /healthz")[1]
    assert "Python" not in head
    assert "Server: jiancha\r\n" in head


def test_a_client_that_trickles_is_cut_off(server, monkeypatch):
    client = Client(server)
    client.send(b"GET /hea")
    server.service_actions()
    client.send(b"lth")  # still within its time
    monkeypatch.setattr(module, "REQUEST_SECONDS", -1.0)
    server.service_actions()
    assert client.answer() == b""
    eventually(lambda: not server._open)


def test_a_client_that_says_nothing_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(module._Handler, "timeout", 0.05)
    client = Client(server)
    assert client.answer() == b""


def test_too_many_at_once_are_turned_away_and_the_others_served(server):
    waiting = [Client(server) for _ in range(module.MAX_CONNECTIONS)]
    assert Client(server).answer() == b""
    for client in waiting:
        client.send(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert b"200" in client.answer()
    eventually(lambda: not server._open)
    assert ask(server, "GET /healthz")[0] == 200


def test_a_client_that_goes_away_harms_nothing(server):
    client = Client(server)
    client.send(b"GET /metrics HTTP/1.1\r\n")
    client.mine.close()
    eventually(lambda: not server._open)
    assert ask(server, "GET /healthz")[0] == 200


def test_it_serves_on_a_thread_until_it_is_stopped():
    settings = Http(port=free_port())
    before = threading.active_count()
    stop = serve(settings, CollectorRegistry(), lambda: WELL, lambda: WELL)
    with pytest.raises(OSError, match="in use"):
        serve(settings, CollectorRegistry(), lambda: WELL, lambda: WELL)
    stop()
    assert threading.active_count() <= before  # of others one may have ended meanwhile
    serve(settings, CollectorRegistry(), lambda: WELL, lambda: WELL)()
