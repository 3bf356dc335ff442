"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def eventually(
    condition: Callable[[], T],
    timeout: float = 10.0,
    *,
    interval: float = 0.02,
    forgive: type[Exception] | tuple[type[Exception], ...] = AssertionError,
) -> T:
    """Poll `condition` until it returns something true, and return that.

    `timeout` and `interval` are seconds. Errors of the kinds in `forgive` count as "not yet", so a
    condition may be a function full of asserts that ends in `return True`; any other error is
    raised at once. Raises AssertionError, from the last forgiven error, when the time is up.
    """
    deadline = time.monotonic() + timeout
    while True:
        last: object
        cause: Exception | None = None
        try:
            last = value = condition()
            if value:
                return value
        except forgive as error:
            last = cause = error
        if time.monotonic() >= deadline:
            name = getattr(condition, "__name__", condition)
            raise AssertionError(f"{name} not met in {timeout:g} s; last: {last!r}") from cause
        time.sleep(interval)
