"""The text of an explanation: compact, in either language, with the cards and all that became."""

from __future__ import annotations

import pytest

from schemas.codes import ClockKind, Level
from schemas.findings import FindingCode
from schemas.verdicts import ClockValues, FindingDetail, RecordName
from streams.engine.card_stories import CardStory, Happened
from streams.engine.entries import Entry, entry_of
from streams.engine.explanation import explain_case
from streams.engine.findings import Finding
from streams.engine.telling import tell
from streams.engine.telling_json import as_json
from tests.support.cases import at, days, event, rules

LAW = rules({"promised": days(5)})
ACCEPTED = event("accepted", "2026-09-18 10:00:00", officer="o-1")
DUE, OVER = at("2026-09-24 23:59:59"), at("2026-09-25 00:00:00")
YELLOW = CardStory(
    card_id="1f",
    clock=ClockKind.PROMISED,
    clock_id="promised",
    level=Level.YELLOW,
    sequence=1,
    rule="hunan@3/promised/passed",
    holds_from=OVER,
    due_at=DUE,
    happened=(
        Happened(at("2026-09-25 00:01:00"), "issued", "level_reached"),
        Happened(at("2026-09-28 09:00:00"), "answered", "系统故障", "u-9"),
        Happened(at("2026-09-29 10:00:00"), "retracted", "ended_in_time"),
    ),
)
FINDING = CardStory(
    card_id="2e",
    clock=ClockKind.FINDING,
    clock_id="finding:second_notice:ff",
    level=Level.YELLOW,
    sequence=1,
    rule="finding/second_notice",
    holds_from=OVER,
    due_at=OVER,
    happened=(Happened(at("2026-09-25 00:02:00"), "issued", "level_reached"),),
)


def lines(*events, as_of="2026-09-30", language="zh", cards=None, law=LAW, known_at=None):
    found = explain_case("c", events, law, at(as_of), cards, known_at=known_at)
    return tell(found, language).splitlines()


def after(told, start):
    """The lines that follow the one which begins so, as long as they are further in."""
    place = next(i for i, line in enumerate(told) if line.strip().startswith(start))
    depth = len(told[place]) - len(told[place].lstrip())
    rest = []
    for line in told[place + 1 :]:
        if not line.strip() or len(line) - len(line.lstrip()) <= depth:
            break
        rest.append(line.strip())
    return rest


def test_a_card_is_told_with_when_it_held_when_we_knew_and_what_became_of_it():
    told = lines(ACCEPTED, cards=[YELLOW])
    assert after(told, "牌:") == [
        (
            "承诺时限 黄牌  第 1 张  成立于 2026-09-25 00:00:00  到期 2026-09-24 23:59:59"
            "  已撤回  [hunan@3/promised/passed]  1f"
        ),
        "2026-09-25 00:01:00  发出  达到该级别",
        "2026-09-28 09:00:00  已说明  u-9  系统故障",
        "2026-09-29 10:00:00  撤回  后到的记录表明在此之前已办结",
    ]


def test_a_card_on_a_finding_has_no_due_time_and_its_own_reason():
    told = lines(ACCEPTED, cards=[FINDING], language="en")
    assert after(told, "Cards:") == [
        "finding yellow card  no. 1  holds from 2026-09-25 00:00:00  [finding/second_notice]  2e",
        "2026-09-25 00:02:00  issued  the records show it",
    ]


def test_the_history_may_know_of_no_card_or_of_none_yet():
    assert after(lines(ACCEPTED, cards=[]), "牌:") == ["无"]
    assert after(lines(ACCEPTED, cards=[YELLOW], as_of="2026-09-24"), "牌:") == ["无"]


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "2026-09-18 周五 – 2026-09-24 周四  同上，计入  5 个工作日"),
     ("en", "2026-09-18 Fri – 2026-09-24 Thu  as above, counted  5 working days")],
)  # fmt: skip
def test_what_was_told_already_is_not_told_again(language, said):
    used = after(lines(ACCEPTED, language=language), {"zh": "已用", "en": "Time used"}[language])
    assert used[0] == said
    assert len(used) == 4
    assert used[-1].endswith(": 8 个工作日" if language == "zh" else ": 8 working days")


def test_levels_to_come_are_told_as_such_and_those_known_late_since_when():
    permit = rules({"promised": days(2)}, preset="cn-permit")
    received = event("received", "2018-10-15 10:00:00")
    told = lines(received, as_of="2018-10-24", law=permit)
    assert "（2018-10-23 00:00:00 方知）" in "".join(after(told, "■ 承诺时限"))
    assert after(lines(ACCEPTED, as_of="2026-09-21"), "级别")[1] == (
        "2026-09-25 00:00:00  黄牌  超过到期时间  [hunan@3/promised/passed]  — 尚未到"
    )


def test_records_are_numbered_and_say_what_they_are():
    asked = event("suspended", "2026-09-21 10:00:00", suspension="hearing", days_asked=2)
    back = event("decided", "2026-09-22 10:00:00", outcome="granted")
    gone = back.model_copy(update={"record_version": 2, "voided": True})
    told = after(lines(ACCEPTED, asked, back, gone), "记录")
    assert told == [
        "1  2026-09-18 10:00:00  受理  o-1",
        "2  2026-09-21 10:00:00  特别程序开始  听证  2 个工作日  告知于 2026-09-21 10:00:00",
        "3  2026-09-22 10:00:00  作出决定（来源已作废）  准予",
    ]


def test_a_finding_names_its_record_its_level_and_its_basis():
    untold = event(
        "suspended", "2026-09-21 10:00:00", suspension="hearing", days_asked=2, told_at=None
    )
    assert after(lines(ACCEPTED, untold), "监察发现") == [
        "2026-09-21 10:00:00  黄牌  特别程序未书面告知申请人  (记录 2; 《行政许可法》第四十五条)"
    ]


def test_whose_knowledge_it_is_stands_at_the_top():
    assert lines(ACCEPTED, language="en")[1].endswith("(Asia/Shanghai), as known now")
    then = lines(ACCEPTED, language="en", known_at=at("2026-09-29"))[1]
    assert then.endswith("as known at 2026-09-29 00:00:00")


def test_json_gives_the_same_facts_and_their_offsets():
    asked = event("suspended", "2026-09-21 10:00:00", suspension="hearing", days_asked=2)
    late = event("extended", "2026-10-20 10:00:00", amount=5, unit="working_day")
    found = explain_case("c", [ACCEPTED, asked, late], LAW, at("2026-10-21"), [YELLOW])
    told = as_json(found)
    clock = told["clocks"][0]
    assert clock["refused"][0]["reason"] == "breach"
    assert clock["refused"][0]["record"] == 3
    assert clock["moved_by"][0]["at"] == "2026-09-21T10:00:00+08:00"
    assert clock["to_due"][0]["begin"] == "2026-09-18T00:00:00"
    assert (clock["state"], clock["end"], clock["due"]) == ("running", None, None)
    assert clock["reached"][1]["why"] == {"zh": "超过到期时间", "en": "past the due time"}
    card = told["cards"][0]
    assert (card["standing"], card["moves"][1]["actor"]) == (False, "u-9")
    assert told["records"][1]["what"] == "hearing"


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "写入于 2026-09-25 09:00:00"), ("en", "written down 2026-09-25 09:00:00")],
)
def test_a_late_record_says_by_what_it_is_late(language, said):
    late = event("accepted", "2026-09-18 10:00:00", recorded_at="2026-09-25T09:00:00+08:00")
    told = "\n".join(lines(late, language=language))
    assert f"{said}; " in told.split({"zh": "监察发现", "en": "Findings"}[language])[1]


def corrected(after):
    """What the history remembers: the acceptance was sent again when the promise was over."""
    record = entry_of(ACCEPTED)
    return Finding(
        "finding:corrected_after_breach:1:2:promised",
        FindingCode.CORRECTED_AFTER_BREACH,
        record,
        at("2026-09-28 08:00:00"),
        Level.YELLOW,
        running=True,
        levels=(),
        detail=FindingDetail(
            clock_id="promised",
            before=ClockValues(at("2026-09-17 10:00:00"), at("2026-09-23 23:59:59")),
            after=after,
            records=(RecordName("accepted", record.id, 1, record.at),),
        ),
    )


def test_a_corrected_clock_is_told_with_both_values_and_the_records():
    became = ClockValues(at("2026-09-18 10:00:00"), DUE)
    found = explain_case("c", [ACCEPTED], LAW, at("2026-09-30"), remembered=[corrected(became)])
    told = tell(found, "zh").splitlines()
    place = next(n for n, line in enumerate(told) if "超时后更正" in line)
    assert "(记录 1; " in told[place]
    assert [line.strip() for line in told[place + 1 : place + 3]] == [
        "承诺时限 起算：2026-09-17 10:00:00 → 2026-09-18 10:00:00",
        "承诺时限 到期（最后一秒）：2026-09-23 23:59:59 → 2026-09-24 23:59:59",
    ]
    (json,) = (f for f in as_json(found)["findings"] if f["finding"] == "corrected_after_breach")
    assert json["before"]["due_at"] == "2026-09-23T23:59:59+08:00"
    assert json["records"] == [1]


def test_a_clock_that_is_gone_says_so():
    found = explain_case("c", [ACCEPTED], LAW, at("2026-09-30"), remembered=[corrected(None)])
    assert "未终止 → 更正后无此时限" in tell(found, "zh")
    assert "running → gone" in tell(found, "en")
    assert as_json(found)["findings"][-1]["after"] is None


def test_a_ruling_dated_back_is_told_by_its_name():
    finding = Finding(
        "finding:ruling_backdated:1", FindingCode.RULING_BACKDATED,
        Entry(at("2026-09-21 09:00:00"), 0, 1, 1, "ruling", ""), at("2026-09-28 08:00:00"),
        Level.NONE, running=True, levels=(),
        detail=FindingDetail(by="arrival", at=at("2026-09-28 08:00:00"), ruling="r-1"),
    )  # fmt: skip
    found = explain_case("c", [ACCEPTED], LAW, at("2026-09-30"), remembered=[finding])
    assert "ruling r-1; 2026-09-21 09:00:00; arrived 2026-09-28 08:00:00" in tell(found, "en")


def test_by_the_history_a_record_came_when_it_arrived():
    came = {("hall", ACCEPTED.event_id, 1): at("2026-09-28 09:00:00")}
    found = explain_case("c", [ACCEPTED], LAW, at("2026-09-30"), came=came)
    assert "arrived 2026-09-28 09:00:00" in tell(found, "en")
    assert "late" not in tell(explain_case("c", [ACCEPTED], LAW, at("2026-09-30"), came={}), "zh")
