"""Applicants' data, masked before it leaves the engine (domain.md §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from schemas.personal import flat, names, numbers, spelt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.events import Envelope

_NAMES: Final = frozenset({"applicant_name"})
_NUMBERS: Final = frozenset({"applicant_id", "applicant_phone"})
_FREE_TEXT: Final = frozenset(
    {"reason", "opinion", "result", "basis", "items", "documents", "case_name"}
)
_PERSONAL: Final = _NAMES | _NUMBERS | _FREE_TEXT


def mask_name(name: str) -> str:
    """Keep a name's first character: 张三丰 becomes 张**."""
    return name[:1] + "*" * (len(name) - 1)


def mask_number(number: str) -> str:
    """Keep the first three and the last two characters: 138******34."""
    if len(number) <= 7:  # noqa: PLR2004 - too short to keep any of it
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def mask_text(text: str, name: str = "", *, title: bool = False) -> str:
    """Mask whom free text names: numbers, names after a label, and `name` as it may be spelt.

    Every character keeps its place, so a masked text is as long as it was. `title`: it is what a
    case is called.
    """
    flattened = flat(text)
    hidden = [
        place for begin, end in numbers(flattened) for place in _hidden(flattened, begin, end)
    ]
    for begin, end in (*spelt(name, flattened), *names(text, title=title)):
        hidden.extend(range(begin + 1, end))
    if not hidden:
        return text
    kept = list(text)
    for place in hidden:
        kept[place] = "*"
    return "".join(kept)


def _hidden(flattened: str, begin: int, end: int) -> Iterable[int]:
    """Tell what of a number to hide: three and two characters stay, and what parts its digits.

    Of a mail address its first character and its host stay.
    """
    host = flattened.find("@", begin, end)
    if host >= 0:
        return range(begin + 1, host)
    return [place for place in range(begin, end) if flattened[place].isalnum()][3:-2]


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

    In free text a name is masked where the same record states it, or a label precedes it.
    """
    fields = event.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    name = fields.get("applicant_name", "")

    for field, value in fields.items():
        if field in _NAMES:
            fields[field] = mask_name(value)
        elif field in _NUMBERS:
            fields[field] = mask_number(value)
        elif field in _FREE_TEXT:
            title = field == "case_name"
            fields[field] = (
                mask_text(value, name, title=title)
                if isinstance(value, str)
                else [mask_text(each, name) for each in value]
            )
    return fields


def masked_json(event: Envelope, raw: bytes) -> bytes:
    """Give the masked event as JSON: its own bytes, where no field of it can name anybody."""
    if event.model_fields_set.isdisjoint(_PERSONAL):
        return raw
    return msgspec.json.encode(masked(event))
