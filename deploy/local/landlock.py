"""Linux's Landlock: a process gives up, for good, all files and connections but those it names.

It asks the kernel, so nothing that runs in the process later can walk around it, whatever language
it is written in. Needs Linux 5.13; connections are held from 6.7 on, signals from 6.12 on. See
https://docs.kernel.org/userspace-api/landlock.html, whose numbers these are.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CREATE_RULESET: Final = 444  # the same on every processor
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1
_NO_NEW_PRIVILEGES: Final = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _DEVICE = 1 << 14, 1 << 15
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version of Landlock knows; later ones know what 5 knows."""
_NETWORK_SINCE, _CONNECT = 4, 0b10
_SCOPES_SINCE, _BOTH_SCOPES = 6, 0b11  # abstract sockets, signals


def version() -> int:
    """Return the version of Landlock that this kernel offers; 0 where it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return max(0, _call(_CREATE_RULESET, None, 0, _ASK_VERSION))
    except OSError:
        return 0


def confine(writable: Iterable[Path], readable: Iterable[Path]) -> bool:
    """Leave this thread, and all it starts, these directories and files, and no new connection.

    What is open stays open. Nothing can be executed but what lies in `readable`, where libraries
    are loaded from; paths that do not exist are left out. False where the kernel has no Landlock.
    Raises OSError when the kernel refuses.
    """
    if not (known := version()):
        return False
    everything = (1 << _FILE_RIGHTS.get(known, 16)) - 1
    ports = _CONNECT if known >= _NETWORK_SINCE else 0
    scopes = _BOTH_SCOPES if known >= _SCOPES_SINCE else 0
    asked = struct.pack("QQQ", everything, ports, scopes)
    size = 8 if known < _NETWORK_SINCE else 16 if known < _SCOPES_SINCE else 24
    rules = _call(_CREATE_RULESET, asked, size, 0)
    try:
        for path in writable:
            _allow(rules, path, everything & ~_EXECUTE)
        for path in readable:
            _allow(rules, path, _EXECUTE | _READ_FILE | _READ_DIR)
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return True


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rights if path.is_dir() else rights & _OF_FILES
        _call(_ADD_RULE, rules, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    """Make a system call. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result: int = library.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
