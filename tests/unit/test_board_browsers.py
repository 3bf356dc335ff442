"""The board keeps to the floor of browsers that docs/board.md states."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "streams/board"

NEWER = {
    "*.js": (
        r"AbortSignal\.(timeout|any)|\.(at|findLast\w*|toSorted|toReversed|with|hasOwn)\(|structuredClone"
        r"|randomUUID|URL\.canParse|Promise\.withResolvers|Object\.groupBy|^\s*#\w|\bstatic\s*{"
        r"|checkVisibility|startViewTransition|scheduler\.|setHTML|showPopover"
    ),
    "*.css": (
        r":has\(|:is\(|:where\(|aspect-ratio|(?<![\w-])inset:|color-mix|@layer|@container|@property|light-dark"
        r"|\d[dsl]v[hw]\b|accent-color|text-wrap|ok?lch|oklab|subgrid|^\s*&|overflow:\s*clip|@starting-style"
        r"|:user-(in)?valid|(?<![\w-])(translate|rotate|scale):"
    ),
    "*.html": r"\s(inert|popover\w*|commandfor)[\s=>]|<(search|selectedcontent)\b",
}


@pytest.mark.parametrize("kind", NEWER)
def test_nothing_is_newer_than_the_floor(kind):
    files = list(BOARD.rglob(kind))
    assert files
    for file in files:
        code = re.sub(r"//.*|/\*.*?\*/", "", file.read_text("utf-8"))
        assert not re.search(NEWER[kind], code, re.MULTILINE), file.name


def test_the_floor_is_stated():
    page = (ROOT / "docs/board.md").read_text("utf-8")
    assert "Chromium 86, Firefox 85, Safari 15.4" in page


def luminance(colour):
    """Relative luminance, by WCAG 2."""
    full = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
    parts = [int(full[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ground", ["sheet", "ground"])
@pytest.mark.parametrize("mark", ["red", "yellow-line", "notice-mark", "fine"])
def test_a_mark_stands_apart_from_its_ground(mark, ground, dark):
    """WCAG 2.1, 1.4.11: 3:1 for what is no text; a yellow mark by its outline."""
    css = (BOARD / "static/board.css").read_text("utf-8")
    light, night, _print = re.findall(r":root {(.*?)}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", light))
    if dark:
        colours |= dict(re.findall(r"--([\w-]+): (#\w+);", night))
    one, other = sorted(luminance(colours[name]) for name in (mark, ground))
    assert (other + 0.05) / (one + 0.05) >= 3
