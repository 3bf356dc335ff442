"""Going on without records that were deleted before they were judged. Pure.

Only what is gone can be left out: a record that is still there is never skipped, whoever asks. What
was left out is on record in the history, with who said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from schemas import topics
from schemas.verdicts import GapRecord, encode
from streams.runtime.inputs import InputPosition
from streams.runtime.logic import PARTITION_KEY, RESERVED
from streams.runtime.ports import Batch, Output

if TYPE_CHECKING:
    from streams.runtime.logic import PartitionState
    from streams.runtime.ports import InputTopic

GAP_KEY = RESERVED + b"gap"


class Refused(Exception):  # noqa: N818 - named after the condition
    """Raised when there is no such gap to accept; the text says what there is, and the remedy."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The records [first, following) of a topic's partition."""

    topic: str
    partition: int
    first: int
    following: int


def accepted(
    gap: Gap, own: PartitionState | None, found: InputTopic, *, by: str, reason: str, wall: int
) -> Batch:
    """Give what is to be written so that the partition goes on behind the gap.

    `own` is the partition's record, `found` the topic as it is; `wall` is what time it is (seconds
    since 1970 UTC). Raises Refused.
    """
    if own is None:
        raise Refused(f"partition {gap.partition} has no state, and so no gap: start the engine")
    at = own.inputs.get(gap.topic, InputPosition(None, 0))
    if at.topic_id is not None and found.topic_id not in (None, at.topic_id):
        raise Refused(
            f"{gap.topic} was deleted and made again: its offsets mean nothing to the state: run"
            " `jiancha state rebuild`"
        )
    if at.next != gap.first:
        raise Refused(f"the state has applied up to {at.next}: FROM is {at.next}, not {gap.first}")
    if at.next >= found.low:
        raise Refused(
            f"record {at.next} is there, or is the next to come: nothing is missing; start the"
            " engine"
        )
    if found.low != gap.following:
        raise Refused(
            f"the first record that is still there is {found.low}: TO is {found.low}, not"
            f" {gap.following}"
        )
    inputs = {**own.inputs, gap.topic: InputPosition(found.topic_id, gap.following)}
    record = GapRecord(
        topic=gap.topic,
        partition=gap.partition,
        epoch=own.epoch,
        first=gap.first,
        following=gap.following,
        at=own.now,
        accepted_at=wall,
        by=by,
        reason=reason,
    )
    state = encode(msgspec.structs.replace(own, inputs=inputs))
    told = Output(topics.EVENTS.name, gap.partition, GAP_KEY, encode(record), None)
    return Batch([told], [(PARTITION_KEY, state)])
