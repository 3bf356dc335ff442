"""Reading the native protocol: packets from a client, blocks from the engine.

What a client may make the server hold is bounded: see `Limits`.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from clickhouse_driver.settings.available import settings as known_settings
from clickhouse_driver.settings.types import SettingBool, SettingUInt64

from deploy.local.native_protocol import ClientPacket, text
from deploy.local.native_types import UnknownTypeError, skip_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_RECEIVE: Final = 1 << 18
_VARINT_BITS: Final = 63
_CONTINUED: Final = 0x80


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask the server to hold. Sizes are in bytes, times in seconds."""

    text: int = 64 << 10
    """A name, a setting, a password."""
    query: int = 16 << 20
    string: int = 64 << 20
    """One value of a String column."""
    block: int = 256 << 20
    columns: int = 1_000
    rows: int = 1 << 20
    """Rows of one block: what clickhouse-driver cuts its inserts into."""
    settings: int = 500
    stall: float = 60.0
    """How long a client may take over the next bytes of a packet, or over taking an answer."""
    hello: float = 10.0
    """How long a client may take to say who it is."""


class ProtocolError(Exception):
    """Raised when a client sends what the protocol, or a limit, does not allow."""


class Disconnected(Exception):  # noqa: N818 - nothing went wrong
    """Raised when the client has closed its side."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a client says it is."""

    client: str
    revision: int
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Query:
    """One statement, with the settings that hold for it."""

    text: str
    settings: Mapping[str, str]
    compressed: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A block as the engine's `FORMAT Native` has it."""

    columns: int
    rows: int
    native: bytes


class Source(Protocol):
    """What a reader needs of a socket."""

    def recv(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end. Raises TimeoutError, or another OSError."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Bound the time that `recv` waits."""


class Ended:
    """A source that has nothing more."""

    def recv(self, _size: int, /) -> bytes:
        """Return nothing."""
        return b""

    def settimeout(self, _seconds: float | None, /) -> None:
        """Wait for nothing."""


class Reader:
    """Reads packets from a byte stream; a cursor for `skip_column`.

    Bytes read since the last `begin` are kept, and their number is bounded by `limits.block`.
    """

    def __init__(self, source: Source, limits: Limits, received: bytes = b"") -> None:
        self._source = source
        self._limits = limits
        self._buffer = bytearray(received)
        self._at = 0

    def wait(self) -> None:
        """Wait, for as long as it takes, for the first byte of the next packet."""
        self._begin()
        if not self._buffer:
            self._source.settimeout(None)
            self._reach(1)
        self._source.settimeout(self._limits.stall)

    @property
    def position(self) -> int:
        """How many bytes have been read since the last packet began."""
        return self._at

    def buffered(self) -> int:
        """Return how many bytes have come and are not yet read."""
        return len(self._buffer) - self._at

    def byte(self) -> int:
        """Read one byte."""
        self._reach(self._at + 1)
        self._at += 1
        return self._buffer[self._at - 1]

    def varint(self) -> int:
        """Read a number of up to 63 bits, seven to a byte, the lowest first."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & ~_CONTINUED) << shift
            if byte < _CONTINUED:
                return value
            shift += 7
            if shift >= _VARINT_BITS:
                raise ProtocolError("a number longer than 63 bits")

    def text(self, limit: int | None = None) -> str:
        """Read a string of at most `limit` bytes (by default `limits.text`) in UTF-8."""
        size = self._bounded("a text", self.varint(), limit or self._limits.text)
        self.skip(size)
        try:
            return self._buffer[self._at - size : self._at].decode()
        except UnicodeDecodeError as error:
            raise ProtocolError(f"a text is not UTF-8: {error.reason}") from error

    def skip(self, size: int) -> None:
        """Pass `size` bytes."""
        self._reach(self._at + size)
        self._at += size

    def last_uint64(self, count: int) -> int:
        """Pass `count` little-endian 64-bit numbers and return the last; 0 when there are none."""
        self.skip(8 * count)
        if not count:
            return 0
        value: int = struct.unpack_from("<Q", self._buffer, self._at - 8)[0]
        return value

    def skip_strings(self, count: int) -> None:
        """Pass `count` strings, each with its length in front.

        This is the one loop of the front that runs once for each value, so it keeps to locals
        and to lengths of one byte; longer ones take the slow road.
        """
        buffer, at, end = self._buffer, self._at, len(self._buffer)
        for _ in range(count):
            if at >= end:
                self._reach(at + 1)
                end = len(buffer)
            size = buffer[at]
            if size < _CONTINUED:
                at += size + 1
            else:
                self._at = at
                size = self._bounded("a value", self.varint(), self._limits.string)
                at, end = self._at + size, len(buffer)
        self._reach(at)
        self._at = at

    def hello(self) -> Hello:
        """Read the first packet of a connection."""
        self._source.settimeout(self._limits.hello)
        if self.varint() != ClientPacket.HELLO:
            raise ProtocolError("the first packet is not a Hello")
        client = self.text()
        self.varint()  # version, major
        self.varint()  # version, minor
        return Hello(client, self.varint(), self.text(), self.text(), self.text())

    def query(self) -> Query:
        """Read what follows the number of a Query packet."""
        self.text()  # the query's id
        self._client_info()
        settings = dict(self._settings())
        self.varint()  # the stage: always the complete query
        compressed = self.varint() != 0
        return Query(self.text(self._limits.query), settings, compressed)

    def data(self) -> Block:
        """Read what follows the number of a Data packet, values and all."""
        self.text()  # the name of an external table
        while field := self.varint():
            self.skip({1: 1, 2: 4}.get(field, 0))
        return self.native()

    def native(self) -> Block:
        """Read a block in the Native format."""
        start = self._at
        columns = self._bounded("columns", self.varint(), self._limits.columns)
        rows = self._bounded("rows", self.varint(), self._limits.rows)
        for _ in range(columns):
            self.text()
            spec = self.text()
            try:
                skip_column(spec, rows, self)
            except UnknownTypeError as error:
                raise ProtocolError(str(error)) from error
        return Block(columns, rows, bytes(memoryview(self._buffer)[start : self._at]))

    def _client_info(self) -> None:
        if not self.byte():  # no initial query, nothing more is said
            return
        for _ in range(3):  # initial user, query id, address
            self.text()
        self.byte()  # interface
        for _ in range(3):  # user of the system, host, client
            self.text()
        for _ in range(3):  # version major, minor, revision
            self.varint()

    def _settings(self) -> Iterator[tuple[str, str]]:
        """Yield settings; at this revision the reader must know which are numbers."""
        for _ in range(self._limits.settings):
            name = self.text()
            if not name:
                return
            kind = known_settings.get(name)
            if kind is None:
                raise ProtocolError(f"setting {name!r} is not known, so its form is not either")
            number = issubclass(kind, SettingUInt64 | SettingBool)
            yield name, str(self.varint()) if number else self.text()
        raise ProtocolError(f"more than {self._limits.settings} settings")

    def _begin(self) -> None:
        del self._buffer[: self._at]
        self._at = 0

    def _reach(self, size: int) -> None:
        """Make the buffer at least `size` bytes long."""
        if size <= len(self._buffer):
            return
        self._bounded("a packet", size, self._limits.block)
        while len(self._buffer) < size:
            try:
                received = self._source.recv(_RECEIVE)
            except TimeoutError as error:
                raise ProtocolError("the client stalled in the middle of a packet") from error
            except OSError as error:
                raise Disconnected from error
            if not received:
                raise Disconnected
            self._buffer += received

    @staticmethod
    def _bounded(what: str, value: int, limit: int) -> int:
        if value > limit:
            raise ProtocolError(f"{what}: {value}, more than the limit of {limit}")
        return value


def with_zones(native: bytes, specs: Sequence[str]) -> bytes:
    """Put the zones back into a block's DateTime types; `specs` has each column's full type.

    For so old a revision the engine leaves them out, and clients would take the values for the
    server's zone.
    """
    reader = Reader(Ended(), Limits(block=len(native), rows=sys.maxsize), native)
    reader.varint()
    rows = reader.varint()
    pieces, kept = [], 0
    for full in specs:
        reader.text()
        start = reader.position
        spec = reader.text()
        if spec == "DateTime" and full != spec:
            pieces += [native[kept:start], text(full)]
            kept = reader.position
        skip_column(spec, rows, reader)
    return b"".join([*pieces, native[kept:]])


def blocks(native: bytes) -> Iterator[bytes]:
    """Divide an answer in the Native format into its blocks: a Data packet carries one."""
    reader = Reader(Ended(), Limits(block=len(native), rows=sys.maxsize), native)
    while reader.buffered():
        yield reader.native().native
