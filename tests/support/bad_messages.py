"""What halls send by mistake: each kind of bad message, and the refusal that it must get."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

GOOD: Final[dict[str, Any]] = {
    "event_id": "e1",
    "case_no": "430102-bad",
    "source": "hall-a",
    "kind": "accepted",
    "occurred_at": "2026-03-02T09:00:00+08:00",
    "item": "i",
}


@dataclass(frozen=True, slots=True)
class BadMessage:
    """Bytes from a hall, and what `schemas.decoding` must say of them."""

    name: str
    raw: bytes | None
    reason: str
    field: str


def text(**changed: Any) -> str:
    """Write the good event with changes; a field that is `...` is left out."""
    fields = {key: value for key, value in (GOOD | changed).items() if value is not ...}
    return json.dumps(fields, ensure_ascii=False)


def event(**changed: Any) -> bytes:
    """Give the good event with changes as a hall's bytes."""
    return text(**changed).encode()


def written(old: str, new: str) -> bytes:
    """Give the good event with one place written as no JSON library would."""
    whole = text()
    assert old in whole
    return whole.replace(old, new).encode()


AT = '"2026-03-02T09:00:00+08:00"'

BAD_MESSAGES: Final = [
    # No JSON object at all.
    BadMessage("empty", b"", "empty", ""),
    BadMessage("tombstone", None, "empty", ""),
    BadMessage("blank", b" \r\n", "json_invalid", ""),
    BadMessage("not-json", b"2026-03-02 09:00 accepted 430102-bad", "json_invalid", ""),
    BadMessage("xml", "<办件 编号='430102-bad'/>".encode(), "json_invalid", ""),
    BadMessage("cut-short", event()[:60], "json_invalid", ""),
    BadMessage("single-quotes", event().replace(b'"', b"'"), "json_invalid", ""),
    BadMessage("trailing-text", event() + b" -- sent by hall-a", "json_invalid", ""),
    BadMessage("trailing-comma", event()[:-1] + b",}", "json_invalid", ""),
    BadMessage("two-objects", event() + b"\n" + event(event_id="e2"), "json_invalid", ""),
    BadMessage("array", b"[" + event() + b"]", "dict_type", ""),
    BadMessage("bare-string", b'"accepted"', "dict_type", ""),
    BadMessage("bare-null", b"null", "dict_type", ""),
    BadMessage("json-in-a-string", json.dumps(text()).encode(), "dict_type", ""),
    # Bytes that are no UTF-8 text.
    BadMessage("invalid-utf-8", event().replace(b"hall-a", b"hall-\xff\xfe"), "json_invalid", ""),
    BadMessage("gbk", text(item_name="建筑工程施工许可").encode("gbk"), "json_invalid", ""),
    BadMessage("utf-16", text().encode("utf-16"), "json_invalid", ""),
    BadMessage("byte-order-mark", b"\xef\xbb\xbf" + event(), "json_invalid", ""),
    BadMessage("nul-bytes", b"\x00" * 64, "json_invalid", ""),
    BadMessage("raw-nul", event().replace(b"hall-a", b"hall\x00a"), "json_invalid", ""),
    BadMessage("compressed", b"\x1f\x8b\x08\x00" + bytes(range(128, 200)), "json_invalid", ""),
    BadMessage("lone-surrogate", written("hall-a", r"\ud800"), "json_invalid", ""),
    # JSON that says what no event can.
    BadMessage("one-megabyte", event(item_name="大" * 300_000), "too_large", ""),
    BadMessage("deep-nesting", b'{"item":' + b"[" * 5000 + b"]" * 5000 + b"}", "json_invalid", ""),
    BadMessage("nan", written('"i"', "NaN"), "string_type", "item"),
    BadMessage("infinity", written(AT, "Infinity"), "value_error", "occurred_at"),
    BadMessage(
        "repeated-key", written('"e1"', '"e1", "event_id": "e9"'), "repeated_key", "event_id"
    ),
    BadMessage(
        "huge-integer",
        written('"i"', '"i", "record_version": ' + "9" * 400),
        "less_than_equal",
        "record_version",
    ),
    # The kind.
    BadMessage("unknown-kind", event(kind="archived"), "union_tag_invalid", "kind"),
    BadMessage("kind-in-chinese", event(kind="受理"), "union_tag_invalid", "kind"),
    BadMessage("kind-missing", event(kind=...), "union_tag_not_found", "kind"),
    BadMessage("kind-is-a-number", event(kind=3), "union_tag_invalid", "kind"),
    # The moment.
    BadMessage(
        "naive-time",
        event(case_no="430102-naive", occurred_at="2026-03-02T09:00:00"),
        "timezone_aware",
        "occurred_at",
    ),
    BadMessage(
        "impossible-day",
        event(occurred_at="2026-02-30T09:00:00+08:00"),
        "datetime_from_date_parsing",
        "occurred_at",
    ),
    BadMessage(
        "impossible-hour",
        event(occurred_at="2026-03-02T25:00:00+08:00"),
        "datetime_from_date_parsing",
        "occurred_at",
    ),
    BadMessage("date-only", event(occurred_at="2026-03-02"), "value_error", "occurred_at"),
    BadMessage("chinese-date", event(occurred_at="2026年3月2日"), "value_error", "occurred_at"),
    BadMessage("numeric-time", event(occurred_at=1772413200), "value_error", "occurred_at"),
    BadMessage(
        "numeric-string-time", event(occurred_at="1772413200"), "value_error", "occurred_at"
    ),
    BadMessage("time-missing", event(occurred_at=...), "missing", "occurred_at"),
    BadMessage("time-null", event(occurred_at=None), "value_error", "occurred_at"),
    BadMessage(
        "year-1600",
        event(occurred_at="1600-03-02T09:00:00+08:00"),
        "greater_than_equal",
        "occurred_at",
    ),
    BadMessage(
        "year-2200",
        event(occurred_at="2200-03-02T09:00:00+08:00"),
        "less_than_equal",
        "occurred_at",
    ),
    # Other fields.
    BadMessage("case-missing", event(case_no=...), "missing", "case_no"),
    BadMessage("case-empty", event(case_no=""), "string_too_short", "case_no"),
    BadMessage("case-blank", event(case_no="   "), "string_pattern_mismatch", "case_no"),
    BadMessage("case-is-a-number", event(case_no=430102), "string_type", "case_no"),
    BadMessage("case-too-long", event(case_no="4" * 51), "string_too_long", "case_no"),
    BadMessage("escaped-nul", event(case_no="430102\x00bad"), "string_pattern_mismatch", "case_no"),
    BadMessage("id-missing", event(event_id=...), "missing", "event_id"),
    BadMessage("source-missing", event(source=...), "missing", "source"),
    BadMessage("source-null", event(source=None), "string_type", "source"),
    BadMessage("extra-field", event(oficer="chen"), "extra_forbidden", "oficer"),
    BadMessage("field-of-another-kind", event(outcome="granted"), "extra_forbidden", "outcome"),
    BadMessage("object-for-a-text", event(item={"code": "i"}), "string_type", "item"),
    BadMessage("boolean-as-integer", event(record_version=True), "int_type", "record_version"),
    BadMessage("integer-in-quotes", event(record_version="2"), "int_type", "record_version"),
    BadMessage("version-zero", event(record_version=0), "greater_than_equal", "record_version"),
    BadMessage(
        "limit-negative", event(promised_amount=-5), "greater_than_equal", "promised_amount"
    ),
    BadMessage("unit-unknown", event(promised_unit="工作日"), "enum", "promised_unit"),
    BadMessage("flag-in-quotes", event(kind="finished", charged="是"), "bool_type", "charged"),
    BadMessage("fee-in-words", event(kind="finished", fee="十元"), "decimal_parsing", "fee"),
    BadMessage("outcome-missing", event(kind="decided"), "missing", "outcome"),
    BadMessage(
        "list-for-a-text", event(kind="received", documents="身份证"), "tuple_type", "documents"
    ),
    BadMessage("schema-of-tomorrow", event(schema_version=2), "literal_error", "schema_version"),
]
"""At least 40 kinds (issue 3, done-line 7)."""
