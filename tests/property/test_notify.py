"""What rings follows from the moves on record: not from the order of reading, nor from restarts."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from alerts.notify.digests import Digest
from alerts.notify.policy import Policy, PushRules
from alerts.notify.wording import Wording
from schemas.codes import Level
from streams.board.reference import Reference
from tests.support.moves import DUE, moved

NOW = DUE + 10.0
LATER = NOW + 100_000
WORDING = Wording(Reference(None), "http://board")

CARDS = st.tuples(
    st.integers(0, 7),
    st.sampled_from([Level.NOTICE, Level.YELLOW, Level.RED]),
    st.sampled_from(["430102", None]),
)
LIVES = st.lists(
    st.tuples(CARDS, st.lists(st.sampled_from([0, 1, 59, 60, 3_600]), max_size=5)),
    max_size=30,
    unique_by=lambda life: life[0],
)
"""Each card with the seconds from one of its moves to the next: issued, ended, reopened, ended."""


def moves_of(card, waits):
    case, level, region = card
    at = DUE
    for number, wait in enumerate(waits):
        at += wait
        move = ("issued" if number == 0 else "reopened") if number % 2 == 0 else "resolved"
        yield moved(
            f"case-{case}", level, move, number + 1, at=at, region=region, due_at=DUE - case % 3,
            reason="clock_stopped", clock_id=f"step:{region}:1",
        )  # fmt: skip


def interleaved(lives, seed):
    """Give every move, those of a card in their order, as the partitions may be read."""
    left, choice = [list(life) for life in lives if life], random.Random(seed)
    while left:
        one = choice.choice(left)
        yield one.pop(0)
        if not one:
            left.remove(one)


def policy(cap):
    return Policy(PushRules(Level.NOTICE, cap, 1e12, 60.0))


def heard(it):
    """Give every alert as Alertmanager would know it, words and all."""
    alerts = (WORDING.alert(push, LATER + 60) for push in it.ringing(LATER + 60))
    return {tuple(sorted(a.labels.items())): dict(a.annotations) for a in alerts}


@given(
    lives=LIVES,
    seeds=st.tuples(st.integers(), st.integers()),
    cap=st.integers(1, 3),
    at=st.integers(0, 100),
)
def test_any_order_and_any_restart_give_the_same_alerts(lives, seeds, cap, at):
    lives = [list(moves_of(*life)) for life in lives]
    once, again = policy(cap), policy(cap)
    now = NOW
    for move in interleaved(lives, seeds[0]):  # live, told as it comes
        now += 7.0
        once.take(move, move.at, now)
        once.told(once.due(now), now)
    for number, move in enumerate(interleaved(lives, seeds[1])):  # a restart reads it all again
        again.take(move, move.at, LATER, told=number < at)
    assert heard(once) == heard(again)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("issued"), CARDS),
        st.tuples(st.just("resolved"), CARDS),
        st.tuples(st.just("push"), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from([1, 30, 60, 200])),
    ),
    max_size=60,
)


@given(steps=STEPS, cap=st.integers(1, 3))
def test_whatever_happens_alertmanager_rings_for_the_open_cards_and_no_others(steps, cap):
    it, now = policy(cap), NOW
    open_, ringing, reds = set(), {}, set()
    for what, argument in [*steps, ("wait", 200), ("push", True)]:
        if what == "wait":
            now += argument
        elif what == "push":
            due = it.due(now)
            if not argument:
                it.forget_told()
                continue
            it.told(due, now)
            for push in due:
                if push.over:
                    ringing.pop(push.key, None)
                else:
                    ringing[push.key] = push.subject
        else:
            case, level, region = argument
            move = moved(
                f"case-{case}", level, what, region=region, at=int(now), clock_id=f"step:{region}:1"
            )
            it.take(move, now)
            (open_.add if what == "issued" else open_.discard)(move.card_id)
            if level is Level.RED:
                (reds.add if what == "issued" else reds.discard)(move.card_id)
    told = {
        card
        for key, rings in ringing.items()
        for card in ({c.card_id for c in rings.cards} if isinstance(rings, Digest) else {key})
    }
    assert told == open_
    assert reds <= ringing.keys()
    assert it.settled(now)
