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
