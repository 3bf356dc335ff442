"""Whether a role that reads topics is ready."""

from __future__ import annotations

from unittest.mock import Mock

from streams.commands.roles.serving import PULSE_SECONDS, Pulse


def test_a_role_is_ready_while_it_reads():
    now = [100.0]
    pulse = Pulse(Mock(), lambda: now[0])
    assert not pulse.health().ok
    pulse.lag("jiancha.events", 3)
    assert pulse.health().ok
    now[0] += PULSE_SECONDS
    assert not pulse.health().ok


def test_a_sink_that_stands_still_for_a_gap_is_not_ready_and_says_what_to_run():
    """Also one that read a moment ago: the history was lost under it."""
    pulse = Pulse(Mock(), lambda: 100.0)
    pulse.lag("jiancha.events", 3)
    pulse.gap("jiancha.events", 40)
    pulse.gap("jiancha.cases", 2)
    health = pulse.health()
    assert not health.ok
    assert health.detail == "the history lacks 42 records: `jiancha history rewind`"
    pulse.gap("jiancha.events", 0)
    pulse.gap("jiancha.cases", 0)
    assert pulse.health().ok
