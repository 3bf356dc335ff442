from __future__ import annotations

import dataclasses

import pytest

from alerts.notify.policy import Digest, Push
from alerts.notify.wording import Wording, clock_ref
from schemas.codes import ClockKind, Level
from streams.board.reference import Reference
from tests.support.moves import DUE, moved

NOW = DUE + 100.0
REFERENCE = Reference(None)


@pytest.fixture
def wording():
    return Wording(REFERENCE, "http://board:8080/", 240.0)


def word(wording, subject, *, over=False, now=NOW):
    return wording.alert(Push("k", subject, over), now)


class TestCard:
    def test_labels_are_what_one_routes_by(self, wording):
        card = moved("A-1", Level.RED)
        assert word(wording, card).labels == {
            "alertname": "JianchaCard",
            "card_id": card.card_id,
            "clock_ref": clock_ref(card),
            "region": "430102",
            "department": "D1",
            "item": "00017",
            "clock": "promised",
            "level": "red",
            "severity": "critical",
        }

    @pytest.mark.parametrize(
        ("level", "severity"),
        [(Level.NOTICE, "info"), (Level.YELLOW, "warning"), (Level.RED, "critical")],
    )
    def test_severity_follows_the_level(self, wording, level, severity):
        assert word(wording, moved(level=level)).labels["severity"] == severity

    def test_no_label_names_the_case_or_a_person(self, wording):
        labels = word(wording, moved("A-1", officer="张三")).labels
        assert not {"A-1", "张三"} & set(labels.values())

    def test_a_missing_code_is_none_since_empty_labels_vanish(self, wording):
        labels = word(wording, moved(region=None, department=None, item=None)).labels
        assert labels["region"] == labels["department"] == labels["item"] == "none"

    def test_annotations_are_what_one_reads(self, wording):
        notes = word(wording, moved("430102/2026 1", Level.NOTICE)).annotations
        assert notes["case"] == "430102/2026 1"
        assert notes["officer"] == "W007"
        assert notes["due"] == "2026-09-21 22:13:20 北京时间"
        assert notes["holds_from"] == "2026-09-21 21:13:20 北京时间"
        assert notes["rule"] == "hunan@1/promised"
        assert notes["page"] == "http://board:8080/case?no=430102%2F2026+1"

    def test_a_warning_says_that_there_is_time_left(self, wording):
        notes = word(wording, moved("A-1", Level.NOTICE)).annotations
        assert notes["summary"] == (
            "预警 办件 A-1 承诺时限将于 2026-09-21 22:13:20 北京时间 到期：建设工程规划许可，D1"
        )
        assert notes["summary_en"] == (
            "notice: case A-1 reaches its promised limit at 2026-09-21 22:13:20 Beijing time:"
            " 建设工程规划许可, D1"
        )

    def test_a_breach_says_that_there_is_none(self, wording):
        card = moved("A-1", Level.RED, clock=ClockKind.STATUTORY, provisional=True)
        notes = word(wording, card).annotations
        assert (
            "红牌 办件 A-1 已超过法定时限（2026-09-21 22:13:20 北京时间（暂定） 到期）"
            in (notes["summary"])
        )
        assert "red card: case A-1 is over its statutory limit" in notes["summary_en"]
        assert "22:13:20 Beijing time (provisional))" in notes["summary_en"]
        assert notes["due"].endswith("（暂定）")

    def test_a_warning_whose_due_time_is_provisional_says_so(self, wording):
        notes = word(wording, moved("A-1", Level.NOTICE, provisional=True)).annotations
        assert "将于 2026-09-21 22:13:20 北京时间（暂定） 到期" in notes["summary"]
        assert "Beijing time (provisional):" in notes["summary_en"]

    def test_a_card_about_a_finding_says_what_was_found_and_that_nothing_falls_due(self, wording):
        """监察发现：违反一次告知."""
        card = moved(
            "A-1", Level.YELLOW, clock=ClockKind.FINDING, limit="",
            clock_id="finding:second_notice:1f", holds_from=DUE, rule="finding/second_notice",
        )  # fmt: skip
        alert = word(wording, card)
        assert alert.labels["clock"] == "finding"
        assert alert.labels["finding"] == "second_notice"
        assert alert.annotations["summary"] == (
            "黄牌 办件 A-1 监察发现：第二次告知补正新内容，违反一次告知"
            "（2026-09-21 22:13:20 北京时间）：建设工程规划许可，D1"
        )
        assert alert.annotations["summary_en"] == (
            "yellow card: case A-1 shows: a second correction notice names new items"
            " (2026-09-21 22:13:20 Beijing time): 建设工程规划许可, D1"
        )
        assert alert.annotations["basis"] == "《行政许可法》第三十二条第一款第四项"
        assert not {"due", "limit"} & set(alert.annotations)
        assert "到期" not in str(alert)

    def test_an_acceptance_limit_that_passed_says_that_the_case_is_deemed_accepted(self, wording):
        """《行政许可法》第三十二条：逾期不告知的，自收到申请材料之日起即为受理。"""
        clock = {"clock": ClockKind.ACCEPTANCE, "clock_id": "acceptance:1"}
        notes = word(wording, moved("A-1", Level.YELLOW, **clock)).annotations
        assert "已超过受理时限" in notes["summary"]
        assert "逾期未答复，视为受理（《行政许可法》第三十二条）" in notes["summary"]
        assert "so deemed accepted (Licensing Law §32)" in notes["summary_en"]
        warned = word(wording, moved("A-1", Level.NOTICE, **clock)).annotations
        assert "视为受理" not in warned["summary"]

    def test_silence_is_named_as_what_made_the_card_red(self, wording):
        rule = "hunan@2/promised/silent"
        notes = word(wording, moved("A-1", Level.RED, rule=rule, reason="silence")).annotations
        assert "（2026-09-21 22:13:20 北京时间 到期），黄牌逾期未说明也未办结" in notes["summary"]
        assert "neither answered nor closed in time" in notes["summary_en"]

    def test_it_starts_when_the_level_began_to_hold_and_ends_unless_told_again(self, wording):
        alert = word(wording, moved(level=Level.RED))
        assert (alert.starts_at, alert.ends_at) == (DUE + 1, NOW + 240)
        assert word(wording, moved(level=Level.RED), over=True).ends_at == NOW

    def test_it_never_ends_before_it_starts(self, wording):
        alert = word(wording, moved(holds_from=DUE + 5000), over=True)
        assert alert.ends_at > alert.starts_at


class TestClockRef:
    def test_the_levels_of_one_clock_share_it(self):
        assert clock_ref(moved("A", Level.NOTICE)) == clock_ref(moved("A", Level.RED))

    def test_the_label_of_what_was_found_is_on_findings_alone(self, wording):
        assert "finding" not in word(wording, moved("A")).labels

    def test_other_clocks_and_cases_do_not(self):
        other = {
            clock_ref(moved("A")),
            clock_ref(moved("B")),
            clock_ref(moved("A", clock_id="statutory")),
        }
        assert len(other) == 3


class TestDigest:
    digest = Digest(
        "430102/29833336",
        "430102",
        29_833_336,
        Level.RED,
        DUE,
        {"a": Level.NOTICE, "b": Level.RED, "c": Level.NOTICE},
    )

    def test_it_says_how_many_of_which_level(self, wording):
        alert = word(wording, self.digest)
        assert alert.labels["alertname"] == "JianchaDigest"
        assert alert.labels["region"] == "430102"
        assert (alert.labels["level"], alert.labels["severity"]) == ("red", "critical")
        assert alert.annotations["count"] == "3"
        assert alert.annotations["levels"] == "red=1 notice=2"
        assert "另有 3 张预警或牌（红牌 1、预警 2）" in alert.annotations["summary"]
        assert (
            "3 more cards within a minute (red card 1, notice 2)"
            in (alert.annotations["summary_en"])
        )

    def test_a_card_less_changes_no_label(self, wording):
        smaller = dataclasses.replace(self.digest, members={"a": Level.NOTICE})
        assert word(wording, smaller).labels == word(wording, self.digest).labels


def test_a_card_of_an_earlier_life_ends_with_the_words_that_it_is_not_resolved(wording):
    ended = wording.alert(Push("k", moved(), over=True, superseded=True), NOW)
    assert ended.labels == word(wording, moved()).labels  # or another alert would ring on
    assert ended.annotations["summary"].startswith("监察状态已重新建立")
    assert "并非已办结" in ended.annotations["summary"]
    assert "it is not resolved" in ended.annotations["summary_en"]
