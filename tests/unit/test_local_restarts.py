from __future__ import annotations

from deploy.local.supervisor import Restarts


def test_a_child_that_keeps_ending_is_restarted_ever_later():
    plan, waits = Restarts((1.0, 2.0, 5.0)), []
    for now in range(5):
        waits.append(plan.ended(float(now)))
        plan.started(float(now))
    assert waits == [1.0, 2.0, 5.0, 5.0, 5.0]


def test_a_child_that_ran_steadily_begins_anew():
    plan = Restarts((1.0, 2.0))
    plan.ended(0.0)
    plan.started(1.0)
    assert plan.ended(100.0) == 1.0


def test_it_is_due_only_between_its_end_and_its_start():
    plan = Restarts((3.0,))
    assert plan.due is None
    plan.ended(10.0)
    assert plan.due == 13.0
    plan.started(13.0)
    assert plan.due is None
