from __future__ import annotations

import json

import pytest

from alerts.notify.digests import Digest, Gathering
from alerts.notify.fitting import fitted, fitted_list
from alerts.notify.policy import Push
from alerts.notify.publisher import as_json
from alerts.notify.wording import LASTS, Wording, clock_ref
from schemas.codes import ClockKind, Level
from streams.board.reference import Reference
from tests.support.moves import DUE, moved

NOW = DUE + 100.0
REFERENCE = Reference(None)


@pytest.fixture
def wording():
    return Wording(REFERENCE, "http://board:8080/")


def word(wording, subject, *, why=None, over=None, now=NOW):
    return wording.alert(Push("k", subject, bool(why) if over is None else over, why, now), now)


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
        rule = "hunan@3/promised/silent"
        notes = word(wording, moved("A-1", Level.RED, rule=rule, reason="silence")).annotations
        assert "（2026-09-21 22:13:20 北京时间 到期），黄牌逾期未说明也未办结" in notes["summary"]
        assert "neither answered nor closed in time" in notes["summary_en"]

    def test_it_starts_when_the_level_began_to_hold_and_ends_when_it_is_told_to(self, wording):
        alert = word(wording, moved(level=Level.RED))
        assert (alert.starts_at, alert.ends_at) == (DUE + 1, NOW + LASTS)
        assert LASTS > 180 * 86_400  # longer than a notifier is away
        end = moved(level=Level.RED, move="resolved", move_no=2)
        assert word(wording, moved(level=Level.RED), why=end).ends_at == NOW

    def test_a_limit_is_said_in_both_languages(self, wording):
        notes = word(wording, moved(limit="3 minute")).annotations
        assert (notes["limit"], notes["limit_en"]) == ("3 分钟", "3 minutes")
        notes = word(wording, moved(limit="1 working_day")).annotations
        assert (notes["limit"], notes["limit_en"]) == ("1 个工作日", "1 working day")

    def test_a_step_is_named(self, wording):
        card = moved(level=Level.YELLOW, clock=ClockKind.STEP, clock_id="step:踏勘:1", step="踏勘")
        notes = word(wording, card).annotations
        assert "已超过“踏勘”环节时限" in notes["summary"]
        assert "over its step limit (踏勘)" in notes["summary_en"]
        assert notes["step"] == "踏勘"

    def test_it_never_ends_before_it_starts(self, wording):
        alert = word(wording, moved(holds_from=DUE + 5000), over=True)
        assert alert.ends_at > alert.starts_at


class TestItsEnd:
    """The end has words of its own: never those of the breach."""

    def end(self, wording, **how):
        card = moved("A-1", Level.RED)
        return word(wording, card, why=moved("A-1", Level.RED, move_no=2, **how))

    def test_a_case_that_finished(self, wording):
        alert = self.end(wording, move="resolved", reason="clock_stopped", stopped_at=DUE + 60)
        assert alert.annotations["summary"] == (
            "告警解除 红牌 办件 A-1 承诺时限：时限已终止（2026-09-21 22:14:20 北京时间）"
        )
        assert alert.annotations["summary_en"] == (
            "over: red card, case A-1, promised limit: the clock stopped"
            " (2026-09-21 22:14:20 Beijing time)"
        )
        assert alert.annotations["ended"] == "clock_stopped"

    def test_a_card_that_was_retracted(self, wording):
        alert = self.end(wording, move="retracted", reason="due_moved")
        assert alert.annotations["summary"] == "已撤回 红牌 办件 A-1 承诺时限：到期时间已变更"
        assert alert.annotations["summary_en"].startswith("retracted: red card, case A-1,")

    def test_a_card_that_a_ruling_closed(self, wording):
        alert = self.end(wording, move="resolved", reason="closed")
        assert alert.annotations["summary"].endswith("：已由监察人员关闭")

    def test_a_reason_of_a_newer_engine_is_said_as_it_is(self, wording):
        alert = self.end(wording, move="resolved", reason="earlier_life")
        assert alert.annotations["summary"].endswith("：earlier_life")

    def test_it_has_the_labels_that_it_rang_with_and_none_of_its_words(self, wording):
        rang = word(wording, moved("A-1", Level.RED))
        alert = self.end(wording, move="resolved", reason="clock_stopped", department="D2")
        assert alert.labels == rang.labels
        assert "已超过" not in alert.annotations["summary"]
        assert "over its" not in alert.annotations["summary_en"]

    def test_one_that_is_on_record_no_longer_says_so(self, wording):
        rang = word(wording, moved("A-1", Level.RED))
        over = wording.forgotten(rang, NOW)
        assert (over.labels, over.ends_at, over.over) == (rang.labels, NOW, True)
        assert "在记录中已不存在" in over.annotations["summary"]


def size(message):
    return len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())


class TestSizes:
    """Services take 4,096 bytes a message, and cut the rest off unsaid."""

    def message(self, alert):
        """Give what Alertmanager posts for one alert: everything of it stands there twice."""
        one = as_json(alert)
        return {
            "receiver": "section-head", "status": "firing", "externalURL": "http://alertmanager:1",
            "version": "4", "groupKey": '{}/{}:{card_id="' + "0" * 20 + '"}', "truncatedAlerts": 0,
            "groupLabels": {"card_id": "0" * 20}, "commonLabels": one["labels"],
            "commonAnnotations": one["annotations"],
            "alerts": [{**one, "status": "firing", "fingerprint": "0" * 16}],
        }  # fmt: skip

    def longest(self, **changed):
        wide = "𠮷" * 64
        return moved(
            "𠮷" * 50, Level.RED, item=wide, item_name="𠮷" * 200, region=wide, department=wide,
            officer="𠮷" * 200, clock=ClockKind.STEP, step=wide, rule="r" * 400,
            clock_id=f"step:{wide}:1", limit="30 working_day", provisional=True, **changed,
        )  # fmt: skip

    @pytest.mark.parametrize("ended", [False, True])
    def test_of_any_card_of_plain_codes_the_message_fits(self, wording, ended):
        card = moved(
            "4" * 50, Level.RED, item="1" * 64, item_name="名" * 200, region="430102",
            department="D" * 64, officer="某" * 200, step="s" * 64, clock=ClockKind.STEP,
            clock_id="step:" + "s" * 64 + ":1", rule="r" * 400, provisional=True,
        )  # fmt: skip
        why = moved("4" * 50, Level.RED, "resolved", 2, stopped_at=DUE) if ended else None
        message = self.message(word(wording, card, why=why))
        assert size(message) <= 4096
        assert message["alerts"][0]["annotations"]["summary"].startswith(
            "告警解除" if ended else "红牌"
        )

    def test_its_lines_are_cut_where_they_are_too_long_and_say_so(self, wording):
        notes = word(wording, self.longest()).annotations
        for line in (notes["summary"], notes["summary_en"]):
            assert len(line.encode()) <= 480
            assert line.endswith("…")

    def test_a_digest_of_many_fits_and_says_how_many_it_does_not_name(self, wording):
        cards = tuple(moved("4" * 44 + f"{n:06}", Level.YELLOW) for n in range(5_000))
        alert = word(wording, Digest(Gathering("430102", Level.YELLOW, DUE), 5_000, cards, {}))
        assert "（另有 " in alert.annotations["cases"]
        assert size(self.message(alert)) <= 4096

    @pytest.mark.parametrize(
        ("text", "most", "fits"),
        [
            ("承诺时限", 12, "承诺时限"),
            ("承诺时限", 11, "承诺…"),
            ("承诺时限", 8, "承…"),
            ("", 3, ""),
        ],
    )
    def test_a_text_is_cut_between_characters(self, text, most, fits):
        assert fitted(text, most) == fits

    def test_a_list_names_what_fits(self):
        assert fitted_list(["A", "B"], 100) == "A、B"
        assert fitted_list(["A" * 30, "B" * 30, "C"], 70) == "A" * 30 + "（另有 2 件 / 2 more）"


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
    cards = tuple(moved(case, Level.YELLOW) for case in ("A-1", "A-2"))
    gathering = Gathering("430102", Level.YELLOW, DUE)
    digest = Digest(gathering, 60, cards, {("resolved", "clock_stopped"): 58})

    def test_it_says_how_many_there_are_and_where_they_all_stand(self, wording):
        alert = word(wording, self.digest)
        assert alert.labels["alertname"] == "JianchaDigest"
        assert alert.labels["region"] == "430102"
        assert (alert.labels["level"], alert.labels["severity"]) == ("yellow", "warning")
        assert (alert.annotations["issued"], alert.annotations["count"]) == ("60", "2")
        assert alert.annotations["cases"] == "A-1、A-2"
        assert alert.page == "http://board:8080/cases?level=yellow"
        assert alert.annotations["summary"] == (
            "黄牌 430102 2026-09-21 22:13:20 北京时间 起一分钟内发出黄牌 60 张，仍在计时 2 张，"
            "名单见监察页面 http://board:8080/cases?level=yellow"
        )
        assert alert.annotations["summary_en"] == (
            "yellow card: 430102: yellow card 60 times within the minute of 2026-09-21 22:13:20"
            " Beijing time, 2 of them still running; the list:"
            " http://board:8080/cases?level=yellow"
        )

    def test_a_card_less_changes_no_label(self, wording):
        smaller = Digest(self.gathering, 60, self.cards[:1], {})
        assert word(wording, smaller).labels == word(wording, self.digest).labels

    def test_its_end_says_how_each_ended(self, wording):
        ended = {("resolved", "clock_stopped"): 58, ("retracted", "due_moved"): 2}
        alert = word(wording, Digest(self.gathering, 60, (), ended), why=moved())
        assert alert.annotations["summary"].startswith("解除 430102 ")
        assert (
            "发出黄牌 60 张，均已解除（时限已终止 58、到期时间已变更 2）"
            in (alert.annotations["summary"])
        )
        assert (
            "all of them over (the clock stopped 58, the due time moved 2)"
            in (alert.annotations["summary_en"])
        )


def test_a_card_of_an_earlier_life_ends_with_the_words_that_it_is_not_resolved(wording):
    over = moved(move="retracted", reason="superseded")
    ended = wording.alert(Push("k", moved(), over=True, why=over), NOW)
    assert ended.labels == word(wording, moved()).labels  # or another alert would ring on
    assert "监察状态已重新建立" in ended.annotations["summary"]
    assert "并非已办结" in ended.annotations["summary"]
    assert "it is not resolved" in ended.annotations["summary_en"]
