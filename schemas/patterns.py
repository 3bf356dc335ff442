"""What the JSON Schema of an event says of texts, as strict as the engine that reads them.

A schema has no word for a moment that exists, or for the places of a number: these patterns have.
They are written for ECMA 262 and mean the same in Python. Of the first and the last days that an
event may have the schema takes none, since there the offset decides (1990-01-02, 2099-12-31).
"""

from __future__ import annotations

from typing import Any, Final

from schemas.characters import CODE

CODE_TO_ITS_END: Final = CODE + r"(?!\n)"
"""Python's `$` stands before a line feed at the end, too."""

_DAYS: Final = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8])"
)
_LEAP_YEARS: Final = r"(?:199[26]|20(?:[02468][048]|[13579][26]))"
_OUTSIDE: Final = r"(?!1990-01-0[12]|2099-12-31)"
_DATE: Final = rf"{_OUTSIDE}(?:(?:199[0-9]|20[0-9][0-9])-(?:{_DAYS})|{_LEAP_YEARS}-02-29)"
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_OFFSET: Final = r"(?:[Zz]|[+\-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
MOMENT: Final = rf"^{_DATE}[Tt ]{_CLOCK}{_OFFSET}$(?!\n)"
"""A moment of 1990 to 2100 that exists, with its offset from UTC."""

AMOUNT: Final = r"^[0-9]{1,14}(?:\.[0-9]{1,2})?$(?!\n)"
AMOUNTS: Final[list[dict[str, Any]]] = [
    {"type": "string", "pattern": AMOUNT},
    {"type": "integer", "minimum": 0, "maximum": 99_999_999_999_999},
]
"""An amount with fen is text here: no schema can tell how many places a JSON number has."""
