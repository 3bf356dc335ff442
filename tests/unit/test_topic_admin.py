"""Who is in a group to stay, and who has only just ended."""

from __future__ import annotations

from structlog.testing import capture_logs

from streams.settings import Kafka
from streams.topic_admin import TopicAdmin

GROUP = "jiancha-engine"
KAFKA = Kafka(session_timeout=2.0)
LONGEST = 2 + 5


class Brokers:
    """A group whose members become fewer with each look."""

    def __init__(self, *members):
        self.counts, self.pauses = list(members), []

    def describe_groups(self, groups):
        assert groups == [GROUP]
        count = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        return {GROUP: {"members": [{}] * count}}

    def remaining(self):
        return TopicAdmin(self, KAFKA).remaining(GROUP, self.pauses.append)


def test_those_that_have_ended_are_waited_for_until_their_session_times_out():
    brokers = Brokers(2, 1, 0)
    assert brokers.remaining() == 0
    assert brokers.pauses == [1.0, 1.0]


def test_nobody_is_not_waited_for():
    brokers = Brokers(0)
    assert (brokers.remaining(), brokers.pauses) == (0, [])


def test_who_stays_beyond_a_session_is_counted():
    brokers = Brokers(3, 1)
    assert brokers.remaining() == 1
    assert sum(brokers.pauses) == LONGEST


def test_that_it_waits_is_told_once():
    with capture_logs() as lines:
        Brokers(1).remaining()
    assert [(line["event"], line["members"], line["upto"]) for line in lines] == [
        ("waiting for members to leave", 1, LONGEST)
    ]
