"""What a catalogue may state about time, and what contradicts itself."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from schemas.codes import ClockKind, Level, Unit
from schemas.limits import Ladder, Lead, Limit, Policy, Rung

LAST = Lead(working_days=2)


def test_a_limit_is_counted_or_stated():
    assert Limit(amount=20, unit=Unit.WORKING_DAY).text() == "20 working_day"
    assert Limit(stated="promised_due_at").text() == "stated"


def test_beside_a_stated_due_moment_stands_what_counts_without_it():
    own = Limit(stated="promised_due_at", amount=7, unit=Unit.WORKING_DAY)
    assert (own.text(), own.amount) == ("stated", 7)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"amount": 3},
        {"unit": "hour"},
        {"amount": 3, "unit": "hour", "stated": "step_limit"},
        {"amount": 3, "unit": "working_day", "stated": "days_asked"},
        {"amount": 3, "stated": "promised_due_at"},
        {"amount": 0, "unit": "hour"},
        {"amount": 3, "unit": "fortnight"},
        {"amount": 3, "unit": "hour", "rol": "none"},
    ],
)
def test_what_is_neither_or_both_is_refused(fields):
    with pytest.raises(ValidationError):
        Limit.model_validate(fields)


def test_a_lead_has_one_form_and_a_share_is_a_fraction():
    assert Lead(share="1/2").share == Fraction(1, 2)
    for fields in ({}, {"working_days": 1, "share": "1/2"}, {"share": "1"}, {"share": "0"}):
        with pytest.raises(ValidationError):
            Lead.model_validate(fields)


def test_leads_belong_to_near_and_the_last_fits_every_limit():
    near = {"clock": ClockKind.PROMISED, "level": Level.NOTICE, "when": "near"}
    assert Rung(**near, leads=(LAST,)).leads == (LAST,)
    for leads in ((), (Lead(up_to=3, working_days=1),)):
        with pytest.raises(ValidationError):
            Rung(**near, leads=leads)
    with pytest.raises(ValidationError, match="leads belong to"):
        Rung(**(near | {"when": "passed"}), leads=(LAST,))


def test_a_ladder_has_rungs_and_a_plain_name():
    for fields in ({"name": "x", "rungs": ()}, {"name": "湖南", "rungs": ()}):
        with pytest.raises(ValidationError):
            Ladder(title="t", **fields)


def test_a_nearer_policy_wins_where_it_says_something():
    far = Policy(calendar="cn", mode="next_day", suspension_cap_days=20)
    near = Policy(mode="elapsed")
    assert near.over(far) == Policy(calendar="cn", mode="elapsed", suspension_cap_days=20)
    assert Policy().over(far) == far
