"""Valid events and rulings, each field filled once: what mutations begin with."""

from __future__ import annotations

import json

from schemas.events import KINDS
from tests.fuzz.target import SECRETS

NAME, NUMBER, PHONE = SECRETS
_AT = "2026-03-02T09:00:00+08:00"
_ENVELOPE = {
    "event_id": "e1",
    "case_no": "c",
    "source": "hall-a",
    "occurred_at": _AT,
    "item": "i",
}
_MORE = {
    "schema_version": 1,
    "record_version": 2,
    "recorded_at": "2026-03-02T09:05:00.5+08:00",
    "item_name": "施工许可",
    "base_code": "000117001000",
    "item_version": "3",
    "region": "430102",
    "department": "sc-430102",
    "department_name": "市住建局",
    "window": "w1",
    "step": "审查",
    "step_name": "审查",
    "officer": "o-1",
    "officer_name": "陈某",
    "batch": "b1",
    "voided": False,
    "unrecorded": ["told_at", "reason"],
}
_STEP = {
    "step": "审查",
    "sequence": 2,
    "step_position": "middle",
    "limit_amount": 3,
    "limit_unit": "working_day",
    "action": "审查",
}
_TOLD = f"因{NAME}（{NUMBER}，{PHONE}）补正"
_KINDS = {
    "received": {
        "channel": "online",
        "case_type": "promised",
        "case_name": f"{NAME}施工许可",
        "applicant_name": NAME,
        "applicant_id": NUMBER,
        "applicant_phone": PHONE,
        "promised_due_at": "2026-03-20T17:30:00+08:00",
        "documents": ["身份证明", "图纸"],
    },
    "pre_reviewed": {"outcome": "passed", "reason": _TOLD},
    "corrections_requested": {"items": ["图纸", "合同"]},
    "corrections_supplied": {"items": ["图纸"], "all_supplied": True},
    "accepted": {
        "case_type": "promised",
        "promised_due_at": "2026-03-20T17:30:00+08:00",
        "promised_amount": 7,
        "promised_unit": "working_day",
    },
    "refused": {"grounds": "out_of_remit", "reason": _TOLD, "document_no": "d1"},
    "step_started": _STEP,
    "step_finished": {**_STEP, "result": "passed", "opinion": _TOLD, "single_moment": False},
    "suspended": {
        "suspension": "hearing",
        "suspension_id": "s1",
        "suspension_name": "听证",
        "basis": "行政许可法第四十五条",
        "reason": _TOLD,
        "applicant_name": NAME,
        "days_asked": 5,
        "told_at": _AT,
        "approver": "o-9",
    },
    "resumed": {"suspension_id": "s1", "result": _TOLD},
    "extended": {
        "amount": 10,
        "unit": "working_day",
        "reason": _TOLD,
        "approver": "o-9",
        "approver_rank": "agency_head",
        "told_at": _AT,
        "promised_due_at": "2026-04-20T17:30:00+08:00",
    },
    "decided": {"outcome": "granted", "reason": _TOLD, "document_no": "d2"},
    "finished": {
        "outcome": "granted",
        "result": _TOLD,
        "reason": _TOLD,
        "licence_name": "施工许可证",
        "licence_no": "l1",
        "issuer": "市住建局",
        "by_courier": True,
        "charged": True,
        "fee": 12.5,
        "fee_standard": "标准",
        "fee_basis": "依据",
    },
    "delivered": {"method": "courier", "licence_no": "l1"},
}


def _text(*parts: dict[str, object]) -> str:
    return json.dumps({k: v for part in parts for k, v in part.items()}, ensure_ascii=False)


def _needed(kind: str) -> dict[str, object]:
    """Give the facts that a kind cannot do without."""
    fields = KINDS[kind].model_fields
    return {k: v for k, v in _KINDS[kind].items() if fields[k].is_required()}


BARE = tuple(_text(_ENVELOPE, {"kind": kind}, _needed(kind)) for kind in _KINDS)
"""Of each kind, what it cannot do without."""
EVENTS = (
    *BARE,
    *(_text(_ENVELOPE, {"kind": kind}, facts) for kind, facts in _KINDS.items()),
    *(_text(_ENVELOPE, _MORE, {"kind": kind}, facts) for kind, facts in _KINDS.items()),
)
RULING = _text(
    {
        "schema_version": 1,
        "ruling_id": "r1",
        "case_no": "c",
        "card_id": "6f1c0d8e5a7b4c3d2e1f",
        "action": "answered",
        "actor": "o-121",
        "decided_at": _AT,
        "reason": _TOLD,
    }
)
