"""A seeded part of `make fuzz`: 20,000 inputs, those that take long in small numbers."""

from __future__ import annotations

import gc
import random

import pytest

from tests.fuzz.running import Broken, Tally, held, run, smaller
from tests.fuzz.target import ACCEPTED, Outcome, Target
from tests.fuzz.targets import TARGETS

SEED = 20_260_301
INPUTS = {
    "events": 2_500,
    "rulings": 7_500,
    "sources": 500,
    "ticks": 6_700,
    "rows": 2_500,
    "partitions": 30,
    "explanations": 20,
    "mappings": 150,
    "catalogues": 20,
    "calendars": 20,
    "years": 60,
}


def test_every_target_has_its_part():
    assert INPUTS.keys() == TARGETS.keys()
    assert sum(INPUTS.values()) == 20_000


@pytest.mark.parametrize("name", TARGETS)
def test_every_rule_holds(name):
    tally = Tally()
    run(TARGETS[name], SEED, INPUTS[name], tally)
    assert tally.inputs == INPUTS[name]
    refused = sum(n for reason, n in tally.reasons.items() if reason != ACCEPTED)
    assert tally.reasons[ACCEPTED] > tally.inputs / 50  # or nothing behind the reader is tried
    assert refused > tally.inputs / 50


def target(function, **more):
    return Target("t", lambda r: r.randbytes(40), function, share=1, **more)


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda raw: 1 / (b"a" not in raw), "ZeroDivisionError at <lambda>"),
        (lambda raw: sum(range(500_000 * (b"a" in raw))), "too slow"),
        (lambda raw: Outcome("x", random.random() if b"a" in raw else 0), "not the same twice"),
        (lambda _raw: bytearray(2_000_000) and Outcome("x"), "too much memory"),
    ],
)
def test_a_rule_that_is_broken_is_found_and_the_input_made_small(function, fault, monkeypatch):
    monkeypatch.setattr(gc, "collect", int)  # all that the other tests hold would be gone through

    def always(raw):
        found = function(raw)
        return found if isinstance(found, Outcome) else Outcome("x")

    with pytest.raises(Broken) as caught:
        run(target(always, seconds=0.002, memory=1_000_000), 1, 300, Tally())
    assert caught.value.fault.startswith(fault)
    if "Zero" in fault:
        assert caught.value.raw == b"a"


def test_the_same_seed_gives_the_same_inputs():
    for each in TARGETS.values():
        first, again = (each.make(random.Random("x/1/7")) for _ in range(2))
        assert first == again


def test_what_the_fault_does_not_need_is_left_out():
    assert smaller(b"xx(yy)zz", lambda raw: b"(" in raw and b")" in raw) == b"()"


def test_an_input_that_holds_tells_its_time():
    outcome, seconds = held(target(lambda _raw: Outcome(ACCEPTED)), b"")
    assert outcome.reason == ACCEPTED
    assert 0 <= seconds < 0.05
