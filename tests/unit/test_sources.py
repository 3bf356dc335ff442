"""The sources of a catalogue: what is wrong is told at once; without them it is what it was."""

from __future__ import annotations

import pytest

from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.reading import SchemaError
from tests.support.cases import built_in

PLACES = """
regions: [{code: "430000", name: 湖南省}, {code: "430100", name: 长沙市}]
departments: [{code: d1, name: 一局, region: "430100"}]
sources:
"""
OLD = {
    "name": "old",
    "policy": {"ladder": "plain", "calendar": "cn"},
    "regions": [{"code": "430100", "name": "长沙市"}],
    "departments": [{"code": "d", "name": "局", "region": "430100"}],
    "items": [
        {
            "code": "i",
            "name": "事项",
            "versions": [{"clocks": {"promised": {"amount": 7, "unit": "working_day"}}}],
        }
    ],
    "ladders": [
        {
            "name": "plain",
            "title": "t",
            "rungs": [{"clock": "promised", "level": "red", "when": "passed"}],
        }
    ],
}


@pytest.fixture
def load(tmp_path):
    def loaded(*sources):
        text = PLACES + "".join(f"  - {source}\n" for source in sources)
        (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
        return load_catalogue(tmp_path)

    return loaded


def test_they_are_part_of_the_content_and_of_the_version(load):
    one = load('{code: a, name: 甲, regions: ["430100"], departments: [d1], keys: [k-1]}')
    assert one.sources["a"].keys == ("k-1",)
    two = load('{code: a, name: 甲, regions: ["430100"], departments: [d1], keys: [k-2]}')
    assert one.version != two.version
    again = catalogue_from(one.content, one.calendars)
    assert (again.version, again.sources) == (one.version, one.sources)


def test_a_catalogue_without_them_has_the_version_that_0_1_0_gave_it():
    """Cases have it pinned in their states. The digest was taken at commit 3c8e40f."""
    made = catalogue_from(OLD, built_in().calendars)
    assert "sources" not in made.content
    assert made.version == "1e68fddbe8f1"


@pytest.mark.parametrize(
    ("sources", "key", "said"),
    [
        (['{code: a, name: a, regions: ["430100"]}'], "sources[0]", "neither keys nor `unsigned"),
        (["{code: a, name: a, unsigned: true}"], "sources[0].regions", "add the key"),
        (["{code: a, name: a, regions: [], unsigned: true}"], "sources[0].regions", "at least one"),
        (
            ['{code: a, name: a, regions: ["430200"], unsigned: true}'],
            "sources[0].regions[0]",
            "there is no 430200 in regions",
        ),
        (
            ['{code: a, name: a, regions: ["*"], departments: [d2], unsigned: true}'],
            "sources[0].departments[0]",
            "there is no d2 in departments",
        ),
        (
            ['{code: a, name: a, regions: ["*"], keys: [k]}'] * 2,
            "sources[1].code",
            "a is stated twice",
        ),
        (
            [
                '{code: a, name: a, regions: ["*"], keys: [k]}',
                '{code: b, name: b, regions: ["*"], keys: [l, k]}',
            ],
            "sources[1].keys[1]",
            "the key k is that of a already",
        ),
        (
            ['{code: a, name: a, regions: ["*"], keys: [k, k]}'],
            "sources[0].keys[1]",
            "the key k is that of a already",
        ),
        (
            ['{code: "*", name: a, regions: ["*"], keys: [k], unsigned: true}'],
            "sources[0]",
            "who is not listed has no keys",
        ),
        (
            ['{code: a, name: a, regions: ["*"], unsigned: true, cures: true}'],
            "sources[0]",
            "cures nothing",
        ),
        (['{code: a, name: a, regions: ["*"], keys: [钥]}'], "sources[0].keys[0]", "pattern"),
        (
            ['{code: a, name: a, regions: ["*"], unsinged: true}'],
            "sources[0].unsinged",
            "did you mean `unsigned`",
        ),
        (['{code: "a\\u200b", name: a, regions: ["*"], keys: [k]}'], "sources[0].code", "U+200B"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_remedy(load, sources, key, said):
    with pytest.raises(SchemaError) as told:
        load(*sources)
    found = [p for p in told.value.problems if p.key == key]
    assert found, told.value
    assert any(said in f"{p.message}; {p.remedy}" for p in found), found
    assert all(p.line >= 5 for p in found)


def test_an_empty_list_is_an_error_and_not_everybody(tmp_path):
    (tmp_path / "a.yaml").write_text("sources: []\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="sources"):
        load_catalogue(tmp_path)
