"""Tables as halls write them, converted: what a mapping gives, and what is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from click.testing import CliRunner

from schemas.events import STEP_EVENT
from streams.commands.convert import command

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.events import StepEvent


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a table."""

    code: int
    told: str
    events: list[StepEvent]
    output: str

    @property
    def only(self) -> StepEvent:
        """The one event."""
        (event,) = self.events
        return event


def convert(
    folder: Path, mapping: str, table: bytes | str, *options: str, name: str = "t.csv"
) -> Came:
    """Convert a table with the command, as a person would."""
    rules, rows, out = folder / "m.yaml", folder / name, folder / "events.jsonl"
    rules.write_text(mapping, encoding="utf-8")
    rows.write_bytes(table.encode() if isinstance(table, str) else table)
    out.unlink(missing_ok=True)
    call = ["--mapping", str(rules), str(rows), "-o", str(out), *options]
    done = CliRunner().invoke(command, call)
    lines = out.read_bytes().splitlines() if out.exists() else []
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    events = [STEP_EVENT.validate_json(line) for line in lines]
    return Came(done.exit_code, done.stderr, events, done.stdout)
