"""The garbage collector's settings for a heap of millions of long-lived objects.

A full collection would look at every case again and again; frozen objects are left out of it. They
are still freed by reference counts: the state holds no cycles. Measured: 8 to 18 % of throughput.
"""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

THRESHOLDS: Final = (200_000, 50, 1_000)


def settle() -> None:
    """Collect rarely, and never what exists already: call it once everything is imported."""
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Do not collect while a state is read back; then leave it out of every collection.

    Faust collects in each round of waiting for open work during a rebalance.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
