"""What must be so before the embedded servers start; each fault is one line with its remedy."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

OLDEST_PYTHON: Final = (3, 11)


class NotReadyError(Exception):
    """Raised when something on this machine must be put right first; the message is one line."""


def python(version: tuple[int, int] | None = None) -> None:
    """Raise NotReadyError when this Python (or `version`) is too old."""
    major, minor = version or sys.version_info[:2]
    if (major, minor) < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise NotReadyError(f"Python {major}.{minor} is too old: use {wanted} or later")


def module(name: str, remedy: str) -> None:
    """Raise NotReadyError, with `remedy`, when a module cannot be imported."""
    if importlib.util.find_spec(name) is None:
        raise NotReadyError(f"the Python module {name} is missing: {remedy}")


def port_free(port: int, option: str) -> None:
    """Raise NotReadyError when something listens on a port of the loopback; 0 is always free."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        line = f"port {port} cannot be used ({error.strerror}): stop what holds it, or choose "
        raise NotReadyError(f"{line}another with {option}") from error


def directory_writable(directory: Path, option: str) -> None:
    """Raise NotReadyError when a directory cannot be made, or nothing written into it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        line = f"directory {directory} cannot be written ({error.strerror}): "
        raise NotReadyError(
            f"{line}mend its permissions, or choose another with {option}"
        ) from error


def faults(checks: Iterable[Callable[[], None]]) -> list[str]:
    """Run all checks; return what each of those that failed has to say."""
    found = []
    for check in checks:
        try:
            check()
        except NotReadyError as error:
            found.append(str(error))
    return found
