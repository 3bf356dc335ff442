"""The words that people read, in Chinese and English: one place, so that they agree everywhere."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from schemas.codes import ClockKind, Level, SuspensionKind, Unit
from schemas.findings import FindingCode

Language = Literal["zh", "en"]


class Words(NamedTuple):
    """One thing, said in both languages."""

    zh: str
    en: str

    def said(self, language: Language) -> str:
        """Say it in one language."""
        return self.zh if language == "zh" else self.en


LEVELS: Final = {
    Level.NONE: Words("正常", "in time"),
    Level.NOTICE: Words("预警", "notice"),
    Level.YELLOW: Words("黄牌", "yellow card"),
    Level.RED: Words("红牌", "red card"),
}
CLOCKS: Final = {
    ClockKind.PROMISED: Words("承诺时限", "promised limit"),
    ClockKind.STATUTORY: Words("法定时限", "statutory limit"),
    ClockKind.STEP: Words("环节时限", "step limit"),
    ClockKind.ACCEPTANCE: Words("受理时限", "acceptance limit"),
    ClockKind.PRE_ACCEPTANCE: Words("网上预受理时限", "online pre-acceptance limit"),
    ClockKind.OPINION: Words("会签时限", "co-department's opinion"),
    ClockKind.FIRST_REVIEW: Words("下级初审时限", "first review limit"),
    ClockKind.SPECIAL_PROCEDURE: Words("特别程序时限", "special procedure"),
    ClockKind.DELIVERY: Words("送达时限", "delivery limit"),
    ClockKind.E_LICENCE: Words("电子证照送达时限", "e-licence delivery limit"),
    ClockKind.FINDING: Words("监察发现", "finding"),
}
PROVISIONAL: Final = Words("暂定", "provisional")
"""Said beside a due time that rests on days which nobody has decreed yet."""
DEEMED: Final = Words(
    "逾期未答复，视为受理（《行政许可法》第三十二条）",
    "not answered in time, so deemed accepted (Licensing Law §32)",
)
STATES: Final = {
    "running": Words("计时中", "running"),
    "paused": Words("特别程序，停止计时", "paused (special procedure)"),
    "stopped": Words("已结束", "stopped"),
}
UNITS: Final = {
    Unit.WORKING_DAY: Words("个工作日", "working days"),
    Unit.NATURAL_DAY: Words("个自然日", "natural days"),
    Unit.WORKING_HOUR: Words("个工作小时", "working hours"),
    Unit.HOUR: Words("小时", "hours"),
    Unit.MONTH: Words("个月", "months"),
    Unit.WORKING_MINUTE: Words("个工作分钟", "working minutes"),
    Unit.MINUTE: Words("分钟", "minutes"),
    Unit.ON_THE_SPOT: Words("即办（当日下班前）", "on the spot (by close of business)"),
}
MODES: Final = {
    "next_day": Words("次日起算", "from the next day"),
    "elapsed": Words("按实际用时", "by the time used"),
}
SUSPENSIONS: Final = {
    SuspensionKind.HEARING: Words("听证", "hearing"),
    SuspensionKind.TENDER: Words("招标", "tender"),
    SuspensionKind.AUCTION: Words("拍卖", "auction"),
    SuspensionKind.INSPECTION: Words("检验", "inspection"),
    SuspensionKind.TESTING: Words("检测", "testing"),
    SuspensionKind.QUARANTINE: Words("检疫", "quarantine"),
    SuspensionKind.APPRAISAL: Words("鉴定", "appraisal"),
    SuspensionKind.EXPERT_REVIEW: Words("专家评审", "expert review"),
    SuspensionKind.PUBLICITY: Words("公示", "publicity"),
    SuspensionKind.CORRECTION: Words("补正", "correction"),
    SuspensionKind.OTHER: Words("其他", "other"),
}
FINDINGS: Final = {
    FindingCode.RECORD_CONFLICT: Words(
        "同一记录同一版本内容不一致", "two records of one version say different things"
    ),
    FindingCode.REPEATED_ACT: Words(
        "同一行为有多条记录，以最早的为准", "an act is on record twice; the earliest counts"
    ),
    FindingCode.TIMES_REVERSED: Words("时间先后颠倒", "the times are reversed"),
    FindingCode.LATE_RECORD: Words("事后补录", "keyed in long after it happened"),
    FindingCode.DATED_AHEAD: Words(
        "记录所载时间晚于其到达时间", "dated after the moment at which it arrived"
    ),
    FindingCode.CORRECTED_AFTER_BREACH: Words(
        "超时后更正记录，时限随之变更",
        "records were corrected after the breach, and the clock with them",
    ),
    FindingCode.RULING_BACKDATED: Words(
        "处理意见所载时间早于其到达一个工作日以上",
        "the ruling is dated more than a working day before it arrived",
    ),
    FindingCode.FACT_UNRECORDED: Words(
        "来源系统无法记录法定要素", "the source cannot hold a fact that the law asks for"
    ),
    FindingCode.SECOND_NOTICE: Words(
        "第二次告知补正新内容，违反一次告知", "a second correction notice names new items"
    ),
    FindingCode.THIRD_NOTICE: Words(
        "第三次及以上告知补正新内容", "a third correction notice names new items"
    ),
    FindingCode.LATE_ACCEPTANCE: Words(
        "逾期未答复，视为受理后才受理", "accepted after it was deemed accepted"
    ),
    FindingCode.LATE_REFUSAL: Words(
        "视为受理后作出不予受理", "refused after it was deemed accepted"
    ),
    FindingCode.REFUSAL_NOT_AT_ONCE: Words(
        "无需许可或不属本机关职权，未即时告知",
        "not needing a permit, or not in its remit, and not said at once",
    ),
    FindingCode.ACCEPTANCE_MISSING: Words(
        "无受理记录即作出决定", "decided without an acceptance on record"
    ),
    FindingCode.DECISION_BEFORE_ACCEPTANCE: Words("决定早于受理", "decided before it was accepted"),
    FindingCode.VOIDED_AFTER_BREACH: Words(
        "超时后作废、撤回或删除", "taken back after it was over its time"
    ),
    FindingCode.SUSPENSION_NOT_ALLOWED: Words(
        "特别程序种类不符合规定，不停止计时", "no law allows this special procedure; time runs on"
    ),
    FindingCode.SUSPENSION_WITHOUT_BASIS: Words(
        "特别程序无依据，不停止计时", "a special procedure without a basis; time runs on"
    ),
    FindingCode.SUSPENSION_UNTOLD: Words(
        "特别程序未书面告知申请人", "the applicant was not told of the special procedure"
    ),
    FindingCode.SUSPENSION_DAYS_UNKNOWN: Words(
        "特别程序未记录所需天数", "the days asked for are not on record"
    ),
    FindingCode.SUSPENSION_AFTER_BREACH: Words(
        "超时后才启动特别程序，不影响计时", "the special procedure began after the breach"
    ),
    FindingCode.SUSPENSION_AT_BRINK: Words(
        "压线挂起：临近到期才启动特别程序", "the special procedure began just before the due time"
    ),
    FindingCode.SUSPENSIONS_MANY: Words("特别程序次数过多", "too many special procedures"),
    FindingCode.SUSPENSION_NOT_ENDED: Words(
        "办件已办结而特别程序未结束", "the case ended, its special procedure did not"
    ),
    FindingCode.RESUMED_WITHOUT_START: Words(
        "特别程序有结束而无开始", "a special procedure ended that none had begun"
    ),
    FindingCode.EXTENSION_REFUSED: Words(
        "延期不符合规定，不顺延", "the extension is not valid; no clock moves"
    ),
    FindingCode.DUE_NOT_STATED: Words(
        "应写明承诺办结时间或环节时限而未写明",
        "the due moment, or step limit, that was to be stated is not on record",
    ),
    FindingCode.DUE_BEFORE_START: Words(
        "写明的承诺办结时间早于起算", "the due moment that is stated lies before the start"
    ),
    FindingCode.PROMISE_CUT: Words(
        "承诺晚于法定时限，以法定时限为准",
        "the promise ends after the statute, which counts instead",
    ),
    FindingCode.STEP_NOT_STARTED: Words(
        "环节有结束而无开始", "a step ended whose start is not on record"
    ),
    FindingCode.STEP_NOT_FINISHED: Words(
        "办件已办结而环节未结束", "the case ended, a step of it did not"
    ),
    FindingCode.STEP_HANDED_OVER: Words(
        "环节未结束即由他人接手，按移交计", "a step was begun again before it ended: handed over"
    ),
    FindingCode.STEP_NOT_IN_FLOW: Words(
        "目录流程中没有此环节，未计环节时限",
        "the flow has no such step: it is counted against no limit of its own",
    ),
    FindingCode.ROUND_WITHOUT_RECEIPT: Words(
        "上一轮终结后未重新收件即受理",
        "accepted again after an ending, without an application on record",
    ),
    FindingCode.RETURNED_AT_BRINK: Words(
        "压线退件：临近到期或超期后退件、撤回或作废，又重新办理",
        "returned, withdrawn or voided just before the due time or past it, and opened again",
    ),
    FindingCode.ACT_AFTER_GRANT: Words(
        "准予之后又收件或受理", "received or accepted after it was granted"
    ),
    FindingCode.SECOND_DECISION: Words(
        "再次作出决定，日期或结果不同", "a second decision, on another date or to another end"
    ),
    FindingCode.REFUSAL_AFTER_ACCEPTANCE: Words(
        "受理之后又不予受理", "refused after it was accepted"
    ),
    FindingCode.SUSPENSION_AFTER_DECISION: Words(
        "作出决定或办结后才启动特别程序",
        "a special procedure began after the decision, or the finishing",
    ),
    FindingCode.EXTENSION_AFTER_DECISION: Words(
        "作出决定或办结后才延期", "extended after the decision, or the finishing"
    ),
    FindingCode.STEP_AFTER_DECISION: Words(
        "作出决定后仍开始不应在其后的环节，或办结后仍开始环节",
        "a step began after the finishing, or after a decision where the flow has it before",
    ),
    FindingCode.STEP_AFTER_DECISION_NO_FLOW: Words(
        "作出决定后开始的环节（目录无流程可对照）",
        "a step began after the decision; the catalogue states no flow to hold it against",
    ),
    FindingCode.ITEM_UNKNOWN: Words("目录中没有此事项", "the catalogue does not know this item"),
    FindingCode.ITEM_NOT_IN_FORCE: Words(
        "事项当日未生效或已取消", "the item is not in force on that day"
    ),
    FindingCode.ITEM_MISSING: Words("记录未写明事项", "no record names the item"),
    FindingCode.ITEM_COVERED: Words(
        "目录未单列此事项，按“其他事项”计时",
        "the catalogue does not list this item; it is counted as any other (“*”)",
    ),
}
NO_CLOCKS: Final = {
    "item_unknown": Words("目录中没有其事项", "the catalogue does not know the item"),
    "item_not_in_force": Words("事项当日未生效或已取消", "the item was not in force on that day"),
    "item_missing": Words("记录未写明事项", "no record names the item"),
    "no_limit": Words("目录未规定时限", "the catalogue states no limit"),
    "not_started": Words("按现有记录尚无时限开始", "no clock has started by the records"),
}
"""Why a case has no clock, which is not the same as “in time”."""
REFUSALS: Final = {
    "kind": Words("该种类不属于法定特别程序", "no law allows this kind"),
    "basis": Words("无启动依据", "no basis on record"),
    "untold": Words("未书面告知申请人", "the applicant was not told in writing"),
    "policy": Words("按规定不停止本项计时", "special procedures do not stop this clock"),
    "breach": Words("此前已超期", "the limit was over already"),
    "once": Words("只能延期一次", "only one extension is allowed"),
    "no_time": Words("未写明延长的时限", "it states no time"),
    "unit": Words("与本项时限的单位不一致", "not in this limit's own unit"),
    "cap": Words("超过可延长的最长时限", "longer than the law allows"),
    "no_reason": Words("未说明理由", "no reason on record"),
    "approver": Words("批准人级别不符", "not approved by the rank that the law asks for"),
    "told_late": Words("未在原到期前告知申请人", "the applicant was not told by the due time"),
    "due_unstated": Words(
        "既未写明延期后的办结时间，也未写明延长的时限",
        "it states neither a new due moment nor a time",
    ),
    "before_start": Words("批准早于起算", "approved before the clock starts"),
    "taken_in": Words(
        "写明办结时间时已经开始或批准，写明的时间已将其计入",
        "begun or approved when the due moment was stated, which takes it in",
    ),
}
"""Why a special procedure or an extension does not move a clock."""
KINDS: Final = {
    "received": Words("收件", "received"),
    "pre_reviewed": Words("预审", "pre-reviewed"),
    "corrections_requested": Words("补正告知", "corrections requested"),
    "corrections_supplied": Words("补正", "corrections supplied"),
    "accepted": Words("受理", "accepted"),
    "refused": Words("不予受理", "refused"),
    "step_started": Words("环节开始", "step started"),
    "step_finished": Words("环节结束", "step finished"),
    "suspended": Words("特别程序开始", "suspended"),
    "resumed": Words("特别程序结束", "resumed"),
    "extended": Words("延期", "extended"),
    "decided": Words("作出决定", "decided"),
    "finished": Words("办结", "finished"),
    "delivered": Words("送达", "delivered"),
}
OUTCOMES: Final = {
    "granted": Words("准予", "granted"),
    "denied": Words("不予", "denied"),
    "withdrawn": Words("撤回", "withdrawn"),
    "voided": Words("作废", "voided"),
    "deleted": Words("删除", "deleted"),
    "returned": Words("退件", "returned"),
    "forwarded": Words("转报", "forwarded"),
    "passed": Words("通过", "passed"),
    "not_passed": Words("不同意", "not passed"),
    "accepted": Words("受理", "accepted"),
    "not_accepted": Words("不受理", "not accepted"),
    "refused": Words("不予受理", "refused"),
    "rejected": Words("预审驳回", "rejected"),
    "corrections": Words("补齐补正", "corrections"),
    "special_procedure": Words("特别程序", "special procedure"),
    "other": Words("其他", "other"),
}
METHODS: Final = {
    "window": Words("窗口领取", "at the window"),
    "courier": Words("邮寄", "by courier"),
    "electronic": Words("电子送达", "electronically"),
    "other": Words("其他", "other"),
}
"""How a decision is delivered."""
GROUNDS: Final = {
    "not_required": Words("不需要许可", "needs no permit"),
    "out_of_remit": Words("不属本机关职权", "not in this body's remit"),
    "not_acceptable": Words("不符合受理条件", "not acceptable"),
}
"""Why an application is refused."""
MOVES: Final = {
    "issued": Words("发出", "issued"),
    "retracted": Words("撤回", "retracted"),
    "resolved": Words("告警解除", "alert resolved"),
    "reopened": Words("恢复告警", "alert rings again"),
}
RULINGS: Final = {
    "answered": Words("已说明", "answered"),
    "closed": Words("已结案", "closed"),
}
REASONS: Final = {
    "level_reached": Words("达到该级别", "the level was reached"),
    "silence": Words(
        "黄牌逾期未说明也未办结", "the yellow card was neither answered nor closed in time"
    ),
    "answered": Words("已在规定时间内说明", "it was answered in time"),
    "closed": Words("已由监察人员关闭", "closed by a ruling"),
    "clock_stopped": Words("时限已终止", "the clock stopped"),
    "clock_runs": Words("时限恢复计时", "the clock runs again"),
    "ended_in_time": Words(
        "后到的记录表明在此之前已办结", "a later record shows that it had ended before"
    ),
    "due_moved": Words("到期时间已变更", "the due time moved"),
    "clock_gone": Words("记录更正后无此时限", "corrected records no longer start this clock"),
    "round": Words(
        "记录更正后此时限属于另一轮办理", "by corrected records this clock is of another round"
    ),
    "superseded": Words(
        "监察状态已重新建立，不再发出此牌，并非已办结",
        "the engine's state was begun anew and does not issue this any more; it is not resolved",
    ),
    "from_state": Words(
        "原变动记录已丢失，按监察状态补写", "its own record was lost; written from the state"
    ),
}
FINDING_REASONS: Final = {
    "level_reached": Words("记录如此表明", "the records show it"),
    "clock_stopped": Words("办件已终结", "the case ended"),
    "clock_runs": Words("办件恢复在办", "the case is open again"),
    "due_moved": Words("记录更正后时间或级别已变更", "corrected records move it"),
    "clock_gone": Words("记录更正后不再成立", "corrected records no longer show it"),
}
"""What `REASONS` are called where the card is about a finding, which has no limit."""


def reason_words(reason: str, clock: str) -> Words:
    """Say why a card moved. Raises KeyError for a reason that there is not."""
    about = FINDING_REASONS if clock == ClockKind.FINDING else REASONS
    return about.get(reason) or REASONS[reason]
