"""Characters that nobody sees: which of them a code, or a name or text, may not hold; their names.

Two codes that look alike must be alike, and nothing that a hall sends may change how the rest of a
line is shown. The classes are written out, not asked of a library's tables: which records are
refused must not depend on the version of Unicode that a program was built with.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT_SPANS: Final = (
    (0x7F, 0x9F),  # controls
    (0x2028, 0x2029),  # separators of lines and paragraphs
    (0x202A, 0x202E),  # embeddings and overrides: they turn round what follows them
    (0x2066, 0x2069),  # isolates
    (0xFDD0, 0xFDEF),  # what Unicode promises never to be a character
    (0xFFFE, 0xFFFF),
)
_CODE_SPANS: Final = (
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x600, 0x605),
    (0x61C, 0x61C),
    (0x6DD, 0x6DD),
    (0x70F, 0x70F),
    (0x890, 0x891),
    (0x8E2, 0x8E2),
    (0x115F, 0x1160),  # fillers of Hangul: letters that are not seen
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),  # blanks of every width, zero-width ones, marks of direction
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x2800, 0x2800),  # Braille without a dot
    (0x3000, 0x3000),  # the ideographic blank
    (0x3164, 0x3164),
    (0xE000, 0xF8FF),  # private use
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),  # selectors of variants
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFF),  # U+FFFD among them: what a broken conversion leaves behind
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0x10FFFF),  # tags, more selectors, and the planes of private use
)
"""Categories Cc, Cf, Co, Zl, Zp and Zs, and whatever else is ignorable by default."""


def _class(spans: Iterable[tuple[int, int]]) -> str:
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)


_ODD_IN_CODES: Final = r"\x00-\x20" + _class(_CODE_SPANS)
_ODD_IN_TEXTS: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f" + _class(_TEXT_SPANS)
CODE: Final = f"^[^{_ODD_IN_CODES}]+( [^{_ODD_IN_CODES}]+)*$"
"""A code: characters that are seen, and single blanks between them."""
TEXT: Final = f"^[^{_ODD_IN_TEXTS}]*$"
"""A name or a text: what names need (rare characters of private use, joiners) stays."""

EARLIER: Final = {
    CODE: r"^[^\x00-\x20\x7f]+( [^\x00-\x20\x7f]+)*$",
    TEXT: r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
}
"""What 0.1.0 asked of them: `schemas.kept` reads by it what stands on record."""

_FIRST_IN_CODE: Final = re.compile(f"[\\x00-\\x1f{_class(_CODE_SPANS)}]")
_FIRST_IN_TEXT: Final = re.compile(f"[{_ODD_IN_TEXTS}]")


def what_is_wrong(text: str, pattern: str) -> tuple[str, str]:
    """Say what of a text does not fit `CODE` or `TEXT`, and the remedy; ("", "") for a third one.

    The character is told by its code point and its name, never by itself: it would not be seen.
    """
    if pattern not in EARLIER:
        return "", ""
    found = (_FIRST_IN_CODE if pattern == CODE else _FIRST_IN_TEXT).search(text)
    if found is None:
        return "The code has a blank at an end, or two in a row.", "remove the blanks"
    name = unicodedata.name(found[0], _nameless(found[0]))
    where = f"U+{ord(found[0]):04X} {name} as character {found.start() + 1}"
    what = "The code" if pattern == CODE else "The text"
    return f"{what} holds {where}, which nobody sees.", "remove it where the value is made"


def _nameless(character: str) -> str:
    kinds = {"Cc": "(a control character)", "Co": "(a character of private use)"}
    return kinds.get(unicodedata.category(character), "(no character)")
