"""The words that people read, in Chinese and English: one place, so that they agree everywhere."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from schemas.codes import ClockKind, Level, SuspensionKind, Unit

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
}
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
}
MODES: Final = {
    "next_day": Words("次日起算（《民法典》第二百零一条）", "from the next day (Civil Code §201)"),
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
MOVES: Final = {
    "issued": Words("发出", "issued"),
    "retracted": Words("撤回", "retracted"),
    "resolved": Words("时限终止，告警解除", "clock stopped, alert resolved"),
    "reopened": Words("时限恢复计时", "clock runs again"),
}
REASONS: Final = {
    "level_reached": Words("达到该级别", "the level was reached"),
    "clock_stopped": Words("时限已终止", "the clock stopped"),
    "clock_runs": Words("时限恢复计时", "the clock runs again"),
    "ended_in_time": Words(
        "后到的记录表明在此之前已办结", "a later record shows that it had ended before"
    ),
    "due_moved": Words("到期时间已变更", "the due time moved"),
    "clock_gone": Words("记录更正后无此时限", "corrected records no longer start this clock"),
}
