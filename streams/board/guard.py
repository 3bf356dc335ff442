"""What every request must be, and every answer carries: the page is on a wall, not on the web.

Plain ASGI, before anything reads the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_QUERY: Final = 2000
LONGEST_PATH: Final = 200
KEPT: Final = "public, max-age=86400"

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses what is no small GET or HEAD, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["cache-control"] = KEPT if _lasts(scope, message) else "no-store"
            await send(message)

        refusal = _refusal(scope)
        await (refusal or self._app)(scope, receive, guarded)


def _lasts(scope: Scope, message: Message) -> bool:
    """Tell whether an answer is a static file: their addresses change with their content."""
    return scope["path"].startswith("/static/") and message["status"] in {200, 304}


def _refusal(scope: Scope) -> PlainTextResponse | None:
    if scope["method"] not in {"GET", "HEAD"}:
        return PlainTextResponse(
            "只读页面 · this page is read-only\n", 405, headers={"allow": "GET, HEAD"}
        )
    if len(scope["path"]) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_QUERY:
        return PlainTextResponse("地址过长 · the address is too long\n", 414)
    return None
