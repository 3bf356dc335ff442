"""With a fifth of Boston's types taken out of the catalogue nothing overdue goes unseen."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
import yaml

from schemas.catalogue_loading import load_catalogue
from schemas.event_lines import read_event_lines
from streams.engine.offline import judge_offline
from streams.engine.rules import Rules
from tests.support.boston import OVERDUE, SAMPLE, convert
from tests.support.cases import at

NOW = at("2019-10-31 12:00:00")


def overdue(case):
    return any(clock.overdue(NOW) for clock in case.known(NOW))


@pytest.mark.long
def test_no_overdue_case_is_without_a_clock_or_a_finding(tmp_path):
    catalogue = tmp_path / "catalogue"
    shutil.copytree(SAMPLE / "catalogue", catalogue)
    items = yaml.safe_load((catalogue / "items.yaml").read_text(encoding="utf-8"))
    gone = {item["code"] for item in items["items"][::5]}
    items["items"] = [item for item in items["items"] if item["code"] not in gone]
    (catalogue / "items.yaml").write_text(yaml.safe_dump(items), encoding="utf-8")
    events = [line.event for line in read_event_lines(convert(tmp_path / "events.jsonl"))]
    whole = Rules.of(load_catalogue(SAMPLE / "catalogue"))
    late = {number for number, case in judge_offline(events, whole, NOW) if overdue(case)}
    assert len(late) == OVERDUE
    seen = Counter()
    for number, case in judge_offline(events, Rules.of(load_catalogue(catalogue)), NOW):
        told = any(finding.code == "item_unknown" for finding in case.findings)
        assert told == (case.ledger.value("item") in gone)
        if number in late:
            assert overdue(case), number
            seen[told] += 1
    assert seen[True] > OVERDUE / 20
    assert seen.total() == OVERDUE
