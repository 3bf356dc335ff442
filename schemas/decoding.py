"""Bytes from a hall into a step event, or into a refusal its engineer can act on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from schemas.bounds import MAX_EVENT_BYTES, shown
from schemas.characters import what_is_wrong
from schemas.events import KINDS, SCHEMA_VERSION, STEP_EVENT, StepEvent
from schemas.masking import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

MANY_FAULTS: Final = 1_000
"""With more faults than these a record is no event at all, and none of them is worth a look."""
LONGEST_NAME: Final = 64
"""A longer field name is no slip of the pen: nothing like it is looked for."""

_NO_KIND = re.compile(rb'"kind"\s*:\s*[\[{]')
_KEY = re.compile(rb'"\s*:')

_REMEDIES: Final[Mapping[str, str]] = {
    "timezone_aware": "add the offset from UTC, e.g. 2026-03-02T09:00:00+08:00",
    "datetime_type": "write the time as a string, e.g. 2026-03-02T09:00:00+08:00",
    "datetime_parsing": "write a moment that exists, e.g. 2026-03-02T09:00:00+08:00",
    "datetime_from_date_parsing": "write a moment that exists, e.g. 2026-03-02T09:00:00+08:00",
    "value_error": "write the time as 2026-03-02T09:00:00+08:00",
    "greater_than_equal": "send a value not below the bound; check the unit and the century",
    "less_than_equal": "send a value not above the bound; check the unit and the century",
    "missing": "send this field; the event contract in docs/events.md says what it holds",
    "extra_forbidden": "remove this field, or correct its name; docs/events.md lists every field",
    "string_type": "send a string, in double quotes",
    "string_too_short": "send a value that is not empty, or leave the field out",
    "string_too_long": "shorten the value to the length in docs/events.md",
    "string_pattern_mismatch": "remove the character, or the blank, where the value is made",
    "int_type": "send a whole number without quotes",
    "int_from_float": "send a whole number",
    "int_parsing_size": "send a whole number of ordinary size",
    "bool_type": "send true or false without quotes",
    "enum": "send one of the listed values; map your own codes in the mapping file",
    "literal_error": "send one of the listed values; map your own codes in the mapping file",
    "union_tag_invalid": "send one of the listed kinds; map your own codes in the mapping file",
    "union_tag_not_found": "send the field kind; docs/events.md lists the kinds",
    "dict_type": "send one JSON object a record, neither in a list nor in quotes",
    "json_invalid": "send one JSON object in UTF-8; let a JSON library write it",
    "tuple_type": "send a list",
    "decimal_parsing": "send an amount such as 12.50",
    "decimal_type": "send an amount such as 12.50",
    "decimal_max_digits": "send an amount in yuan below 100,000,000,000,000",
    "decimal_max_places": "send yuan and fen: two places after the point at most",
    "finite_number": "send an amount such as 12.50; JSON knows neither NaN nor Infinity",
    "too_long": "send fewer entries; docs/events.md says how many there may be",
}
NOT_ALLOWED: Final = (
    "source_unknown",
    "mac_missing",
    "mac_malformed",
    "mac_wrong",
    "key_unknown",
    "key_foreign",
    "region_foreign",
    "department_foreign",
    "case_foreign",
)
"""Why a record that reads well does not count: its source may not say it, or did not."""
REASONS: Final = frozenset(
    {
        *_REMEDIES,
        "empty",
        "too_large",
        "too_many_faults",
        "repeated_key",
        "ruling",
        "case_too_large",
        *NOT_ALLOWED,
    }
)
"""Every reason that a refusal can give."""
_MESSAGES: Final[Mapping[str, str]] = {
    "missing": "The field is missing.",
    "union_tag_not_found": "The field kind is missing.",
    "union_tag_invalid": f"There is no such kind of event. The kinds are: {', '.join(KINDS)}.",
    "timezone_aware": "The time has no offset from UTC: nobody can tell which moment is meant.",
    "datetime_from_date_parsing": "There is no such day or time of day.",
}
"""What is wrong, where pydantic's own words are for programmers."""

_NO_VALUE: Final = frozenset({"missing", "dict_type", "extra_forbidden", "json_invalid"})
"""Where there is no value, or it is a piece of the record, whoever it names."""

_JSON_FAULTS: Final = (
    ("trailing characters", "send one JSON object a record, and nothing after it"),
    ("trailing comma", "remove the comma after the last field"),
    ("EOF", "send the whole object: it ends too early; was the record cut on its way?"),
    ("key must be a string", "put names and texts in double quotes"),
    ("control character", r"write a control character as \u0000, or better remove it"),
    ("hex escape", "send whole characters: half of a surrogate pair is none"),
    ("surrogate", "send whole characters: half of a surrogate pair is none"),
    ("recursion limit", "send a flat object: no field of an event holds objects"),
    ("number out of range", "send a number of ordinary size"),
)
"""What the parser says, and what to do about it."""


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - a verdict on input, which some callers raise
    """Raised or returned when bytes are not a step event.

    `reason` is a stable word to count by; `field`, `value`, `message` and `remedy` are for the
    hall's engineer. `source` is the sender, as far as it could be made out.
    """

    reason: str
    field: str
    value: str
    message: str
    remedy: str
    source: str = "unknown"


def decode_event(raw: bytes | None) -> StepEvent:
    """Read one step event.

    Raises `Refusal` when the bytes are empty, over `MAX_EVENT_BYTES`, not one UTF-8 JSON object
    without repeated keys, or not a step event by `schemas.events`.
    """
    if not raw:
        raise Refusal("empty", "", "", "The record has no value.", "send the event as the value")
    if len(raw) > MAX_EVENT_BYTES:
        raise Refusal(
            "too_large",
            "",
            f"{len(raw)} bytes",
            f"The record is larger than {MAX_EVENT_BYTES} bytes.",
            "send facts only; keep documents in the hall's own system",
        )
    if _NO_KIND.search(raw):  # pydantic would write all of it out
        message, remedy = _MESSAGES["union_tag_invalid"], _REMEDIES["union_tag_invalid"]
        raise Refusal("union_tag_invalid", "kind", "", message, remedy, _source(raw))
    try:
        event = STEP_EVENT.validate_json(raw)
    except ValidationError as error:
        raise _refusal(raw, error) from None
    # pydantic keeps the last of repeated keys, unseen. A key is a closing quote and a colon: when
    # there are no more of these than fields, none was repeated; otherwise look closely.
    if len(_KEY.findall(raw)) != len(event.model_fields_set):
        _refuse_repeated_keys(raw)
    return event


def _refuse_repeated_keys(raw: bytes) -> None:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in found]
        for key in keys:
            if keys.count(key) > 1:
                values = " / ".join(str(value) for k, value in found if k == key)
                raise Refusal(
                    "repeated_key",
                    shown(key),
                    shown(harmless(key, values)),
                    f"The field stands {keys.count(key)} times.",
                    "send each field once",
                    _source(raw),
                )
        return dict(found)

    json.loads(raw, object_pairs_hook=pairs)


def _refusal(raw: bytes, error: ValidationError) -> Refusal:
    if error.error_count() > MANY_FAULTS:
        return Refusal(
            "too_many_faults",
            "",
            f"{error.error_count()} faults",
            f"The record has more than {MANY_FAULTS} faults.",
            "send one step event a record, as docs/events.md describes it",
            _source(raw),
        )
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    kind = path.pop(0) if path and path[0] in KINDS else ""  # the tag is no field of the sender's
    reason, field, value = first["type"], ".".join(path), first["input"]
    message = _MESSAGES.get(reason) or first["msg"].removeprefix("Value error, ")
    remedy = _REMEDIES.get(reason, "see docs/events.md for this field")
    if reason in _NO_VALUE:
        value = ""
    match reason:
        case "union_tag_invalid" | "union_tag_not_found":
            field, value = "kind", first.get("ctx", {}).get("tag", "")
        case "extra_forbidden":
            message = f"An event of kind {kind} has no such field."
            near = _near(field, kind)
            remedy = f"did you mean {near[0]}? Otherwise: {remedy}" if near else remedy
        case "string_pattern_mismatch":
            message, remedy = what_is_wrong(value, first["ctx"]["pattern"])
        case "json_invalid":
            message, remedy = _why_not_json(raw, message, remedy)
    if field == "schema_version":
        message = f"This version reads schema version {SCHEMA_VERSION}."
        remedy = "send schema_version 1, or upgrade jiancha, then replay the dead letters"
    said = harmless(field, value) if isinstance(value, str) else value
    return Refusal(reason, shown(field), shown(said), message, remedy, _source(raw))


def _near(field: str, kind: str) -> list[str]:
    """Give the field of a kind that was meant, if one is like it."""
    if not kind or len(field) > LONGEST_NAME:
        return []
    return get_close_matches(field, KINDS[kind].model_fields, n=1, cutoff=0.8)


def _why_not_json(raw: bytes, message: str, remedy: str) -> tuple[str, str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "The record is UTF-16, not UTF-8.", "send UTF-8, without a byte order mark"
    if raw.startswith(b"\xef\xbb\xbf"):
        return "The record begins with a byte order mark.", "send UTF-8 without the mark"
    if raw.startswith(b"\x1f\x8b"):
        return "The value is gzipped.", "let the Kafka client compress (compression.type)"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return (
            f"Byte {error.start} is not UTF-8.",
            "send UTF-8 (GBK and GB 18030 must be converted before sending)",
        )
    return message, next((cure for fault, cure in _JSON_FAULTS if fault in message), remedy)


def _source(raw: bytes) -> str:
    """Make out the sender of a refused record, for counting; 'unknown' where it cannot be."""
    found = re.search(rb'"source"\s*:\s*"([A-Za-z0-9._:-]{1,64})"', raw[:4096])
    return found[1].decode() if found else "unknown"
