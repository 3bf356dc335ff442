from __future__ import annotations

import struct

import pytest

from deploy.local.native_reader import Ended, Limits, Reader
from deploy.local.native_types import UnknownTypeError, skip_column, split, without_low_cardinality


@pytest.mark.parametrize(
    ("spec", "name", "arguments"),
    [
        ("UInt8", "UInt8", []),
        ("Nullable(String)", "Nullable", ["String"]),
        ("Map(String, Array(Int8))", "Map", ["String", "Array(Int8)"]),
        ("DateTime64(3, 'Asia/Shanghai')", "DateTime64", ["3", "'Asia/Shanghai'"]),
        (r"Enum8('a, (b' = 1, 'it\'s' = 2)", "Enum8", ["'a, (b' = 1", r"'it\'s' = 2"]),
        ("Tuple(`odd (name` Int8, b String)", "Tuple", ["`odd (name` Int8", "b String"]),
    ],
)
def test_a_type_is_split_at_its_own_commas(spec, name, arguments):
    assert split(spec) == (name, arguments)


@pytest.mark.parametrize("spec", ["Array(Int8", "Array(Int8))", "Enum8('a = 1)", "Array(Int8) x"])
def test_a_malformed_type_is_named(spec):
    with pytest.raises(UnknownTypeError, match="not well formed"):
        split(spec)


@pytest.mark.parametrize(
    ("spec", "plain"),
    [
        ("LowCardinality(String)", "String"),
        ("LowCardinality(Nullable(FixedString(3)))", "Nullable(FixedString(3))"),
        ("Array(LowCardinality(String))", "Array(String)"),
        ("Map(LowCardinality(String), UInt8)", "Map(String, UInt8)"),
        ("Tuple(a LowCardinality(String), b UInt8)", "Tuple(a String, b UInt8)"),
        ("Enum8('LowCardinality(x)' = 1)", "Enum8('LowCardinality(x)' = 1)"),
        ("DateTime('UTC')", "DateTime('UTC')"),
    ],
)
def test_low_cardinality_is_taken_off_wherever_it_stands(spec, plain):
    assert without_low_cardinality(spec) == plain


def ends(*offsets):
    return struct.pack(f"<{len(offsets)}Q", *offsets)


@pytest.mark.parametrize(
    ("spec", "rows", "column"),
    [
        ("UInt8", 3, b"123"),
        ("Int256", 1, bytes(32)),
        ("DateTime64(3, 'UTC')", 2, bytes(16)),
        ("Decimal(9, 2)", 2, bytes(8)),
        ("Decimal(16, 2)", 2, bytes(16)),
        ("Decimal(38, 2)", 1, bytes(16)),
        ("Decimal(39, 2)", 1, bytes(32)),
        ("FixedString(5)", 2, b"helloworld"),
        ("Enum16('a' = 1)", 2, bytes(4)),
        ("UUID", 1, bytes(16)),
        ("String", 3, b"\x01a\x00\x02bc"),
        ("String", 1, b"\xc8\x01" + b"x" * 200),
        ("Nullable(UInt32)", 2, b"\x00\x01" + bytes(8)),
        ("Nullable(String)", 2, b"\x00\x01\x01a\x00"),
        ("Array(String)", 2, ends(2, 3) + b"\x01a\x01b\x01c"),
        ("Array(String)", 2, ends(0, 0)),
        ("Array(Array(UInt8))", 1, ends(2) + ends(1, 3) + b"abc"),
        ("Array(Nullable(UInt8))", 1, ends(2) + b"\x00\x01" + b"ab"),
        ("Map(String, UInt8)", 1, ends(2) + b"\x01a\x01b" + b"12"),
        ("Tuple(a String, b UInt16)", 2, b"\x01a\x01b" + bytes(4)),
        ("Nested(a UInt8, b String)", 1, ends(2) + b"12" + b"\x01a\x01b"),
        ("SimpleAggregateFunction(max, UInt64)", 1, bytes(8)),
        ("Array(UInt8)", 0, b""),
        ("LowCardinality(String)", 0, b""),
        ("LowCardinality(String)", 3, ends(1, 0x600, 2) + b"\x00\x01x" + ends(3) + b"\0\1\1"),
        ("LowCardinality(Nullable(String))", 1, ends(1, 0x600, 1) + b"\x00" + ends(1) + b"\0"),
        ("LowCardinality(UInt16)", 1, ends(1, 0x601, 1) + b"\0\0" + ends(1) + b"\0\0"),
        ("Array(LowCardinality(String))", 2, ends(1) + ends(0, 0)),
        ("Array(LowCardinality(String))", 1, ends(1, 1, 0x600, 1) + b"\x01x" + ends(1) + b"\0"),
        ("Map(LowCardinality(String), LowCardinality(String))", 1, ends(1, 1, 0)),
    ],
)
def test_a_column_is_passed_to_its_very_end(spec, rows, column):
    reader = Reader(Ended(), Limits(), column + b"rest")
    skip_column(spec, rows, reader)
    assert reader.buffered() == len(b"rest")


@pytest.mark.parametrize(
    "spec",
    ["JSON", "Variant(String, UInt8)", "LowCardinality", "Decimal(77, 2)", "Decimal",
     "FixedString(x)", "Nonsense", "Nullable", "Array()"],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(spec):
    with pytest.raises(UnknownTypeError):
        skip_column(spec, 1, Reader(Ended(), Limits(), bytes(100)))


@pytest.mark.parametrize("core", ["UInt8", "LowCardinality(String)"])
def test_types_nest_only_so_deep(core):
    deep = "Nullable(" * 9000 + core + ")" * 9000
    with pytest.raises(UnknownTypeError, match="deeper than 32"):
        skip_column(deep, 1, Reader(Ended(), Limits(), bytes(100)))
