from __future__ import annotations

import re
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry

from streams.board.history import HistoryAway
from streams.board.reference import Reference
from streams.board.runbook import as_html, runbook
from streams.board.server import application
from tests.support.board import Visitor

RULES = Path(__file__).parents[2] / "alerts/rules/jiancha.yml"


def test_each_alert_links_to_a_heading_of_the_page():
    page = runbook(None)
    assert page.status_code == 200
    there = set(re.findall(r'<h2 id="([^"]+)">', page.body.decode()))
    rules = [
        rule
        for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]
    linked = [rule["annotations"]["runbook_url"].partition("/runbook#")[2] for rule in rules]
    assert len(linked) == len(set(linked)) > 10
    assert set(linked) == there


def test_it_is_shown_though_the_history_is_away():
    class Away:
        def figures(self):
            raise HistoryAway("unreachable", "")

    visitor = Visitor(application(Away(), Reference(None), CollectorRegistry(), "zh"))
    assert visitor.get("/runbook").status_code == 200


def test_what_it_uses_of_markdown():
    text = "# A b\n\nOne `x <y>`\ntwo [the page](../a.md).\n\n- Look: `a`\n  more.\n- Do: b.\n"
    assert as_html(text) == (
        '<h1 id="a-b">A b</h1>\n'
        "<p>One <code>x &lt;y&gt;</code> two the page.</p>\n"
        "<ul><li>Look: <code>a</code> more.</li><li>Do: b.</li></ul>"
    )
