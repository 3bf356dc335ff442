"""How long to wait before trying again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST: Final = 0.5
LONGEST: Final = 30.0


def backoff(failures: int, chance: Callable[[], float]) -> float:
    """Give the seconds to wait after this many failures in a row (1 or more).

    Doubles from half a second to half a minute; `chance`, in [0, 1), takes up to half of it off, so
    that sinks which failed together do not come back together.
    """
    return float(min(LONGEST, FIRST * 2 ** min(failures - 1, 10))) * (1 - chance() / 2)
