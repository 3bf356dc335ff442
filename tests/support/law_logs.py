"""Random logs of a partition: when each record of a case came, what was sent again, the ticks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support.law.arriving import Tick, Watch, watch
from tests.support.law_cases import Story
from tests.support.law_laws import some_law

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from tests.support.law import Law, Record

MOST_TICKS = 6


def some_logs(random: Random, unit: str, mode: str) -> Iterator[tuple[Law, list, Watch]]:
    """Draw logs for ever, each with what is found in it; all days in question are known."""
    while True:
        try:
            law = some_law(random, unit, mode)
            log = some_log(random, Story(random, law).told())
            yield law, log, watch(law, log)
        except NotImplementedError:
            continue


def some_log(random: Random, records: list[Record]) -> list[Record | Tick]:
    """Let records come when they were written, or late, some of them again; with ticks between."""
    came = [(coming(random, record), record) for record in records]
    last = max(moment for moment, _ in came)
    for moment, record in [each for each in came if random.random() < 0.15]:
        later = moment + timedelta(seconds=random.randrange(86_400 * 40))
        came.append((max(later, moment), sent_again(random, record)))
        last = max(last, later)
    first = min(moment for moment, _ in came)
    span = int((last - first).total_seconds()) + 86_400 * 3
    ticks = [first + timedelta(seconds=random.randrange(span)) for _ in range(MOST_TICKS)]
    ticks += [moment for moment, _ in came if random.random() < 0.7]
    soon = timedelta(seconds=1)
    ticks = sorted(ticks + [moment + soon for moment, record in came if moment < record.at])
    entries = [(moment, 0, n, Tick(moment)) for n, moment in enumerate(dict.fromkeys(ticks))]
    entries += [(moment, 1, n, record) for n, (moment, record) in enumerate(came)]
    return [entry for *_, entry in sorted(entries, key=lambda each: each[:3])]


def coming(random: Random, record: Record) -> datetime:
    moment = max(record.recorded or record.at, record.at)
    if random.random() < 0.05:
        moment = record.at - timedelta(seconds=random.choice((300, 301, 302, 7200, 86_400 * 3)))
    elif random.random() < 0.1:
        moment += timedelta(days=random.randrange(1, 30))
    return moment.replace(microsecond=0)


def sent_again(random: Random, record: Record) -> Record:
    """Draw what comes again: taken back, dated otherwise, or a second one of the same act."""
    chance = random.random()
    if chance < 0.25:
        return replace(record, version=record.version + 1, voided=True)
    moved = record.at + timedelta(seconds=random.randrange(-86_400 * 20, 86_400 * 5))
    if chance < 0.75:
        return replace(record, version=record.version + 1, at=moved, recorded=None)
    return replace(record, id=f"{record.id}-second", at=moved, recorded=None)
