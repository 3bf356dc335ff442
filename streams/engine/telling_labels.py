"""What the text of an explanation calls its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.words import Words

if TYPE_CHECKING:
    from streams.engine.listing import NoClock

LABELS: Final = {
    "case": Words("办件编号", "Case"),
    "as_of": Words("截至", "As of"),
    "known_now": Words("按现在所知", "as known now"),
    "known_at": Words("按 {} 时所知", "as known at {}"),
    "catalogue": Words("目录版本", "Catalogue version"),
    "records": Words("记录", "Records"),
    "no_item": Words(
        "目录中没有此事项，因此没有计时（不等于按时）。",
        "The catalogue does not know this item: there is no clock (which is not “in time”).",
    ),
    "no_limit": Words(
        "目录未对此事项规定时限，因此没有计时（不等于按时）。",
        "The catalogue states no limit for this item: there is no clock (which is not “in time”).",
    ),
    "no_clock": Words(
        "按现有记录，没有任何时限开始计时（不等于按时）。",
        "By these records no clock has started (which is not “in time”).",
    ),
    "not_in_force": Words(
        "事项当日未生效或已取消，因此没有计时（不等于按时）。",
        "The item was not in force on that day: there is no clock (which is not “in time”).",
    ),
    "item_missing": Words(
        "记录未写明事项，因此没有计时（不等于按时）。",
        "No record names the item: there is no clock (which is not “in time”).",
    ),
    "rounds": Words("轮次", "Rounds"),
    "round": Words("第 {} 轮", "round {}"),
    "opened": Words("{} 起：{}（记录 {}）", "from {}: {} (record {})"),
    "ended": Words("{} 止：{}（记录 {}）", "to {}: {} (record {})"),
    "running": Words("在办", "open"),
    "limit": Words("时限", "Limit"),
    "basis": Words("依据", "Basis"),
    "calendar": Words("日历", "Calendar"),
    "started": Words("起算", "Started"),
    "due": Words("到期（最后一秒）", "Due (the last second in time)"),
    "stopped": Words("终止", "Stopped"),
    "state": Words("状态", "State"),
    "to_due": Words("到期时间的推算", "How the due time follows"),
    "used": Words("已用时间", "Time used"),
    "used_days": Words("已用时间（含当日）", "Time used (the last day included)"),
    "sum": Words("合计", "Sum"),
    "levels": Words("级别", "Levels"),
    "coming": Words("尚未到", "to come"),
    "moved_by": Words("停止或延长计时", "What moved it"),
    "refused": Words("不予认可", "What does not count"),
    "findings": Words("监察发现", "Findings"),
    "record": Words("记录", "record"),
    "remark": Words("仅记录", "on record"),
    "cards": Words("牌", "Cards"),
    "none": Words("无", "none"),
    "no_cards": Words(
        "牌：记录取自文件，不知已发出或撤回的牌；以上级别依记录推算。",
        "Cards: not known here, for the records are from a file; the levels follow from them.",
    ),
    "card": Words("第 {} 张", "no. {}"),
    "retracted": Words("已撤回", "retracted"),
    "holds": Words("成立于 {}", "holds from {}"),
    "card_due": Words("到期 {}", "due {}"),
    "voided": Words("（来源已作废）", " (taken back)"),
    "keyed_in": Words("写入于 {}", "written down {}"),
    "arrived": Words("到达于 {}", "arrived {}"),
    "ruling": Words("处理意见 {}", "ruling {}"),
    "version": Words("第 {} 版", "version {}"),
    "became": Words("{}：{} → {}", "{}: {} → {}"),
    "runs": Words("未终止", "running"),
    "gone": Words("更正后无此时限", "gone"),
    "told": Words("告知于 {}", "told {}"),
    "as_above": Words("同上，计入", "as above, counted"),
    "known": Words("（{} 方知）", " (known from {})"),
    "counted": Words("计入", "counted"),
    "not_counted": Words("不计", "not counted"),
    "late": Words("超期", "overdue"),
    "in_time": Words("未超期", "in time"),
}

WHY_NO_CLOCK: Final[dict[NoClock, str]] = {
    "item_unknown": "no_item",
    "item_not_in_force": "not_in_force",
    "item_missing": "item_missing",
    "no_limit": "no_limit",
    "not_started": "no_clock",
}
"""The label that says why a case has no clock (`streams.engine.listing.why_no_clock`)."""
