"""However a number is written, the same rule hides it; and nothing else moves."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from schemas.masking import mask_text
from schemas.personal import flat

PROVINCES = ("11", "31", "43", "65", "81", "91")
SCRIPTS = (
    "0123456789",
    "０１２３４５６７８９",
    "〇一二三四五六七八九",
    "零壹贰叁肆伍陆柒捌玖",
    "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
)
GAPS = ("", " ", "-", "\u200b", "\u2011", "\u3000", ".", "\u2060 ", "·")

mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
identities = st.builds(
    lambda province, rest, born, tail: f"{province}{rest}{born:%Y%m%d}{tail}",
    st.sampled_from(PROVINCES),
    st.from_regex(r"[0-9]{4}", fullmatch=True),
    st.dates(min_value=date(1900, 1, 1)),
    st.from_regex(r"[0-9]{3}[0-9X]", fullmatch=True),
).filter(lambda number: number[6:8] in {"19", "20"})


@st.composite
def written(draw):
    number = draw(mobiles | identities)
    script = draw(st.sampled_from(SCRIPTS))
    gaps = st.sampled_from(GAPS)
    groups = draw(st.booleans())
    return "".join(
        (script[int(c)] if c.isdigit() else c) + (draw(gaps) if groups and i % 3 == 2 else "")
        for i, c in enumerate(number)
    ).rstrip("".join(GAPS))


@given(
    written(),
    st.sampled_from(["", "电话", "见附件，", "("]),
    st.sampled_from(["", "。", "，谢谢", ")"]),
)
def test_a_number_is_hidden_however_it_is_written(number, before, after):
    kept = mask_text(before + number + after)
    shown = kept[len(before) : len(before) + len(number)]
    assert sum(c.isdigit() or c == "X" for c in flat(shown)) <= 5
    assert kept.startswith(before)
    assert kept.endswith(after)


@given(st.text())
def test_every_character_keeps_its_place_and_only_stars_come(text):
    kept = mask_text(text)
    assert len(kept) == len(text) == len(flat(text))
    assert all(new in {old, "*"} for old, new in zip(text, kept, strict=True))


@given(st.text(alphabet="138０〇 -.@aE张申请人：(）*X", max_size=60))
def test_masking_again_changes_nothing(text):
    once = mask_text(text)
    assert mask_text(once) == once
