"""How commands that take long say how far they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

SAY_EVERY: Final = 3.0
"""Seconds between two lines of progress."""


def progress() -> Callable[[str, int, int], None]:
    """Give a function that says what is done, how much of it, of how much: at most so often."""
    said = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= SAY_EVERY or done == total:
            said = now
            click.echo(f"{what}: {done} of {total}", err=True)

    return tell
