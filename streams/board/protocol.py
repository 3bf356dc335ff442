"""HTTP that waits for nobody: a slow client loses its connection, not the others theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

READ_SECONDS: Final = 10.0
"""Within this a request must have come wholly: from the connection, or from its first byte."""
ANSWER_SECONDS: Final = 30.0
"""Within this it must be answered, and the client must have taken the answer."""


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with a deadline for each request; uvicorn has none for its headers."""

    _deadline: asyncio.TimerHandle | None = None
    _answering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect(READ_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Expect the rest of a request, or its answer."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering != self._answering or self._deadline is None:
            self._answering = answering
            self._expect(ANSWER_SECONDS if answering else READ_SECONDS)

    def on_response_complete(self) -> None:
        """Expect nothing: the next request may take its time, uvicorn's keep-alive."""
        self._answering = False
        self._relax()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._relax()
        super().connection_lost(exc)

    def _expect(self, seconds: float) -> None:
        self._relax()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
