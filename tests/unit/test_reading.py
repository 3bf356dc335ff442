"""The program's reading of the law (`READING`): what an earlier one judged is judged anew, once."""

from __future__ import annotations

import msgspec
import pytest

from schemas.verdicts import decode, encode
from streams.engine.case import READING
from streams.engine.judge import NEVER
from streams.engine.state import head_of, pack, unpack
from streams.runtime.logic import PARTITION_KEY, PartitionState
from tests.support.cases import at, days, event, rules
from tests.support.partition import Partition, restarted

LAW = rules({"promised": days(2)})
NOW = at("2026-03-02 12:00:00")
OVER = at("2026-03-05 00:00:00")


def left(reading, *, cases=1):
    """What a program leaves that saw nothing coming in open cases, which will be over."""
    here = Partition(LAW)
    here.tick(NOW)
    here.feed(*(event("accepted", "2026-03-02 10:00:00", case_no=f"c{n}") for n in range(cases)))
    here.tick(NOW + 1)
    here.take()
    kept = dict(here.changelog)
    partition = decode(kept[PARTITION_KEY], PartitionState)
    kept[PARTITION_KEY] = encode(msgspec.structs.replace(partition, reading=reading))
    for key in [key for key in kept if key.startswith(b"c")]:
        kept[key] = pack(unpack(kept[key]), head_of(kept[key])._replace(deadline=NEVER))
    changelog = list(kept.items())
    return here, changelog


def going_on(here, changelog, **more):
    here.changelog = changelog
    return restarted(here, **more)


def own(here):
    here.take()
    return decode(dict(here.changelog)[PARTITION_KEY], PartitionState)


@pytest.mark.parametrize(
    ("reading", "issued"), [(READING - 1, ["notice", "yellow"]), (READING, [])]
)
def test_an_open_case_of_an_earlier_reading_is_judged_by_the_first_tick(reading, issued):
    here = going_on(*left(reading))
    here.tick(OVER)
    assert [str(move.level) for move in here.moves()] == issued
    assert own(here).reading == READING


def test_a_state_of_an_earlier_version_says_nothing_of_it():
    kept = msgspec.to_builtins(PartitionState(2, 0, {}))
    del kept["reading"]
    assert msgspec.convert(kept, PartitionState).reading == 0


def test_until_every_case_is_judged_a_restart_begins_again():
    here = going_on(*left(0, cases=3), slice_cases=1)
    here.tick(OVER)
    assert own(here).reading == 0  # one case is judged
    first = {move.case_no for move in here.moves()}
    again = going_on(here, list(dict(here.changelog).items()), slice_cases=1)
    again.tick(OVER + 1)
    while again.take().more:
        pass
    again.tick(OVER + 2)
    second = {move.case_no for move in again.moves()}
    assert first | second == {"c0", "c1", "c2"}
    assert not first & second
    assert own(again).reading == READING
