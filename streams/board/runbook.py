"""The runbook (值班手册) as a page: what each alert links to, one heading an alert."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from starlette.requests import Request

_PAGE: Final = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>值班手册 Runbook</title></head>
<body><main>{content}</main></body></html>
"""


def runbook(_request: Request) -> HTMLResponse:
    """Show the runbook."""
    return HTMLResponse(_written())


@cache
def _written() -> str:
    text = resources.files("alerts").joinpath("runbook.md").read_text(encoding="utf-8")
    return _PAGE.format(content=as_html(text))


def as_html(markdown: str) -> str:
    """Write what the runbook uses of Markdown: headings, paragraphs, lists, code, links by name."""
    parts: list[str] = []
    for block in re.split(r"\n{2,}", markdown.strip()):
        if block.startswith("#"):
            marks, _, title = block.partition(" ")
            parts.append(f'<h{len(marks)} id="{_name(title)}">{_inline(title)}</h{len(marks)}>')
        elif block.startswith("- "):
            items = re.split(r"\n(?=- )", block)
            parts.append("<ul>" + "".join(f"<li>{_inline(i[2:])}</li>" for i in items) + "</ul>")
        else:
            parts.append(f"<p>{_inline(block)}</p>")
    return "\n".join(parts)


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _inline(text: str) -> str:
    plain = escape(" ".join(text.split()))
    plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", plain)  # other pages are in the repository
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", plain)
