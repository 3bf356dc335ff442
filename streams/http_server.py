"""How every role serves HTTP: uvicorn, with bounds for who asks; TLS where it is set.

It runs in whatever thread calls it, on an event loop of its own, and listens for no signal: who
calls it decides when it stops.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import uvicorn
from starlette.responses import PlainTextResponse

from streams.http_protocol import READ_SECONDS, Crowd, ImpatientProtocol
from streams.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

    from starlette.types import ASGIApp, Receive, Scope, Send

    from streams.settings import Http

MOST_ANSWERED: Final = 400
"""Requests that are being answered at once; one more is asked to come again."""
SHUTDOWN_SECONDS: Final = 5
KEEP_ALIVE_SECONDS: Final = 15
BACKLOG: Final = 256


@contextmanager
def listening(http: Http) -> Iterator[socket.socket]:
    """Take the port. Raises OSError when it cannot be had."""
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    address = (http.host, http.port)
    with socket.create_server(address, family=family, backlog=BACKLOG) as listener:
        yield listener


def serve_until(stop: threading.Event, app: ASGIApp, listener: socket.socket, http: Http) -> None:
    """Serve `app` on `listener` until `stop` is set; then end within ten seconds."""
    server = _Server(_tls_of(http), Bounded(app))
    ended = threading.Event()

    def end_when_told() -> None:
        while not ended.is_set():
            if stop.wait(0.2):
                server.should_exit = True
                return

    watcher = threading.Thread(target=end_when_told, name="http-stop", daemon=True)
    watcher.start()
    try:
        server.run(sockets=[listener])
    finally:
        ended.set()
        watcher.join()


class Bounded:
    """Answers so many requests at once, and asks the others to come again."""

    def __init__(self, app: ASGIApp, most: int = MOST_ANSWERED) -> None:
        self._app, self._most = app, most
        self._answering = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._answering >= self._most:
            busy = PlainTextResponse("请稍后再试 · busy: try again\n", 503, {"retry-after": "5"})
            await busy(scope, receive, send)
            return
        self._answering += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._answering -= 1


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own, with our protocol and a bound for handshakes."""

    def __init__(self, tls: SSLContext | None, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=ImpatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self._tls = tls

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. uvicorn's own way gives a client that never shakes hands a minute."""
        loop = asyncio.get_running_loop()
        connection = partial(
            ImpatientProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state={},
            crowd=Crowd(loop.call_soon),
        )
        handshake = None if self._tls is None else READ_SECONDS
        self.servers = [
            await loop.create_server(
                connection,
                sock=each,
                ssl=self._tls,
                ssl_handshake_timeout=handshake,
                backlog=BACKLOG,
            )
            for each in sockets or ()
        ]
        self.started = True


def _tls_of(http: Http) -> SSLContext | None:
    """Give what a server needs for TLS, or None for plain HTTP."""
    if http.cert_file is None or http.key_file is None:
        return None
    return server_context(http.cert_file, http.key_file)
