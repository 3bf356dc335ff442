"""What is wrong with a catalogue against itself, and with events against it."""

from __future__ import annotations

import textwrap

import pytest

from schemas.catalogue_loading import load_catalogue
from schemas.decoding import decode_event
from streams.checking import SHOWN, EventCheck, findings
from tests.support.bad_messages import event


@pytest.fixture
def catalogue(tmp_path):
    """Make a catalogue with one item, of some YAML under its version."""

    def made(version, more=""):
        text = f"items:\n  - code: i\n    name: 事项\n    versions:\n      - {version}\n{more}"
        (tmp_path / "items.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_catalogue(tmp_path)

    return made


def days(amount, unit="working_day"):
    return f"{{amount: {amount}, unit: {unit}}}"


def test_a_sound_item_has_no_findings(catalogue):
    made = catalogue(f"{{preset: cn-permit, clocks: {{promised: {days(20)}}}}}")
    assert list(findings(made)) == []


def test_a_promise_longer_than_the_statute_is_found_also_by_a_preset(catalogue):
    made = catalogue(f"{{from: 2026-01-01, preset: cn-permit, clocks: {{promised: {days(21)}}}}}")
    (found,) = findings(made)
    assert found.key == "items[i@2026-01-01].clocks"
    assert "21 working_day" in found.message
    assert "20 working_day" in found.message


@pytest.mark.parametrize(("amount", "later"), [(20, 0), (23, 0), (29, 1), (30, 1)])
def test_limits_in_different_units_are_counted_from_each_day_of_a_year(catalogue, amount, later):
    made = catalogue(f"{{preset: cn-permit, clocks: {{promised: {days(amount, 'natural_day')}}}}}")
    assert len(list(findings(made))) == later


def test_a_preset_that_extends_another_is_held_against_the_promise_too(catalogue):
    own = "presets: [{name: own, title: 本省, basis: 示例, extends: cn-permit}]\n"
    made = catalogue(f"{{preset: own, clocks: {{promised: {days(21)}}}}}", own)
    assert len(list(findings(made))) == 1


def flow(*limits, post=""):
    steps = ", ".join(
        f"{{code: s{n}, name: s, limit: {limit}{post}}}" for n, limit in enumerate(limits)
    )
    return f"[{steps}]"


POST = "posts: [{code: p, name: 岗, department: d, officers: [o]}]\n"
PLACE = POST + "departments: [{code: d, name: 局, region: r}]\nregions: [{code: r, name: 区}]\n"


def test_steps_that_take_longer_than_the_promise_are_found(catalogue):
    steps = flow(days(3), days(2), days(9, "hour"), post=", post: p")
    (found,) = findings(catalogue(f"{{clocks: {{promised: {days(4)}}}, flow: {steps}}}", PLACE))
    assert "may take 5 working_day, the promise is 4 working_day" in found.message
    fits = f"{{clocks: {{promised: {days(5)}}}, flow: {steps}}}"
    assert list(findings(catalogue(fits, PLACE))) == []


def test_a_step_with_a_limit_needs_a_post(catalogue):
    (found,) = findings(catalogue(f"{{flow: {flow(days(1))}}}"))
    assert found.key == "items[i].flow[s0]"
    assert "nobody answers for it" in str(found)


def check(catalogue, *raws):
    checked = EventCheck(catalogue)
    for number, raw in enumerate(raws, 1):
        checked.read(number, decode_event(raw))
    return list(checked.findings())


def test_unknown_codes_are_counted_and_the_first_line_named(catalogue):
    made = catalogue(f"{{flow: {flow(days(1), post=', post: p')}}}", PLACE)
    assert check(made, event(region="r", department="d")) == []
    found = check(made, event(region="r"), event(region="x"), event(region="x", item="j"))
    assert [(f.key, f.message) for f in found] == [
        ("items", "j is unknown; 1 events name it, first in line 3"),
        ("regions", "x is unknown; 2 events name it, first in line 2"),
    ]


def test_a_list_that_the_catalogue_leaves_empty_is_not_compared_with(catalogue):
    assert check(catalogue("{}"), event(region="x", department="y")) == []


def test_a_step_is_looked_for_in_the_flow_of_its_cases_item(catalogue):
    made = catalogue(f"{{flow: {flow(days(1))}}}")
    started = {"kind": "step_started", "item": ...}
    (found,) = check(
        made,
        event(),
        event(**started, step="s0"),
        event(**started, step="s9"),
        event(**started, step="s9", case_no="of an unknown item"),
    )
    assert (found.key, found.message) == (
        "items[i].flow",
        "s9 is unknown; 1 events name it, first in line 3",
    )


def test_many_unknown_codes_are_cut_short(catalogue):
    found = check(catalogue("{}"), *(event(item=f"i{n}") for n in range(SHOWN + 5)))
    assert len(found) == SHOWN + 1
    assert found[-1].message == "5 more codes are unknown"


class TestWatched:
    """How many cases have no clock, and why; kind “what is not listed is not watched”."""

    def told(self, made, *events):
        checked = EventCheck(made)
        for line, one in enumerate(events, 1):
            checked.read(line, decode_event(one))
        return list(checked.watched())

    def test_they_are_counted_by_why(self, catalogue):
        made = catalogue(f"{{clocks: {{promised: {days(7)}}}}}")
        bare = {"item": None, "case_no": "missing", "event_id": "1"}
        told = self.told(
            made,
            event(item="i", case_no="listed", event_id="2"),
            event(item="nosuch", case_no="unknown", event_id="3"),
            event(item="nosuch", case_no="unknown-too", event_id="4"),
            event(**bare),
        )
        assert told[0].endswith("3 of 4 cases have no clock, which is not “in time”:")
        assert [line.rpartition("[")[2] for line in told[1:]] == ["item_unknown]", "item_missing]"]
        assert told[1].startswith("  2  目录中没有其事项")

    def test_nothing_is_said_where_all_have_one(self, catalogue):
        made = catalogue(f"{{clocks: {{promised: {days(7)}}}}}")
        stated = event(item="nosuch", promised_due_at="2030-01-01T10:00:00+08:00")
        assert self.told(made, event(item="i", case_no="a"), stated) == []

    def test_an_item_that_the_star_covers_is_no_finding(self, catalogue):
        star = f"{{code: '*', name: 其他, versions: [{{clocks: {{promised: {days(5)}}}}}]}}"
        made = catalogue(f"{{clocks: {{promised: {days(7)}}}}}", f"  - {star}\n")
        checked = EventCheck(made)
        checked.read(1, decode_event(event(item="nosuch")))
        assert list(checked.findings()) == []
        assert list(checked.watched()) == []
