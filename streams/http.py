"""What a role answers on its port: `/metrics`, `/healthz`, `/readyz`; GET and HEAD only."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from streams.http_server import listening, serve_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry
    from starlette.requests import Request

    from streams.settings import Http

STOP_SECONDS: Final = 10.0
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

log = structlog.get_logger(__name__)


class Health(NamedTuple):
    """Whether a role is well, and a line for a person that says why or why not."""

    ok: bool
    detail: str


def application(
    registry: CollectorRegistry, health: Callable[[], Health], ready: Callable[[], Health]
) -> Starlette:
    """Make what a role without pages serves. The checks are called from any thread."""

    def metrics(_request: Request) -> Response:
        content = generate_latest(registry)
        return Response(content, headers={**_HEADERS, "content-type": CONTENT_TYPE_LATEST})

    def told_by(check: Callable[[], Health]) -> Callable[[Request], Response]:
        def tell(request: Request) -> Response:
            try:
                ok, detail = check()
            except Exception as error:  # a check that cannot tell is a bad sign itself
                log.warning("health_check_failed", path=request.url.path, exc_info=True)
                ok, detail = False, f"the check failed: {type(error).__name__}"
            return PlainTextResponse(f"{detail}\n", 200 if ok else 503, _HEADERS)

        return tell

    app = Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/healthz", told_by(health)),
            Route("/readyz", told_by(ready)),
        ],
        exception_handlers={HTTPException: _refused},
    )
    app.router.redirect_slashes = False  # where to would be told by the client's own Host
    return app


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
    opened = ExitStack()
    listener = opened.enter_context(listening(http))
    over = threading.Event()
    thread = threading.Thread(
        target=serve_until,
        args=(over, application(registry, health, ready), listener, http),
        name="http",
        daemon=True,
    )
    thread.start()

    def stop() -> None:
        over.set()
        thread.join(STOP_SECONDS)
        opened.close()

    return stop


def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    allowed = {"allow": "GET, HEAD"} if status == 405 else {}  # noqa: PLR2004
    words = {404: "not found", 405: "GET and HEAD only"}
    return PlainTextResponse(f"{words.get(status, 'error')}\n", status, {**_HEADERS, **allowed})
