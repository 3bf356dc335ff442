"""The open cases of the bench: their catalogue, their states, the moments at which they are due.

All have a limit that the hall stated, so that it can end in any second.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from schemas import topics
from schemas.catalogue_loading import load_catalogue
from streams.engine.rules import Rules
from streams.engine.state import head_of
from streams.runtime.logic import RESERVED
from streams.runtime.placing import partition_of
from tests.bench.change import event_value, named
from tests.support.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.bench.live import Sender

PARTITIONS: Final = 8
DAY: Final = 86_400
PATTERNS: Final = 500
FAR: Final = (30, 60)
"""Days ahead within which the cases are due that are not due while the bench runs."""
CATALOGUE: Final = """\
items:
  - code: i
    name: 食品经营许可证核发
    versions: [{clocks: {promised: {stated: promised_due_at}}}]
"""


def law_in(folder: Path) -> Rules:
    """Write the bench's catalogue into a folder, and give its rules."""
    folder.mkdir()
    (folder / "items.yaml").write_text(CATALOGUE, encoding="utf-8")
    return Rules.of(load_catalogue(folder))


def far_moments(now: int, count: int = PATTERNS) -> list[int]:
    """Spread due moments over the days that lie far ahead."""
    first, span = now + FAR[0] * DAY, (FAR[1] - FAR[0]) * DAY
    return [first + number * span // count for number in range(count)]


def spread(first: int, seconds: int, each: int) -> list[int]:
    """Give so many due moments in each of some seconds."""
    return [first + second for second in range(seconds) for _ in range(each)]


def states(law: Rules, now: int, moments: Iterable[int]) -> dict[int, bytes]:
    """Make the state of a case for each due moment, accepted two days ago and judged until now.

    Raises ValueError when anything but its due moment can come over it while the bench runs.
    """
    wanted, here = sorted(set(moments)), Partition(law)
    here.tick(now - 1)
    for due_at in wanted:
        here.feed(*map(event_value, _accepted(f"due-{due_at}", now, due_at)))
    here.tick(now)
    here.take()
    made = {
        int(key.removeprefix(b"due-")): value
        for key, value in here.changelog
        if not key.startswith(RESERVED)
    }
    for due_at, state in made.items():
        if not min(due_at, now + DAY) < head_of(state).deadline <= due_at + 1:
            raise ValueError(f"a case due at {due_at} comes at {head_of(state).deadline}")
    return made


def fill(
    sender: Sender, made: dict[int, bytes], moments: Sequence[int], first: int, count: int
) -> Iterator[int]:
    """Write the state of cases `first` up to `first + count`, each with the next due moment.

    Gives how many are written, now and then.
    """
    for index in range(count):
        name = named(first + index)
        state = made[moments[index % len(moments)]]
        sender.send(topics.CASE_STATE.name, state, name, partition_of(name, PARTITIONS))
        if index % 100_000 == 99_999:
            yield index + 1
    sender.flush()


def _accepted(case_no: str, now: int, due_at: int) -> Iterator[dict[str, Any]]:
    began = now - 2 * DAY
    common = {"case_no": case_no, "source": "hall-430102", "item": "i", "region": "430102"}
    common |= {"department": "D1", "officer": "4301234"}
    yield {"kind": "received", "event_id": "0", "occurred_at": _iso(began), **common}
    facts = {"kind": "accepted", "event_id": "1", "occurred_at": _iso(began + 1200)}
    yield {**facts, "promised_due_at": _iso(due_at), **common}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
