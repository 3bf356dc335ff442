"""The MAC by which a source signs a record: what it covers, how it is written, how it is read.

It covers a word that says what is signed, the algorithm, the key's id, the topic, and the value
with its length, so that nothing of it can be moved to another place and nothing cut off. It does
not cover the record's key, partition or time, which Kafka gives it anew when it is sent on.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAC_HEADER: Final = "jiancha-mac"
"""Its value: the algorithm, the key's id, and the MAC in hexadecimal, with a blank between them."""
ALGORITHMS: Final = {"hmac-sha-256": "sha256", "hmac-sm3": "sm3"}
"""What may be named, and how OpenSSL calls the hash in it (RFC 2104, FIPS 180-4, GB/T 32905)."""
DOMAIN: Final = "jiancha-mac-1"
LONGEST_HEADER: Final = 160
"""Bytes of a header's value; a well-formed one has no more."""
_HEADER: Final = re.compile(rb"([a-z0-9-]{1,16}) ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) ([0-9a-f]{64})")
KEY_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of one source. The secret is never printed."""

    id: str
    algorithm: str
    """One of `ALGORITHMS`; the key is for this one alone."""
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mac:
    """A record's MAC as it came."""

    algorithm: str
    key_id: str
    digest: bytes


def sign(key: Key, topic: str, value: bytes) -> bytes:
    """Give the MAC of a value under a topic. Raises ValueError where OpenSSL lacks the hash."""
    about = f"{DOMAIN}\n{key.algorithm}\n{key.id}\n{topic}\n{len(value)}\n"
    mac = _begun(key.algorithm, key.secret).copy()
    mac.update(about.encode() + value)
    return mac.digest()


@lru_cache(maxsize=10_000)
def _begun(algorithm: str, secret: bytes) -> hmac.HMAC:
    """Begin with a key: OpenSSL takes longer to do so than to hash a record."""
    return hmac.new(secret, digestmod=ALGORITHMS[algorithm])


def signature(key: Key, topic: str, value: bytes) -> tuple[str, bytes]:
    """Give the header that signs a value under a topic."""
    mac = sign(key, topic, value).hex()
    return MAC_HEADER, f"{key.algorithm} {key.id} {mac}".encode()


def mac_headers(headers: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Give a record's headers that claim to be its MAC, for whoever sends it on."""
    return [
        (name, value or b"")
        for name, value in headers
        if name == MAC_HEADER and len(value or b"") <= LONGEST_HEADER
    ][:2]  # of two the reader knows no better than of ten


def read_mac(headers: Iterable[tuple[str, bytes]]) -> Mac | None:
    """Read a record's MAC; None where it carries none.

    Raises ValueError, which says why, where it cannot be read, or there is more than one.
    """
    found = [value or b"" for name, value in headers if name == MAC_HEADER]
    if not found:
        return None
    if len(found) > 1:
        raise ValueError(f"The record has {len(found)} headers {MAC_HEADER}.")
    read = _HEADER.fullmatch(found[0])
    if read is None or read[1].decode() not in ALGORITHMS:
        raise ValueError(f"The header {MAC_HEADER} is not an algorithm, a key id and a MAC.")
    return Mac(read[1].decode(), read[2].decode(), bytes.fromhex(read[3].decode()))


def holds(mac: Mac, key: Key, topic: str, value: bytes) -> bool:
    """Tell whether a MAC is that of a value by a key; as long for a wrong one as for a right."""
    return mac.algorithm == key.algorithm and hmac.compare_digest(
        mac.digest, sign(key, topic, value)
    )


def can(algorithm: str) -> bool:
    """Tell whether this machine's OpenSSL can do an algorithm; some lack SM3, FIPS forbids it."""
    try:
        hmac.digest(b"\x00" * 32, b"", ALGORITHMS[algorithm])
    except ValueError:
        return False
    return True
