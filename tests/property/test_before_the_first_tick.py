"""Before the first tick no moment is known, and nothing needs one: no record, no name, no verdict.

Halls may send long before an engine has its first tick, and a new partition has had none. Whatever
has come by then is kept, and once a tick has come it is judged as if ticks had come from the
beginning. When a card was issued is another thing: it is when the engine knew.
"""

from __future__ import annotations

import gzip
import itertools
from random import Random

import pytest

from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.decoding import decode_event
from schemas.verdicts import encode
from streams.runtime.logic import PARTITION_KEY
from streams.runtime.placing import partition_of
from streams.state_layout import Kept, Survey
from tests.property.test_partition import statements
from tests.support.boston import call
from tests.support.cases import days, rules, rules_of
from tests.support.need import absent
from tests.support.partition import Partition, restarted
from tests.support.random_cases import STEPS, random_case
from tests.support.system import ROOT

SAMPLES = ROOT / "deploy/samples"
DAY = 86_400
OFFICERS = ("张", "李", "王", "赵", "陈")
CATALOGUES = [*range(5), *(pytest.param(n, marks=pytest.mark.long) for n in range(5, 60))]


def moment(event):
    return int(event.occurred_at.timestamp())


def post(random, code):
    """A post with people who are away at times: alone, in turn, or all at once."""
    holders = random.sample(OFFICERS, random.randrange(1, 4))
    absences = []
    for _ in range(random.randrange(8)):
        day, month = random.randrange(1, 29), random.randrange(1, 13)
        year = random.choice((2024, 2024, 2025))
        last = random.choice((f"{year}-{month:02}-{day:02}", f"{year}-12-31", "2100-12-31"))
        away = {"officer": random.choice(OFFICERS), "to": last}
        absences.append({**away, "from": f"{year}-{month:02}-{day:02}"})
    return {
        "code": code,
        "name": "岗",
        "department": "d",
        "officers": holders,
        "deputies": random.sample(OFFICERS, random.randrange(3)),
        "absences": absences,
    }


def random_law(random):
    flow = [
        {
            "code": step,
            "name": step,
            **({"post": f"p-{step}"} if random.random() < 0.8 else {}),
            **({"limit": days(random.choice((2, 9, 90)))} if random.random() < 0.9 else {}),
        }
        for step in STEPS
    ]
    clocks = {"promised": days(random.randrange(1, 20)), "step": days(5)}
    posts = [post(random, f"p-{step}") for step in STEPS]
    return rules(clocks, flow=flow, posts=posts, mode=random.choice(("next_day", "elapsed")))


def random_events(random, cases):
    """Cases with officers in them, each as far as it has come: most are still open."""
    found = []
    for n in range(cases):
        story = random_case(random, f"case-{n}")
        for event in story[: random.randrange(1, len(story) + 1)]:
            named = {"officer": random.choice(OFFICERS)} if random.random() < 0.5 else {}
            found.append(event.model_copy(update=named))
    return sorted(found, key=moment)


def table(sample, tmp_path):
    """The beginning of a sample's log, as events."""
    if sample == "boston":
        source = SAMPLES / "boston/boston311_2011q3.csv.gz"
    else:
        source = ROOT.parent / "shared/data/wabo_receipt.csv.gz"
    if not source.exists():
        absent(f"the log is missing: put it at {source.relative_to(ROOT.parent)}")
    cut, path = tmp_path / "cut.csv", tmp_path / "events.jsonl"
    with gzip.open(source, "rb") as lines:
        cut.write_bytes(b"".join(itertools.islice(lines, 400)))
    call(
        ["convert", "--mapping", str(SAMPLES / sample / "mapping.yaml"), str(cut), "-o", str(path)]
    )
    return path


@pytest.fixture(params=["hunan", "boston", "wabo"])
def sample(request, tmp_path):
    """A sample's law and the events of some of its cases, as they happened."""
    law = rules_of(load_catalogue(SAMPLES / request.param / "catalogue"))
    path = SAMPLES / "hunan/events.jsonl"
    if request.param != "hunan":
        path = table(request.param, tmp_path)
    events = [decode_event(line) for line in path.read_bytes().splitlines()]
    return law, sorted(events, key=moment)


def told(partition):
    """What is on record of each clock, but for what was read off the moment of writing."""
    return {
        case_no: (
            [
                (c.clock_id, c.officer, c.due_at, c.level, c.cards, c.next_at, c.stopped_at)
                for c in record.clocks
            ],
            [(f.finding_id, f.level, f.at) for f in record.findings],
            record.officer,
        )
        for case_no, record in partition.cases().items()
    }


def ticked_from_the_beginning(law, events):
    """A partition that had a tick on each day, before and after the records of it."""
    partition = Partition(law)
    for day, of_day in itertools.groupby(events, lambda event: moment(event) // DAY):
        partition.tick(day * DAY)
        partition.feed(*of_day)
        partition.take()
        partition.tick(day * DAY + DAY - 1)
        partition.take()
    return partition


def at_the_end(partition, then):
    """Let time come to a moment after the last record: late, and at once."""
    for now in (then, then + 1):
        partition.tick(now)
        partition.take()
    return told(partition), statements(partition)


def repartitioned(partition, to):
    """The partitions that a repartition makes of one that never had a tick."""
    kept, survey = Kept(), Survey(to)
    for key, value in partition.changelog:
        kept.restore(key, value)
    survey.add(0, kept)
    assert survey.now == 0
    logs = [[*kept.references.items()] for _ in range(to)]
    for key, state in kept.cases.items():
        logs[partition_of(key.decode(), to)].append((key, state))
    found = []
    for number, log in enumerate(logs):
        log.append((PARTITION_KEY, encode(survey.record(number, 1))))
        made = Partition(partition.rules, number=number, partitions=to, changelog=log)
        made.next.update({t.name: made.logic.applied(t.name) for t in topics.INPUTS})
        found.append(made)
    return found


def holds_before_the_first_tick(law, log, random):
    """Hold a log against itself: with every tick, with none until the end, divided on the way.

    Three times: the last time it is whole, before that clocks run on at its end.
    """
    for share in (0.4, 0.7, 1.0):
        events = log[: max(1, int(share * len(log)))]
        then = moment(events[-1]) + random.randrange(1, 60 * DAY)
        ticked = ticked_from_the_beginning(law, events)
        for day in range(moment(events[-1]) // DAY + 1, then // DAY):
            ticked.tick(day * DAY)
            ticked.take()
        expected = at_the_end(ticked, then)
        assert at_the_end(never_ticked(law, events, random), then) == expected
        assert divided(law, events, random.randrange(len(events)), then) == expected


def never_ticked(law, events, random):
    """A partition that has the log and no tick: each prefix was written out, some restored."""
    partition = Partition(law)
    for event in events:
        partition.feed(event)
        partition.take()
        if random.random() < 0.02:
            outputs, partition = partition.outputs, restarted(partition)
            partition.outputs = outputs
    assert all(record.as_of == 0 for record in partition.cases().values())
    return partition


def divided(law, events, cut, then):
    """What is told by three partitions that one was divided into on the way, before any tick."""
    whole = Partition(law)
    if events[:cut]:
        whole.feed(*events[:cut])
    whole.take()
    records, cards = {}, {}
    for part in repartitioned(whole, 3):
        part.outputs = [o for o in whole.outputs if partition_of(o.key.decode(), 3) == part.number]
        mine = [e for e in events[cut:] if partition_of(e.case_no, 3) == part.number]
        if mine:
            part.feed(*mine)
        part.take()
        said, standing = at_the_end(part, then)
        records |= said
        cards |= standing
    return records, cards


def test_a_samples_log_is_kept_without_a_tick_and_judged_by_the_first(sample):
    law, events = sample
    chosen = list(dict.fromkeys(event.case_no for event in events))[:40]
    holds_before_the_first_tick(law, [e for e in events if e.case_no in chosen], Random(7))


@pytest.mark.parametrize("seed", CATALOGUES)
def test_a_random_catalogue_with_posts_deputies_and_absences_is_no_other(seed):
    random = Random(seed)
    holds_before_the_first_tick(random_law(random), random_events(random, 15), random)
