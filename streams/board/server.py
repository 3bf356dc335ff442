"""The board as a role: its application, and the server that runs it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import structlog
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streams.board.clickhouse import ClickHouseHistory
from streams.board.guard import Guard
from streams.board.latest import Latest
from streams.board.pages import Pages, handlers
from streams.board.reference import Reference
from streams.board.runbook import runbook
from streams.http_server import listening, serve_until

if TYPE_CHECKING:
    import threading

    from prometheus_client import CollectorRegistry
    from starlette.types import ASGIApp

    from schemas.words import Language
    from streams.board.history import History
    from streams.settings import Settings

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
    app = Starlette(routes=routes, exception_handlers=handlers(pages))
    app.router.redirect_slashes = False  # where to would be told by the client's own Host
    return Guard(app)


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
        with listening(settings.http) as listener:
            serve_until(stop, app, listener, settings.http)
    finally:
        history.close()
    if not stop.is_set():
        raise RuntimeError("the board's server ended by itself")
