"""The step event: closed, frozen, and unmistakable about time."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.codes import SuspensionKind, Unit
from schemas.events import KINDS, STEP_EVENT, Envelope
from tests.support.bad_messages import GOOD

NEEDED = {
    "pre_reviewed": {"outcome": "passed"},
    "suspended": {"suspension": "hearing"},
    "extended": {"amount": 10},
    "decided": {"outcome": "granted"},
}
"""What a kind requires beside the envelope."""


def read(**fields):
    return STEP_EVENT.validate_python(GOOD | fields)


def test_the_kinds_are_those_of_the_contract():
    assert list(KINDS) == [
        "received",
        "pre_reviewed",
        "corrections_requested",
        "corrections_supplied",
        "accepted",
        "refused",
        "step_started",
        "step_finished",
        "suspended",
        "resumed",
        "extended",
        "decided",
        "finished",
        "delivered",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read_and_written_without_loss(kind):
    made = read(kind=kind, **NEEDED.get(kind, {}))
    assert type(made) is KINDS[kind]
    assert STEP_EVENT.validate_json(made.model_dump_json(exclude_none=True)) == made


@pytest.mark.parametrize("kind", NEEDED)
def test_what_a_kind_requires_is_required(kind):
    with pytest.raises(ValidationError, match="Field required"):
        read(kind=kind)


@pytest.mark.parametrize("name", [n for n, f in Envelope.model_fields.items() if f.is_required()])
def test_what_every_event_requires_is_required(name):
    with pytest.raises(ValidationError, match="Field required"):
        STEP_EVENT.validate_python({k: v for k, v in GOOD.items() if k != name})


def test_events_are_frozen_and_errors_hide_what_was_sent():
    with pytest.raises(ValidationError):
        read().case_no = "another"
    with pytest.raises(ValidationError) as caught:
        read(kind="received", applicant_id=["430102199001011234"])
    assert "430102199001011234" not in str(caught.value)


def test_an_extension_counts_working_days_unless_it_says_otherwise():
    assert read(kind="extended", amount=10).unit is Unit.WORKING_DAY
    assert read(kind="suspended", suspension="tender").suspension is SuspensionKind.TENDER


@pytest.mark.parametrize("code", ["a b", "张三", "1.0/α-β", "x" * 64])
def test_codes_may_hold_single_blanks_and_any_script(code):
    assert read(item=code).item == code


@pytest.mark.parametrize("code", ["", " a", "a ", "a  b", "a\tb", "a\nb", "\x7f", "x" * 65])
def test_codes_may_not_hold_what_two_systems_would_read_differently(code):
    with pytest.raises(ValidationError):
        read(item=code)


@pytest.mark.parametrize("day", ["1989-12-31T23:59:59Z", "2100-01-01T00:00:01Z"])
def test_moments_outside_the_calendars_are_refused(day):
    with pytest.raises(ValidationError):
        read(occurred_at=day)


@pytest.mark.parametrize("day", ["1990-01-02T00:00:00Z", "2100-01-01T08:00:00+08:00"])
def test_the_bounds_themselves_are_moments(day):
    assert read(occurred_at=day).occurred_at.tzinfo is not None
