"""The step event (环节事件): one envelope, and per kind its own facts, as a discriminated union.

Names are English; each field's title is the Chinese name of GB/T 39046—2020 or of the provincial
exchange tables (`docs/events.md` is generated from here). Every time carries its offset from UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)

from schemas.characters import CODE, TEXT
from schemas.codes import CaseType, Channel, Outcome, SuspensionKind, Unit
from schemas.patterns import AMOUNTS, CODE_TO_ITS_END, MOMENT

SCHEMA_VERSION: Final = 1
EARLIEST: Final = datetime(1990, 1, 2, tzinfo=UTC)
"""No earlier: in the zones behind UTC the local day must still be one that the calendars cover."""
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

MAX_VERSION: Final = 2**63 - 1
"""A version may be a moment: 20260302090000, or milliseconds since 1970."""

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:")


def _written_out(value: object) -> object:
    """Refuse a number, which pydantic would read as seconds since 1970, and a date alone."""
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN.match(value)):
        return value
    raise ValueError("Input should be a time written YYYY-MM-DDThh:mm:ss+hh:mm")


Moment = Annotated[
    AwareDatetime,
    Field(ge=EARLIEST, le=LATEST),
    BeforeValidator(_written_out),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": MOMENT}),
]
"""A moment with its offset; 1990 to 2100, which is what the calendars cover."""
Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=CODE),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64, "pattern": CODE_TO_ITS_END}),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=TEXT)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=TEXT)]
CaseNumber = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, pattern=CODE),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 50, "pattern": CODE_TO_ITS_END}),
]
Amount = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Flag = Annotated[bool, Field(strict=True)]
Money = Annotated[
    Decimal, Field(ge=0, max_digits=16, decimal_places=2), WithJsonSchema({"anyOf": AMOUNTS})
]
Items = Annotated[tuple[Name, ...], Field(max_length=200, fail_fast=True)]
Fact = Literal["told_at", "reason", "approver_rank", "days_asked", "delivered"]
"""What a source may be unable to hold; `reason` stands for a basis too."""


class Facts(BaseModel):
    """Frozen, and closed: a field that no kind knows is refused, so that nothing is lost unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Envelope(Facts):
    """What every step event carries."""

    schema_version: Literal[1] = Field(SCHEMA_VERSION, title="数据格式版本")
    event_id: Code = Field(title="记录标识", description="unique within its source")
    case_no: CaseNumber = Field(title="办件编号", description="PROJID, project_no")
    source: Code = Field(title="来源系统", description="data_source")
    record_version: int = Field(
        1, strict=True, ge=1, le=MAX_VERSION, title="数据版本", description="DATAVER"
    )
    occurred_at: Moment = Field(title="发生时间", description="OCCURTIME: when it happened")
    recorded_at: Moment | None = Field(
        None, title="写入时间", description="MAKETIME: when it was written down"
    )
    item: Code | None = Field(None, title="实施编码", description="task_code, ITEM_CODE")
    item_name: Name | None = Field(None, title="事项名称", description="task_name")
    base_code: Code | None = Field(None, title="基本编码")
    item_version: Code | None = Field(None, title="事项版本", description="task_version")
    region: Code | None = Field(None, title="行政区划", description="REGION_ID, GB/T 2260")
    department: Code | None = Field(
        None, title="实施主体/处理单位", description="ORGBUSNO, org_code, PROCUNIT"
    )
    department_name: Name | None = Field(None, title="单位名称")
    window: Code | None = Field(None, title="窗口")
    step: Code | None = Field(None, title="环节编码", description="NODECODE")
    step_name: Name | None = Field(None, title="环节名称", description="process_name, NODENAME")
    officer: Code | None = Field(None, title="办理人员编号", description="NODEPROCER")
    officer_name: Name | None = Field(None, title="办理人员", description="handle_user_name")
    batch: Code | None = Field(None, title="批次号", description="cd_batch")
    voided: Flag = Field(
        default=False,
        title="是否作废本记录",
        description="the source takes this record back: it counts as never sent",
    )
    unrecorded: Annotated[tuple[Fact, ...], Field(max_length=10, fail_fast=True)] = Field(
        (),
        title="来源系统无法记录的字段",
        description="facts that the source cannot hold: their absence is not a 'no'",
    )


class Received(Envelope):
    """收件: an application came in."""

    kind: Literal["received"]
    channel: Channel | None = Field(None, title="申请方式", description="SUBMIT")
    case_type: CaseType | None = Field(None, title="办件类型", description="APPROVALTYPE")
    case_name: Name | None = Field(None, title="办件名称")
    applicant_name: Name | None = Field(None, title="申请人")
    applicant_id: Name | None = Field(None, title="申请人证件号码")
    applicant_phone: Name | None = Field(None, title="联系电话")
    promised_due_at: Moment | None = Field(
        None, title="承诺办结时间", description="promise_date: the due moment the hall states"
    )
    promised_by_date: Flag = Field(
        default=False,
        title="承诺办结时间只到日期",
        description="the source states a date: it ends its day, whatever clock time is written",
    )
    documents: Items | None = Field(None, title="收到的材料")


class PreReviewed(Envelope):
    """预审: an online application was looked at before it was formally accepted."""

    kind: Literal["pre_reviewed"]
    outcome: Literal["passed", "corrections", "rejected"] = Field(title="预审结果")
    reason: Text | None = Field(None, title="预审意见")


class CorrectionsRequested(Envelope):
    """补正告知: the applicant was told what is missing."""

    kind: Literal["corrections_requested"]
    items: Items | None = Field(None, title="需补正内容")
    told_at: Moment | None = Field(None, title="告知时间", description="NOTETIME")
    document_no: Name | None = Field(None, title="补正告知书编号")
    before_acceptance: Flag | None = Field(None, title="是否预审补正")


class CorrectionsSupplied(Envelope):
    """补正: the applicant supplied what was missing."""

    kind: Literal["corrections_supplied"]
    items: Items | None = Field(None, title="已补正内容")
    all_supplied: Flag | None = Field(None, title="是否补齐")


class Accepted(Envelope):
    """受理: the decision clocks start."""

    kind: Literal["accepted"]
    case_type: CaseType | None = Field(None, title="办件类型", description="project_type")
    case_name: Name | None = Field(None, title="办件名称")
    channel: Channel | None = Field(None, title="办理形式", description="SUBMIT")
    document_no: Name | None = Field(None, title="受理文书编号")
    promised_due_at: Moment | None = Field(
        None, title="承诺办结时间", description="promise_date: the due moment the hall states"
    )
    promised_by_date: Flag = Field(
        default=False,
        title="承诺办结时间只到日期",
        description="the source states a date: it ends its day, whatever clock time is written",
    )
    promised_amount: Amount | None = Field(
        None, title="承诺时限", description="PROMISETIMELIMIT: as recorded; the catalogue rules"
    )
    promised_unit: Unit | None = Field(None, title="承诺时限单位", description="PROMISETIMEUNIT")


class Refused(Envelope):
    """不予受理: the application was not accepted."""

    kind: Literal["refused"]
    grounds: Literal["not_required", "out_of_remit", "not_acceptable"] | None = Field(
        None, title="不予受理类别", description="NODERESULT 2, 3"
    )
    reason: Text | None = Field(None, title="不予受理原因", description="EXITRES")
    document_no: Name | None = Field(None, title="文书编号")


class StepFacts(Envelope):
    """What the records of a step share (办理, STEP_PROC)."""

    sequence: Amount | None = Field(None, title="环节序号", description="SN")
    step_position: Literal["first", "middle", "last", "only"] | None = Field(
        None, title="环节类型", description="NODETYPE"
    )
    limit_amount: Amount | None = Field(None, title="环节时限", description="TIMELIMIT")
    limit_unit: Unit | None = Field(None, title="环节时限单位", description="TIMEUNIT")
    action: Name | None = Field(None, title="业务动作", description="event_name")


class StepStarted(StepFacts):
    """环节开始: somebody has the case on the desk."""

    kind: Literal["step_started"]


class StepFinished(StepFacts):
    """环节结束: the step is done."""

    kind: Literal["step_finished"]
    result: (
        Literal[
            "passed",
            "not_passed",
            "not_accepted",
            "refused",
            "accepted",
            "corrections",
            "special_procedure",
            "returned",
            "other",
        ]
        | None
    ) = Field(None, title="环节结果", description="NODERESULT")
    opinion: Text | None = Field(None, title="办理意见")
    single_moment: Flag = Field(
        default=False,
        title="单一时间",
        description="the source keeps one time a step, so its start is unknown",
    )


class Suspended(Envelope):
    """特别程序开始 (挂起): time that 行政许可法 §45 does not count."""

    kind: Literal["suspended"]
    suspension: SuspensionKind = Field(title="特别程序种类", description="special_type")
    suspension_id: Code | None = Field(None, title="特别程序编号")
    suspension_name: Name | None = Field(None, title="特别程序名称", description="special_name")
    basis: Text | None = Field(None, title="启动依据", description="NODEPROCACCORD")
    reason: Text | None = Field(None, title="启动理由", description="special_reason")
    applicant_name: Name | None = Field(None, title="申请人")
    days_asked: Amount | None = Field(
        None, title="申请天数", description="working days; unknown: capped by the policy"
    )
    told_at: Moment | None = Field(None, title="告知时间", description="NOTETIME")
    approver: Code | None = Field(None, title="批准人")


class Resumed(Envelope):
    """特别程序结束: the clocks run again."""

    kind: Literal["resumed"]
    suspension_id: Code | None = Field(None, title="特别程序编号")
    result: Text | None = Field(None, title="特别程序结果")


class Extended(Envelope):
    """延期: the one extension of 行政许可法 §42; `occurred_at` is when it was approved."""

    kind: Literal["extended"]
    amount: Amount = Field(title="延长时限")
    unit: Unit = Field(Unit.WORKING_DAY, title="延长时限单位")
    reason: Text | None = Field(None, title="延期原因")
    approver: Code | None = Field(None, title="批准人")
    approver_rank: Literal["agency_head", "government_head", "other"] | None = Field(
        None, title="批准人职级"
    )
    told_at: Moment | None = Field(None, title="告知申请人时间", description="延期办结告知制")
    promised_due_at: Moment | None = Field(
        None, title="延期后承诺办结时间", description="where the hall states the due moment"
    )
    promised_by_date: Flag = Field(
        default=False,
        title="承诺办结时间只到日期",
        description="the source states a date: it ends its day, whatever clock time is written",
    )


class Decided(Envelope):
    """作出决定: granted, denied, or ended in another way."""

    kind: Literal["decided"]
    outcome: Outcome = Field(title="办理结果", description="DONERESULT")
    reason: Text | None = Field(None, title="原因", description="EXITRES")
    document_no: Name | None = Field(None, title="决定文书编号")


class Finished(Envelope):
    """办结: the case is closed."""

    kind: Literal["finished"]
    outcome: Outcome | None = Field(None, title="办结结果", description="DONERESULT, result_type")
    result: Text | None = Field(None, title="办件结果描述", description="result_explain")
    reason: Text | None = Field(None, title="退出原因", description="EXITRES")
    licence_name: Name | None = Field(None, title="结果证照名称")
    licence_no: Name | None = Field(None, title="结果证照编号")
    issuer: Name | None = Field(None, title="发证单位")
    by_courier: Flag | None = Field(None, title="是否快递", description="is_delivery_results")
    charged: Flag | None = Field(None, title="是否收费", description="ISFEE")
    fee: Money | None = Field(None, title="收费金额 (元)", description="FEE")
    fee_standard: Name | None = Field(None, title="收费标准", description="FEESTANDARD")
    fee_basis: Text | None = Field(None, title="收费依据", description="FEESTANDACCORD")


class Delivered(Envelope):
    """送达: the applicant has the result."""

    kind: Literal["delivered"]
    method: Literal["window", "courier", "electronic", "other"] | None = Field(
        None, title="送达方式"
    )
    licence_no: Name | None = Field(None, title="证照编号")


StepEvent = Annotated[
    Received
    | PreReviewed
    | CorrectionsRequested
    | CorrectionsSupplied
    | Accepted
    | Refused
    | StepStarted
    | StepFinished
    | Suspended
    | Resumed
    | Extended
    | Decided
    | Finished
    | Delivered,
    Field(discriminator="kind"),
]
STEP_EVENT: Final[TypeAdapter[StepEvent]] = TypeAdapter(
    StepEvent, config=ConfigDict(hide_input_in_errors=True)
)
"""Validates, writes, and describes a step event."""

KINDS: Final[dict[str, type[Envelope]]] = {
    model.model_fields["kind"].annotation.__args__[0]: model  # type: ignore[union-attr]
    for model in (
        Received,
        PreReviewed,
        CorrectionsRequested,
        CorrectionsSupplied,
        Accepted,
        Refused,
        StepStarted,
        StepFinished,
        Suspended,
        Resumed,
        Extended,
        Decided,
        Finished,
        Delivered,
    )
}
"""Each kind's name and its model."""
