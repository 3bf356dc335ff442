"""What a spreadsheet, or a slip, does to a code: mended where that is harmless, else refused.

A code is mended where only one thing can have been meant: a mark that Excel puts before a text, a
character of no width, a figure of full width, the `.0` of a whole number. Where figures are lost
for good (4.30102E+17) it is refused, with what to do at the source.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.mapping_times import Unfit

CERTAIN_DIGITS: Final = 15
"""Digits that a spreadsheet keeps of a number: it makes zeros of those that follow."""
LEAST_OF_A_NUMBER: Final = 6
"""Digits from which `.0` marks a whole number in any code; a version may be 1.0."""

_ODD: Final = re.compile(
    r"^[='`‘’]|\.0+$|[eE]\+|[\u00ad\u200b-\u200f\u2060\ufeff０-９Ａ-Ｚａ-ｚ－]"
)
_FORMULA: Final = re.compile(r'="([^"]*)"')
_MARKED: Final = re.compile(r"['`‘’](?=\w)")
_NO_WIDTH: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_FULL_WIDTH: Final = {
    **{0xFF10 + n: 0x30 + n for n in range(10)},
    **{0xFF21 + n: 0x41 + n for n in range(26)},
    **{0xFF41 + n: 0x61 + n for n in range(26)},
    0xFF0D: 0x2D,
}
_WHOLE: Final = re.compile(r"(\d+)\.0+")
_POWER: Final = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
_ROUNDED: Final = re.compile(rf"[1-9]\d{{{CERTAIN_DIGITS - 1}}}0+")

AS_TEXT: Final = "format the column as text (not as a number) before the table is saved as CSV"


def odd(text: str) -> bool:
    """Tell whether there may be anything to mend in a code."""
    return _ODD.search(text) is not None


def mended(text: str, *, number: bool) -> tuple[str, str]:
    """Give a code without what a spreadsheet did to it, and what that was, or "". Raises Unfit.

    `number`: it names a record or a case, where figures of full width are figures, and any `.0` is
    what is left of a whole number.
    """
    if not odd(text):
        return text, ""
    done: list[str] = []

    def now(other: str, what: str) -> None:
        nonlocal text
        if other != text:
            text = other
            done.append(what)

    formula = _FORMULA.fullmatch(text)
    if formula is not None:
        now(formula[1].strip(), 'the ="…" of a spreadsheet was taken off')
    now(_NO_WIDTH.sub("", text).strip(), "characters of no width were taken out")
    if _MARKED.match(text) and any(c.isdigit() for c in text):
        now(text[1:], f"the leading {text[0]} of a spreadsheet was taken off")
    if number:
        now(text.translate(_FULL_WIDTH), "full-width figures and letters became plain ones")
    if _POWER.fullmatch(text) is not None:
        raise Unfit("a spreadsheet has rounded this number: its last figures are lost", AS_TEXT)
    whole = _WHOLE.fullmatch(text)
    if whole is not None and (number or len(whole[1]) >= LEAST_OF_A_NUMBER):
        if len(whole[1]) > CERTAIN_DIGITS and int(float(whole[1])) == int(whole[1]):
            raise Unfit("a spreadsheet may have rounded this number to what it can hold", AS_TEXT)
        now(whole[1], "the .0 of a whole number was taken off")
    return text, "; ".join(done)


def rounded(case_no: str) -> bool:
    """Tell whether a number looks as if a spreadsheet had kept its first 15 figures only."""
    return _ROUNDED.fullmatch(case_no) is not None


def long_number(case_no: str) -> bool:
    """Tell whether a number has more figures than a spreadsheet keeps."""
    return len(case_no) > CERTAIN_DIGITS and case_no.isdecimal()
