"""Nothing that the page says is missing in either language, and nothing is said in vain."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.words import OUTCOMES, RULINGS
from streams.board.texts import TEXTS
from tests.support.system import ROOT

BOARD = ROOT / "streams/board"
SOURCES = [*BOARD.glob("templates/*.html"), BOARD / "pages.py", BOARD / "voice.py"]
# Keys that are put together: their beginnings.
JOINED = ("away_", "fate_", "error_", "help_", "level_", "card_", "list_")


def asked(source: Path) -> set[str]:
    return set(re.findall(r"""text\((?:'|")(\w+)(?:'|")[,)]""", source.read_text(encoding="utf-8")))


def test_every_text_that_a_page_asks_for_exists():
    missing = {key for source in SOURCES for key in asked(source)} - set(TEXTS)
    assert not missing


def test_every_text_is_said_somewhere():
    everything = "".join(source.read_text(encoding="utf-8") for source in SOURCES)
    unused = {
        key
        for key in TEXTS
        if not key.startswith(JOINED) and not re.search(rf"""['"]{key}['"]""", everything)
    }
    assert not unused


def test_both_languages_say_it():
    for words in (*TEXTS.values(), *OUTCOMES.values(), *RULINGS.values()):
        assert words.zh.strip()
        assert words.en.strip()
        assert set(re.findall(r"{(\w+)}", words.zh)) == set(re.findall(r"{(\w+)}", words.en))


def test_pages_carry_no_inline_script_or_style_and_nothing_from_elsewhere():
    for source in (*BOARD.glob("templates/*.html"), *BOARD.glob("static/*")):
        text = source.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(
            r"""\son\w+=|\sstyle=|<style|javascript:|https?://|@import|\|safe""", text
        )
