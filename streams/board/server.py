"""The board as a role: its application, and the server that runs it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streams.board.clickhouse import ClickHouseHistory
from streams.board.guard import Guard
from streams.board.latest import Latest
from streams.board.pages import Pages, handlers
from streams.board.protocol import ImpatientProtocol
from streams.board.reference import Reference
from streams.board.runbook import runbook
from streams.http import tls_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

    from prometheus_client import CollectorRegistry
    from starlette.types import ASGIApp

    from schemas.words import Language
    from streams.board.history import History
    from streams.settings import Settings

MAX_CONNECTIONS: Final = 500
SHUTDOWN_SECONDS: Final = 5

_log = structlog.get_logger(__name__)


def application(
    history: History, reference: Reference, registry: CollectorRegistry, language: Language
) -> ASGIApp:
    """Make the board's application over a history."""
    pages = Pages(history, Latest(history.figures), reference, registry, language)
    static = StaticFiles(directory=str(resources.files("streams.board").joinpath("static")))
    routes = [
        Route("/", pages.overview),
        Route("/live", pages.live),
        Route("/departments", pages.departments),
        Route("/cases", pages.cases),
        Route("/case", pages.case),
        Route("/runbook", runbook),
        Route("/healthz", pages.healthz),
        Route("/readyz", pages.readyz),
        Route("/metrics", pages.metrics),
        Mount("/static", static),
    ]
    return Guard(Starlette(routes=routes, exception_handlers=handlers(pages)))


def run_board(
    settings: Settings, stop: threading.Event, registry: CollectorRegistry = REGISTRY
) -> None:
    """Serve the board on `settings.http` until `stop` is set.

    Raises OSError when the port is taken, and RuntimeError when the server ends by itself. It
    listens for no signal: who calls it decides when to stop, and it ends within ten seconds.
    """
    reference = Reference.load(settings.catalogue)
    if reference.problem:
        _log.warning("board_without_catalogue", problem=reference.problem)
    history = ClickHouseHistory(
        settings.clickhouse, live=settings.engine.ticks_from == "worker", zone=reference.zone
    )
    app = application(history, reference, registry, settings.language)
    try:
        with _listening(settings.http.host, settings.http.port) as listener:
            _serve(app, listener, stop, tls_of(settings.http))
    finally:
        history.close()
    if not stop.is_set():
        raise RuntimeError("the board's server ended by itself")


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _serve(
    app: ASGIApp, listener: socket.socket, stop: threading.Event, tls: SSLContext | None
) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            ssl_context_factory=None if tls is None else lambda _config, _stock: tls,
            http=ImpatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    ended = threading.Event()

    def end_when_told() -> None:
        while not ended.is_set():
            if stop.wait(0.2):
                server.should_exit = True
                return

    watcher = threading.Thread(target=end_when_told, name="board-stop", daemon=True)
    watcher.start()
    try:
        server.run(sockets=[listener])
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=256) as listener:
        yield listener
