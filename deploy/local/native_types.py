"""ClickHouse's type names, and how many bytes a column of a type takes in the Native format.

The native protocol does not say how long a block is: the reader must know each column's type to
find its end. Nothing here decodes a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WIDTHS: Final[Mapping[str, int]] = {
    "Int8": 1, "Int16": 2, "Int32": 4, "Int64": 8, "Int128": 16, "Int256": 32,
    "UInt8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "UInt128": 16, "UInt256": 32,
    "Float32": 4, "Float64": 8, "BFloat16": 2, "Bool": 1, "Nothing": 1,
    "Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Time": 4, "Time64": 8,
    "Enum8": 1, "Enum16": 2, "UUID": 16, "IPv4": 4, "IPv6": 16, "Point": 16,
    "Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32,
    "IntervalNanosecond": 8, "IntervalMicrosecond": 8, "IntervalMillisecond": 8,
    "IntervalSecond": 8, "IntervalMinute": 8, "IntervalHour": 8, "IntervalDay": 8,
    "IntervalWeek": 8, "IntervalMonth": 8, "IntervalQuarter": 8, "IntervalYear": 8,
}  # fmt: skip
"""Bytes a value takes, for the types of one width."""

DECIMALS: Final = ((9, 4), (18, 8), (38, 16), (76, 32))
"""Largest precision, and the bytes a `Decimal` of up to that precision takes."""

MAX_DEPTH: Final = 32
"""How deep types may nest; a name that nests deeper is not one that a table can have."""

# What may stand before the first comma or bracket of an argument: words, and quoted text.
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|[(),]|[^'`\"(),]+")
_LABEL = re.compile(r"\s*(?P<label>`(?:[^`\\]|\\.)*`|\w+)\s+(?P<spec>\S.*)", re.DOTALL)


class UnknownTypeError(Exception):
    """Raised when a type's bytes cannot be counted: it is not known here, or misspelt."""


class Cursor(Protocol):
    """A place in a stream of bytes that can move forward over what it need not understand."""

    def skip(self, size: int) -> None:
        """Pass `size` bytes."""

    def skip_strings(self, count: int) -> None:
        """Pass `count` strings, each with its length in front."""

    def last_uint64(self, count: int) -> int:
        """Pass `count` little-endian 64-bit numbers and return the last; 0 when there are none."""


def split(spec: str) -> tuple[str, list[str]]:
    """Split `Map(String, Array(Int8))` into its name and its arguments.

    Raises UnknownTypeError when brackets or quotes are not closed.
    """
    name, bracket, rest = spec.strip().partition("(")
    if not bracket:
        return name, []
    arguments: list[str] = []
    depth, current, end = 1, "", 0
    for match in _TOKEN.finditer(rest):
        part = match[0]
        if match.start() != end:
            break
        end = match.end()
        depth += (part == "(") - (part == ")")
        if depth == 0:
            if rest[end:].strip():
                break
            return name.strip(), [*arguments, current.strip()]
        if part == "," and depth == 1:
            arguments.append(current.strip())
            current = ""
        else:
            current += part
    raise UnknownTypeError(f"type {spec!r} is not well formed")


def skip_column(spec: str, rows: int, cursor: Cursor) -> None:
    """Move `cursor` past a column of type `spec` with `rows` rows.

    Raises UnknownTypeError for a type whose form depends on its data (JSON, Dynamic, Variant) and
    for the states of aggregate functions.
    """
    if rows:  # else not even the versions are there
        cursor.skip(8 * _dictionaries(spec))  # each dictionary's version stands in front
        _skip_values(spec, rows, cursor, 0)


def without_low_cardinality(spec: str) -> str:
    """Return the type that has the same values as `spec` and no dictionary in its wire form.

    Raises UnknownTypeError when brackets or quotes are not closed.
    """
    if "LowCardinality" not in spec:
        return spec
    name, arguments = split(spec)
    if name == "LowCardinality":
        return without_low_cardinality(arguments[0])
    if not arguments or name.startswith("Enum"):
        return spec
    return f"{name}({', '.join(map(_without_in_argument, arguments))})"


def _skip_values(spec: str, rows: int, cursor: Cursor, depth: int) -> None:
    name, arguments = _split_at(depth, spec)
    match name, arguments:
        case ("String", []):
            cursor.skip_strings(rows)
        case ("Nullable", [inner]):
            cursor.skip(rows)
            _skip_values(inner, rows, cursor, depth + 1)
        case ("SimpleAggregateFunction", [_, inner]):
            _skip_values(inner, rows, cursor, depth + 1)
        case ("LowCardinality", [inner]):
            _skip_dictionary(inner, rows, cursor, depth + 1)
        case ("Array" | "Map" | "Nested", [_, *_]):
            elements = cursor.last_uint64(rows)
            for inner in _elements(arguments):
                _skip_values(inner, elements, cursor, depth + 1)
        case ("Tuple", [_, *_]):
            for inner in _elements(arguments):
                _skip_values(inner, rows, cursor, depth + 1)
        case _:
            cursor.skip(rows * _width(spec, name, arguments))


def _skip_dictionary(spec: str, rows: int, cursor: Cursor, depth: int) -> None:
    """Pass the keys of a dictionary and the rows' indexes into them."""
    if not rows:
        return
    index_width = 1 << (cursor.last_uint64(1) & 3)  # flags; the lowest bits say how wide
    name, arguments = split(spec)
    keys = cursor.last_uint64(1)
    _skip_values(arguments[0] if name == "Nullable" else spec, keys, cursor, depth)
    cursor.skip(cursor.last_uint64(1) * index_width)


def _dictionaries(spec: str, depth: int = 0) -> int:
    """Count the dictionaries that a column of this type has."""
    if "LowCardinality" not in spec:
        return 0
    name, arguments = _split_at(depth, spec)
    if name == "LowCardinality":
        return 1
    if name.startswith("Enum"):
        return 0
    return sum(_dictionaries(inner, depth + 1) for inner in _elements(arguments))


def _split_at(depth: int, spec: str) -> tuple[str, list[str]]:
    if depth > MAX_DEPTH:
        raise UnknownTypeError(f"types nest deeper than {MAX_DEPTH}")
    return split(spec)


def _without_in_argument(argument: str) -> str:
    labelled = _LABEL.fullmatch(argument)
    if labelled is None:
        return without_low_cardinality(argument)
    return f"{labelled['label']} {without_low_cardinality(labelled['spec'])}"


def _elements(arguments: list[str]) -> Iterator[str]:
    """Yield the element types of a tuple, whose elements may be named."""
    for argument in arguments:
        labelled = _LABEL.fullmatch(argument)
        yield argument if labelled is None else labelled["spec"]


def _width(spec: str, name: str, arguments: list[str]) -> int:
    if name in WIDTHS:
        return WIDTHS[name]
    match name, arguments:
        case ("FixedString", [number]) if number.isdecimal():
            return int(number)
        case ("Decimal", [precision, *_]) if precision.isdecimal():
            for largest, width in DECIMALS:
                if int(precision) <= largest:
                    return width
    raise UnknownTypeError(f"type {spec!r} cannot be read by the embedded server")
