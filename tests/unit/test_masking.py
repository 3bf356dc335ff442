"""Nothing that names an applicant leaves the engine."""

from __future__ import annotations

import json
import re

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


# --- spellings (found.md §6: 14 of 20 passed)

PHONES = [
    "１３８００１３８０００",
    "138 0013 8000",
    "138-0013-8000",
    "138.0013.8000",
    "138—0013—8000",
    "138\u00a00013\u30008000",
    "138\u200b0013\u200b8000",
    "1\u20603\u20608\u206000138000",
    "1 3 8 0 0 1 3 8 0 0 0",
    "(138)00138000",
    "一三八〇〇一三八〇〇〇",
    "壹叁捌零零壹叁捌零零零",
    "①③⑧⓪⓪①③⑧⓪⓪⓪",
    "𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎",
    "138OO138OOO",
    "+8613800138000",
    "008613800138000",
    "+86 138-0013-8000",
    "8613800138000",
    "013800138000",
    "0731-88138000",
    "(0731)88138000",
]
IDENTITIES = [
    "430102 19900101 1234",
    "430102-1990-0101-1234",
    "４３０１０２１９９００１０１１２３４",
    "4301 0219 9001 0112 34",
    "430102\u200b19900101\u200b1234",
    "43010219900101123x",
    "43010219900101123Ｘ",
    "43010219900101123×",
    "四三〇一〇二一九九〇〇一〇一一二三四",
    "430102 900101 123",
    "E12345678",
    "Ｅ１２３４５６７８",
    "E 1234 5678",
    "EA1234567",
    "H1234567890",
    "6222 0212 3456 7890 128",
]


@pytest.mark.parametrize("written", [*PHONES, *IDENTITIES])
@pytest.mark.parametrize(
    "around", ["{}", "电话{}。", "证件号：{}，材料不实", "138 0013 8000 {} 2026-03-02"]
)
def test_a_number_is_found_however_it_is_spelt(written, around):
    text = around.format(written)
    kept = mask_text(text)
    assert len(kept) == len(text)
    at = text.index(written)
    shown = [c for c in kept[at : at + len(written)] if c.isalnum()]
    prefix = len(re.match(r"\+?(?:00)?86 ?|0(?=1)|", written)[0])
    assert len(shown) <= 5 + prefix, kept
    assert mask_text(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "金额 100000 元，共 1,380,013,800 元",
        "2026-03-02 09:00:00 至 2026-03-09 10:00:00",
        "第1、3、5、7、9、11、13、15条",
        "一三五七九各一件",
        "编号 2026030200011234567890",
        "〔2026〕3 号，430102-2026-0003 号办件",
        "申请人陈述了理由，申请人于三月二日提交材料，申请人向本机关申请",
        "统一社会信用代码 91430100MA4L1234XQ",
        "",
    ],
)
def test_what_names_nobody_stays_as_it_is(text):
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("申请人张三丰（身份证430102 19900307 1234，微信zsf@example.com）材料不实",
         "申请人张**（身份证430*** ******** **34，微信z**@example.com）材料不实"),
        ("姓名：欧阳静怡；法定代表人: 王五", "姓名：欧***；法定代表人: 王*"),
        ("联系人李四，电话13800138000", "联系人李*，电话138******00"),
    ],
)  # fmt: skip
def test_a_name_is_found_by_the_words_beside_it(text, kept):
    assert mask_text(text) == kept


@pytest.mark.parametrize("written", ["张三丰", "张 三 丰", "张\u200b三丰", "张·三丰", "张　三　丰"])
def test_a_name_that_the_record_states_is_found_however_it_is_spelt(written):
    made = decode_event(
        event(kind="received", applicant_name="张三丰", case_name=f"{written}食品店")
    )
    kept = masked(made)["case_name"]
    assert kept[0] == "张"
    assert "三" not in kept
    assert "丰" not in kept
    assert kept.endswith("食品店")


def test_a_latin_name_is_found_in_any_width_and_case():
    assert mask_text("ＺＨＡＮＧ san feng的店", "Zhang San Feng") == "Ｚ" + "*" * 13 + "的店"


def test_what_a_case_is_called_begins_with_a_name():
    made = decode_event(event(case_name="张三丰建房许可"))
    assert masked(made)["case_name"] == "张**建房许可"
    place = decode_event(event(case_name="张家界市武陵源区旅馆许可"))
    assert masked(place)["case_name"] == "张家界市武陵源区旅馆许可"
