"""The keys of sources, from the file that `keys_file` names. What is in it is never printed.

A line is a key's id, its algorithm and the key in hexadecimal; `#` begins a comment:

    hn-2026  hmac-sha-256  6f1c…   # openssl rand -hex 32
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.bounds import MAX_FILE_BYTES
from schemas.macs import ALGORITHMS, KEY_ID, Key, can

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from schemas.catalogue import Catalogue

LEAST_BYTES, MOST_BYTES = 32, 64
"""Of a key: as long as its MAC at least; what is longer than the hash's block is hashed first."""
_ID: Final = re.compile(KEY_ID)
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class KeysError(Exception):
    """Raised when the keys cannot be used; the text names file, line and remedy, never a key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a file by their ids, and what is to be said of the file."""

    by_id: Mapping[str, Key]
    warning: str = ""


def read_keys(path: Path) -> Keys:
    """Read a file of keys.

    Raises KeysError: it cannot be read, others may write to it, a line is no key, an id or a key
    stands twice.
    """
    try:
        mode = path.stat().st_mode
        raw = path.read_bytes()[: MAX_FILE_BYTES + 1]
    except OSError as error:
        raise KeysError(f"{path} cannot be read ({error.strerror}): check keys_file") from None
    if mode & _OTHERS_WRITE:
        raise KeysError(f"{path} can be written by others, who could add keys: chmod 600 {path}")
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise KeysError(f"{path} is not UTF-8 text: write one key a line") from None
    keys: dict[str, Key] = {}
    secrets: dict[bytes, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        key = _key(words, f"{path}:{number}")
        if key.id in keys:
            raise KeysError(f"{path}:{number}: {key.id} stands twice: keep one of the two")
        if (other := secrets.setdefault(key.secret, key.id)) != key.id:
            raise KeysError(
                f"{path}:{number}: {key.id} and {other} are the same key, so that each could sign"
                " for the other: make one anew (openssl rand -hex 32)"
            )
        keys[key.id] = key
    warning = ""
    if mode & stat.S_IROTH:
        warning = f"{path} can be read by every user of this machine: chmod 600 {path}"
    return Keys(keys, warning)


def _key(words: list[str], where: str) -> Key:
    if len(words) != 3:  # noqa: PLR2004 - id, algorithm, key
        raise KeysError(f"{where}: write an id, an algorithm and the key in hexadecimal")
    name, algorithm, text = words
    if not _ID.match(name):
        raise KeysError(
            f"{where}: an id is letters, digits, dots, dashes and underscores, at most 64"
        )
    if algorithm not in ALGORITHMS:
        raise KeysError(f"{where}: {name}: the algorithms are {', '.join(ALGORITHMS)}")
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if not LEAST_BYTES <= len(secret) <= MOST_BYTES:
        raise KeysError(
            f"{where}: {name}: a key is {LEAST_BYTES} to {MOST_BYTES} bytes in hexadecimal:"
            " openssl rand -hex 32"
        )
    if len(set(secret)) == 1:
        raise KeysError(f"{where}: {name}: every byte of it is the same: openssl rand -hex 32")
    return Key(name, algorithm, secret)


def unusable(catalogue: Catalogue, keys: Mapping[str, Key]) -> list[str]:
    """Say of each key that a catalogue names why it cannot be used here, and what to do."""
    return list(_unusable(catalogue, keys))


def _unusable(catalogue: Catalogue, keys: Mapping[str, Key]) -> Iterable[str]:
    for source in catalogue.sources.values():
        for name in source.keys:
            key = keys.get(name)
            if key is None:
                yield (
                    f"sources[{source.code}].keys: {name} is not among the keys here: add it to the"
                    " file that JIANCHA_KEYS_FILE names (docs/security.md#keys)"
                )
            elif not can(key.algorithm):
                yield (
                    f"sources[{source.code}].keys: {name} is for {key.algorithm}, and this"
                    " machine's OpenSSL lacks it: give the source a key for hmac-sha-256, or use an"
                    " OpenSSL with SM3 (OpenSSL 3 has it, unless it was built without, or runs as"
                    " FIPS)"
                )
