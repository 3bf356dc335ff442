"""A running 0.1.0 with unread records in every topic is upgraded: nothing is lost, or other."""

from __future__ import annotations

import gzip
import json
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.codes import Level
from schemas.verdicts import card_id, encode
from tests.releases.running import COMMITS, NotHere, installed
from tests.releases.stories import ruling
from tests.support import boston
from tests.support.bad_messages import BAD_MESSAGES
from tests.support.cases import at
from tests.support.changing import change, decreed
from tests.support.system import JIANCHA, PARTITIONS, ROOT, System, remove_topics
from tests.support.upgrading import (
    HUNAN,
    Halls,
    Left,
    Oracle,
    history_is_the_state,
    joined_catalogue,
)
from tests.support.wait import eventually

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kafka, pytest.mark.long]
ROLES = ("sink", "notify", "engine")
BOSTON_ROWS = 300
DAYS = ("2026-03-06", "2026-03-13", "2026-03-20", "2026-03-27", "2026-04-03", "2026-04-10")
"""When time passes, at 18:00: a third of the records each two days."""
LATE = "430100-2026-0003"
BAD = next(bad.raw for bad in BAD_MESSAGES if bad.name == "naive-time")


@pytest.fixture(params=[known for known in COMMITS if known != version("jiancha")])
def release(request):
    """An older release, installed."""
    try:
        return installed(request.param)
    except NotHere as missing:
        pytest.fail(str(missing))


@pytest.fixture
def system(tmp_path, real_kafka, embedded_clickhouse, release):
    """What the older release's operator has: topics, tables, no role running yet."""
    catalogue = joined_catalogue(tmp_path / "catalogue")
    made = System(tmp_path, real_kafka, embedded_clickhouse, catalogue, embedded=False)
    made.program, made.home = release.jiancha, release.folder
    remove_topics(real_kafka)
    try:
        made.run("topics")
        made.run("migrate")
        yield made
    finally:
        made.stop()
        remove_topics(real_kafka)


def some_of_boston(folder: Path) -> Path:
    """Convert the first rows of the city's log."""
    with gzip.open(boston.DATA, "rt", encoding="utf-8") as rows:
        (folder / "some.csv").write_text("".join(islice(rows, BOSTON_ROWS + 1)), encoding="utf-8")
    events = folder / "boston.jsonl"
    mapping = boston.SAMPLE / "mapping.yaml"
    boston.call(["convert", "--mapping", str(mapping), str(folder / "some.csv"), "-o", str(events)])
    return events


class Days:
    """The log in days: each gives its events, sent at once, and then time passes."""

    def __init__(self, halls: Halls, events: Path) -> None:
        self.halls = halls
        with events.open(encoding="utf-8") as lines:
            self.boston = [keyed(line) for line in lines]
        lines = (HUNAN / "events.jsonl").read_text("utf-8").splitlines()
        self.hunan = sorted(lines, key=lambda line: json.loads(line)["occurred_at"])
        self.share = len(self.boston) // len(DAYS)

    def send(self, day: str) -> None:
        """Send a day's events, those of Boston among them: late by fifteen years."""
        until = f"{day}T18:00:00+08:00"
        due = [line for line in self.hunan if json.loads(line)["occurred_at"] <= until]
        self.hunan = self.hunan[len(due) :]
        share, self.boston = self.boston[: self.share], self.boston[self.share :]
        self.halls.send(topics.STEPS.name, *map(keyed, due), *share)

    def end(self, day: str) -> int:
        """Let the day end; give that moment."""
        now = at(f"{day} 18:00:00")
        self.halls.tick(now)
        return now

    def judged(self, day: str) -> None:
        """Send a day, and wait until the engine has judged it."""
        self.send(day)
        now = self.end(day)
        eventually(lambda: self.halls.reached(now), 120, interval=0.1)


def keyed(line: str) -> tuple[str, bytes]:
    return json.loads(line)["case_no"], line.strip().encode()


def answer(action: str) -> tuple[str, bytes]:
    card = card_id(LATE, "promised", Level.YELLOW, 1)
    return LATE, ruling(LATE, card, "2026-03-19T10:00:00+08:00", action)


@pytest.fixture
def halls(system):
    made = Halls(system.bootstrap)
    yield made
    made.close()


def test_a_running_release_is_upgraded_with_unread_records_in_every_topic(system, halls, tmp_path):
    days = Days(halls, some_of_boston(tmp_path))
    the_old_release_works(system, days)
    left = unread_is_left_everywhere(system, days)
    system.program, system.home = JIANCHA, ROOT
    system.run("topics")
    system.run("migrate")
    begin(system)
    eventually(lambda: halls.reached(at(f"{DAYS[4]} 19:00:00")), 120, interval=0.1)
    days.judged(DAYS[5])
    Oracle(halls.reader, system.catalogue, left).check()
    eventually(lambda: history_is_the_state(system, halls.reader) or True, 60, interval=0.5)
    nothing_was_refused(system, halls)


def begin(system):
    for role in ROLES:
        system.start(role)
    for role in ROLES:
        system.ready(role, 120)


def the_old_release_works(system, days):
    begin(system)
    for day in DAYS[:2]:
        days.judged(day)
    days.halls.send(topics.STEPS.name, ("k", BAD))
    days.halls.send(topics.RULINGS.name, answer("answered"), partition=0)  # perhaps not its own
    days.judged(DAYS[2])


def unread_is_left_everywhere(system, days) -> Left:
    """First the sink and the notifier stop, then the engine; the halls do not."""
    halls, name = days.halls, system.name
    for role in ("sink", "notify"):
        assert system.terminate(role, 30) == 0
    halls.send(topics.STEPS.name, ("k", BAD))
    days.judged(DAYS[3])
    assert system.terminate("engine", 30) == 0
    left = Left(halls.reader)
    halls.send(topics.RULINGS.name, answer("closed"))
    days.send(DAYS[4])
    calendar = load_catalogue(system.catalogue).calendars["hunan"]
    for partition in range(PARTITIONS):
        barriers = {topic: halls.end(topic, partition) for topic in halls_inputs()}
        sent = change(decreed(calendar), barriers=barriers, made_at=at(f"{DAYS[4]} 12:00:00"))
        halls.pass_on(partition, encode(sent))
    days.end(DAYS[4])
    halls.tick(at(f"{DAYS[4]} 19:00:00"))
    for topic in topics.INPUTS:
        assert halls.unread(f"{name}-engine", topic.name), topic.name
    for topic in (topics.EVENTS, topics.CASES, topics.VERDICTS, topics.DEAD_LETTERS):
        assert halls.unread(f"{name}-sink", topic.name), topic.name
    assert halls.unread(f"{name}-notify", topics.VERDICTS.name)
    return left


def halls_inputs():
    return [topic.name for topic in topics.INPUTS if topic is not topics.TICKS]


def nothing_was_refused(system, halls):
    """Nothing of ours; of the halls' what was bad before, each once."""
    assert halls.end(topics.SINK_DEAD_LETTERS.name, 0) == 0
    letters = [message.value() for message in halls.reader.read(topics.DEAD_LETTERS.name)]
    assert letters == [BAD, BAD]
    assert system.ask("SELECT count() FROM v_dead_letters") == [(2,)]
    assert system.run("dlq", "list", "--sink").stdout == ""
    for role in ROLES:
        assert system.terminate(role, 30) == 0
