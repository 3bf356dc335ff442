"""ClickHouse's native TCP protocol at revision 54058, as far as a server needs it: what it says.

At that revision a block on the wire is what the engine's `FORMAT Native` writes and reads, so
blocks pass through the front as bytes. What clients say is read in `native_reader`.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

REVISION: Final = 54058
"""The first revision whose Hello names a time zone; later ones add fields we do not need."""

_CONTINUED: Final = 0x80
_BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # no overflow, bucket -1, end


class ClientPacket(IntEnum):
    """What a client may send."""

    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


class ServerPacket(IntEnum):
    """What a server answers."""

    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PONG = 4
    END_OF_STREAM = 5


def varint(value: int) -> bytes:
    """Write a number seven bits to a byte, the lowest first."""
    written = bytearray()
    while value >= _CONTINUED:
        written.append(value & ~_CONTINUED & 0xFF | _CONTINUED)
        value >>= 7
    written.append(value)
    return bytes(written)


def text(value: str) -> bytes:
    """Write a string with its length in front."""
    encoded = value.encode()
    return varint(len(encoded)) + encoded


def hello(name: str, version: tuple[int, int], timezone: str) -> bytes:
    """Answer a Hello. `timezone` is the engine's, an IANA name."""
    numbers = b"".join(map(varint, (*version, REVISION)))
    return varint(ServerPacket.HELLO) + text(name) + numbers + text(timezone)


def data(native: bytes) -> bytes:
    """Send a block that is in the Native format."""
    return varint(ServerPacket.DATA) + text("") + _BLOCK_INFO + native


def header(columns: Iterable[tuple[str, str]]) -> bytes:
    """Write, in the Native format, a block of no rows: names and types only."""
    listed = [text(name) + text(spec) for name, spec in columns]
    return varint(len(listed)) + varint(0) + b"".join(listed)


def exception(code: int, message: str) -> bytes:
    """Report an error under ClickHouse's own number for it."""
    name = "DB::Exception"
    full = message if message.startswith(name) else f"{name}: {message}"
    body = text(name) + text(full) + text("")
    return varint(ServerPacket.EXCEPTION) + struct.pack("<i", code) + body + b"\x00"


PONG: Final = varint(ServerPacket.PONG)
END_OF_STREAM: Final = varint(ServerPacket.END_OF_STREAM)
