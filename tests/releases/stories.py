"""What a release is recorded by: partitions that lived through every shape of case and change.

Each story drives the release's own engine and gives the partition as it stands, with all that left
it and the state it leaves behind. Nothing is random, and no clock is read: told again, a story
gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.events import STEP_EVENT
from streams.engine.rules import Rules
from streams.runtime.placing import partition_of
from tests.support.bad_messages import BAD_MESSAGES
from tests.support.cases import at, days, event, rules
from tests.support.changing import change, decreed, send, settle
from tests.support.partition import Partition
from tests.support.random_cases import (
    FIRST,
    LAWS,
    contradicted,
    corrected,
    random_case,
    taken_back,
)
from tests.support.system import ROOT

HUNAN: Final = ROOT / "deploy/samples/hunan"
DAY: Final = 86_400
REFUSED: Final = ("naive-time", "gbk", "cut-short")


def short(law: Rules, kept_year: int = 2026) -> Rules:
    """Give the same rules with one decreed year in their calendars, so that files stay small."""
    kept = {
        name: made.model_copy(
            update={
                "years": tuple(year for year in made.years if year.year == kept_year),
                "days": tuple(day for day in made.days if day.date.year == kept_year),
            }
        )
        for name, made in law.catalogue.calendars.items()
    }
    return Rules.of(replace(law.catalogue, calendars=kept))


class Told(Partition):
    """A partition that also keeps what was put into its topics of ticks."""

    def __init__(self, *given, **more):
        self.ticks: list[bytes] = []
        super().__init__(*given, **more)

    def chunk(self, topic, values, **more):
        if topic == topics.TICKS.name:
            self.ticks += values
        return super().chunk(topic, values, **more)

    def rule(self, *values: bytes):
        return self.logic.apply(self.chunk(topics.RULINGS.name, list(values)))

    def card(self, case_no: str, level: str) -> str:
        """Name a card that was issued."""
        issued = (m for m in self.moves() if m.case_no == case_no and str(m.level) == level)
        return next(issued).card_id


def ruling(case_no: str, card: str, when: str, action: str = "answered") -> bytes:
    fields = {
        "ruling_id": f"r-{case_no}-{action}",
        "case_no": case_no,
        "card_id": card,
        "action": action,
        "actor": "bureau-1",
        "decided_at": when,
        "reason": "已核实，联系人电话 13800001234",
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def hunan() -> Told:
    """The Chinese sample day by day: rulings, a card taken back, refusals, findings."""
    here = Told(short(Rules.of(load_catalogue(HUNAN / "catalogue"))))
    lines = (HUNAN / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = sorted(map(STEP_EVENT.validate_json, lines), key=lambda e: (e.occurred_at, e.event_id))
    now = at("2026-03-02 08:00:00")
    here.tick(now)
    while now < at("2026-04-10 08:00:00"):
        now += DAY // 2
        while events and events[0].occurred_at.timestamp() <= now:
            here.feed(events.pop(0))
        here.tick(now)
        here.take()
        if now == at("2026-03-20 08:00:00"):
            speaks_and_corrects(here)
        if now == at("2026-04-06 08:00:00"):  # resolved cards ring again: it was not decided
            here.feed(*(sample(n, record_version=2, voided=True) for n in ("demo-108", "demo-109")))
    return here


def speaks_and_corrects(here: Told) -> None:
    late = "430100-2026-0003"
    yellow = here.card(late, "yellow")
    here.rule(
        ruling(late, yellow, "2026-03-19T10:00:00+08:00"),
        ruling(late, yellow, "2026-03-19T16:00:00+08:00", "closed"),
        b'{"ruling_id": "r-9", "action": "forgiven"}',
    )
    earlier = {"record_version": 2, "occurred_at": "2026-03-11T15:00:00+08:00"}
    fixed = sample("demo-013", **earlier), sample("demo-014", **earlier)
    here.feed(*fixed, sample("demo-007", officer="o-999"))
    here.feed(*(bad.raw for bad in BAD_MESSAGES if bad.name in REFUSED))


def sample(event_id: str, **changed):
    """Give a record of the sample, changed."""
    lines = (HUNAN / "events.jsonl").read_text(encoding="utf-8").splitlines()
    (fields,) = (f for f in map(json.loads, lines) if f["event_id"] == event_id)
    return STEP_EVENT.validate_python(fields | changed)


def random_cases(law: str, seed: int, cases: int = 7) -> Told:
    """Random cases under one law, a third of their records corrected, voided or contradicted."""
    random, here = Random(seed), Told(short(LAWS[law], FIRST.year), partitions=2)
    names = (f"{law}-{n}" for n in range(1000))
    ours = [name for name in names if partition_of(name, 2) == 0][:cases]
    events = [each for name in ours for each in random_case(random, name)]
    events += [altered(each, random) for each in list(events) if random.random() < 0.3]
    events.sort(key=lambda e: (e.occurred_at, e.case_no, e.event_id, e.record_version))
    now = int(FIRST.timestamp())
    here.tick(now)
    unread = len(events) * 2 // 5
    while len(events) > unread:
        now += 2 * DAY
        due = [e for e in events if e.occurred_at.timestamp() <= now]
        events = events[len(due) :]
        if due:
            here.feed(*due)
        here.tick(now)
        here.take()
    return here


def altered(each, random: Random):
    how = random.choice((corrected, taken_back, contradicted))
    return corrected(each, random) if how is corrected else how(each)


def other_partitions() -> Told:
    """What came to the wrong partition and is sent on: an event and a ruling."""
    here = Told(short(LAWS["next_day"]), partitions=3)
    case_no = next(n for n in map("elsewhere-{}".format, range(99)) if partition_of(n, 3) == 2)
    here.tick(at("2026-03-02 08:00:00"))
    here.feed(event("accepted", "2026-03-02 10:00:00", case_no=case_no))
    here.rule(ruling(case_no, "0" * 20, "2026-03-02T11:00:00+08:00"))
    here.take()
    return here


LAW: Final = short(rules({"promised": days(7)}))
CN_2027: Final = decreed(LAW.catalogue.calendars["cn"])


def across_the_year(**more) -> Told:
    """Give a partition with cases that are due in 2027, which nobody has decreed yet."""
    here = Told(LAW, slice_cases=2, **more)
    here.tick(at("2026-12-28 12:00:00"))
    names = [f"late-{n}" for n in range(6)]
    here.feed(*(event("accepted", "2026-12-28 10:00:00", case_no=name) for name in names))
    here.feed(event("accepted", "2026-12-14 10:00:00", case_no="early"))
    settle(here)
    here.tick(at("2026-12-28 13:00:00"))
    settle(here)
    return here


def changing() -> Told:
    """Changes refused, without effect, compared and applied; the last one is under way."""
    here = across_the_year()
    bad = CN_2027.model_copy(update={"years": ()})
    send(here, change(bad, change_id="refused"))
    send(here, change(LAW.catalogue.calendars["cn"], change_id="unchanged"))
    send(here, change(CN_2027, change_id="compared", dry_run=True))
    settle(here)
    catalogue = rules({"promised": days(5)}).catalogue.content
    send(here, change(catalogue=catalogue, change_id="applied", retroactive=True))
    settle(here)
    send(here, change(CN_2027, change_id="under-way"))
    for _ in range(3):
        assert here.take().more
    return here


def comparing() -> Told:
    """A dry run is under way: its contents lie in the state."""
    here = across_the_year()
    send(here, change(CN_2027, change_id="compared", dry_run=True))
    for _ in range(3):
        assert here.take().more
    return here


def passing() -> Told:
    """A tick is under way: some cases are judged by it, some are not."""
    here = across_the_year()
    here.tick(at("2027-01-20 12:00:00"))
    for _ in range(2):
        assert here.take().more
    return here


STORIES: Final[dict[str, Callable[[], Told]]] = {
    "hunan": hunan,
    "permit": lambda: random_cases("permit", 1),
    "steps": lambda: random_cases("steps", 2),
    "elsewhere": other_partitions,
    "changing": changing,
    "comparing": comparing,
    "passing": passing,
}


def inputs(here: Told) -> list[bytes]:
    """Give one of each kind of record that the release's programs put into the ticks."""
    kinds = {json.loads(raw)["type"]: raw for raw in here.ticks}
    return list(kinds.values())


def later(here: Partition) -> list[int]:
    """Give the moments that pass after the state was left: a day, and half a year."""
    return [here.metrics.now + DAY, here.metrics.now + 180 * DAY]
