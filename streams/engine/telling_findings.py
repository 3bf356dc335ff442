"""How a finding is told: the records that show it, and what it rests on beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.words import CLOCKS, KINDS
from streams.engine.remembering import RULING
from streams.engine.telling_labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.verdicts import ClockValues
    from schemas.words import Language
    from streams.engine.explanation import CaseExplanation
    from streams.engine.findings import Finding

    Local = Callable[[int], str]


def detail_parts(
    found: CaseExplanation, finding: Finding, language: Language, local: Local
) -> Iterator[str]:
    """Give what stands in brackets after a finding: its records, and when they came."""
    detail, record = finding.detail, finding.record
    if record.kind == RULING and detail is not None:
        yield _label("ruling", language, detail.ruling)
        yield local(record.at)
    elif detail is None or not detail.records:
        yield _record(found, language, record.kind, record.id, record.version)
    for name in detail.records if detail is not None else ():
        yield _record(found, language, name.kind, name.record, name.record_version)
    if detail is not None and detail.at is not None:
        label = "keyed_in" if detail.by == "recorded_at" else "arrived"
        yield _label(label, language, local(detail.at))


def correction_lines(
    found: CaseExplanation, finding: Finding, language: Language, local: Local
) -> Iterator[str]:
    """Tell what a clock was, and what it became: start, due and end, where they differ."""
    detail = finding.detail
    if detail is None or detail.before is None:
        return
    clocks = {clock.clock.clock_id: clock.title for clock in found.clocks}
    title = clocks.get(detail.clock_id)
    kinds = {str(kind): words for kind, words in CLOCKS.items()}
    title = title or kinds.get(detail.clock_id.partition(":")[0])
    name = detail.clock_id if title is None else title.said(language)
    if detail.after is None:
        yield f"{name}: {_values(detail.before, language, local)} → {_label('gone', language)}"
        return
    for label, was, became in (
        ("started", detail.before.started_at, detail.after.started_at),
        ("due", detail.before.due_at, detail.after.due_at),
        ("stopped", detail.before.stopped_at, detail.after.stopped_at),
    ):
        if was != became:
            both = (_moment(at, language, local) for at in (was, became))
            what = f"{name} {_label(label, language)}"
            yield _label("became", language, what, *both)


def _record(
    found: CaseExplanation, language: Language, kind: str, record: int, version: int
) -> str:
    number = found.numbered(record, version)
    if number is not None:
        return f"{_label('record', language)} {number}"
    said = KINDS[kind].said(language) if kind in KINDS else kind
    return f"{said} {_label('version', language, version)}"


def _values(values: ClockValues, language: Language, local: Local) -> str:
    parts = (("started", values.started_at), ("due", values.due_at), ("stopped", values.stopped_at))
    return ", ".join(
        f"{_label(label, language)} {_moment(at, language, local)}" for label, at in parts
    )


def _moment(at: int | None, language: Language, local: Local) -> str:
    return _label("runs", language) if at is None else local(at)


def _label(name: str, language: Language, *values: object) -> str:
    return LABELS[name].said(language).format(*values)
