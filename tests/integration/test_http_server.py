"""Who asks slowly, or not at all, takes no reader's place: with real sockets, at every role."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from prometheus_client import CollectorRegistry

from deploy.local.ports import free_port
from streams import http_protocol as protocol
from streams.http import Health, serve
from streams.settings import Http
from tests.support.wait import eventually

WELL = Health(ok=True, detail="well")
HUGE = 16_000_000
"""More than the buffers of a connection hold, in bytes."""
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def port():
    http = Http(port=free_port())
    stop = serve(http, CollectorRegistry(), lambda: WELL, lambda: WELL)
    yield http.port
    stop()


@pytest.fixture
def half_open(port):
    """Open connections that never ask; they are closed at the end."""
    with contextlib.ExitStack() as opened:

        def open_(count, begun=b""):
            made = []
            for _ in range(count):
                client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                client.sendall(begun)
                made.append(client)
            return made

        yield open_


def alive(client):
    """Tell whether the server has not hung up."""
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def read(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code
    except httpx.HTTPError as error:
        return repr(error)


@pytest.mark.parametrize(
    "begun",
    [pytest.param(b"", marks=pytest.mark.long), b"GET /healthz HTTP/1.1\r\nHost: "],
)
def test_six_hundred_half_open_connections_keep_no_reader_out(port, half_open, begun):
    idle = half_open(600, begun)
    with ThreadPoolExecutor(20) as readers:
        answers = Counter(readers.map(lambda _: read(port), range(100)))
    assert answers == {200: 100}
    assert sum(map(alive, idle)) <= protocol.MOST_SPARED


def test_two_hundred_readers_at_once_are_all_answered(half_open, monkeypatch):
    monkeypatch.setattr(protocol, "SPARED_SECONDS", 20.0)  # to open them takes a busy machine long
    half_open(300)
    together = half_open(200)
    for client in together:
        client.sendall(REQUEST)
    assert Counter(client.recv(12) for client in together) == {b"HTTP/1.1 200": 200}


def test_one_byte_a_time_is_cut_off_in_time(port, monkeypatch, half_open):
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.6)
    (client,) = half_open(1)
    began = time.monotonic()
    drops = iter(REQUEST * 100)

    def is_cut_off():
        with contextlib.suppress(OSError):
            client.send(bytes([next(drops) | 0x20]))  # never a whole line
        return not alive(client)

    eventually(is_cut_off, 10)
    assert time.monotonic() - began < 5
    assert read(port) == 200


def test_one_that_does_not_take_its_answer_is_cut_off(monkeypatch):
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", 1.0)
    registry = CollectorRegistry()
    http = Http(port=free_port())
    huge = Health(ok=True, detail="x" * HUGE)
    stop = serve(http, registry, lambda: huge, lambda: WELL)
    try:
        with socket.create_connection(("127.0.0.1", http.port), 10) as client:
            client.sendall(REQUEST)
            assert client.recv(12) == b"HTTP/1.1 200"
            time_out = time.monotonic() + 1.5
            eventually(lambda: time.monotonic() > time_out, 10)
            got = 0
            with contextlib.suppress(ConnectionError):
                while part := client.recv(1_000_000):
                    got += len(part)
            assert got < HUGE
    finally:
        stop()


def test_a_connection_is_used_again_and_again(port):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(50):
            answer = client.get("/healthz")
            assert answer.status_code == 200
            assert "server" not in answer.headers


def test_what_is_no_http_is_refused(port, half_open):
    for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100, b"GET\r\n\r\n"):
        (client,) = half_open(1, rubbish + b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert client.recv(12) in {b"HTTP/1.1 400", b""}
    assert read(port) == 200
