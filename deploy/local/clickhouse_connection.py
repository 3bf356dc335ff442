"""The conversation of the front with one client."""

from __future__ import annotations

import contextlib
import hmac
import select
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deploy.local import native_protocol as wire
from deploy.local.clickhouse_engine import CANCELLED, EngineError
from deploy.local.native_protocol import ClientPacket
from deploy.local.native_reader import Disconnected, ProtocolError, Reader
from deploy.local.statement import data_insert

if TYPE_CHECKING:
    from deploy.local.clickhouse_engine import Engine, Session
    from deploy.local.native_reader import Block, Limits, Query
    from deploy.local.statement import DataInsert

NAME: Final = "ClickHouse (embedded)"
NOT_IMPLEMENTED: Final = 48
UNEXPECTED_PACKET: Final = 101
AUTHENTICATION_FAILED: Final = 516

_HUNG_UP: Final = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
_PEEK: Final = socket.MSG_PEEK | socket.MSG_DONTWAIT


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may come in."""

    user: str = "default"
    password: str = ""

    def admit(self, user: str, password: str) -> bool:
        """Tell whether these are the ones, in a time that does not tell how near they are."""
        given, wanted = f"{user}\0{password}", f"{self.user}\0{self.password}"
        return hmac.compare_digest(given.encode(), wanted.encode())


class Connection:
    """Serves one client until it leaves, stalls, or breaks the protocol."""

    def __init__(
        self,
        client: socket.socket,
        engine: Engine,
        credentials: Credentials,
        limits: Limits,
    ) -> None:
        self._client = client
        self._engine = engine
        self._credentials = credentials
        self._reader = Reader(client, limits)
        self._running: Session | None = None
        self._cancelled = False

    def serve(self) -> None:
        """Talk with the client. Never raises for what a client does."""
        try:
            self._converse()
        except ProtocolError as error:
            self._farewell(UNEXPECTED_PACKET, str(error))
        except EngineError as error:
            self._farewell(error.code, error.message)
        except (Disconnected, OSError):
            pass  # the client went, or did not take its answer in time

    def refuse(self, code: int, message: str) -> None:
        """Send the client away with an error instead of a greeting."""
        try:
            self._reader.hello()
        except (Disconnected, ProtocolError, OSError):
            return
        self._farewell(code, message)

    def watch(self) -> None:
        """Stop the running statement if the client has left or cancels it; else do nothing.

        For another thread than the one that serves: that one is inside the engine.
        """
        session = self._running
        if session is not None and not self._cancelled and self._wants_out():
            self._cancelled = True
            self._engine.cancel(session.name)

    def hang_up(self) -> None:
        """End the conversation from another thread."""
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)

    def _wants_out(self) -> bool:
        poll = select.poll()
        try:
            poll.register(self._client, _HUNG_UP | select.POLLIN)
            events = [event for _, event in poll.poll(0)]
            if not events:
                return False
            if events[0] & _HUNG_UP:
                return True
            return self._client.recv(1, _PEEK) in {b"", bytes([ClientPacket.CANCEL])}
        except (OSError, ValueError):  # closed in the meantime
            return True

    def _converse(self) -> None:
        hello = self._reader.hello()
        if hello.revision < wire.REVISION:
            raise ProtocolError(f"revision {hello.revision} is older than {wire.REVISION}")
        if not self._credentials.admit(hello.user, hello.password):
            raise EngineError(AUTHENTICATION_FAILED, f"{hello.user}: Authentication failed")
        session = self._engine.session()
        try:
            if hello.database:
                session.use(hello.database)
            self._send(wire.hello(NAME, self._engine.release, self._engine.timezone))
            while True:
                self._packet(session)
        finally:
            session.close()

    def _packet(self, session: Session) -> None:
        self._reader.wait()
        match self._reader.varint():
            case ClientPacket.PING:
                self._send(wire.PONG)
            case ClientPacket.QUERY:
                self._query(session, self._reader.query())
            case ClientPacket.CANCEL:
                pass  # of a statement that has just ended
            case other:
                raise ProtocolError(f"unexpected packet {other}")

    def _query(self, session: Session, query: Query) -> None:
        if query.compressed:
            raise EngineError(NOT_IMPLEMENTED, "no compression here: connect without it")
        if self._drain():
            self._send(wire.exception(NOT_IMPLEMENTED, "no external tables here"))
            return
        insert = data_insert(query.text)
        try:
            with session.settings(query.settings):
                if insert is None:
                    self._answer(session, query.text)
                else:
                    self._insert(session, insert)
        except EngineError as error:
            if error.code != CANCELLED or not self._cancelled:
                self._send(wire.exception(error.code, error.message))
                return
        self._send(wire.END_OF_STREAM)

    def _answer(self, session: Session, sql: str) -> None:
        self._cancelled = False
        self._running = session
        try:
            for block in session.answer(sql):
                self._send(wire.data(block))
        finally:
            self._running = None

    def _insert(self, session: Session, insert: DataInsert) -> None:
        columns = session.columns(insert)
        with session.insert(insert) as rows:
            self._send(wire.data(wire.header(columns)))
            failure: EngineError | None = None
            while (block := self._data()).columns:
                try:
                    if failure is None:
                        rows.append(block.native)
                except EngineError as error:
                    failure = error  # the client sends on: take it, then say so
            if failure is not None:
                raise failure
            rows.finish()

    def _drain(self) -> bool:
        """Read to the empty block; tell whether there was another before it."""
        some = False
        while self._data().columns:
            some = True
        return some

    def _data(self) -> Block:
        self._reader.wait()
        packet = self._reader.varint()
        if packet != ClientPacket.DATA:
            raise ProtocolError(f"packet {packet} where a block was due")
        return self._reader.data()

    def _farewell(self, code: int, message: str) -> None:
        with contextlib.suppress(OSError):
            self._send(wire.exception(code, message))

    def _send(self, packet: bytes) -> None:
        self._client.sendall(packet)
