"""What a role answers on its port: `/metrics`, `/healthz`, `/readyz`; GET and HEAD only."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from prometheus_client import CollectorRegistry

    from streams.settings import Http

MAX_CONNECTIONS: Final = 16
REQUEST_SECONDS: Final = 10.0
"""How long a connection may last in all: a client that trickles its request is cut off."""
SILENCE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class Health(NamedTuple):
    """Whether a role is well, and a line for a person that says why or why not."""

    ok: bool
    detail: str


def serve(
    http: Http,
    registry: CollectorRegistry,
    health: Callable[[], Health],
    ready: Callable[[], Health],
) -> Callable[[], None]:
    """Serve from threads of its own until the function returned is called.

    `health` says whether the role is alive and moves on, `ready` whether it does its work now;
    both are called from any thread. Raises OSError when the port cannot be had.
    """
    checks = {"/healthz": health, "/readyz": ready}
    server = _Server((http.host, http.port), registry, checks, tls_of(http))
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="http", daemon=True
    )
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(STOP_SECONDS)

    return stop


def tls_of(http: Http) -> SSLContext | None:
    """Give what a server needs for TLS, or None for plain HTTP."""
    if http.cert_file is None or http.key_file is None:
        return None
    return server_context(http.cert_file, http.key_file)


class _Server(ThreadingMixIn, TCPServer):
    """A bounded number of connections, each for a bounded time."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = MAX_CONNECTIONS

    def __init__(
        self,
        address: tuple[str, int],
        registry: CollectorRegistry,
        checks: dict[str, Callable[[], Health]],
        tls: SSLContext | None = None,
    ) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.registry = registry
        self.checks = checks
        self._tls = tls
        self._open: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)

    def get_request(self) -> Any:
        """Accept a connection; its own thread shakes hands, when it first reads."""
        request, address = super().get_request()
        if self._tls is not None:
            request = self._tls.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            )
        return request, address

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut off who takes too long; called several times a second."""
        limit = time.monotonic() - REQUEST_SECONDS
        for request, began in self._open.copy().items():
            if began < limit:
                with suppress(OSError):  # its own thread wakes up, and closes it
                    # Below TLS, whose own shutdown would let that thread go on in the clear.
                    socket.socket.shutdown(request, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Say what went wrong where the logs are, not on standard error."""
        log.debug("http_connection_broke", why=repr(sys.exception()))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SILENCE_SECONDS

    def do_GET(self) -> None:
        self._answer(*self._content())

    def do_HEAD(self) -> None:
        self._answer(*self._content(), body=False)

    def _content(self) -> tuple[HTTPStatus, str, bytes]:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.server.registry)
        check = self.server.checks.get(path)
        if check is None:
            return HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"not found\n"
        try:
            ok, detail = check()
        except Exception as error:  # a check that cannot tell is a bad sign itself
            log.warning("health_check_failed", path=path, exc_info=True)
            ok, detail = False, f"the check failed: {type(error).__name__}"
        status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
        return status, "text/plain; charset=utf-8", f"{detail}\n".encode()

    def _answer(self, status: HTTPStatus, kind: str, content: bytes, *, body: bool = True) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def version_string(self) -> str:
        """Say who answers, and not what it is made of."""
        return "jiancha"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Keep scrapes out of the log."""
