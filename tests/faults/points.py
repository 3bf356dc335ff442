"""The points at which a worker can be told to die, and ways to make it wrong, by a file's name."""

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

LOSE, DOUBLE, FORGET = "lose", "double", "forget"
SABOTAGE = (LOSE, DOUBLE, FORGET)
"""What a worker can be made to do wrong, so that the oracle is seen to find it."""

SLOW = "slow"
"""While it is there a restore takes seconds, as that of a large state does."""
