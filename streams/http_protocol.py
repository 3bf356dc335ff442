"""HTTP that waits for nobody: a slow client loses its connection, not the others theirs.

Three kinds of connection are counted apart, so that one kind takes no place of another: those
whose request has not come wholly, those whose request is being answered, and those that rest
between two. When there are too many of the first or the last, the oldest goes: a reader's request
comes in milliseconds, so who has waited longest is no reader. A crowd of readers that arrives at
once is spared: all of it is accepted before the first byte is read. When the server itself stood
still, what came meanwhile is read before anybody is called late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

READ_SECONDS: Final = 10.0
"""Within this a request must have come wholly: from the connection, or from its first byte."""
ANSWER_SECONDS: Final = 30.0
"""Within this it must be answered, and the client must have taken the answer."""
MOST_HALF_OPEN: Final = 100
"""Of those that have had time enough to ask, so many are kept waiting."""
SPARED_SECONDS: Final = 1.0
MOST_SPARED: Final = 500
MOST_RESTING: Final = 500


class Crowd:
    """The connections of one server that nothing is being done for, each kind by age.

    `soon` is the loop's `call_soon`: what was ready with a new connection is read before it.
    """

    def __init__(self, soon: Callable[..., object]) -> None:
        self._soon = soon
        self.half_open: dict[ImpatientProtocol, float] = {}
        self.resting: dict[ImpatientProtocol, float] = {}

    def expects(self, one: ImpatientProtocol, now: float) -> None:
        """Take note that its request has begun, or is awaited for the first time."""
        self.resting.pop(one, None)
        self.half_open[one] = now
        self._soon(self._relieve, now)

    def rests(self, one: ImpatientProtocol, now: float) -> None:
        """Take note that it has been answered, and may ask again."""
        self.half_open.pop(one, None)
        self.resting[one] = now
        _relieve(self.resting, MOST_RESTING, before=now)

    def _relieve(self, now: float) -> None:
        _relieve(self.half_open, MOST_HALF_OPEN, before=now - SPARED_SECONDS)
        _relieve(self.half_open, MOST_SPARED, before=now)

    def leaves(self, one: ImpatientProtocol) -> None:
        """Take note that its request is being answered, or that it is gone."""
        self.half_open.pop(one, None)
        self.resting.pop(one, None)


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with a deadline for each request; uvicorn has none for its headers."""

    _deadline: asyncio.TimerHandle | None = None
    _answering = False

    def __init__(self, *arguments: Any, crowd: Crowd, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._crowd = crowd

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect(READ_SECONDS)
        self._crowd.expects(self, self.loop.time())

    def data_received(self, data: bytes) -> None:
        """Expect the rest of a request, or its answer."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        resting = self in self._crowd.resting
        if answering != self._answering or resting or self._deadline is None:
            self._answering = answering
            if answering:
                self._expect(ANSWER_SECONDS)
                self._crowd.leaves(self)
            else:
                self._expect(READ_SECONDS)
                self._crowd.expects(self, self.loop.time())

    def on_response_complete(self) -> None:
        """Expect that the answer is taken; the next request may take its time (keep-alive).

        To uvicorn an answer is complete when it is written, though all of it may still lie here.
        """
        self._answering = False
        self._relax()
        if self.transport.get_write_buffer_size():
            self._deadline = self.loop.call_later(ANSWER_SECONDS, self._unless_taken)
        self._crowd.rests(self, self.loop.time())
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._relax()
        self._crowd.leaves(self)
        super().connection_lost(exc)

    def _expect(self, seconds: float) -> None:
        self._relax()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _unless_taken(self) -> None:
        self._deadline = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _relieve(ones: dict[ImpatientProtocol, float], most: int, before: float) -> None:
    """Let the oldest go, of those that came by `before`, until there are no more than `most`."""
    while len(ones) > most:
        oldest, since = next(iter(ones.items()))
        if since > before:
            return
        del ones[oldest]
        oldest.transport.abort()
