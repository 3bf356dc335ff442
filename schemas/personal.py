"""Where free text names a person: identity, passport, telephone and bank card numbers; names.

A text is flattened before it is searched, character for character, so that a place found is a place
in the original: full-width, circled and Chinese digits become digits, what is unseen becomes NUL.
Between digits a person may write spaces, points and strokes. What no rule here can tell from other
words stays: a name that no label precedes, an address, a nickname (docs/security.md).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHINESE_DIGITS: Final = {
    code: digit
    for digit, forms in zip(
        "01234567890123456789",
        ("〇零", *"一二三四五六七八九", "○Ｏ", *"壹贰叁肆伍陆柒捌玖"),
        strict=True,
    )
    for code in forms
} | dict(zip("幺弌弍弎两兩貳參陸", "112322236", strict=True))
_UNSEEN: Final = "\0"
_BMP: Final = 0x10000


class _Flat(dict[int, str]):
    """One character for each: worked out when it first comes, and kept (65,536 at most)."""

    def __missing__(self, code: int) -> str:
        """Flatten a character that has not come before."""
        flat = _flattened(chr(code))
        if code < _BMP:
            self[code] = flat
        return flat


def _flattened(character: str) -> str:
    if character in _CHINESE_DIGITS:
        return _CHINESE_DIGITS[character]
    if unicodedata.category(character) in {"Cf", "Cc", "Mn", "Me"}:
        return _UNSEEN
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) in {"Pd", "Zs"}:
        return "-" if unicodedata.category(character) == "Pd" else " "
    normal = unicodedata.normalize("NFKC", character)
    return normal if len(normal) == 1 else normal[0] if normal[:1].isdigit() else character


_TABLE: Final = _Flat()
_SEEMS_DIGIT = re.compile(r"[0-9][OoQlI|]{1,4}(?![A-Za-z])")
_LOOKS: Final = str.maketrans("OoQlI|", "000111")


def flat(text: str) -> str:
    """Flatten a text; every character keeps its place."""
    found = text.translate(_TABLE)
    return _SEEMS_DIGIT.sub(lambda seems: seems[0].translate(_LOOKS), found)


_GAP: Final = r"[\s\0\-._·•・()]{0,3}"


def _digits(first: str, more: int) -> str:
    """Write `more` digits after `first`, with gaps."""
    return first + rf"(?:{_GAP}[0-9])" + f"{{{more}}}"


_ALONE: Final = "(?<![0-9])"
_KINDS: Final = {
    kind: re.compile(pattern, re.VERBOSE)
    for kind, pattern in {
        "identity": rf"{_ALONE}({_digits('[1-9]', 16)}{_GAP}[0-9Xx×])(?![0-9])",
        "identity of 15": rf"{_ALONE}({_digits('[1-9]', 14)})(?![0-9])",
        "bank card": rf"{_ALONE}({_digits('[3-6]', 15)}(?:{_GAP}[0-9]){{0,3}})(?![0-9])",
        "mobile": rf"{_ALONE}(?:(?:00)?86|0)?{_GAP}(1{_GAP}{_digits('[3-9]', 9)})(?![0-9])",
        "line": rf"""{_ALONE}(0[1-9][0-9]{{1,2}}[-)\s\0]{{1,2}}
            {_digits("[2-8]", 6)}{_GAP}[0-9]?)(?![0-9])""",
        "passport": rf"""(?<![A-Za-z0-9])(
            (?:[DEGHKMPS]|[EKDSP][A-Z]|[A-Z]{{3}}(?=(?:{_GAP}[0-9]){{12}}))
            {_GAP}{_digits("[0-9]", 6)}(?:{_GAP}[0-9]){{0,5}})(?![A-Za-z0-9])""",
    }.items()
}
_MAIL = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.+_-]{0,62}[A-Za-z0-9])?@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
)
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
"""GB/T 2260, and 81 to 83 and 91 of those from Hong Kong, Macau, Taiwan and abroad."""
_RUN = re.compile(rf"[0-9](?:{_GAP}[0-9Xx×]){{6,}}")
"""Where a number may lie: seven digits near one another."""
_BEFORE: Final = 8
"""Characters before such a run that may belong to the number, or forbid it."""


def numbers(flattened: str) -> Iterator[tuple[int, int]]:
    """Find the numbers of persons in a flattened text: begin and end of each; some may overlap."""
    for run in _RUN.finditer(flattened):
        for kind, pattern in _KINDS.items():
            at = max(0, run.start() - _BEFORE)
            while (found := pattern.search(flattened, at, run.end() + 1)) is not None:
                holds = _holds(kind, found[1])
                if holds:
                    yield found.span(1)
                at = found.end() if holds else found.start() + 1
    if "@" in flattened:
        yield from (found.span() for found in _MAIL.finditer(flattened))


def _holds(kind: str, written: str) -> bool:
    """Tell whether it is such a number: what has gaps could as well be several others."""
    bare = re.sub("[^0-9Xx×]", "", written)
    if kind == "bank card":
        return _luhn(bare)
    if not kind.startswith("identity") or bare == written:
        return True
    born = bare[6:14] if kind == "identity" else "19" + bare[6:12]
    return _PROVINCES.match(bare) is not None and _is_day(born)


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return digits[:2] in {"18", "19", "20"}


def _luhn(digits: str) -> bool:
    doubled = (
        sum(divmod(2 * int(d), 10)) if place % 2 else int(d)
        for place, d in enumerate(reversed(digits))
    )
    return sum(doubled) % 10 == 0


_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔"
    "汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌"
    "毕单季裴霍涂成苗谷曲盛冉翁路蓝游辛靳欧阳上官司马诸葛皇甫尉迟公孙慕容令狐"
)
_HAN: Final = "[\u3400-\u4dbf\u4e00-\u9fff]"
_LABEL: Final = (
    "申请人|当事人|法定代表人|法人代表|负责人|经营者|投资人|业主|户主|联系人|委托人|代理人|受托人|监护人"
    "|继承人|权利人|姓名"
)
_BEGIN: Final = f"(?=[{''.join(sorted({label[0] for label in _LABEL.split('|')}))}])"
_SPACE: Final = r"[\s\0]{0,3}"
_NAMED = re.compile(
    rf"""
    {_BEGIN}(?:{_LABEL}){_SPACE}[:：]{_SPACE}(?P<after>{_HAN}[\s\0·•]{{0,2}}{_HAN}(?:[\s\0·•]{{0,2}}{_HAN}){{0,2}})(?!{_HAN})
    | {_BEGIN}(?:{_LABEL}){_SPACE}(?P<before>[{_SURNAMES}]{_SPACE}{_HAN}(?:{_SPACE}{_HAN}){{0,2}}?)
      (?=\s?[(（]|[,，、]?\s?(?:身份证|证件号|电话|手机|住址|家住|微信))
    """,
    re.VERBOSE,
)
_HEAD = re.compile(
    rf"(?P<head>[{_SURNAMES}]{_HAN}{{1,2}})(?=建房|自建|宅基地|个人|住房|不动产|房屋|危房|申请|办理)"
)
"""How a case is often called: the applicant's name, then the matter."""


def names(text: str, *, title: bool = False) -> Iterator[tuple[int, int]]:
    """Find names by the words beside them. `title`: the text is what a case is called."""
    for found in _NAMED.finditer(text):
        yield found.span(str(found.lastgroup))
    if title and (found_first := _HEAD.match(text)):
        yield found_first.span("head")


def spelt(name: str, flattened: str) -> Iterator[tuple[int, int]]:
    """Find where a flattened text spells a name: in any width and case, with gaps in it."""
    wanted = _GAPS.sub("", flat(name)).lower()
    folded = flattened.lower()
    if len(wanted) < 2 or wanted[0] not in folded or len(folded) != len(flattened):  # noqa: PLR2004
        return
    places = [place for place, letter in enumerate(folded) if letter not in _BETWEEN]
    bare = "".join([folded[place] for place in places])
    at = bare.find(wanted)
    while at >= 0:
        yield places[at], places[at + len(wanted) - 1] + 1
        at = bare.find(wanted, at + len(wanted))


_BETWEEN: Final = frozenset(" \t\r\n\0·•.")
_GAPS = re.compile(r"[\s\0·•.]+")
