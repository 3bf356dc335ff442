"""Says when a tick waits for records that do not come: a partition whose time stands still.

A tick names how far the other inputs must be applied before it counts. One that names records which
the topic has not got, as a replay's tick does whose events were lost on the way, is waited for as
long as it takes: without them a breach would be declared from a part of the log. No restart brings
them, so the partition is not ended for it, and a person is told instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from streams.runtime.positions import Partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.runtime.ports import Barrier

TELL_AFTER: Final = 30.0
TELL_AGAIN: Final = 300.0
"""Seconds for which a tick has waited when it is told, and between that and the next time."""

log = structlog.get_logger(__name__)


class Blocked:
    """How long the oldest tick of each owned partition has waited for the same records."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Sequence[Barrier], float, float]] = {}

    def observe(
        self,
        barriers: Mapping[int, Sequence[Barrier]],
        highs: Mapping[Partition, int],
        seconds: float,
    ) -> set[int]:
        """Tell the partitions whose tick names records that are not there yet.

        `barriers` is what each partition's oldest waiting tick names and is not applied; `seconds`
        is how long the process has run since the last look.
        """
        before, self._waiting = self._waiting, {}
        found = set()
        for number, named in barriers.items():
            missing = [
                each for each in named if each.named > highs.get(Partition(each.topic, number), 0)
            ]
            if not missing:
                continue
            found.add(number)
            known, waited, told_at = before.get(number, ((), 0.0, 0.0))
            same = [(each.topic, each.named) for each in known] == [
                (each.topic, each.named) for each in missing
            ]
            waited, told_at = (waited + seconds, told_at) if same else (0.0, 0.0)
            if waited >= TELL_AFTER and (not told_at or waited - told_at >= TELL_AGAIN):
                told_at = waited
                for each in missing:
                    log.warning(
                        "a tick waits for records that are not there",
                        partition=number, topic=each.topic, barrier=each.named,
                        applied=each.applied, end=highs.get(Partition(each.topic, number), 0),
                        seconds=round(waited),
                    )  # fmt: skip
            self._waiting[number] = (missing, waited, told_at)
        return found
