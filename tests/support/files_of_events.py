"""A small catalogue and a file of one case's events, and how a test calls a command on them."""

from __future__ import annotations

import json

from click.testing import CliRunner

CATALOGUE = """
name: demo
items:
  - code: i
    name: 事项
    versions:
      - preset: cn-permit
        clocks:
          promised: {amount: 5, unit: working_day}
"""
EVENTS = [
    {"event_id": "1", "kind": "accepted", "occurred_at": "2026-09-18T10:00:00+08:00"},
    {
        "event_id": "2",
        "kind": "suspended",
        "occurred_at": "2026-09-21T10:00:00+08:00",
        "suspension": "hearing",
        "days_asked": 2,
        "reason": "《行政许可法》第四十六条",
        "told_at": "2026-09-21T10:00:00+08:00",
    },
    {"event_id": "3", "kind": "finished", "occurred_at": "2026-10-12T10:00:00+08:00"},
]


def write_place(directory):
    """Write `catalogue/` and `events.jsonl`; give the directory."""
    catalogue = directory / "catalogue"
    catalogue.mkdir()
    (catalogue / "items.yaml").write_text(CATALOGUE, encoding="utf-8")
    lines = [json.dumps({**e, "case_no": "c1", "item": "i", "source": "h"}) for e in EVENTS]
    (directory / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return directory


def call(command, place, *arguments, as_of="2026-10-09T10:00:00+08:00"):
    """Call a command with the place's catalogue, at a moment unless that is None."""
    moment = [] if as_of is None else ["--as-of", as_of]
    return CliRunner().invoke(
        command, [*arguments, "--catalogue", str(place / "catalogue"), *moment]
    )
