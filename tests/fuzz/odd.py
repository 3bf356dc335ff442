"""Odd values, as JSON or YAML would have them written: what halls, editors and attackers send."""

from __future__ import annotations

import json

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1b[31m",
    "\x7f",
    "\u0085",
    "\u00a0",
    "\u200b",
    "\u202e反",
    "\u2028",
    "\u2066x\u2069",
    "\u3000",
    "\ufeff",
    "a\u3164",
    "\U000e0041",
    "\ue000",
    "\u115f",
    "\ufffe",
    "\uffff",
    "𠮷野家",
    "😀" * 60,
    "e\u0301" * 40,
    "é" * 201,
    "张三",
    "null",
    "NaN",
    "../../etc/passwd",
    "{{7*7}}",
    "%s%n",
    "'; DROP TABLE cases; --",
    "<script>",
    "a" * 64,
    "a" * 65,
    "a" * 4001,
    "a " * 100,
    '"x": "y"',
    "\\",
    "i",
    "审查",
    "430102",
    "hearing",
    "promised_due_at",
)
NUMBERS = (
    "0", "-0", "-1", "1", "1.0", "1e0", "2", "255", "100000", "100001", "1000000", "1e5", "1e-5",
    "1.005", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616",
    "1e308", "1e309", "-1e309", "1e-400", "1e99999", "1E400", "NaN", "Infinity", "-Infinity",
    "0x10",
    "01", "+1", ".5", "5.", "9" * 400, "9" * 4300, "9" * 4301, "-" + "9" * 4300, "0." + "0" * 5000,
    "1_000",
)  # fmt: skip
MOMENTS = (
    "1990-01-01T00:00:00Z", "1990-01-02T00:00:00Z", "1989-12-31T23:59:59.999999Z",
    "1990-01-01T23:59:59-23:59", "2100-01-01T00:00:00Z", "2100-01-01T00:00:01Z",
    "2099-12-31T23:59:59.999999Z", "2100-01-01T23:59:00+23:59", "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z",
    "2026-02-29T00:00:00Z", "2024-02-29T00:00:00+08:00", "2026-03-02T24:00:00Z",
    "2026-03-02T23:59:60Z", "2026-03-02T09:00:00+24:00", "2026-03-02T09:00:00-24:00",
    "2026-03-02T09:00:00+00:00:30", "2026-03-02T09:00:00", "2026-03-02", "2026-W10-1T09:00:00Z",
    "2026-03-02T09:00:00.123456789Z", "2026-03-02T09:00+08", "1772413200", "-1", "1986-05-04T02:30",
    "2026-10-01T09:00:00+08:00", "2018-10-15T10:00:00+08:00", "2026-03-02 09:00:00+0800",
    "20260302", "2026-03-02T09:00:00Z\n", "２０２６-03-02T09:00:00Z",
)  # fmt: skip
WORDS = (
    "working_day", "natural_day", "month", "hour", "minute", "working_hour", "working_minute",
    "on_the_spot", "granted", "denied", "withdrawn", "voided", "deleted", "returned", "forwarded",
    "hearing", "testing", "correction", "publicity", "other", "agency_head", "government_head",
    "online", "mobile", "window", "post", "courier", "electronic", "told_at", "reason", "delivered",
    "passed", "corrections", "rejected", "first", "only", "next_day", "elapsed",
    "close_of_business",
    "promised", "statutory", "step",
    "finding", "near", "passed", "silent", "red", "yellow",
)  # fmt: skip
NESTED = (
    "[]", "{}", "[[]]", '{"a": {}}', '[1, "a", null]', '["a"]', '{"": ""}', "[" * 40 + "]" * 40,
    "[" * 300 + "]" * 300, '{"a":' * 250 + "1" + "}" * 250, "[" * 3000,
)  # fmt: skip
LITERALS = ("null", "true", "false", "True", "None", "undefined")
MOMENT_VALUES = tuple(f'"{moment}"' for moment in MOMENTS if "\n" not in moment)
TEXT_VALUES = tuple(json.dumps(text, ensure_ascii=False) for text in (*TEXTS, *WORDS))
JSON_VALUES = (
    *MOMENT_VALUES,
    *TEXT_VALUES,
    *(json.dumps(text) for text in TEXTS),
    *(f'"{number}"' for number in NUMBERS),
    *NUMBERS,
    *NESTED,
    *LITERALS,
    r'"\ud800"',
    r'"\udc00\ud800"',
    r'"\ud83d\ude00"',
    r'"\u0000"',
    r'"\x41"',
    '"\t"',
    "'a'",
)
YAML_VALUES = (
    *(text for text in (*TEXTS, *MOMENTS, *WORDS, *NUMBERS, *LITERALS) if "\n" not in text),
    *NESTED,
    "~", "yes", "no", "1/3", "1/0", "0.5", "1e-4000", "09:00-12:00", "12:00-09:00",
    "[09:00-12:00, 11:00-13:00]", "[00:00-24:00]", "24:01", "mon", "[mon, mon]", "[]", "Asia",
    "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Africa/Monrovia", "../x", "UTC",
    "1990-01-01", "2100-12-31", "1989-12-31", "2101-01-01", "2026-02-30", "12026-01-01",
    "&a [1]", "*a", "*missing", "&a [*a]", "!!python/object/apply:os.system [true]", "!!int x",
    "!!binary =", "!<tag:yaml.org,2002:str> x", "!local", "<<: {a: b}", "{<<: *a}", "|", ">", "- x",
    "? x", "\t", "\tx", "'", '"', '"\\', '"\\ud800"', '"\\U0011ffff"', '"\\0"', '"\\x85"', "%", "@",
    "`", "#", "a: b: c", "{", "}", "[", "{a", "[a", "---", "...", "x" * 2000, "{codes}",
    "{办件编号}",
    "{a|b}", "%Y %Y", "%", "%Q", "gbk", "utf-16", "hex", "undefined", "cn", "cn-permit", "hunan",
    "*", "week", "yearly", "10000", "10001", "1000000000000",
)  # fmt: skip
