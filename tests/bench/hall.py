"""A hall's log for the bench: realistic step events of many cases, interleaved, from a seed."""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import encode
from streams.runtime.placing import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED: Final = 20250303
FIRST: Final = datetime(2025, 3, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
SPAN: Final = timedelta(days=60)
"""The time in which the cases come in, however many they are."""
TICK_EVERY: Final = timedelta(hours=6)
HOUR: Final = 3600
DAY: Final = 24 * HOUR
CATALOGUE: Final = """\
items:
  - code: i
    name: 食品经营许可证核发
    versions:
      - clocks:
          promised: {amount: 7, unit: working_day}
          statutory: {amount: 20, unit: working_day}
"""
"""A catalogue file by which such a log is judged."""

DEPARTMENTS: Final = tuple(f"1143010000612{n:04d}X" for n in range(12))
REGIONS: Final = ("430102", "430103", "430104", "430105", "430111", "430112")
OFFICERS: Final = ("李建国", "王秀英", "陈志强", "刘丽", "杨勇", "赵敏", "黄磊", "周婷")
SURNAMES: Final = "王李张刘陈杨黄赵周吴"
PACES: Final = (0.3, 1, 1, 1, 1, 1, 1, 1.5, 2, 5)
"""How quick a case is; the slow ones pass their limits."""


class Sent(NamedTuple):
    """One event as the hall sends it."""

    at: int  # seconds since the epoch
    case_no: str
    value: bytes


class Log(NamedTuple):
    """What lies in the input topics when a program starts, by partition."""

    steps: list[list[Sent]]
    ticks: list[list[bytes]]

    @property
    def records(self) -> int:
        """Count the records of all input topics."""
        return sum(map(len, self.steps)) + sum(map(len, self.ticks))


def make_log(events: int, partitions: int, seed: int = SEED) -> Log:
    """Make so many events in the order of their times, and ticks that name what came before."""
    random = Random(seed)
    cases = events // 5 + 1  # more than are needed: the latest stay open at the end
    sent = [event for number in range(cases) for event in _case(random, number)]
    sent.sort()
    steps: list[list[Sent]] = [[] for _ in range(partitions)]
    for event in sent[:events]:
        steps[partition_of(event.case_no, partitions)].append(event)
    return Log(steps, [_ticks(own, sent[events - 1].at) for own in steps])


def _ticks(steps: list[Sent], last: int) -> list[bytes]:
    """A replay's ticks for one partition, as `jiancha replay --tick-every` sends them."""
    times = [event.at for event in steps]
    every = int(TICK_EVERY.total_seconds())
    moments = [*range(int(FIRST.timestamp()), last, every), last]
    return [
        encode(Tick(now, "replay", {topics.STEPS.name: bisect_right(times, now)}))
        for now in moments
    ]


def _case(random: Random, number: int) -> Iterator[Sent]:
    """One case: received, accepted, a step, its decision, and mostly a finishing of its own."""
    region = random.choice(REGIONS)
    case_no = f"{region}-2025-{number:08d}"
    envelope = {
        "schema_version": 1,
        "event_id": "",
        "case_no": case_no,
        "source": f"hall-{region}",
        "kind": "",
        "item": "i",
        "item_name": "食品经营许可证核发",
        "region": region,
        "department": random.choice(DEPARTMENTS),
        "window": f"A{random.randrange(1, 30):02d}",
    }
    moment = FIRST + random.random() * SPAN
    pace = random.choice(PACES)
    for sequence, (wait, kind, facts) in enumerate(_story(random)):
        moment += timedelta(seconds=random.randrange(60, int(wait * pace) + 120))
        event = {
            **envelope,
            "event_id": f"{case_no}-{sequence}",
            "kind": kind,
            "occurred_at": moment.isoformat(timespec="seconds"),
            "recorded_at": (moment + timedelta(seconds=5)).isoformat(timespec="seconds"),
            "officer": f"430{random.randrange(1000, 9999)}",
            "officer_name": random.choice(OFFICERS),
            **facts,
        }
        value = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        yield Sent(int(moment.timestamp()), case_no, value)


def _story(random: Random) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Each event of a case: the seconds it may be waited for, its kind, its own facts."""
    applicant = random.choice(SURNAMES) + random.choice(("伟", "芳", "文静"))
    phone = f"138{random.randrange(10**8):08d}"
    yield 0, "received", {"applicant_name": applicant, "applicant_phone": phone}
    yield 8 * HOUR, "accepted", {"case_type": "promised", "channel": "window"}
    step = {"step": "SC", "step_name": "审查", "sequence": 2}
    yield 1 * DAY, "step_started", step
    yield 6 * DAY, "step_finished", {**step, "result": "passed", "action": "通过"}
    outcome = {"outcome": random.choice(("granted", "granted", "granted", "denied"))}
    if random.random() < 0.7:
        yield 5 * DAY, "decided", {**outcome, "document_no": f"许{random.randrange(10**6)}号"}
    yield 2 * DAY, "finished", {**outcome, "by_courier": random.random() < 0.3}
