"""Findings (监察发现): what a case's records show beside its clocks, each with level and basis.

A finding with a level is carded like a clock; one without (`none`) is a remark on the data, kept
on record and told, and counted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from schemas.codes import Level


class FindingCode(StrEnum):
    """What can be found; the name of the rule."""

    RECORD_CONFLICT = "record_conflict"
    REPEATED_ACT = "repeated_act"
    TIMES_REVERSED = "times_reversed"
    LATE_RECORD = "late_record"  # 补录
    DATED_AHEAD = "dated_ahead"
    CORRECTED_AFTER_BREACH = "corrected_after_breach"  # 超时后更正
    RULING_BACKDATED = "ruling_backdated"
    FACT_UNRECORDED = "fact_unrecorded"
    SECOND_NOTICE = "second_notice"  # 一次告知
    THIRD_NOTICE = "third_notice"
    LATE_ACCEPTANCE = "late_acceptance"
    LATE_REFUSAL = "late_refusal"
    REFUSAL_NOT_AT_ONCE = "refusal_not_at_once"
    ACCEPTANCE_MISSING = "acceptance_missing"
    DECISION_BEFORE_ACCEPTANCE = "decision_before_acceptance"
    VOIDED_AFTER_BREACH = "voided_after_breach"
    SUSPENSION_NOT_ALLOWED = "suspension_not_allowed"
    SUSPENSION_WITHOUT_BASIS = "suspension_without_basis"
    SUSPENSION_UNTOLD = "suspension_untold"
    SUSPENSION_DAYS_UNKNOWN = "suspension_days_unknown"
    SUSPENSION_AFTER_BREACH = "suspension_after_breach"
    SUSPENSION_AT_BRINK = "suspension_at_brink"  # 压线挂起
    SUSPENSIONS_MANY = "suspensions_many"
    SUSPENSION_NOT_ENDED = "suspension_not_ended"
    RESUMED_WITHOUT_START = "resumed_without_start"
    EXTENSION_REFUSED = "extension_refused"
    DUE_NOT_STATED = "due_not_stated"
    DUE_BEFORE_START = "due_before_start"
    PROMISE_CUT = "promise_cut"
    STEP_NOT_STARTED = "step_not_started"
    STEP_NOT_FINISHED = "step_not_finished"
    STEP_HANDED_OVER = "step_handed_over"  # 移交
    STEP_NOT_IN_FLOW = "step_not_in_flow"
    ROUND_WITHOUT_RECEIPT = "round_without_receipt"
    RETURNED_AT_BRINK = "returned_at_brink"  # 压线退件
    ACT_AFTER_GRANT = "act_after_grant"
    SECOND_DECISION = "second_decision"
    REFUSAL_AFTER_ACCEPTANCE = "refusal_after_acceptance"
    SUSPENSION_AFTER_DECISION = "suspension_after_decision"
    EXTENSION_AFTER_DECISION = "extension_after_decision"
    STEP_AFTER_DECISION = "step_after_decision"
    STEP_AFTER_DECISION_NO_FLOW = "step_after_decision_no_flow"
    ITEM_UNKNOWN = "item_unknown"
    ITEM_NOT_IN_FORCE = "item_not_in_force"  # 已取消的审批事项
    ITEM_MISSING = "item_missing"
    ITEM_COVERED = "item_covered"


class FindingRule(NamedTuple):
    """The built-in level of a finding, and the law or the practice it rests on."""

    level: Level
    basis: str


_LICENSING: Final = "《行政许可法》"
_PRACTICE: Final = "电子监察数据规范"
_CANCELLED: Final = "行政审批制度改革要求：已取消的审批事项不得变相审批"

RULES: Final = {
    FindingCode.RECORD_CONFLICT: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.REPEATED_ACT: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.TIMES_REVERSED: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.LATE_RECORD: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.DATED_AHEAD: FindingRule(Level.YELLOW, _PRACTICE),
    FindingCode.CORRECTED_AFTER_BREACH: FindingRule(Level.YELLOW, _PRACTICE),
    FindingCode.RULING_BACKDATED: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.FACT_UNRECORDED: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.SECOND_NOTICE: FindingRule(Level.YELLOW, f"{_LICENSING}第三十二条第一款第四项"),
    FindingCode.THIRD_NOTICE: FindingRule(Level.RED, f"{_LICENSING}第三十二条第一款第四项"),
    FindingCode.LATE_ACCEPTANCE: FindingRule(Level.YELLOW, f"{_LICENSING}第三十二条"),
    FindingCode.LATE_REFUSAL: FindingRule(Level.YELLOW, f"{_LICENSING}第三十二条"),
    FindingCode.REFUSAL_NOT_AT_ONCE: FindingRule(
        Level.NONE, f"{_LICENSING}第三十二条第一款第一项、第二项"
    ),
    FindingCode.ACCEPTANCE_MISSING: FindingRule(Level.NONE, f"{_LICENSING}第三十二条"),
    FindingCode.DECISION_BEFORE_ACCEPTANCE: FindingRule(Level.YELLOW, f"{_LICENSING}第三十二条"),
    FindingCode.VOIDED_AFTER_BREACH: FindingRule(Level.YELLOW, f"{_LICENSING}第四十二条"),
    FindingCode.SUSPENSION_NOT_ALLOWED: FindingRule(Level.NONE, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSION_WITHOUT_BASIS: FindingRule(Level.YELLOW, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSION_UNTOLD: FindingRule(Level.YELLOW, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSION_DAYS_UNKNOWN: FindingRule(Level.NONE, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSION_AFTER_BREACH: FindingRule(Level.NONE, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSION_AT_BRINK: FindingRule(Level.NOTICE, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSIONS_MANY: FindingRule(Level.NOTICE, f"{_LICENSING}第四十五条"),
    FindingCode.SUSPENSION_NOT_ENDED: FindingRule(Level.NONE, f"{_LICENSING}第四十五条"),
    FindingCode.RESUMED_WITHOUT_START: FindingRule(Level.NONE, f"{_LICENSING}第四十五条"),
    FindingCode.EXTENSION_REFUSED: FindingRule(Level.YELLOW, f"{_LICENSING}第四十二条第一款"),
    FindingCode.DUE_NOT_STATED: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.DUE_BEFORE_START: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.PROMISE_CUT: FindingRule(Level.NONE, f"{_LICENSING}第四十二条"),
    FindingCode.STEP_NOT_STARTED: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.STEP_NOT_FINISHED: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.STEP_HANDED_OVER: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.STEP_NOT_IN_FLOW: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.ROUND_WITHOUT_RECEIPT: FindingRule(Level.NONE, f"{_LICENSING}第三十二条"),
    FindingCode.RETURNED_AT_BRINK: FindingRule(Level.YELLOW, f"{_LICENSING}第四十二条"),
    FindingCode.ACT_AFTER_GRANT: FindingRule(Level.YELLOW, _PRACTICE),
    FindingCode.SECOND_DECISION: FindingRule(Level.YELLOW, f"{_LICENSING}第四十二条"),
    FindingCode.REFUSAL_AFTER_ACCEPTANCE: FindingRule(Level.YELLOW, f"{_LICENSING}第三十二条"),
    FindingCode.SUSPENSION_AFTER_DECISION: FindingRule(Level.YELLOW, f"{_LICENSING}第四十五条"),
    FindingCode.EXTENSION_AFTER_DECISION: FindingRule(
        Level.YELLOW, f"{_LICENSING}第四十二条第一款"
    ),
    FindingCode.STEP_AFTER_DECISION: FindingRule(Level.YELLOW, _PRACTICE),
    FindingCode.STEP_AFTER_DECISION_NO_FLOW: FindingRule(Level.NONE, _PRACTICE),
    FindingCode.ITEM_UNKNOWN: FindingRule(Level.RED, _CANCELLED),
    FindingCode.ITEM_NOT_IN_FORCE: FindingRule(Level.RED, _CANCELLED),
    FindingCode.ITEM_MISSING: FindingRule(Level.YELLOW, _PRACTICE),
    FindingCode.ITEM_COVERED: FindingRule(Level.NONE, _PRACTICE),
}
"""Every finding's rule. Levels are defaults: `policy.finding_levels` states others."""


def finding_code(named: str) -> FindingCode | None:
    """Read what was found off a finding's name, or its card's clock; None for a clock's name."""
    kind, _, rest = named.partition(":")
    code = rest.partition(":")[0]
    return FindingCode(code) if kind == "finding" and code in _CODES else None


_CODES: Final = frozenset(FindingCode)
