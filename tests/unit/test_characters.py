"""Characters that nobody sees: refused by name in codes, and in names where they turn the line."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.catalogue import CatalogueFile
from schemas.catalogue_loading import catalogue_from, load_catalogue
from schemas.characters import CODE, EARLIER, TEXT
from schemas.decoding import Refusal, decode_event
from schemas.describe import pages
from schemas.events import STEP_EVENT, Code, Name
from schemas.kept import Kept
from schemas.patterns import CODE_TO_ITS_END
from schemas.reading import SchemaError
from streams.runtime.rulings import read_ruling
from tests.support.bad_messages import GOOD
from tests.support.cases import built_in

EVERY = [chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000]
# Default_Ignorable_Code_Point beyond category Cf (Unicode's DerivedCoreProperties), and a blank
# that is called a symbol: reports of invisible identifiers and names are about these.
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\ufe00\ufe0f\u3164\uffa0\u2800\U000e0100\U000e01ef"


def raw(**changed):
    return json.dumps({**GOOD, **changed}).encode()


def test_no_code_holds_a_control_a_format_character_or_any_blank_but_one():
    for each in EVERY:
        category = unicodedata.category(each)
        if category in {"Cc", "Cf", "Co"} or category[0] == "Z" or each in UNSEEN:
            assert not re.match(CODE, each), hex(ord(each))


def test_what_codes_are_made_of_stays():
    for each in EVERY:
        if unicodedata.category(each) in {"Lu", "Ll", "Lt", "Nd", "Pd", "Po", "Ps", "Pe", "Sm"}:
            assert re.match(CODE, each), hex(ord(each))
    for code in ("430100-2026-0001", "审查", "湘（2026）第1号", "Sign Repair", "𠮷", "é", "a/b#c"):
        assert re.match(CODE, code)


def test_a_name_keeps_what_names_need():
    for name in (
        "王\ue863",
        "葛\U000e0100",
        "👩\u200d⚖️",
        "Tab\there",
        "a\u00a0b",
        "\u200b",
        "a\u200eb",
    ):
        assert re.match(TEXT, name), ascii(name)


@pytest.mark.parametrize(
    "odd", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\x85"
)
def test_nothing_in_a_name_turns_the_line_or_breaks_it(odd):
    with pytest.raises(Refusal) as told:
        decode_event(raw(officer_name=f"李{odd}"))
    assert told.value.reason == "string_pattern_mismatch"
    assert told.value.field == "officer_name"
    assert f"U+{ord(odd):04X}" in told.value.message


def test_python_and_the_contract_agree_on_every_character():
    code, name = TypeAdapter(Code), TypeAdapter(Name)
    for each in EVERY[:0x3200]:
        for adapter, pattern in ((code, CODE), (name, TEXT)):
            try:
                adapter.validate_python(each)
            except ValidationError:
                assert not re.match(pattern, each)
            else:
                assert re.match(pattern, each)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("case_no", "\u202egnp.exe", "U+202E RIGHT-TO-LEFT OVERRIDE as character 1"),
        ("case_no", "430100\u200b-1", "U+200B ZERO WIDTH SPACE as character 7"),
        ("source", "hall\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE as character 5"),
        ("event_id", "e\u3164", "U+3164 HANGUL FILLER as character 2"),
        ("item", "i\u00a0i", "U+00A0 NO-BREAK SPACE as character 2"),
        ("region", "4301\u200f00", "U+200F RIGHT-TO-LEFT MARK as character 5"),
        ("department", "\ue000", "U+E000 (a character of private use) as character 1"),
        ("step", "审\x7f", "U+007F (a control character) as character 2"),
        ("officer", "o\n1", "U+000A (a control character) as character 2"),
        ("window", "w ", "a blank at an end"),
        ("batch", "b  1", "a blank at an end, or two in a row"),
    ],
)
def test_a_refusal_names_the_character(field, value, said):
    with pytest.raises(Refusal) as told:
        decode_event(raw(**{field: value}))
    assert told.value.reason == "string_pattern_mismatch"
    assert told.value.field == field
    assert said in told.value.message
    assert told.value.remedy
    assert (told.value.message + told.value.value).isprintable()


def test_a_rulings_codes_are_as_strict():
    ruling = {
        "ruling_id": "r\u202e1",
        "case_no": "c",
        "card_id": "6f",
        "action": "closed",
        "actor": "o",
        "decided_at": "2026-03-25T09:10:00+08:00",
        "reason": "",
    }
    with pytest.raises(Refusal) as told:
        read_ruling(json.dumps(ruling).encode())
    assert told.value.field == "ruling_id"
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in told.value.message


def test_a_catalogues_codes_are_as_strict_with_their_line(tmp_path):
    (tmp_path / "a.yaml").write_text('regions:\n  - {code: "43\u200b", name: x}\n', "utf-8")
    with pytest.raises(SchemaError) as told:
        load_catalogue(tmp_path)
    (problem,) = told.value.problems
    assert problem.line == 2
    assert "U+200B ZERO WIDTH SPACE as character 3" in problem.message


def test_what_stands_on_record_stays_readable():
    old = raw(case_no="\u202egnp", officer_name="李\u202a")
    assert Kept(STEP_EVENT).validate_json(old).case_no == "\u202egnp"
    with pytest.raises(ValidationError):
        Kept(STEP_EVENT).validate_json(raw(case_no="a\x00"))  # as it never was accepted
    content = {**built_in().content, "regions": [{"code": "a\u200b", "name": "x"}]}
    assert "a\u200b" in catalogue_from(content, built_in().calendars).regions
    with pytest.raises(ValidationError):
        TypeAdapter(CatalogueFile).validate_python(content)


def test_the_schema_for_machines_says_the_same_and_shows_nothing_unseen():
    text = pages()["event.schema.json"]
    assert all(c.isprintable() or c == "\n" for c in text)
    schema = json.loads(text)["$defs"]["Accepted"]["properties"]
    assert schema["case_no"]["pattern"] == CODE_TO_ITS_END
    assert schema["officer_name"]["anyOf"][0]["pattern"] == TEXT
    assert set(EARLIER) == {CODE, TEXT}
