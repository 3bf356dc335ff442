"""The life of one partition's state: its epoch (纪元), and when it has caught up.

A state that begins from nothing begins a new epoch, which outranks every earlier one in all that
leaves. Until it has judged what stood in its inputs when it began, the cards of earlier lives ring
on; then it says so, once, and whoever reads it ends what only they had issued.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from schemas.events import LATEST
from schemas.verdicts import LifeRecord
from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.runtime.inputs import Inputs
    from streams.runtime.ports import InputTopic


EARLIEST_EPOCH: Final = 1_577_836_800
"""2020-01-01T00:00:00Z: a clock that says less was never set, and what it began would be outranked
by every life before."""


class Life:
    """The epoch of one partition's state, and how far it has caught up."""

    def __init__(self, partition: int, partitions: int) -> None:
        self._partition, self._partitions = partition, partitions
        self._epoch: int | None = None
        self._judged = False
        self._caught_up = False
        self.until: dict[str, int] | None = None
        """The ends of the inputs when it began; None once that was told, and in a life of 0.1.0."""
        self.half_built = False
        """Whether `jiancha state rebuild` was cut off: the states are of two lives."""

    @property
    def epoch(self) -> int:
        """When this state began from nothing: seconds since 1970 UTC; 0 for one of 0.1.0."""
        return self._epoch or 0

    def restore(self, epoch: int, until: dict[str, int] | None) -> None:
        """Go on with a life."""
        self._epoch, self.until = epoch, until

    def begin(self, inputs: Mapping[str, InputTopic], began: int) -> None:
        """Begin a life where nothing was restored; `began` is the wall clock (seconds, UTC).

        Raises Fatal on a state that is half rebuilt, or where that clock was never set.
        """
        if self.half_built:
            raise Fatal(
                f"partition {self._partition}: a rebuild of its state was cut off: run"
                " `jiancha state rebuild` again, with every engine stopped"
            )
        if self._epoch is None:
            if began and not EARLIEST_EPOCH <= began < LATEST.timestamp():
                raise Fatal(
                    f"partition {self._partition}: its state begins from nothing, in an epoch named"
                    f" by this machine's clock, which says {datetime.fromtimestamp(began, UTC)}:"
                    " set the clock, then start again"
                )
            self._epoch = began
            self.until = {topic: found.high for topic, found in inputs.items()}

    def judged(self, *, all_of_them: bool) -> None:
        """Know whether the tick under way has come to every case."""
        self._judged = all_of_them

    def ticked(self, inputs: Inputs) -> None:
        """Know that a tick is over: it may have judged all that stood there at the beginning."""
        judged, self._judged = self._judged, False
        if judged and self.until and not self._caught_up:
            self._caught_up = all(inputs.next(topic) >= end for topic, end in self.until.items())

    def news(self, now: int) -> LifeRecord | None:
        """Tell once, after the moves of that tick, that it has caught up; `now` is its moment."""
        if not self._caught_up:
            return None
        self._caught_up, self.until = False, None
        return LifeRecord(
            partition=self._partition, partitions=self._partitions, epoch=self.epoch, at=now
        )
