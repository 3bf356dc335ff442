"""`jiancha check`: everything wrong at once."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from streams.cli import main
from tests.support.bad_messages import BAD_MESSAGES, event
from tests.support.system import ROOT

SAMPLES = ROOT / "deploy/samples"
HUNAN = SAMPLES / "hunan"


def check(*arguments, code):
    done = CliRunner().invoke(main, ["check", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize(
    "catalogue", sorted(SAMPLES.glob("*/catalogue*")), ids=lambda path: str(path.parent.name)
)
def test_every_sample_is_sound(catalogue):
    assert "nothing is wrong" in check("--catalogue", catalogue, code=0).stdout


def test_the_chinese_sample_and_its_events_are_sound():
    told = check("--catalogue", HUNAN / "catalogue", HUNAN / "events.jsonl", code=0)
    assert told.stdout == "3 items, 74 events checked: nothing is wrong.\n"


def test_every_bad_line_is_named_with_its_number_and_remedy(tmp_path):
    path = tmp_path / "events.jsonl"
    bad = [b.raw for b in BAD_MESSAGES if b.raw and b.raw.strip() and b"\n" not in b.raw]
    path.write_bytes(b"\n".join([event(item="spjy"), *bad]))
    told = check("--catalogue", HUNAN / "catalogue", path, code=1).stderr.splitlines()
    told = [line for line in told if not line.startswith("warning: ")]
    assert len(told) == len(bad) + 1
    assert told[0].startswith(f"{path}:2: ")
    assert all(" → " in line for line in told[:-1])
    assert told[-1] == f"3 items, {len(bad) + 1} events checked: {len(bad)} findings."


def test_a_catalogue_against_itself_and_unknown_codes(tmp_path):
    catalogue = tmp_path / "catalogue"
    shutil.copytree(HUNAN / "catalogue", catalogue)
    items = catalogue / "items.yaml"
    text = items.read_text(encoding="utf-8")
    items.write_text(text.replace("amount: 7,", "amount: 21,"), encoding="utf-8")
    events = tmp_path / "events.jsonl"
    events.write_bytes(event(item="unheard-of"))
    told = check("--catalogue", catalogue, events, code=1).stderr
    assert "items[sgxk].clocks: the promise (21 working_day) is longer" in told
    assert "unheard-of is unknown; 1 events name it, first in line 1" in told


def test_everything_wrong_with_a_catalogue_is_told_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text("itmes: []\nregions: [{code: 1}]\n", encoding="utf-8")
    told = check("--catalogue", tmp_path, code=1).stderr
    assert "did you mean `items`?" in told
    assert "regions[0].name" in told


def test_wrong_use():
    check(code=2)
    check("--catalogue", HUNAN / "catalogue", "no-such-file", code=2)


def test_a_catalogue_that_lets_everybody_write_says_so_and_is_still_sound(tmp_path):
    (tmp_path / "a.yaml").write_text("name: x\n", encoding="utf-8")
    told = check("--catalogue", tmp_path, code=0)
    assert "warning: sources: 未列明来源" in told.stderr
    assert "whoever can write to hall.steps" in told.stderr
    assert "docs/security.md#who-speaks-for-whom" in told.stderr
    assert "nothing is wrong" in told.stdout


def test_what_its_sources_leave_open_is_said(tmp_path):
    (tmp_path / "a.yaml").write_text(
        'sources:\n  - {code: "*", name: x, regions: ["*"], unsigned: true}\n'
        '  - {code: a, name: a, regions: ["*"], keys: [k], unsigned: true}\n'
        '  - {code: b, name: b, regions: ["*"], keys: [l]}\n',
        encoding="utf-8",
    )
    told = check("--catalogue", tmp_path, code=0).stderr
    assert told.count("warning: ") == 2
    assert "sources[*]" in told
    assert "sources[a]" in told
    assert "everybody" not in told
