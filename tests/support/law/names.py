"""What can be found, by name, with the level that domain.md gives it.

`tests.support.law_words` says where the product calls one otherwise.
"""

from __future__ import annotations

REMARK, NOTICE, YELLOW, RED = "none", "notice", "yellow", "red"

LEVELS = {
    # records and their arrival
    "record_conflict": REMARK,
    "repeated_act": REMARK,
    "times_reversed": REMARK,
    "fact_unrecorded": REMARK,
    "late_record": REMARK,
    "dated_ahead": YELLOW,
    "corrected_after_breach": YELLOW,
    "ruling_backdated": REMARK,
    # the item
    "item_unknown": RED,
    "item_not_in_force": RED,
    "item_missing": YELLOW,
    "item_covered": REMARK,
    # acceptance
    "second_notice": YELLOW,
    "third_notice": RED,
    "late_acceptance": YELLOW,
    "late_refusal": YELLOW,
    "refusal_not_at_once": REMARK,
    "refusal_after_acceptance": YELLOW,
    "acceptance_missing": REMARK,
    "decision_before_acceptance": YELLOW,
    # rounds
    "round_without_receipt": REMARK,
    "returned_at_brink": YELLOW,
    "act_after_grant": YELLOW,
    "second_decision": YELLOW,
    "suspension_after_decision": YELLOW,
    "extension_after_decision": YELLOW,
    "step_after_decision": YELLOW,
    "step_after_decision_no_flow": REMARK,
    "voided_after_breach": YELLOW,
    # stated due moments
    "promise_missing": REMARK,
    "promise_before_start": REMARK,
    "promise_cut": REMARK,
    # suspensions and extensions
    "suspension_not_allowed": REMARK,
    "suspension_without_basis": YELLOW,
    "suspension_untold": YELLOW,
    "suspension_days_unknown": REMARK,
    "suspension_after_breach": REMARK,
    "suspension_at_brink": NOTICE,
    "suspensions_many": NOTICE,
    "suspension_not_ended": REMARK,
    "resumed_without_start": REMARK,
    "extension_refused": YELLOW,
    # steps
    "step_not_started": REMARK,
    "step_not_finished": REMARK,
    "step_handed_over": REMARK,
    "step_not_in_flow": REMARK,
}

ARRIVAL = ("late_record", "dated_ahead", "corrected_after_breach")
"""What rests on when a record came."""
