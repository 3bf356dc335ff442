"""Mutations that know what JSON and YAML look like, and some that know nothing; all from a seed."""

from __future__ import annotations

import re
from random import Random

from tests.fuzz.odd import (
    JSON_VALUES,
    MOMENT_VALUES,
    NUMBERS,
    TEXT_VALUES,
    YAML_VALUES,
)

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null')
_JSON_VALUE = re.compile(rf"(?<=: )(?:{_JSON_TOKEN.pattern})")
_WRITTEN = re.compile('"[0-9]{4}-')
_JSON_PAIR = re.compile(r'"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^,{}\[\]]+)')
_YAML_VALUE = re.compile(r"(?<=: )[^\n,{}\[\]]+|(?<=- )[^\n:,{}\[\]]+")
_YAML_KEY = re.compile(r"[a-z_]+(?=:)")
LONG = 200_000
"""Characters of what is made long, below the size limit of an event, so that it is really read."""


def pick(random: Random, text: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return random.choice(found) if found else None


def put(text: str, found: re.Match[str] | None, new: str) -> str:
    return text if found is None else text[: found.start()] + new + text[found.end() :]


def odd_token(random: Random, text: str) -> str:
    return put(text, pick(random, text, _JSON_TOKEN), random.choice(JSON_VALUES))


def odd_value(random: Random, text: str) -> str:
    """Put an odd value where one of its own sort stands, mostly: more of these are accepted."""
    found = pick(random, text, _JSON_VALUE)
    if found is None:
        return text
    values = JSON_VALUES
    if random.random() < 0.7:
        if _WRITTEN.match(found[0]):
            values = MOMENT_VALUES
        elif found[0][0] in "-0123456789":
            values = NUMBERS
        elif found[0][0] == '"':
            values = TEXT_VALUES
    return put(text, found, random.choice(values))


def pair_again(random: Random, text: str) -> str:
    """Repeat a pair, perhaps with another value."""
    found = pick(random, text, _JSON_PAIR)
    if found is None:
        return text
    key = found[0].partition(":")[0]
    value = random.choice((found[0], f"{key}: {random.choice(JSON_VALUES)}"))
    return put(text, found, random.choice((f"{found[0]}, {value}", f"{value}, {found[0]}")))


def pair_gone(random: Random, text: str) -> str:
    found = pick(random, text, _JSON_PAIR)
    return text if found is None else re.sub(r",\s*,", ",", put(text, found, ""))


def swapped(random: Random, text: str) -> str:
    """Put one token where another stands."""
    one, other = pick(random, text, _JSON_TOKEN), pick(random, text, _JSON_TOKEN)
    return text if other is None else put(text, one, other[0])


def long(random: Random, text: str, longest: int) -> str:
    """Make something so long that only the bounds stop it."""
    unit = random.choice(
        ('"a",', "[],", "[", '{"a":', '"a":1,', "9", "张", " ", "\\u0000", '"":"",')
    )
    found = pick(random, text, _JSON_TOKEN)
    times = random.randrange(1, longest) // len(unit.encode())
    whole = unit * times
    shapes = (whole, f"[{whole}1]", f'{{{whole}"z":1}}', f'"{whole}"', f"[{whole}" + "]" * times)
    return put(text, found, random.choice(shapes))


JSON_MUTATIONS = (odd_value,) * 8 + (odd_token, pair_again, pair_again, pair_gone, swapped, swapped)


def json_text(random: Random, text: str, longest: int = LONG) -> bytes:
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 5))):
        text = random.choice(JSON_MUTATIONS)(random, text)
    if random.random() < 0.01:
        text = long(random, text, longest)
    return harmed(random, text.encode("utf-8", "surrogatepass"))


def harmed(random: Random, raw: bytes, chance: float = 0.15) -> bytes:
    """Flip, cut, splice, repeat: damage that knows nothing, to some."""
    while raw and random.random() < chance:
        at, to = sorted(random.randrange(len(raw) + 1) for _ in range(2))
        match random.randrange(7):
            case 0:
                raw = raw[:at]
            case 1:
                raw = raw[:at] + raw[to:]
            case 2:
                raw = raw[:at] + raw[at:to] * 2 + raw[to:]
            case 3:
                raw = raw[:at] + random.randbytes(random.randrange(1, 4)) + raw[at:]
            case 4 if at < len(raw):
                raw = raw[:at] + bytes([raw[at] ^ 1 << random.randrange(8)]) + raw[at + 1 :]
            case 5:
                raw = random.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"\0")) + raw
            case _:
                raw = raw[to:] + raw[:at]
    return raw


def yaml_value(random: Random, text: str) -> str:
    return put(text, pick(random, text, _YAML_VALUE), random.choice(YAML_VALUES))


def yaml_moved(random: Random, text: str) -> str:
    """Put a value where another stands."""
    other = pick(random, text, _YAML_VALUE)
    return text if other is None else put(text, pick(random, text, _YAML_VALUE), other[0])


def yaml_key(random: Random, text: str) -> str:
    other = pick(random, text, _YAML_KEY)
    new = random.choice(
        ("<<", "?", "a", "", "&a x", "*a", '"\\0"', "x" * 300, other[0] if other else "")
    )
    return put(text, pick(random, text, _YAML_KEY), new)


def yaml_lines(random: Random, text: str) -> str:
    """Repeat, drop, shift or exchange lines."""
    lines = text.split("\n")
    at, to = sorted(random.randrange(len(lines)) for _ in range(2))
    match random.randrange(6):
        case 0:
            lines[at:at] = lines[at : to + 1]
        case 1:
            del lines[at : at + 2]
        case 2:
            lines[at] = random.choice((" ", "  ", "\t", "- ", "? ", "#")) + lines[at]
        case 3:
            lines[at] = lines[at][1:]
        case 4:
            lines[at], lines[to] = lines[to], lines[at]
        case _:
            lines.insert(
                at, random.choice(("---", "...", "%YAML 1.2", "b: &b [*b, *b]", "a: &a x"))
            )
    return "\n".join(lines)


def yaml_long(random: Random, text: str) -> str:
    """What would take a reader of YAML long, or much memory."""
    times = random.randrange(1, 3_000)
    bombs = (
        "[" * times + "]" * times,
        "{a: " * times + "}" * times,
        "[" + "a, " * times + "]",
        "{" + ", ".join(f"k{n}: 1" for n in range(times)) + "}",
        "x" * times * 20,
        "&a [" + "*a, " * times + "]",
        "".join(f"\nb{n}: &b{n} [*b{n - 1}, *b{n - 1}]" for n in range(1, times // 20 + 2)),
        "? " * times,
        "- " * times,
    )
    return put(text, pick(random, text, _YAML_VALUE), random.choice(bombs))


YAML_MUTATIONS = (yaml_value,) * 6 + (yaml_moved,) * 3 + (yaml_key, yaml_lines, yaml_lines)


def yaml_text(random: Random, text: str) -> bytes:
    for _ in range(random.choice((0, 1, 1, 1, 1, 2, 3, 5))):
        text = random.choice(YAML_MUTATIONS)(random, text)
    if random.random() < 0.02:
        text = yaml_long(random, text)
    return harmed(random, text.encode("utf-8", "surrogatepass"), chance=0.05)
