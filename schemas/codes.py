"""The small vocabularies that events, catalogue and verdicts share."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """The ladder of a card (预警, 黄牌, 红牌), and `none` below it."""

    NONE = "none"
    NOTICE = "notice"
    YELLOW = "yellow"
    RED = "red"

    @property
    def rank(self) -> int:
        """The height on the ladder: 0 for none, 3 for red."""
        return _RANKS[self]


_RANKS = {Level.NONE: 0, Level.NOTICE: 1, Level.YELLOW: 2, Level.RED: 3}


class Unit(StrEnum):
    """What a limit counts: days and months by the calendar, time worked, time on the clock."""

    WORKING_DAY = "working_day"  # 工作日
    NATURAL_DAY = "natural_day"  # 自然日
    MONTH = "month"  # 月
    WORKING_HOUR = "working_hour"  # 工作小时
    WORKING_MINUTE = "working_minute"  # 工作分钟
    HOUR = "hour"  # 小时, on the clock
    MINUTE = "minute"  # 分钟, on the clock
    ON_THE_SPOT = "on_the_spot"  # 即办: by close of business of the day, without an amount


class ClockKind(StrEnum):
    """What a card can be about: the clocks of a case, and what its records show."""

    ACCEPTANCE = "acceptance"  # 受理时限, 行政许可法 §32
    PRE_ACCEPTANCE = "pre_acceptance"  # 网上预受理时限
    PROMISED = "promised"  # 承诺时限
    STATUTORY = "statutory"  # 法定时限, §42
    STEP = "step"  # 环节时限
    OPINION = "opinion"  # 会签时限: a co-department's opinion
    FIRST_REVIEW = "first_review"  # 下级初审时限, §43
    SPECIAL_PROCEDURE = "special_procedure"  # 特别程序时限: the days asked
    DELIVERY = "delivery"  # 送达时限, §44
    E_LICENCE = "e_licence"  # 电子证照送达时限
    FINDING = "finding"  # 监察发现: no clock, and no limit


class CaseType(StrEnum):
    """How a case is handled (办件类型: 即办件, 承诺件, 联办件, 上报件, 其他)."""

    ON_THE_SPOT = "on_the_spot"
    PROMISED = "promised"
    JOINT = "joint"
    FORWARDED_UP = "forwarded_up"
    OTHER = "other"


class Channel(StrEnum):
    """How an application came in (办理形式: 窗口, 电脑端, 移动端, 快递/信函, 其他)."""

    WINDOW = "window"
    ONLINE = "online"
    MOBILE = "mobile"
    POST = "post"
    OTHER = "other"


class Outcome(StrEnum):
    """How a case was decided (准予, 不予, 撤回, 作废, 删除, 退件, 转报)."""

    GRANTED = "granted"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"
    DELETED = "deleted"
    RETURNED = "returned"
    FORWARDED = "forwarded"


class SuspensionKind(StrEnum):
    """Special procedures whose time is not counted (特别程序, 行政许可法 §45)."""

    HEARING = "hearing"  # 听证
    TENDER = "tender"  # 招标
    AUCTION = "auction"  # 拍卖
    INSPECTION = "inspection"  # 检验
    TESTING = "testing"  # 检测
    QUARANTINE = "quarantine"  # 检疫
    APPRAISAL = "appraisal"  # 鉴定
    EXPERT_REVIEW = "expert_review"  # 专家评审
    PUBLICITY = "publicity"  # 公示: other matters than permits only
    CORRECTION = "correction"  # 补正 after acceptance: does not stop a clock by default
    OTHER = "other"  # 核实, 挂起: named by the source, allowed by no law
