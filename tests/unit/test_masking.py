"""Nothing that names an applicant leaves the engine."""

from __future__ import annotations

import json

import pytest

from schemas.decoding import decode_event
from schemas.masking import mask_name, mask_number, mask_text, masked, masked_json
from tests.support.bad_messages import event

ID, PHONE = "430102199001011234", "13800138000"


@pytest.mark.parametrize(("name", "kept"), [("张三丰", "张**"), ("张三", "张*"), ("张", "张")])
def test_of_a_name_the_first_character_is_kept(name, kept):
    assert mask_name(name) == kept


@pytest.mark.parametrize(
    ("number", "kept"),
    [(PHONE, "138******00"), (ID, "430*************34"), ("1234567", "*******"), ("", "")],
)
def test_of_a_number_three_and_two_are_kept_and_nothing_of_a_short_one(number, kept):
    assert mask_number(number) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"电话{PHONE}。", "电话138******00。"),
        (f"身份证 {ID[:-1]}X 有误", "身份证 430*************3X 有误"),
        ("430102900101123 旧证", "430**********23 旧证"),
        (
            "金额 100000 元，编号 2026030200011234567890",
            "金额 100000 元，编号 2026030200011234567890",
        ),
    ],
)
def test_identity_and_telephone_numbers_are_found_in_free_text(text, kept):
    assert mask_text(text) == kept


def test_an_event_is_masked_in_every_field_that_can_name_somebody():
    made = decode_event(
        event(
            kind="received",
            applicant_name="张三丰",
            applicant_id=ID,
            applicant_phone=PHONE,
            case_name="张三丰食品店",
            documents=["身份证", f"张三丰 {PHONE}"],
        )
    )
    fields = masked(made)
    text = json.dumps(fields, ensure_ascii=False)
    for named in ("张三丰", ID, PHONE):
        assert named not in text
    assert fields["case_name"] == "张**食品店"
    assert fields["documents"] == ["身份证", "张** 138******00"]
    assert fields["case_no"] == made.case_no


def test_an_event_without_such_fields_keeps_its_bytes():
    raw = event()
    assert masked_json(decode_event(raw), raw) is raw
    personal = event(kind="decided", outcome="denied", reason=f"见 {PHONE}")
    assert PHONE.encode() not in masked_json(decode_event(personal), personal)
