from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.notify.policy import Digest, Outcome, Policy, PushRules
from schemas.codes import Level
from schemas.verdicts import LifeRecord
from streams.runtime.placing import partition_of
from tests.support.moves import DUE, moved

NOW = DUE + 10.0
DAY = 86_400


def make(**changed):
    rules = {
        "min_level": Level.NOTICE,
        "digest_above": 20,
        "stale_after": 7 * DAY,
        "resend_every": 60.0,
    }
    return Policy(PushRules(**{**rules, **changed}))


def tell(policy, now):
    """Push what is due, as if Alertmanager took it; give (key, over)."""
    due = policy.due(now)
    policy.told(due, now)
    return [(push.key, push.over) for push in due]


@pytest.fixture
def policy():
    return make()


class TestOneCard:
    def test_it_rings_at_once_and_again_every_minute(self, policy):
        card = moved()
        assert policy.take(card, NOW) is Outcome.RINGS
        assert tell(policy, NOW) == [(card.card_id, False)]
        assert tell(policy, NOW + 59.9) == []
        assert tell(policy, NOW + 60) == [(card.card_id, False)]
        assert tell(policy, NOW + 119) == []

    @pytest.mark.parametrize("end", ["resolved", "retracted"])
    def test_its_end_is_told_once(self, policy, end):
        card = moved()
        policy.take(card, NOW)
        tell(policy, NOW)
        assert policy.take(moved(move=end, move_no=2), NOW + 5) is Outcome.ENDED
        assert tell(policy, NOW + 5) == [(card.card_id, True)]
        assert tell(policy, NOW + 500) == []

    def test_a_ruling_that_closes_its_card_ends_it_though_the_clock_runs(self, policy):
        policy.take(moved(), NOW)
        tell(policy, NOW)
        closed = moved(move="resolved", move_no=2, reason="closed", stopped_at=None)
        assert policy.take(closed, NOW + 5) is Outcome.ENDED
        assert tell(policy, NOW + 5) == [(closed.card_id, True)]

    def test_it_keeps_its_labels_though_the_department_was_corrected(self, policy):
        policy.take(moved(department="D1"), NOW)
        tell(policy, NOW)
        policy.take(moved(move="resolved", move_no=2, department="D2"), NOW + 5)
        (push,) = policy.due(NOW + 5)
        assert push.subject.department == "D1"

    def test_one_that_ended_before_it_was_told_never_rings(self, policy):
        policy.take(moved(), NOW)
        policy.take(moved(move="resolved", move_no=2), NOW)
        assert tell(policy, NOW) == []

    def test_a_reopened_one_rings_again(self, policy):
        policy.take(moved(), NOW)
        tell(policy, NOW)
        policy.take(moved(move="resolved", move_no=2), NOW + 1)
        assert policy.take(moved(move="reopened", move_no=3), NOW + 2) is Outcome.RINGS
        assert [over for _, over in tell(policy, NOW + 2)] == [False]

    def test_a_repeated_move_changes_nothing(self, policy):
        policy.take(moved(), NOW)
        assert policy.take(moved(), NOW) is Outcome.KNOWN
        assert len(tell(policy, NOW)) == 1
        end = moved(move="resolved", move_no=2)
        policy.take(end, NOW)
        assert policy.take(end, NOW) is Outcome.SILENT

    def test_until_it_is_taken_it_stays_due(self, policy):
        policy.take(moved(), NOW)
        assert policy.due(NOW) == policy.due(NOW + 1) != []
        assert not policy.settled
        tell(policy, NOW + 2)
        assert policy.settled

    def test_so_does_its_end(self, policy):
        policy.take(moved(), NOW)
        tell(policy, NOW)
        policy.take(moved(move="resolved", move_no=2), NOW + 1)
        assert [push.over for push in policy.due(NOW + 400)] == [True]
        assert not policy.settled
        tell(policy, NOW + 400)
        assert policy.settled


class TestWhatIsNotPushed:
    def test_a_level_below_the_least(self):
        policy = make(min_level=Level.YELLOW)
        assert policy.take(moved(level=Level.NOTICE), NOW) is Outcome.BELOW_LEVEL
        assert policy.take(moved(level=Level.YELLOW), NOW) is Outcome.RINGS
        assert policy.take(moved(level=Level.RED), NOW) is Outcome.RINGS
        assert policy.take(moved(move="resolved", move_no=2), NOW) is Outcome.SILENT

    def test_a_card_more_than_seven_days_back(self, policy):
        at = DUE + 1 + 7 * DAY
        assert policy.take(moved("A", Level.YELLOW), at) is Outcome.RINGS
        assert policy.take(moved("B", Level.YELLOW), at + 1) is Outcome.STALE
        assert [key for key, _ in tell(policy, at)] == [moved("A", Level.YELLOW).card_id]

    def test_a_breach_that_a_deemed_acceptance_put_far_back_counts_from_when_it_was_known(
        self, policy
    ):
        """§32: nobody answered, so the limit ran from the receipt, and was over before we knew."""
        known = DUE + 40 * DAY
        deemed = moved("C", Level.YELLOW, known_from=known)
        assert policy.take(deemed, known + 7 * DAY) is Outcome.RINGS
        late = moved("D", Level.YELLOW, known_from=known)
        assert policy.take(late, known + 7 * DAY + 1) is Outcome.STALE

    def test_one_that_was_pushed_in_time_rings_for_as_long_as_it_stands(self, policy):
        policy.take(moved(), NOW)
        tell(policy, NOW)
        assert len(tell(policy, NOW + 90 * DAY)) == 1


class TestDigest:
    def fill(self, policy, cards, now=NOW, region="430102"):
        return [policy.take(moved(f"{region}-{n}", region=region), now) for n in range(cards)]

    def test_twenty_a_region_and_minute_ring_each_the_rest_as_one(self, policy):
        outcomes = self.fill(policy, 25)
        assert outcomes == [Outcome.RINGS] * 20 + [Outcome.DIGESTED] * 5
        assert len(tell(policy, NOW)) == 20
        assert not policy.settled  # the digest is still filling
        (push,) = [p for p in policy.due(NOW + 60) if isinstance(p.subject, Digest)]
        assert push.subject.region == "430102"
        assert len(push.subject.members) == 5
        assert policy.counts() == {"card": 20, "digest": 1}

    def test_exactly_the_cap_makes_none(self, policy):
        assert self.fill(policy, 20) == [Outcome.RINGS] * 20

    def test_another_region_and_the_next_minute_count_anew(self, policy):
        self.fill(policy, 20)
        tell(policy, NOW)
        assert policy.take(moved("other", region="430104"), NOW) is Outcome.RINGS
        next_minute = (NOW // 60 + 1) * 60
        assert policy.take(moved("late"), next_minute - 0.1) is Outcome.DIGESTED
        assert policy.take(moved("later"), next_minute) is Outcome.RINGS

    def test_its_level_is_the_highest_it_had(self, policy):
        self.fill(policy, 21)
        red = moved("red", Level.RED)
        policy.take(red, NOW)
        policy.take(moved("red", Level.RED, "resolved", 2), NOW)
        (push,) = [p for p in policy.due(NOW + 60) if isinstance(p.subject, Digest)]
        assert push.subject.level is Level.RED
        assert set(push.subject.members.values()) == {Level.NOTICE}

    def test_it_ends_with_its_last_card(self, policy):
        self.fill(policy, 22)
        tell(policy, NOW + 60)
        policy.take(moved("430102-20", move="resolved", move_no=2), NOW + 61)
        assert tell(policy, NOW + 61) == []
        policy.take(moved("430102-21", move="resolved", move_no=2), NOW + 62)
        assert [over for _, over in tell(policy, NOW + 62)] == [True]
        assert policy.counts() == {"card": 20, "digest": 0}


class TestAfterAFailure:
    def test_everything_is_told_again(self, policy):
        policy.take(moved("A"), NOW)
        policy.take(moved("B"), NOW)
        tell(policy, NOW)
        policy.forget_told()
        assert len(tell(policy, NOW + 1)) == 2

    def test_and_an_end_is_still_told(self, policy):
        policy.take(moved(), NOW)
        tell(policy, NOW)
        policy.forget_told()
        policy.take(moved(move="resolved", move_no=2), NOW + 1)
        assert [over for _, over in tell(policy, NOW + 1)] == [True]


class TestAfterARestart:
    def test_what_rings_is_told_again_and_what_ended_is_not(self, policy):
        policy.take(moved("A"), NOW, told=True)
        policy.take(moved("B"), NOW, told=True)
        policy.take(moved("B", move="resolved", move_no=2), NOW + 1, told=True)
        assert tell(policy, NOW + 300) == [(moved("A").card_id, False)]

    def test_an_end_that_nobody_told_yet_is_told(self, policy):
        policy.take(moved(), NOW, told=True)
        policy.take(moved(move="resolved", move_no=2), NOW + 1)
        assert [over for _, over in tell(policy, NOW + 2)] == [True]

    def test_a_card_known_in_time_rings_on_though_it_is_old_now(self, policy):
        assert policy.take(moved(), NOW, told=True) is Outcome.RINGS
        assert len(tell(policy, NOW + 60 * DAY)) == 1

    def test_the_cap_counts_by_the_minute_in_which_they_were_known(self):
        policy = make(digest_above=1)
        policy.take(moved("A"), NOW, told=True)
        policy.take(moved("B"), NOW, told=True)
        policy.take(moved("C"), NOW + 60, told=True)
        assert policy.counts() == {"card": 2, "digest": 1}


class TestWithoutRepeating:
    """What is written to a log is written once."""

    def test_once_that_it_rings_and_once_that_it_is_over(self):
        policy = make(resend_every=None)
        policy.take(moved(), NOW)
        assert len(tell(policy, NOW)) == 1
        policy.forget_told()
        assert tell(policy, NOW + 10_000) == []
        policy.take(moved(move="resolved", move_no=2), NOW)
        assert [over for _, over in tell(policy, NOW)] == [True]

    def test_a_restart_repeats_nothing(self):
        policy = make(resend_every=None)
        policy.take(moved("A"), NOW, told=True)
        policy.take(moved("B"), NOW)
        assert tell(policy, NOW) == [(moved("B").card_id, False)]


CASES = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("issued"), CASES),
        st.tuples(st.just("resolved"), CASES),
        st.tuples(st.just("push"), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from([1, 30, 60, 200])),
    ),
    max_size=60,
)


@given(steps=STEPS, cap=st.integers(1, 3))
def test_whatever_happens_alertmanager_rings_for_the_active_cards_and_no_others(steps, cap):
    policy, now = make(digest_above=cap, stale_after=1e12), NOW
    active, ringing = set(), {}
    for what, argument in [*steps, ("wait", 60), ("push", True)]:
        if what == "wait":
            now += argument
        elif what == "push":
            due = policy.due(now)
            if not argument:
                policy.forget_told()
                continue
            policy.told(due, now)
            for push in due:
                if push.over:
                    ringing.pop(push.key, None)
                elif isinstance(push.subject, Digest):
                    ringing[push.key] = push.subject
                else:
                    ringing[push.key] = push.subject.card_id
        else:
            move = moved(f"case-{argument}", move=what)
            policy.take(move, now)
            (active.add if what == "issued" else active.discard)(move.card_id)
    heard = {
        card
        for rings in ringing.values()
        for card in (rings.members if isinstance(rings, Digest) else [rings])
    }
    assert heard == active
    assert policy.settled


class TestLives:
    """What only an earlier life of the engine's state has issued; found.md: a second life."""

    LIFE = LifeRecord(partition=0, partitions=1, epoch=7, at=int(NOW))

    def test_a_card_that_a_later_life_does_not_issue_ends_and_says_that_it_was_not_resolved(
        self, policy
    ):
        policy.take(moved(), NOW)
        policy.told(policy.due(NOW), NOW)
        assert policy.supersede(self.LIFE, told=False) == 1
        (push,) = policy.due(NOW + 1)
        assert (push.over, push.superseded) == (True, True)
        policy.told([push], NOW + 1)
        assert policy.due(NOW + 2) == []

    def test_a_card_that_a_later_life_issues_again_rings_on(self, policy):
        policy.take(moved(), NOW)
        policy.told(policy.due(NOW), NOW)
        assert policy.take(moved(epoch=7), NOW + 1) is Outcome.KNOWN
        assert policy.supersede(self.LIFE, told=False) == 0
        assert policy.counts()["card"] == 1

    def test_the_cards_of_other_partitions_ring_on(self, policy):
        policy.take(moved(), NOW)
        place = partition_of(moved().case_no, 8)
        others = [n for n in range(8) if n != place]
        lives = [LifeRecord(partition=n, partitions=8, epoch=7, at=0) for n in others]
        assert [policy.supersede(life, told=False) for life in lives] == [0] * 7
        life = LifeRecord(partition=place, partitions=8, epoch=7, at=0)
        assert policy.supersede(life, told=False) == 1

    def test_what_an_earlier_notifier_has_told_of_a_life_is_not_told_again(self, policy):
        policy.take(moved(), NOW, told=True)
        policy.supersede(self.LIFE, told=True)
        assert policy.due(NOW + 1) == []
        assert policy.settled

    def test_a_card_that_begins_again_later_is_a_card_like_any_other(self, policy):
        policy.take(moved(), NOW)
        policy.told(policy.due(NOW), NOW)
        policy.supersede(self.LIFE, told=False)
        policy.take(moved(epoch=7), NOW + 1)
        policy.take(moved(epoch=7, move="resolved", move_no=2), NOW + 2)
        assert not any(push.superseded for push in policy.due(NOW + 3))
