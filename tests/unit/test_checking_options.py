"""Options that cannot hold together: each is an error with its line, and no other option is."""

from __future__ import annotations

import shutil

import pytest
import yaml
from click.testing import CliRunner

from schemas import catalogue_loading
from schemas.calendars import load_calendars
from schemas.catalogue_loading import load_catalogue
from schemas.options import LIMITS
from schemas.options_of_rules import POLICIES, RUNGS
from streams.checking_options import idle_options
from streams.cli import main
from tests.support.system import ROOT

SAMPLES = sorted((ROOT / "deploy/samples").glob("*/catalogue*"))
BUILT_IN = ROOT / "schemas/presets"


CALENDARS = load_calendars()


@pytest.fixture
def idle(tmp_path, monkeypatch):
    """Give the problems of one file of a catalogue; the built-in calendars are read once."""
    monkeypatch.setattr(catalogue_loading, "load_calendars", lambda _: CALENDARS)

    def found(text):
        (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
        return list(idle_options(tmp_path, load_catalogue(tmp_path)))

    return found


def limit(clock, written, policy="{}"):
    version = f"{{policy: {policy}, clocks: {{{clock}: {{{written}}}}}}}"
    return f"items:\n  - code: i\n    name: i\n    versions:\n      - {version}\n"


def ladder(*rungs):
    lines = "".join(f"      - {{{rung}}}\n" for rung in rungs)
    return f"ladders:\n  - name: own\n    title: t\n    rungs:\n{lines}"


PLACE = "regions: [{code: r, name: r}]\n"
SPOT = "{unit: on_the_spot}"
DAYS = "amount: 5, unit: working_day"
YELLOW = "clock: promised, level: yellow, when: passed"
SILENT = "clock: promised, level: red, when: silent, working_days: 3"
IDLE = {
    "mode: elapsed": [
        limit("promised", "amount: 5, unit: natural_day, mode: elapsed"),
        limit("promised", "amount: 5, unit: month, mode: elapsed"),
        limit("promised", "unit: on_the_spot, mode: elapsed"),
        limit("promised", "stated: promised_due_at, mode: elapsed"),
    ],
    "mode: next_day": [
        limit("promised", "amount: 5, unit: working_hour, mode: next_day"),
        limit("promised", "amount: 5, unit: hour, mode: next_day"),
        limit("promised", "unit: on_the_spot, mode: next_day"),
    ],
    "cut_off": [
        limit("promised", "amount: 5, unit: working_hour, cut_off: close_of_business"),
        limit("promised", "amount: 5, unit: hour, cut_off: midnight"),
        limit("promised", "stated: promised_due_at, cut_off: close_of_business"),
        limit("promised", "unit: on_the_spot, cut_off: midnight"),
        limit("promised", f"{DAYS}, mode: elapsed, cut_off: close_of_business"),
        limit("promised", f"{DAYS}, cut_off: close_of_business", "{mode: elapsed}"),
    ],
    "cut_off with keep_clock_time": [
        limit("promised", f"{DAYS}, keep_clock_time: true, cut_off: close_of_business"),
        limit("delivery", "amount: 5, unit: month, keep_clock_time: true, cut_off: midnight"),
    ],
    "roll: none": [
        limit("promised", f"{DAYS}, roll: none"),
        limit("promised", "unit: on_the_spot, roll: none"),
        limit("promised", "stated: promised_due_at, roll: none"),
        limit("promised", "amount: 5, unit: working_hour, roll: none"),
        limit("special_procedure", "stated: days_asked, roll: none"),
    ],
    "keep_clock_time": [
        limit("promised", "unit: on_the_spot, keep_clock_time: true"),
        limit("promised", f"{DAYS}, mode: elapsed, keep_clock_time: true"),
        limit("promised", f"{DAYS}, keep_clock_time: true", "{mode: elapsed}"),
        limit("promised", "amount: 5, unit: hour, keep_clock_time: true"),
        limit("promised", "stated: promised_due_at, keep_clock_time: true"),
    ],
    "stated: promised_due_at": [
        limit(clock, "stated: promised_due_at")
        for clock in ("delivery", "statutory", "acceptance", "step", "special_procedure")
    ],
    "stated: step_limit": [
        limit(clock, "stated: step_limit") for clock in ("promised", "delivery", "e_licence")
    ],
    "stated: days_asked": [
        limit(clock, "stated: days_asked") for clock in ("promised", "step", "pre_acceptance")
    ],
    "special_procedure with an amount": [limit("special_procedure", DAYS)],
    "extension_cap": [
        limit("delivery", f"{DAYS}, extension_cap: 3"),
        limit("promised", "unit: on_the_spot, extension_cap: 3"),
    ],
    "level: none": [ladder("clock: promised, level: none, when: passed")],
    "when: silent, of a clock without a yellow rung": [
        ladder(SILENT),
        ladder(YELLOW, SILENT.replace("promised", "delivery")),
    ],
    "when: silent, to notice or yellow": [ladder(YELLOW, SILENT.replace("red", "yellow"))],
    "two rungs that are silent, or passed to one level": [
        ladder(YELLOW, SILENT, SILENT.replace("3", "9")),
        ladder(YELLOW, f"{YELLOW}, working_days: 3"),
    ],
    "instead": [
        ladder(YELLOW, f"{SILENT}, instead: statutory"),
        ladder(f"{YELLOW}, instead: promised"),
        ladder("clock: acceptance, level: yellow, when: passed, instead: promised"),
    ],
    "a lead behind one that fits as much": [
        ladder(f"clock: step, level: notice, when: near, leads: [{leads}]")
        for leads in (
            "{up_to: 3, working_days: 1}, {up_to: 1, share: 1/2}, {working_days: 2}",
            "{working_days: 1}, {working_days: 2}",
            "{up_to: 3, working_days: 1}, {up_to: 3, working_days: 2}, {working_days: 2}",
        )
    ],
    "limits, of an item or a preset": [
        limit("promised", DAYS, "{limits: {statutory: {amount: 3, unit: working_day}}}"),
        f"presets: [{{name: p, title: t, basis: b, policy: {{limits: {{delivery: {SPOT}}}}}}}]",
    ],
    "limits, of a clock that no preset has": [
        f"policy: {{limits: {{promised: {{{DAYS}}}}}}}",
        f'regions: [{{code: "430000", name: r, policy: {{limits: {{e_licence: {{{DAYS}}}}}}}}}]',
    ],
    "suspension_stops, of a clock that nothing stops": [
        f"policy: {{suspension_stops: [promised, {clock}]}}"
        for clock in ("acceptance", "delivery", "e_licence", "special_procedure")
    ],
    "untold_suspensions: run, without told in suspension_requires": [
        "policy: {untold_suspensions: run, suspension_requires: [basis]}"
    ],
    "extension_approver, without approver in extension_requires": [
        "policy: {extension_approver: government_head, extension_requires: [reason]}"
    ],
}
SOUND = [
    limit("promised", f"{DAYS}, mode: elapsed"),
    limit("promised", f"{DAYS}, mode: next_day, cut_off: close_of_business"),
    limit("promised", f"{DAYS}, keep_clock_time: true"),
    limit("promised", "amount: 56, unit: natural_day, roll: none, keep_clock_time: true"),
    limit("promised", "amount: 1, unit: month, cut_off: midnight, roll: none"),
    limit("promised", "amount: 5, unit: hour, roll: none, mode: elapsed"),
    limit("promised", "amount: 5, unit: natural_day, roll: working_day, keep_clock_time: false"),
    limit("promised", "unit: on_the_spot, cut_off: close_of_business"),
    limit("promised", "stated: promised_due_at, extension_cap: 3"),
    limit("step", "stated: step_limit, cut_off: close_of_business, roll: none, mode: elapsed"),
    limit("special_procedure", "stated: days_asked, mode: elapsed"),
    limit("statutory", f"{DAYS}, extension_cap: 3"),
    # What a policy states is a default: it need not fit every limit.
    limit("promised", "amount: 5, unit: hour", "{mode: next_day, cut_off: close_of_business}"),
    limit("promised", "amount: 5, unit: natural_day", "{mode: elapsed}"),
    ladder(YELLOW, SILENT),
    ladder(
        "clock: promised, instead: statutory, level: yellow, when: passed",
        SILENT.replace("promised", "statutory"),
    ),
    ladder(YELLOW, YELLOW.replace("yellow", "red")),
    "policy: {limits: {delivery: {amount: 5, unit: working_day}}}",
    "policy: {suspension_stops: [promised, opinion]}",
    "policy: {untold_suspensions: run}",
]
OPTIONS = {option.written: option for option in (*LIMITS, *RUNGS, *POLICIES)}


def test_each_option_of_the_table_is_tried():
    assert IDLE.keys() == OPTIONS.keys()


@pytest.mark.parametrize(
    ("written", "text"), [(name, text) for name, texts in IDLE.items() for text in texts]
)
def test_an_option_without_meaning_is_an_error_with_its_line_and_remedy(idle, written, text):
    option, found = OPTIONS[written], idle(text)
    mine = [problem for problem in found if option.why.en in problem.message]
    assert mine, found
    assert option.why.zh in mine[0].message
    assert mine[0].remedy == option.remedy
    assert mine[0].key.split(".")[-1] == option.key[-1]


@pytest.mark.parametrize("text", SOUND)
def test_one_with_meaning_is_none(idle, text):
    assert idle(text) == []


def test_the_line_is_that_of_the_option(idle):
    text = (
        "policy:\n  mode: elapsed\nitems:\n  - code: i\n    name: i\n    versions:\n"
        "      - clocks:\n          promised:\n            amount: 5\n"
        "            unit: working_day\n            keep_clock_time: true\n"
    )
    (problem,) = idle(text)
    assert (problem.line, problem.key) == (
        11,
        "items[0].versions[0].clocks.promised.keep_clock_time",
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("items: [{code: i, name: i, versions: [{flow: [{code: s, name: s, limit: %}]}]}]",
         "items[0].versions[0].flow[0].limit.roll"),
        ("presets: [{name: p, title: t, basis: b, clocks: {statutory: %}}]",
         "presets[0].clocks.statutory.roll"),
        ("policy: {limits: {statutory: %}}", "policy.limits.statutory.roll"),
        ("regions: [{code: r, name: r, policy: {limits: {statutory: %}}}]",
         "regions[0].policy.limits.statutory.roll"),
        (PLACE + "departments: [{code: d, name: d, region: r, policy: {limits: {statutory: %}}}]",
         "departments[0].policy.limits.statutory.roll"),
    ],
)  # fmt: skip
def test_a_limit_is_looked_at_wherever_it_stands(idle, text, key):
    assert [p.key for p in idle(text.replace("%", f"{{{DAYS}, roll: none}}"))] == [key]


def test_a_step_that_a_flow_has_twice(idle):
    steps = "[{code: s, name: a}, {code: t, name: b}, {code: s, name: c}]"
    (problem,) = idle(f"items: [{{code: i, name: i, versions: [{{flow: {steps}}}]}}]")
    assert problem.key == "items[0].versions[0].flow[2].code"
    assert "only the last one counts" in problem.message


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_our_own_samples_have_none(folder):
    assert list(idle_options(folder, load_catalogue(folder))) == []


def test_nor_have_the_built_in_ladders_and_presets(tmp_path):
    for path in BUILT_IN.glob("*.yaml"):
        shutil.copy(path, tmp_path / path.name)
    made = load_catalogue(ROOT / "deploy/samples/hunan/catalogue")
    assert list(idle_options(tmp_path, made)) == []


def test_the_nine_that_were_found():
    """found: nine limits, and "nothing is wrong"."""
    folder = ROOT / "tests/unit/data/options-ignored"
    items = yaml.safe_load((folder / "a.yaml").read_text(encoding="utf-8"))["items"]
    asked = ["check", "--catalogue", str(folder)]
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    told = [line for line in done.stderr.splitlines() if "a.yaml:" in line]
    assert done.exit_code == 1
    assert [int(line.partition("a.yaml:")[2].partition(":")[0]) for line in told] == [*range(4, 13)]
    assert len(items) == len(told) == 9
    assert "9 findings" in done.stderr


# Years written by hand


def test_a_year_written_by_hand_against_the_law_is_a_warning(tmp_path):
    (tmp_path / "calendars/cn").mkdir(parents=True)
    (tmp_path / "calendars/cn/2027.yaml").write_text(
        "year: 2027\noff:\n  - {name: 元旦, date: 2027-01-01}\nwork:\n  - 2027-06-09\n"
    )
    done = CliRunner().invoke(main, ["check", "--catalogue", str(tmp_path)])
    assert done.exit_code == 0
    told = [line for line in done.stderr.splitlines() if "2027.yaml" in line]
    assert any("2027.yaml:5: work[0]" in line and "端午节" in line for line in told)
    assert any("2027.yaml:1: year = 2027" in line and "1 in balance" in line for line in told)


def test_a_region_is_not_held_against_the_balance(tmp_path):
    shutil.copytree(ROOT / "tests/unit/data/liangshan", tmp_path / "calendars")
    done = CliRunner().invoke(main, ["check", "--catalogue", str(tmp_path)])
    assert "in balance" not in done.stderr
