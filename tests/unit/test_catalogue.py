"""The catalogue: read whole, refused whole, and the same everywhere."""

from __future__ import annotations

import json
import re

import pytest

from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.codes import ClockKind
from schemas.reading import SchemaError
from tests.support.system import ROOT

HUNAN = ROOT / "deploy/samples/hunan/catalogue"


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
        return load_catalogue(tmp_path)

    return loaded


@pytest.fixture
def problems(load):
    def told(text):
        with pytest.raises(SchemaError) as caught:
            load(text)
        return list(map(str, caught.value.problems))

    return told


def test_the_chinese_sample_holds_what_its_readme_says():
    made = load_catalogue(HUNAN)
    assert made.name == "湖南省示例"
    assert set(made.items) == {"sgxk", "spjy", "yzj"}
    assert {"hunan", "chengdu"} <= set(made.ladders)
    assert made.presets["cn-permit"].clocks[ClockKind.STATUTORY].amount == 20
    assert made.posts["zj-审查"].deputies == ("o-112",)
    assert made.calendars["hunan"].hours != made.calendars["cn"].hours


def test_regions_lie_in_each_other_by_their_codes():
    made = load_catalogue(HUNAN)
    assert [region.code for region in made.ancestors("430102")] == ["430102", "430100", "430000"]
    assert list(made.ancestors("110000")) == []
    assert list(made.ancestors(None)) == []


def test_a_circle_of_parents_ends(load):
    circle = "regions: [{code: a, name: a, parent: b}, {code: b, name: b, parent: a}]"
    assert [region.code for region in load(circle).ancestors("a")] == ["a", "b"]


def test_the_version_is_of_the_content_and_survives_a_journey():
    made = load_catalogue(HUNAN)
    assert re.fullmatch("[0-9a-f]{12}", made.version)
    content = json.loads(json.dumps(made.content))
    again = catalogue_from(content, made.calendars)
    assert again.version == made.version
    assert again.items == made.items


def test_any_change_is_another_version(load):
    item = "items: [{code: i, name: n, versions: [{clocks: {promised: {amount: %d, unit: hour}}}]}]"
    assert load(item % 4).version != load(item % 5).version


def test_every_problem_is_told_with_its_place_and_remedy(problems):
    told = problems("regions:\n  - {code: 1, nmae: x}\nitems:\n  - {code: i, name: n}\n")
    assert any("a.yaml:2" in line and "did you mean `name`?" in line for line in told)
    assert any("items[0].versions" in line and "add the key" in line for line in told)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("regions: [{code: a, name: a, parent: z}]", "regions[0].parent"),
        ("departments: [{code: d, name: d, region: z}]", "departments[0].region"),
        ("posts: [{code: p, name: p, department: z, officers: [o]}]", "posts[0].department"),
        ("policy: {calendar: z}", "policy.calendar"),
        ("policy: {ladder: z}", "policy.ladder"),
        ("presets: [{name: p, title: t, basis: b, extends: z}]", "presets[0].extends"),
        (
            "presets: [{name: p, title: t, basis: b, policy: {ladder: z}}]",
            "presets[0].policy.ladder",
        ),
        ("items: [{code: i, name: n, versions: [{preset: z}]}]", "items[0].versions[0].preset"),
        (
            "items: [{code: i, name: n, versions: [{flow: [{code: s, name: s, post: z}]}]}]",
            "items[0].versions[0].flow[0].post",
        ),
    ],
)
def test_a_code_that_is_stated_nowhere_is_named(problems, text, key):
    (told,) = problems(text)
    assert f"a.yaml:1: {key} = z" in told
    assert "state z in" in told


def test_presets_that_extend_each_other_are_named(problems):
    told = problems(
        "presets: [{name: a, title: t, basis: b, extends: b},"
        " {name: b, title: t, basis: b, extends: a}]"
    )
    assert len(told) == 2
    assert all("extends itself" in line and "break the circle" in line for line in told)


def test_a_finding_has_no_limit(problems):
    (told,) = problems(
        "items: [{code: i, name: n, versions: [{clocks: {finding: {amount: 1, unit: hour}}}]}]"
    )
    assert "a finding has no limit" in told


def test_a_code_stated_twice_is_named(problems):
    (told,) = problems("regions: [{code: a, name: a}, {code: a, name: b}]")
    assert "a is stated twice" in told


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ("[{from: 2026-02-01, to: 2026-01-01}]", "`to` lies before `from`"),
        ("[{to: 2026-01-01}, {from: 2026-01-01}]", "two versions are in force on 2026-01-01"),
        ("[{}, {from: 2026-01-01}]", "two versions are in force"),
        ("[]", "versions"),
    ],
)
def test_one_version_is_in_force_at_a_time(problems, versions, told):
    assert told in problems(f"items: [{{code: i, name: n, versions: {versions}}}]")[0]


def test_no_directory_is_told(tmp_path):
    with pytest.raises(SchemaError, match="no such directory"):
        load_catalogue(tmp_path / "nowhere")


def test_the_examples_of_the_page_are_read(load):
    page = (ROOT / "docs/catalogue.md").read_text(encoding="utf-8")
    places, items, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    with pytest.raises(SchemaError) as caught:  # an excerpt: it names what other files state
        load(places + items)
    assert all("there is no " in str(problem) for problem in caught.value.problems)
