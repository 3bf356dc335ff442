"""What a front must know of a statement before the engine sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SPACE = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_IDENTIFIER: Final = r"(?:[^\W\d]\w*|`(?:[^`\\]|\\.)+`|\"(?:[^\"\\]|\\.)+\")"
_NAME: Final = rf"{_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})*"
_SETTING: Final = r"\w+\s*=\s*(?:'(?:[^'\\]|\\.)*'|[\w.+-]+)"
_DATA_INSERT = re.compile(
    rf"""INSERT\s+INTO\s+(?:TABLE\s+)?(?!FUNCTION\b)
    (?P<table>{_NAME})\s*
    (?P<columns>\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\))?\s*
    (?P<settings>SETTINGS\s+{_SETTING}(?:\s*,\s*{_SETTING})*)?\s*
    (?:VALUES|FORMAT\s+\w+)?\s*;?\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_STREAMED = re.compile(r"(?:SELECT|WITH|FROM)\b|\(", re.IGNORECASE)
_FORMAT = re.compile(r"\s+FORMAT\s+\w+\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DataInsert:
    """An INSERT whose rows follow as blocks."""

    table: str
    columns: tuple[str, ...]
    """As named, without quotes; empty means all that can be inserted."""
    head: str
    """The statement up to where its settings, or its rows, would begin."""
    settings: str
    """Its SETTINGS clause, if any."""


def data_insert(sql: str) -> DataInsert | None:
    """Return the parts of an INSERT that waits for blocks; None for any other statement."""
    match = _DATA_INSERT.fullmatch(sql, _SPACE.match(sql).end())  # type: ignore[union-attr]
    if match is None:
        return None
    listed = match["columns"] or ""
    head = f"INSERT INTO {match['table']} {listed}".rstrip()
    return DataInsert(match["table"], tuple(_names(listed[1:-1])), head, match["settings"] or "")


def answers_in_blocks(sql: str) -> bool:
    """Tell whether the engine can stream this statement's answer."""
    return _STREAMED.match(sql, _SPACE.match(sql).end()) is not None  # type: ignore[union-attr]


def bare(sql: str) -> str:
    """Return the statement without a closing semicolon and FORMAT clause.

    Over the native protocol the format is the client's affair: the server always sends blocks.
    """
    return _FORMAT.sub("", sql.rstrip().rstrip(";").rstrip())


def _names(listed: str) -> list[str]:
    names = re.findall(_NAME, listed)
    return [re.sub(r"[`\"]|\\(?=[`\"\\])", "", name) for name in names]
