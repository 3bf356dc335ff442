"""The points at which a worker can be told to die, by a file of that name."""

from __future__ import annotations

POINTS = (
    "after_decode",
    "before_write",
    "between_acknowledgement_and_commit",
    "after_commit",
    "during_recovery",
    "during_rebalance",
    "during_shutdown",
)
