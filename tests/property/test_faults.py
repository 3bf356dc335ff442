"""Whatever stumbles over one case, wherever: all others are, byte for byte, as without it."""

from __future__ import annotations

from random import Random

import pytest

from schemas import topics
from schemas.verdicts import DEAD_LETTER_HEADER, DeadLetter, decode
from streams.runtime import cases as cases_
from streams.runtime import logic
from tests.support.ending import Ending
from tests.support.random_cases import FIRST, LAWS, random_case

BAD = "case-3"
DAY = 86_400


def bad(entries):
    return any(entry.officer == "bad" for entry in entries)


PLACES = {
    "merge": (cases_, lambda _, entry, *__: bad([entry])),
    "assess": (cases_, lambda entries, *_: bad(entries)),
    "horizon_of": (cases_, lambda case, *_: bad(case.ledger.entries)),
    "pack": (cases_, lambda state, *_: bad(state.entries)),
    "move_record": (cases_, lambda case_no, *_: case_no == BAD),
    "case_record": (cases_, lambda case_no, *_: case_no == BAD),
    "masked_json": (logic, lambda event, *_: event.case_no == BAD),
    "entry_of": (logic, lambda event, *_: event.case_no == BAD),
}
"""What stumbles, and how it knows the bad case: its officer is `bad`."""
SEEDS = [*range(3), *(pytest.param(n, marks=pytest.mark.long) for n in range(3, 25))]


def log(law, random):
    """The records of some cases in their order, in chunks, with ticks between."""
    events = [e for n in range(8) for e in random_case(random, f"case-{n}")]
    events = [e.model_copy(update={"officer": "bad"}) if e.case_no == BAD else e for e in events]
    events.sort(key=lambda e: e.occurred_at)
    ending = Ending(law, slice_cases=random.choice((1, 3, 1000)))
    now = int(FIRST.timestamp())
    while events:
        size = random.randrange(1, 12)
        chunk, events = events[:size], events[size:]
        ending.events(*chunk)
        now = max(now, int(chunk[-1].occurred_at.timestamp())) + random.randrange(3 * DAY)
        ending.tick(now)
    ending.tick(now + 100 * DAY)
    return ending


def stumble(monkeypatch, random):
    """Let one function fail for the bad case, from some call in each life on."""
    name = random.choice(sorted(PLACES))
    where, of_bad = PLACES[name]
    real, left = getattr(where, name), random.choice((0, 0, 1, 5))
    calls = []

    def failing(*given):
        if of_bad(*given):
            calls.append(name)
            if len(calls) > left:
                raise ArithmeticError(name)
        return real(*given)

    monkeypatch.setattr(where, name, failing)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["next_day", "steps", "permit"])
def test_the_others_are_byte_for_byte_as_without_it(name, seed, monkeypatch):
    law = LAWS[name]
    whole = log(law, Random(seed))
    whole.run()
    stumble(monkeypatch, Random(f"{name}{seed}"))
    ending = log(law, Random(seed))
    ends = ending.run()
    assert len(ends) in {0, 3}
    assert {fault.told["case"] for fault in ends} <= {BAD}
    assert ending.of_cases(but=BAD) == whole.of_cases(but=BAD)
    # Of the bad one nothing is lost: what was not accepted is a dead letter.
    sent = sum(o.key == BAD.encode() for o in whole.written(topics.EVENTS))
    accepted = sum(
        o.key == BAD.encode() and b'"type":"event"' in o.value
        for o in ending.written(topics.EVENTS)
    )
    kept = {
        decode(dict(o.headers)[DEAD_LETTER_HEADER], DeadLetter).letter_id
        for o in ending.written(topics.DEAD_LETTERS)
    }
    assert accepted + len(kept) == sent
