"""Rulings (处理意见) as they arrive: read, or refused; what the verdicts need of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Raw
from pydantic import ValidationError

from schemas.bounds import MAX_RULING_BYTES, SHOWN_TEXT, shown
from schemas.characters import what_is_wrong
from schemas.decoding import Refusal
from schemas.masking import mask_text
from schemas.rulings import RULING
from schemas.verdicts import RulingRecord
from streams.engine.judge import Answer

if TYPE_CHECKING:
    from schemas.rulings import Ruling
    from schemas.verdicts import Origin

SOURCE = "jiancha.rulings"
"""What stands for the sender of a ruling in a dead letter."""

_REMEDY = "send a ruling as docs/events.md describes it"


def read_ruling(raw: bytes) -> Ruling:
    """Read a ruling. Raises Refusal."""
    if len(raw) > MAX_RULING_BYTES:
        message = f"The ruling is larger than {MAX_RULING_BYTES} bytes."
        raise Refusal("ruling", "", f"{len(raw)} bytes", message, _REMEDY, SOURCE)
    try:
        return RULING.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = shown(first["msg"], SHOWN_TEXT)
        if first["type"] == "string_pattern_mismatch":
            message, _ = what_is_wrong(first["input"], first["ctx"]["pattern"])
        raise Refusal("ruling", shown(field), "", message, _REMEDY, SOURCE) from None


def answer_of(ruling: Ruling, arrived: int = -1) -> Answer:
    """Give what the verdicts depend on: an answered yellow card does not turn red."""
    return Answer(
        card_id=ruling.card_id,
        at=int(ruling.decided_at.timestamp()),
        ruling_id=ruling.ruling_id,
        closed=ruling.action == "closed",
        arrived=arrived,
    )


def ruling_record(ruling: Ruling, origin: Origin, epoch: int = 0) -> RulingRecord:
    """Write a ruling that was applied, without what its reason says of an applicant."""
    masked = ruling.model_copy(update={"reason": mask_text(ruling.reason)})
    content = Raw(RULING.dump_json(masked))
    return RulingRecord(case_no=ruling.case_no, epoch=epoch, origin=origin, ruling=content)
