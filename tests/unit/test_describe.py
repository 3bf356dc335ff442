"""docs/ says what the contracts say."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.describe import DOCS, pages
from schemas.events import KINDS, STEP_EVENT
from schemas.macs import ALGORITHMS, Key, can, holds, read_mac, signature


@pytest.mark.parametrize("name", ["events.md", "event.schema.json", "topics.md", "options.md"])
def test_the_files_are_current(name):
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == pages()[name], "run `python -m schemas.describe`"


def test_every_field_of_every_kind_stands_in_the_tables_with_a_chinese_title():
    page = pages()["events.md"]
    for model in KINDS.values():
        for name, field in model.model_fields.items():
            if name != "kind":
                assert f"| `{name}` | {field.title} |" in page
                assert field.title


def test_what_must_be_sent_is_marked():
    page = pages()["events.md"]
    assert "| `case_no` | 办件编号 | text, at most 50 | yes | PROJID, project_no |" in page
    assert "| `occurred_at` | 发生时间 | time | yes |" in page
    assert "| `recorded_at` | 写入时间 | time |  |" in page
    assert "`granted`, `denied`" in page


def test_the_schema_describes_what_is_sent():
    schema = json.loads(pages()["event.schema.json"])
    assert set(schema["discriminator"]["mapping"]) == set(KINDS)
    assert STEP_EVENT.json_schema().items() <= schema.items()


def test_the_example_of_the_page_is_an_event():
    text = pages()["events.md"].partition("```json\n")[2].partition("```")[0]
    assert STEP_EVENT.validate_json(text).kind == "accepted"


def test_every_topic_is_listed():
    page = pages()["topics.md"]
    for topic in topics.ALL:
        assert f"| `{topic.name}` |" in page
    assert "| `jiancha.case-state` | case number |" in page
    assert "| compact | for ever | 16 MiB |" in page


def recipe():
    """What the page tells a hall to write, run as it stands."""
    text = pages()["events.md"].partition("```python\n")[2].partition("```")[0]
    assert len([line for line in text.splitlines() if line]) <= 10
    told = {}
    exec(text, told)  # noqa: S102 - our own page
    return told["signature"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_hall_that_writes_what_the_page_says_signs_as_the_engine_reads(algorithm):
    if not can(algorithm):
        pytest.skip(f"this machine's OpenSSL lacks {algorithm}")
    key = Key("hn-2026", algorithm, bytes(range(32)))
    value = '{"case_no":"办件"}'.encode()
    header = recipe()("hn-2026", key.secret, "hall.steps", value, algorithm)
    assert header == signature(key, "hall.steps", value)
    assert holds(read_mac([header]), key, "hall.steps", value)
    _, mac = recipe()("hn-2026", key.secret, "hall.steps", b'{"case_no":"c"}', algorithm)
    assert mac.split()[-1].decode() in pages()["events.md"]  # the values for who signs otherwise
