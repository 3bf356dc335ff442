from __future__ import annotations

import msgspec
import pytest

from alerts.notify.digests import Digest
from alerts.notify.policy import Outcome, Policy, PushRules
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
        "window": 0.0,
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
    def test_its_end_is_told_for_a_quarter_of_an_hour(self, policy, end):
        """Alertmanager may restart after it has taken an end and before it has passed it on."""
        card = moved()
        policy.take(card, NOW)
        tell(policy, NOW)
        assert policy.take(moved(move=end, move_no=2), NOW + 5) is Outcome.ENDED
        assert tell(policy, NOW + 5) == [(card.card_id, True)]
        assert tell(policy, NOW + 64) == []
        assert policy.settled(NOW + 64)
        for minute in range(1, 16):
            assert tell(policy, NOW + 5 + 60 * minute) == [(card.card_id, True)]
        assert tell(policy, NOW + 5 + 60 * 16) == []

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
        assert not policy.settled(NOW + 1)
        tell(policy, NOW + 2)
        assert policy.settled(NOW + 2)

    def test_so_does_its_end(self, policy):
        policy.take(moved(), NOW)
        tell(policy, NOW)
        policy.take(moved(move="resolved", move_no=2), NOW + 1)
        assert [push.over for push in policy.due(NOW + 400)] == [True]
        assert not policy.settled(NOW + 400)
        tell(policy, NOW + 400)
        assert policy.settled(NOW + 400)


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


def rung(policy, now):
    """Give what should ring: the key, and the cards of a digest."""
    return {
        push.key: {card.card_id for card in push.subject.cards}
        if isinstance(push.subject, Digest)
        else {push.key}
        for push in policy.ringing(now)
    }


class TestDigest:
    """汇总: everything falls due at midnight."""

    @pytest.fixture
    def policy(self):
        return make(window=60.0)

    def fill(self, policy, cards, level=Level.YELLOW, region="430102", now=NOW):
        moves = [moved(f"{region}-{n}", level, region=region) for n in range(cards)]
        return [policy.take(move, now) for move in moves]

    def digests(self, policy, now):
        return [p.subject for p in policy.ringing(now) if isinstance(p.subject, Digest)]

    def test_sixty_at_midnight_are_one_alert_that_names_the_soonest_due_first(self, policy):
        due = {n: DUE - n for n in range(60)}
        for n in range(60):
            policy.take(moved(f"case-{n}", Level.YELLOW, due_at=due[n], holds_from=DUE + 1), NOW)
        (push,) = policy.due(NOW + 60)
        assert push.subject.issued == 60
        assert [card.case_no for card in push.subject.cards[:2]] == ["case-59", "case-58"]
        assert policy.counts() == {"card": 0, "digest": 1}

    def test_every_red_rings_alone_and_at_once(self, policy):
        self.fill(policy, 100)
        reds = [moved(f"red-{n}", Level.RED) for n in range(60)]
        for red in reds:
            assert policy.take(red, NOW) is Outcome.RINGS
        assert tell(policy, NOW) == [(red.card_id, False) for red in reds]
        assert [(d.gathering.level, d.issued) for d in self.digests(policy, NOW + 60)] == [
            (Level.YELLOW, 100)
        ]

    def test_as_many_as_the_cap_ring_each(self, policy):
        assert self.fill(policy, 20) == [Outcome.RINGS] * 20
        assert len(tell(policy, NOW + 60)) == 20
        assert policy.counts() == {"card": 20, "digest": 0}

    def test_one_more_and_none_of_them_rings_alone(self, policy):
        assert self.fill(policy, 21)[-1] is Outcome.DIGESTED
        assert len(tell(policy, NOW + 60)) == 1

    def test_regions_levels_and_minutes_are_apart(self, policy):
        for level in (Level.NOTICE, Level.YELLOW):
            self.fill(policy, 20, level)
            self.fill(policy, 20, level, region="430104")
        next_minute = DUE // 60 * 60 + 60
        policy.take(moved("later", Level.YELLOW, at=next_minute), NOW)
        assert self.digests(policy, NOW + 600) == []
        policy.take(moved("late", Level.YELLOW, at=next_minute - 1), NOW)
        (digest,) = self.digests(policy, NOW + 600)
        assert (digest.gathering.region, digest.issued) == ("430102", 21)

    def test_a_gathering_is_told_when_its_minute_is_over_and_nothing_came_lately(self, policy):
        begins = DUE // 60 * 60
        self.fill(policy, 1, now=begins + 7)
        assert rung(policy, begins + 59.9) == {}
        assert len(rung(policy, begins + 60)) == 1
        policy.take(moved("late", Level.YELLOW, region="430102"), begins + 120)
        assert rung(policy, begins + 129.9) == {}
        assert len(rung(policy, begins + 130)) == 2

    def test_the_end_of_one_makes_no_other_ring_anew(self, policy):
        self.fill(policy, 21)
        tell(policy, NOW + 60)
        end = moved("430102-20", Level.YELLOW, "resolved", 2, region="430102")
        policy.take(end, NOW + 61)
        assert tell(policy, NOW + 61) == []
        assert [d.issued for d in self.digests(policy, NOW + 61)] == [21]

    def test_it_ends_with_its_last_card_and_says_why_each_ended(self, policy):
        self.fill(policy, 22)
        tell(policy, NOW + 60)
        for n in range(22):
            how = ("retracted", "due_moved") if n < 2 else ("resolved", "clock_stopped")
            end = moved(f"430102-{n}", Level.YELLOW, how[0], 2, region="430102", reason=how[1])
            policy.take(end, NOW + 61)
        (push,) = policy.due(NOW + 62)
        assert push.over
        assert push.subject.ended == {
            ("retracted", "due_moved"): 2, ("resolved", "clock_stopped"): 20,
        }  # fmt: skip
        assert policy.counts() == {"card": 0, "digest": 0}

    def test_what_rang_alone_before_its_minute_overflowed_is_not_told_to_be_over(self, policy):
        """A partition that lags brings the 21st an hour later."""
        self.fill(policy, 20)
        alone = tell(policy, NOW + 60)
        policy.take(moved("late", Level.YELLOW, region="430102"), NOW + 3600)
        (digest,) = tell(policy, NOW + 3700)
        assert not digest[1]
        end = moved("430102-3", Level.YELLOW, "resolved", 2, region="430102")
        policy.take(end, NOW + 3701)
        assert tell(policy, NOW + 3701) == [(end.card_id, True)]
        assert (end.card_id, False) in alone

    def test_empty_gatherings_of_other_days_are_forgotten(self, policy):
        self.fill(policy, 3)
        for n in range(3):
            policy.take(moved(f"430102-{n}", Level.YELLOW, "resolved", 2, region="430102"), NOW)
        policy.take(moved("B", Level.YELLOW, at=DUE + 2 * DAY), NOW)
        assert len(policy._batches) == 2
        policy.due(NOW + 2 * DAY)
        assert len(policy._batches) == 1


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

    def test_a_digest_that_was_told_is_told_to_be_over(self):
        policy = make(digest_above=1, window=60.0)
        for case in "AB":
            policy.take(moved(case), NOW, told=True)
        policy.take(moved("A", move="resolved", move_no=2), NOW + 1, told=True)
        policy.take(moved("B", move="resolved", move_no=2), NOW + 100)
        ((key, over),) = tell(policy, NOW + 101)
        assert over
        assert "/" in key

    def test_one_that_was_written_in_time_rings_however_long_the_notifier_was_away(self):
        """What an earlier notifier would have told, the next one tells."""
        for told in (False, True):
            policy = make()
            outcome = policy.take(moved(level=Level.RED), DUE + 2, NOW + 30 * DAY, told=told)
            assert outcome is Outcome.RINGS


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


class TestLives:
    """What only an earlier life of the engine's state has issued; found.md: a second life."""

    LIFE = LifeRecord(partition=0, partitions=1, epoch=7, at=int(NOW))

    def test_a_card_that_a_later_life_does_not_issue_ends_and_says_that_it_was_not_resolved(
        self, policy
    ):
        policy.take(moved(), NOW)
        policy.told(policy.due(NOW), NOW)
        assert policy.supersede(self.LIFE, NOW, told=False) == 1
        (push,) = policy.due(NOW + 1)
        assert (push.over, push.why.reason) == (True, "superseded")
        policy.told([push], NOW + 1)
        assert policy.due(NOW + 2) == []

    def test_a_card_that_a_later_life_issues_again_rings_on(self, policy):
        policy.take(moved(), NOW)
        policy.told(policy.due(NOW), NOW)
        assert policy.take(moved(epoch=7), NOW + 1) is Outcome.KNOWN
        assert policy.supersede(self.LIFE, NOW, told=False) == 0
        assert policy.counts()["card"] == 1

    def test_the_cards_of_other_partitions_ring_on(self, policy):
        policy.take(moved(), NOW)
        place = partition_of(moved().case_no, 8)
        others = [n for n in range(8) if n != place]
        lives = [LifeRecord(partition=n, partitions=8, epoch=7, at=0) for n in others]
        assert [policy.supersede(life, NOW, told=False) for life in lives] == [0] * 7
        life = LifeRecord(partition=place, partitions=8, epoch=7, at=0)
        assert policy.supersede(life, NOW, told=False) == 1

    def test_what_an_earlier_notifier_has_told_of_a_life_is_not_told_again(self, policy):
        policy.take(moved(), NOW, told=True)
        policy.supersede(self.LIFE, NOW, told=True)
        assert policy.due(NOW + 1) == []
        assert policy.settled

    def test_a_card_that_begins_again_later_is_a_card_like_any_other(self, policy):
        policy.take(moved(), NOW)
        policy.told(policy.due(NOW), NOW)
        policy.supersede(self.LIFE, NOW, told=False)
        policy.take(moved(epoch=7), NOW + 1)
        policy.take(moved(epoch=7, move="resolved", move_no=2), NOW + 2)
        assert [push.why.reason for push in policy.due(NOW + 3) if push.over] != ["superseded"]


class TestAClockOfAnotherRound:
    """Its card is issued anew by later records; whoever was told is not told again."""

    OLD = moved(level=Level.RED)
    NEW = moved(
        level=Level.RED,
        clock_id="@1f/promised",
        card_id="another",
        round=2,
        replaces=OLD.card_id,
    )

    def back(self, card, **changed):
        gone = {"move": "retracted", "move_no": 2, "active": False, "reason": "round"}
        return msgspec.structs.replace(card, **gone, **changed)

    def test_the_alert_rings_on_and_nobody_is_woken_twice(self, policy):
        policy.take(self.OLD, NOW)
        assert tell(policy, NOW) == [(self.OLD.card_id, False)]
        assert policy.take(self.NEW, NOW + 5) is Outcome.KNOWN
        assert policy.take(self.back(self.OLD), NOW + 5) is Outcome.KNOWN
        assert tell(policy, NOW + 5) == []
        assert tell(policy, NOW + 60) == [(self.OLD.card_id, False)]

    def test_it_ends_with_the_new_card(self, policy):
        policy.take(self.OLD, NOW)
        tell(policy, NOW)
        policy.take(self.NEW, NOW + 5)
        policy.take(self.back(self.OLD), NOW + 5)
        ended = msgspec.structs.replace(self.NEW, move="resolved", move_no=2, active=False)
        assert policy.take(ended, NOW + 9) is Outcome.ENDED
        assert tell(policy, NOW + 9) == [(self.OLD.card_id, True)]

    def test_from_one_to_the_next_and_back(self, policy):
        third = msgspec.structs.replace(self.OLD, sequence=2, card_id="third", replaces="another")
        policy.take(self.OLD, NOW)
        tell(policy, NOW)
        for move in (self.NEW, self.back(self.OLD), third, self.back(self.NEW)):
            assert policy.take(move, NOW + 5) is Outcome.KNOWN
        assert tell(policy, NOW + 5) == []
        policy.take(msgspec.structs.replace(third, move="resolved", active=False), NOW + 9)
        assert tell(policy, NOW + 9) == [(self.OLD.card_id, True)]

    def test_where_the_old_one_did_not_ring_the_new_one_does(self, policy):
        assert policy.take(self.NEW, NOW) is Outcome.RINGS
        assert tell(policy, NOW) == [("another", False)]
