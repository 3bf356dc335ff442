"""Rulings (处理意见): what a person of the bureau decided on a card. A minimal record, for now."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, TypeAdapter

from schemas.events import CaseNumber, Code, Facts, Moment, Text


class Ruling(Facts):
    """One decision on one card, keyed by its case number."""

    schema_version: Literal[1] = 1
    ruling_id: Code = Field(title="处理编号")
    case_no: CaseNumber = Field(title="办件编号")
    card_id: Code = Field(title="监察编号")
    action: Literal["answered", "closed"] = Field(title="处理方式")
    actor: Code = Field(title="处理人")
    decided_at: Moment = Field(title="处理时间")
    reason: Text = Field(title="处理说明")


RULING: Final[TypeAdapter[Ruling]] = TypeAdapter(Ruling)
