"""Record a release: `python -m tests.releases.record`, in the release's own tree.

Writes every kind of record that leaves the program, the state it leaves behind, and what it would
have said next, into `tests/releases/VERSION`, once. Later programs are tried on these files
(`tests/unit/test_releases.py`); docs/upgrade.md says when to do it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Callable

import msgspec
from pydantic import BaseModel

from schemas import topics
from schemas.verdicts import CaseRecord, decode
from streams.settings import Settings
from streams.sink.batches import Refused
from streams.sink.letters import letter
from tests.releases.lines import HERE, Record, save
from tests.releases.stories import STORIES, Told, inputs, later
from tests.support.changing import settle
from tests.support.partition import restarted
from tests.support.system import ROOT

SIMILAR = (topics.EVENTS.name, topics.CASES.name)
"""Topics in which a story leaves many records of the same form."""

LAWFUL = ("hunan", "changing")
"""Stories whose catalogues and calendars are kept among the records: they are large."""


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: str = project["version"]
    return found


def main() -> None:
    folder = HERE / version()
    if folder.exists():
        sys.exit(f"{version()} is recorded; what a release wrote is never written again")
    folder.mkdir()
    for name, story in STORIES.items():
        here = story()
        save(folder / f"{name}.records.jsonl", left(here, references=name in LAWFUL))
        save(folder / f"{name}.state.jsonl", state_of(here))
        save(folder / f"{name}.next.jsonl", said_next(here))
    installed = json.dumps(installation(), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "installation.json").write_text(installed + "\n", encoding="utf-8")


def left(here: Told, *, references: bool) -> list[Record]:
    """Give what left the partition, and letters of the sink about one of each topic."""
    found = [of_output(output) for output in here.outputs]
    if not references:
        found = [each for each in found if b'"type":"reference"' not in (each.value or b"")]
    kept = [each for each in found if each.topic not in SIMILAR]
    kept += of_each([each for each in found if each.topic == topics.EVENTS.name], kind_of)
    kept += of_each([each for each in found if each.topic == topics.CASES.name], lambda r: r.key)
    kept += [Record(topics.TICKS.name, None, raw) for raw in inputs(here)]
    return kept + sink_letters(kept)


def of_each(records: list[Record], what: Callable[[Record], object]) -> list[Record]:
    """Give the last record of each kind: those before it have the same form."""
    last = {what(each): each for each in records}
    return [each for each in records if each is last[what(each)]]


def kind_of(record: Record) -> object:
    """Say what kind of thing a record of `jiancha.events` tells."""
    told = json.loads(record.value or b"")
    inner = told.get("event") or told.get("ruling") or told
    names = ("kind", "action", "subject", "name", "result", "change_id")
    return told["type"], *(inner.get(name) for name in names)


def sink_letters(records: list[Record]) -> list[Record]:
    read = (topics.EVENTS, topics.CASES, topics.VERDICTS, topics.DEAD_LETTERS)
    found = []
    for topic in read:
        of_topic = [each for each in records if each.topic == topic.name]
        if not of_topic:
            continue
        one = min(of_topic, key=lambda each: len(each.value or b""))
        for what, why in ((topic.name, "ValidationError: no such field"), ("cases", "Code: 53.")):
            key, value, headers = letter(Refused(one, what, why))
            found.append(Record(topics.SINK_DEAD_LETTERS.name, key, value, headers))
    return found


def state_of(here: Told) -> list[Record]:
    """Give the state as compaction leaves it."""
    latest: dict[bytes, bytes | None] = {}
    for key, value in here.changelog:
        latest.pop(key, None)
        latest[key] = value
    name = topics.CASE_STATE.name
    return [Record(name, key, value) for key, value in latest.items()]


def said_next(here: Told) -> list[Record]:
    """Give what a restart of this program says as time goes on: moves, and cases at the end."""
    again = restarted(here)
    settle(again)
    for moment in later(here):
        again.tick(moment)
        settle(again)
    found = [of_output(output) for output in again.outputs]
    moves = [each for each in found if each.topic == topics.VERDICTS.name]
    cases = {each.key: each for each in found if each.topic == topics.CASES.name}
    for each in cases.values():
        assert decode(each.value or b"", CaseRecord).case_no
    return [*moves, *cases.values()]


def of_output(output) -> Record:
    headers = list(output.headers or ())
    return Record(output.topic, output.key, output.value, headers, output.partition or 0)


def installation() -> dict[str, dict]:
    """Say what an operator of this release has: settings, topics, tables."""
    return {
        "migrations": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((ROOT / "schemas/clickhouse").glob("*.sql"))
        },
        "settings": dict(sorted(defaults(Settings))),
        "topics": {topic.name: topic.config() for topic in topics.ALL},
    }


def defaults(model: type[BaseModel], before: str = ""):
    """Give every setting by its name in the environment, with its default."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from defaults(kind, f"{before}{name}__")
        else:
            default = field.get_default(call_default_factory=True)
            yield f"JIANCHA_{before}{name}".upper(), msgspec.to_builtins(default, enc_hook=str)


if __name__ == "__main__":
    main()
