"""Every `jiancha WORD` that a text, a page, a rule or the program itself names is a command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from streams.cli import main

ROOT = Path(__file__).parents[2]
PROGRAMS = ("streams", "alerts", "schemas", "deploy")
PAGES = (
    *ROOT.glob("README*.md"),
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("deploy/samples/**/*.md"),
    ROOT / "alerts/runbook.md",
    ROOT / "alerts/rules/jiancha.yml",
    ROOT / "docker-compose.yml",
    ROOT / "Makefile",
)

NAMED = re.compile(
    r"(?<![\w/.@-])jiancha ([a-z][a-z-]*(?:\|[a-z-]+)*)(?: ([a-z][a-z-]*(?:\|[a-z-]+)*))?"
)
"""What is named, and the word behind it; `dlq list|show` names two."""
PROSE = {"reads", "somewhere"}
"""Words that follow the product's name in a sentence."""


def strings(path):
    """The strings of a program, joined as Python joins them; values in them are left out."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def texts():
    for room in PROGRAMS:
        for path in (ROOT / room).rglob("*.py"):
            for text in strings(path):
                yield path, text
        for kind in ("html", "sql", "yml", "yaml", "json"):
            for path in (ROOT / room).rglob(f"*.{kind}"):
                yield from pieces(path)
    for path in PAGES:
        yield from pieces(path)


def pieces(path):
    """A page as one text, for a command may be wrapped; of YAML each line is something else."""
    text = path.read_text("utf-8")
    for piece in text.splitlines() if path.suffix in {".yml", ".yaml"} else [text]:
        yield path, piece


def named():
    """Give each `WORD` or `WORD WORD` that is named, with the files that name it."""
    found = {}
    for path, text in texts():
        for words, behind in NAMED.findall(" ".join(text.split())):
            for word in words.split("|"):
                if word in PROSE:
                    continue
                command = main.get_command(None, word)
                grouped = command is None or isinstance(command, click.Group)
                for second in behind.split("|") if grouped else [""]:
                    found.setdefault(f"{word} {second}".strip(), set()).add(path.name)
    return found


FOUND = named()


def is_command(name):
    word, _, second = name.partition(" ")
    command = main.get_command(None, word)
    if command is None or not second:
        return command is not None
    return second in command.commands


def test_many_are_named():
    assert {"topics", "migrate", "dlq list", "dlq replay", "case retry"} <= set(FOUND)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_what_is_named_is_a_command(name):
    assert is_command(name), f"`jiancha {name}` is named in {sorted(FOUND[name])} and is no command"
