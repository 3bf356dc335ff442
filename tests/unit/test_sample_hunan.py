"""The Chinese sample shows what its README says: case by case, the cards and the findings."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from schemas.catalogue_loading import load_catalogue
from schemas.codes import Level
from schemas.events import STEP_EVENT
from streams.engine.case import assess
from streams.engine.entries import entry_of, merge
from streams.engine.rules import Rules
from tests.support.cases import at

HUNAN = Path(__file__).parents[2] / "deploy/samples/hunan"
NOW = at("2026-04-14 09:00:00")
README = (HUNAN / "README.md").read_text(encoding="utf-8")
SAID = dict(re.findall(r"^\| (43\d{4}-2026-\d{4}) \|[^|]+\|(.+)\|$", README, re.MULTILINE))
"""What the table says of each case: the columns after what happens."""


@pytest.fixture(scope="module")
def cases():
    rules, entries = Rules.of(load_catalogue(HUNAN / "catalogue")), defaultdict(list)
    lines = (HUNAN / "events.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        event = STEP_EVENT.validate_json(line)
        entries[event.case_no] = merge(entries[event.case_no], entry_of(event))
    assert f"{len(lines)} step events" in README
    return {case_no: assess(of_one, rules) for case_no, of_one in entries.items()}


def highest(case, clock_id):
    levels = [
        reached.level
        for clock in case.known(NOW)
        if clock.clock_id == clock_id
        for reached in clock.reached(NOW)
    ]
    return max(levels, key=lambda level: level.rank, default=Level.NONE)


def test_the_readme_tells_of_every_case(cases):
    assert SAID.keys() == cases.keys()


@pytest.mark.parametrize("case_no", SAID)
def test_the_decision_clocks_stand_as_the_readme_says(cases, case_no):
    promised, statutory, *_ = (part.strip() for part in SAID[case_no].split("|"))
    for clock_id, said in (("promised", promised), ("statutory", statutory)):
        assert highest(cases[case_no], clock_id) == (said if said not in {"–", ""} else "none")


@pytest.mark.parametrize(
    ("number", "findings"),
    [
        ("430102-2026-0007", {"refusal_not_at_once": "none"}),
        ("430102-2026-0010", {"step_not_finished": "none"}),
        ("430102-2026-0011", {"late_acceptance": "yellow"}),
        ("430102-2026-0012", {"second_notice": "yellow"}),
        ("430100-2026-0013", {"extension_refused": "yellow"}),
        ("430100-2026-0014", {"suspension_at_brink": "notice"}),
    ],
)
def test_the_findings_are_those_of_the_readme_and_no_others(cases, number, findings):
    assert {f.code: f.level for f in cases[number].findings} == findings
    others = cases.keys() - {
        "430102-2026-0007", "430102-2026-0010", "430102-2026-0011", "430102-2026-0012",
        "430100-2026-0013", "430100-2026-0014",
    }  # fmt: skip
    assert not any(cases[other].findings for other in others)


@pytest.mark.parametrize(
    ("number", "clock_id", "level"),
    [
        ("430102-2026-0011", "acceptance:1", "yellow"),
        ("430100-2026-0014", "special:1", "yellow"),
        ("430102-2026-0015", "delivery", "yellow"),
        ("430102-2026-0016", "pre_acceptance", "notice"),
        ("430102-2026-0016", "acceptance:1", "notice"),
    ],
)
def test_the_clocks_beside_them(cases, number, clock_id, level):
    assert highest(cases[number], clock_id) == level


def test_the_deemed_acceptance_began_before_anybody_knew(cases):
    """视为受理, 行政许可法第三十二条."""
    (promised,) = (c for c in cases["430102-2026-0011"].clocks if c.clock_id == "promised")
    assert promised.deemed
    assert promised.counting.start == at("2026-03-16 09:30:00")
    assert promised.known_from == at("2026-03-24")
