from __future__ import annotations

import asyncio
import threading
from functools import partial
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Counter

from deploy.local.ports import free_port
from streams import http_protocol as protocol
from streams.http import Health, application, serve
from streams.http_protocol import Crowd
from streams.http_server import Bounded
from streams.settings import Http

WELL = Health(ok=True, detail="well")


def ask(app, path, method="GET"):
    """Ask an application without a wire; give the status, the headers and the body."""
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]).decode()


@pytest.fixture
def checks():
    return {"health": lambda: WELL, "ready": lambda: Health(ok=False, detail="恢复中 restoring")}


@pytest.fixture
def app(checks):
    registry = CollectorRegistry()
    Counter("jiancha_things_total", "Things", registry=registry).inc(3)
    return application(registry, *(partial(call, checks, name) for name in checks))


def call(checks, name):
    return checks[name]()


def test_metrics(app):
    status, headers, body = ask(app, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert headers["cache-control"] == "no-store"
    assert "jiancha_things_total 3.0" in body


def test_health_and_readiness_have_a_line_for_a_person(app):
    assert ask(app, "/healthz")[::2] == (200, "well\n")
    assert ask(app, "/readyz")[::2] == (503, "恢复中 restoring\n")


def test_a_check_that_fails_is_a_bad_sign(app, checks):
    checks["health"] = {}.popitem
    status, _, body = ask(app, "/healthz")
    assert (status, body) == (503, "the check failed: KeyError\n")


def test_head_has_the_length(app):
    status, headers, _ = ask(app, "/healthz", "HEAD")
    assert (status, headers["content-length"]) == (200, "5")


@pytest.mark.parametrize("path", ["/", "/healthz/", "/../etc/passwd", "/metrics.json", "*"])
def test_there_is_nothing_else(app, path):
    assert ask(app, path)[::2] == (404, "not found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method(app, method):
    status, headers, _ = ask(app, "/metrics", method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_what_is_too_much_is_asked_to_come_again_and_the_rest_is_served():
    async def slow(_scope, _receive, _send):
        await release.wait()

    async def said(app):
        status = []

        async def send(message):
            status.append(message.get("status"))

        await app({"type": "http", "method": "GET", "headers": []}, None, send)
        return status[:1]

    async def both():
        bounded = Bounded(slow, most=2)
        waiting = [asyncio.create_task(said(bounded)) for _ in range(2)]
        await asyncio.sleep(0)
        refused = await said(bounded)
        release.set()
        await asyncio.gather(*waiting)
        return refused, await said(bounded)

    release = asyncio.Event()
    assert asyncio.run(both()) == ([503], [])


class Connection:
    """One that only knows whether it was cut off."""

    def __init__(self):
        self.cut = False
        self.transport = SimpleNamespace(abort=self._abort)

    def _abort(self):
        self.cut = True


@pytest.fixture
def crowd(monkeypatch):
    for name, value in {"MOST_HALF_OPEN": 2, "MOST_SPARED": 4, "MOST_RESTING": 3}.items():
        monkeypatch.setattr(protocol, name, value)
    return Crowd(lambda work, *arguments: work(*arguments))


def arrive(crowd, count, at):
    came = [Connection() for _ in range(count)]
    for one in came:
        crowd.expects(one, at)
    return came


def cut(ones):
    return [one.cut for one in ones]


def test_of_those_that_had_time_to_ask_the_oldest_go(crowd):
    old = arrive(crowd, 3, at=10.0)
    assert cut(old) == [False] * 3
    arrive(crowd, 1, at=11.5)
    assert cut(old) == [True, True, False]


def test_a_crowd_that_comes_at_once_is_spared_up_to_a_bound(crowd):
    first, *others = arrive(crowd, 5, at=10.0)
    assert first.cut
    assert cut(others) == [False] * 4


def test_who_is_answered_or_rests_takes_no_place_of_the_half_open(crowd):
    answered = arrive(crowd, 2, at=10.0)
    crowd.leaves(answered[0])
    crowd.rests(answered[1], 10.1)
    assert cut(answered + arrive(crowd, 2, at=12.0) + arrive(crowd, 1, at=12.0)) == [False] * 5


def test_a_server_that_stood_still_reads_what_came_before_it_calls_anybody_late(monkeypatch):
    """Their requests lay in the socket when the next connection was accepted."""
    monkeypatch.setattr(protocol, "MOST_HALF_OPEN", 2)
    due = []
    crowd = Crowd(lambda work, *arguments: due.append(partial(work, *arguments)))
    waited = arrive(crowd, 4, at=10.0)
    arrive(crowd, 1, at=15.0)
    for one in waited[:3]:  # as their bytes are read, in the same round of the loop
        crowd.leaves(one)
    for work in due:
        work()
    assert cut(waited) == [False] * 4


def test_of_those_that_rest_the_oldest_go(crowd):
    came = [Connection() for _ in range(4)]
    for at, one in enumerate(came):
        crowd.rests(one, float(at))
    assert cut(came) == [True, False, False, False]
    crowd.leaves(came[1])
    assert came[1] not in crowd.resting


def test_it_serves_on_a_thread_until_it_is_stopped():
    settings = Http(port=free_port())
    before = threading.active_count()
    stop = serve(settings, CollectorRegistry(), lambda: WELL, lambda: WELL)
    with pytest.raises(OSError, match="in use"):
        serve(settings, CollectorRegistry(), lambda: WELL, lambda: WELL)
    stop()
    assert threading.active_count() <= before  # of others one may have ended meanwhile
    serve(settings, CollectorRegistry(), lambda: WELL, lambda: WELL)()
