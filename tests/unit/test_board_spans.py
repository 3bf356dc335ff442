"""Moments and spans as people say them, in both languages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from streams.board import spans
from tests.support.cases import BEIJING, at, rules

CN = rules().calendars["cn"]
NOW = at("2026-09-24 10:00:00")


@pytest.mark.parametrize(
    ("due", "limit", "zh", "en"),
    [
        ("2026-09-24 10:00:00", "", "剩 0 秒", "0 s left"),
        ("2026-09-24 10:00:59", "", "剩 59 秒", "59 s left"),
        ("2026-09-24 10:05:00", "", "剩 5 分", "5 min left"),
        ("2026-09-24 13:00:00", "", "剩 3 小时", "3 h left"),
        ("2026-09-24 23:59:59", "", "剩 13 小时 59 分", "13 h 59 min left"),
        # 09-25 to 09-27 are 中秋节: the next working day is Monday the 28th.
        ("2026-09-28 23:59:59", "5 working_day", "剩 1 个工作日", "1 working day left"),
        ("2026-09-29 23:59:59", "stated", "剩 2 个工作日", "2 working days left"),
        ("2026-09-29 23:59:59", "60 natural_day", "剩 5 天", "5 days left"),
        ("2026-09-27 23:59:59", "", "剩 3 天", "3 days left"),
        ("2026-09-24 09:59:59", "", "超期 1 秒", "over by 1 s"),
        ("2026-09-23 23:59:59", "", "超期 10 小时", "over by 10 h"),
        ("2026-09-17 23:59:59", "5 working_day", "超期 6 个工作日", "over by 6 working days"),
        ("2019-10-31 00:00:00", "3 natural_day", "超期 2,520 天", "over by 2,520 days"),
    ],
)
def test_what_is_left_and_over(due, limit, zh, en):
    assert spans.left(NOW, at(due), CN, limit) == (zh, en)


def test_without_a_calendar_days_are_natural_ones():
    assert spans.left(NOW, at("2026-09-29 23:59:59"), None).zh == "剩 5 天"


def test_a_due_moment_beyond_the_calendar_is_told_in_natural_days():
    assert spans.left(NOW, 4_200_000_000, CN).en.endswith(" days left")


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        ("2026-09-24 09:59:59", "09:59:59"),
        ("2026-09-24 23:59:59", "23:59"),
        ("2026-09-23 23:59:59", "09-23 23:59"),
        ("2059-01-01 08:00:00", "2059-01-01 08:00"),
    ],
)
def test_a_moment_is_as_short_as_is_clear(instant, shown):
    assert spans.near(at(instant), NOW, BEIJING) == shown


def test_a_moment_is_written_in_its_zone():
    boston = ZoneInfo("America/New_York")
    assert spans.moment(NOW, boston) == "2026-09-23 22:00:00"
    assert spans.machine(NOW, boston) == "2026-09-23T22:00:00-04:00"
    assert spans.zone_words("Asia/Shanghai") == ("北京时间", "Beijing time")
    assert spans.zone_words("America/New_York").zh == "America/New_York"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (-5, "0 秒前", "0 s ago"),
        (59.9, "59 秒前", "59 s ago"),
        (3_600, "1 小时前", "1 h ago"),
        (86_400, "1 天前", "1 day ago"),
        (3 * 86_400, "3 天前", "3 days ago"),
    ],
)
def test_an_age(seconds, zh, en):
    assert spans.age(seconds) == (zh, en)


def face(text):
    return at(text, ZoneInfo("UTC"))


def test_a_stretch_of_days_names_the_weekdays():
    begin, end = face("2026-09-18"), face("2026-09-21")
    assert spans.stretch(begin, end, by_day=True) == (
        "2026-09-18 周五 – 2026-09-20 周日",
        "2026-09-18 Fri – 2026-09-20 Sun",
    )
    assert spans.stretch(begin, begin + 86_400, by_day=True).zh == "2026-09-18 周五"


def test_a_stretch_of_time_repeats_no_date():
    begin = face("2026-09-18 09:00:00")
    same = spans.stretch(begin, begin + 3_600, by_day=False)
    assert same.zh == same.en == "2026-09-18 09:00:00 – 10:00:00"
    other = spans.stretch(begin, begin + 86_400, by_day=False)
    assert other.zh == "2026-09-18 09:00:00 – 2026-09-19 09:00:00"


@pytest.mark.parametrize(
    ("limit", "zh", "en"),
    [
        ("20 working_day", "20 个工作日", "20 working days"),
        ("1 natural_day", "1 个自然日", "1 natural day"),
        ("4 working_hour", "4 个工作小时", "4 working hours"),
        ("1 hour", "1 小时", "1 hour"),
        ("2 month", "2 个月", "2 months"),
        ("30 minute", "30 分钟", "30 minutes"),
        ("45 working_minute", "45 个工作分钟", "45 working minutes"),
        ("on_the_spot", "即办（当日下班前）", "on the spot (by close of business)"),
        ("stated", "窗口承诺的时间", "as the hall states"),
        ("", "", ""),
    ],
)
def test_a_limit_on_record(limit, zh, en):
    assert spans.limit_words(limit) == (zh, en)
