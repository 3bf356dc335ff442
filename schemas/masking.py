"""Applicants' data, masked before it leaves the engine (domain.md §8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from schemas.events import Envelope

_NAMES: Final = frozenset({"applicant_name"})
_NUMBERS: Final = frozenset({"applicant_id", "applicant_phone"})
_FREE_TEXT: Final = frozenset(
    {"reason", "opinion", "result", "basis", "items", "documents", "case_name"}
)
_PERSONAL: Final = _NAMES | _NUMBERS | _FREE_TEXT
_PERSONAL_NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|1[3-9][0-9]{9})(?![0-9])")
"""Identity numbers (18 or 15 digits) and mobile numbers, wherever they stand in free text."""


def mask_name(name: str) -> str:
    """Keep a name's first character: 张三丰 becomes 张**."""
    return name[:1] + "*" * (len(name) - 1)


def mask_number(number: str) -> str:
    """Keep the first three and the last two characters: 138******34."""
    if len(number) <= 7:  # noqa: PLR2004 - too short to keep any of it
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def mask_text(text: str) -> str:
    """Mask the identity and telephone numbers that stand in free text."""
    return _PERSONAL_NUMBER.sub(lambda found: mask_number(found[0]), text)


def harmless(field: str, value: str) -> str:
    """Give a refused value without an applicant's data; `field` may be followed by an index."""
    name = field.partition(".")[0]
    if name in _NAMES:
        return mask_name(value)
    if name in _NUMBERS:
        return mask_number(value)
    return "" if name in _FREE_TEXT else mask_text(value)


def masked(event: Envelope) -> dict[str, Any]:
    """Give the event's set fields, ready for JSON, without anything that names an applicant.

    In free text the applicant's name is masked where the same record states it.
    """
    fields = event.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    name = fields.get("applicant_name", "")

    def text(value: str) -> str:
        return mask_text(value.replace(name, mask_name(name)) if len(name) > 1 else value)

    for field, value in fields.items():
        if field in _NAMES:
            fields[field] = mask_name(value)
        elif field in _NUMBERS:
            fields[field] = mask_number(value)
        elif field in _FREE_TEXT:
            fields[field] = text(value) if isinstance(value, str) else [text(v) for v in value]
    return fields


def masked_json(event: Envelope, raw: bytes) -> bytes:
    """Give the masked event as JSON: its own bytes, where no field of it can name anybody."""
    if event.model_fields_set.isdisjoint(_PERSONAL):
        return raw
    return msgspec.json.encode(masked(event))
