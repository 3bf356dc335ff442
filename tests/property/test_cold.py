"""A partition whose closed cases leave memory at once writes, byte for byte, what one writes that
keeps them all: random cases of each law, late records and corrections among them, in slices of time
with a tick each, rulings, and a change of calendar on the way.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random

import pytest

from schemas import topics
from schemas.verdicts import encode
from streams.runtime.cold import Cold, InMemory
from streams.runtime.cold_file import ColdFile
from tests.property.test_change import before_and_after
from tests.property.test_partition import DAYS_A_SLOT, deliveries
from tests.support.changing import change, send, settle
from tests.support.partition import Partition, restarted
from tests.support.random_cases import FIRST, LAWS

CASES = [60, pytest.param(300, marks=pytest.mark.long)]
"""Of each law: few in each `make test`, all in `make test-long`."""
CHANGED_AT = 9
"""The slot after which the calendar is corrected: the days lie far back, and cases have closed."""


class Watched(InMemory):
    """A store that counts the cases that were worked on after they had gone there."""

    worked_on = 0

    def put(self, case_no, packed):
        before = super().put(case_no, packed)
        self.worked_on += before is not None
        return before

    def pop(self, case_no):
        found = super().pop(case_no)
        self.worked_on += found is not None
        return found


def moment(number):
    return int(FIRST.timestamp()) + (number + 1) * DAYS_A_SLOT * 86_400


def rulings_on(partition, seen, random):
    """A ruling on some of the cards that came last."""
    for output in partition.outputs[seen:]:
        if output.topic != topics.VERDICTS.name or random.random() < 0.7:
            continue
        move = json.loads(output.value)
        yield encode(
            {
                "ruling_id": f"r-{move['move_id']}",
                "case_no": move["case_no"],
                "card_id": move["card_id"],
                "action": random.choice(("answered", "closed")),
                "decided_at": datetime.fromtimestamp(move["at"] + 1, UTC).isoformat(),
                "actor": "x",
                "reason": "y",
            }
        )


def run(name, cases, cold, *, restarts=False, dry_run=False):
    """Feed the slots; everything that was written."""
    other, law = before_and_after(name)
    slots, random = deliveries(Random(name), cases), Random(1)
    calendar = law.catalogue.calendars["cn"]
    here = Partition(other, cold=cold())
    for number, slot in enumerate(slots):
        seen = len(here.outputs)
        late = random.sample(slots[max(0, number - 4)], min(5, len(slots[max(0, number - 4)])))
        here.feed(*slot, *late)
        here.tick(moment(number))
        here.take()
        found = list(rulings_on(here, seen, random))
        if found:
            here.logic.apply(here.chunk(topics.RULINGS.name, found))
        for second in (1, 2):
            here.tick(moment(number) + second)
            here.take()
        if number == CHANGED_AT:
            send(here, change(calendar, dry_run=dry_run))
            settle(here)
        if restarts:
            outputs = here.outputs
            here.logic.close()
            here = restarted(here, cold=cold())
            here.outputs = outputs
    return here


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("name", LAWS)
def test_every_byte_is_the_same_wherever_closed_cases_lie(name, cases):
    store = Watched()
    cold = run(name, cases, lambda: Cold(store, 0))
    warm = run(name, cases, lambda: Cold(InMemory(), 36_500))
    assert cold.changelog == warm.changelog
    assert cold.outputs == warm.outputs
    assert topics.DEAD_LETTERS.name not in {output.topic for output in cold.outputs}
    assert cold.metrics.cases == warm.metrics.cases
    assert store.worked_on > 10
    assert cold.metrics.in_cold_store == len(store) > warm.metrics.in_cold_store == 0
    assert cold.metrics.in_memory + len(store) == warm.metrics.in_memory == cases


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("name", ["next_day", "permit"])
def test_on_disk_and_with_a_restart_after_every_slice_too(name, cases, tmp_path):
    warm = run(name, cases, lambda: Cold(InMemory(), 36_500), dry_run=True)
    disk = run(name, cases, lambda: Cold(ColdFile(tmp_path), 0), restarts=True, dry_run=True)
    assert disk.changelog == warm.changelog
    assert disk.outputs == warm.outputs
    assert disk.metrics.in_memory + disk.metrics.in_cold_store == cases
    disk.logic.close()
