"""The page of options that have meaning in some places only, from the table that `check` uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas.options import LIMITS
from schemas.options_of_rules import POLICIES, RUNGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.options import Option

_HEAD: Final = """\
# Options that have no meaning everywhere

A catalogue may be written with options that cannot hold together: one of them rules out the other,
and nothing would read it. Whoever wrote it meant something, so `jiancha check` tells each such
option as an error, with its line. The same table (`schemas/options.py`) makes this page.

What a policy states is a default for the limits that it fits, and no error for those that it does
not. A flow that names one step code twice is an error too: only the last would count.
"""


def options_page() -> str:
    """Give docs/options.md, without the note that it is written by a program."""
    parts = [_HEAD]
    tables: tuple[tuple[str, Sequence[Option[Any]]], ...] = (
        ("A limit", LIMITS),
        ("A rung of a ladder", RUNGS),
        ("A policy", POLICIES),
    )
    for title, table in tables:
        parts += [f"## {title}\n", "| option | has meaning for | elsewhere none, since |"]
        parts.append("|---|---|---|")
        for option in table:
            parts.append(f"| `{option.written}` | {option.where} | {option.why.en} |")
        parts.append("")
    return "\n".join(parts)
