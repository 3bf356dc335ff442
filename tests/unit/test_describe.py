"""docs/ says what the contracts say."""

from __future__ import annotations

import json

import pytest

from schemas import topics
from schemas.describe import DOCS, pages
from schemas.events import KINDS, STEP_EVENT


@pytest.mark.parametrize("name", ["events.md", "event.schema.json", "topics.md"])
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
