"""`jiancha state`: the engine's state made again from the topics."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from prometheus_client import CollectorRegistry

from alerts.metrics.engine import EngineMetrics
from streams.commands.brokers import let_in_or_exit, one_line
from streams.commands.common import (
    FINDINGS,
    catalogue_or_exit,
    complain,
    keys_or_exit,
    settings_or_exit,
)
from streams.commands.progress import progress
from streams.engine.rules import Rules
from streams.logs import configure_logs
from streams.rebuild_kafka import Rebuilder, Refused
from streams.rebuilding import RULINGS, STEPS
from streams.runtime.logic import CasePartition
from streams.runtime.ports import Fatal
from streams.topic_admin import TopicsUnavailable, open_admin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.catalogue import Catalogue
    from schemas.macs import Key
    from streams.reaches import Reach
    from streams.rebuild_kafka import Rebuilt
    from streams.settings import Settings

SHOWN: Final = 10
"""Cases that are named on the screen; `--list` names all."""


@click.group("state")
def command() -> None:
    """See to the engine's state: what it knows of each case.

    \b
    Example:
      jiancha state rebuild --dry-run
    """  # noqa: D301 - click reads \b


@command.command("rebuild")
@click.option("--dry-run", is_flag=True,
              help="Only tell what could be made again; engines may run meanwhile.")  # fmt: skip
@click.option("--topics-only", is_flag=True,
              help="Leave out what the old state holds: where that is what is wrong.")  # fmt: skip
@click.option("--list", "listed", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the cases that are not whole to this file, as JSON lines.")  # fmt: skip
def rebuild(*, dry_run: bool, topics_only: bool, listed: Path | None) -> None:
    """Make the engine's state again from the topics, and begin a new epoch.

    For when the state was lost, is an older one, or is of topics that were made anew. Stop every
    engine first. What is made of a case is the union of what the state and the topics hold of its
    records; which cards were issued is read from jiancha.verdicts. It says which cases are no
    longer whole, since steps are kept for 90 days. A run that was cut off is simply run again;
    until it has ended no engine starts. See docs/recovery.md.

    \b
    Example:
      jiancha state rebuild --dry-run --list not-whole.jsonl
    """  # noqa: D301 - click reads \b
    settings = settings_or_exit()
    if settings.kafka.embedded:
        complain("the embedded broker keeps nothing: start `jiancha local` anew")
        sys.exit(FINDINGS)
    configure_logs(settings)
    catalogue = catalogue_or_exit(settings.catalogue)
    keys = keys_or_exit(settings, catalogue)
    let_in_or_exit(settings.kafka)
    with one_line(settings.kafka, Refused, Fatal, TopicsUnavailable):
        done = _run(settings, catalogue, keys, topics_only=topics_only, dry_run=dry_run)
    _tell(done, dry_run=dry_run)
    if listed is not None:
        _write(done, listed)
    sys.exit(FINDINGS if any(f.incomplete or f.gone for f in done.found.values()) else 0)


def _run(
    settings: Settings,
    catalogue: Catalogue,
    keys: Mapping[str, Key],
    *,
    topics_only: bool,
    dry_run: bool,
) -> Rebuilt:
    rules = Rules.of(catalogue)
    metrics = EngineMetrics(CollectorRegistry(), rules)

    def logic(number: int, partitions: int) -> CasePartition:
        return CasePartition(number, partitions, rules, metrics, keys=keys)

    with open_admin(settings.kafka) as admin:
        rebuilder = Rebuilder(settings, admin, logic, progress())
        return rebuilder.run(int(time.time()), topics_only=topics_only, dry_run=dry_run)


def _tell(done: Rebuilt, *, dry_run: bool) -> None:
    found = list(done.found.values())
    cases, only_state = sum(f.cases for f in found), sum(f.from_state for f in found)
    click.echo(
        f"{cases} cases with {sum(f.cards for f in found)} cards"
        f" {'would be made again' if dry_run else 'made again'}: {cases - only_state} from the"
        f" topics, {only_state} of which only the old state holds anything."
    )
    for topic in (STEPS, RULINGS):
        _tell_reach(topic, [r for place, r in done.reaches.items() if place.topic == topic])
    if unreadable := sum(f.unreadable for f in found):
        complain(f"{unreadable} cases of the old state have a form that this program does not know")
    _tell_cases("are judged by fewer records than before", [n for f in found for n in f.incomplete])
    _tell_cases("are known by a card or a record only", [n for f in found for n in f.gone])
    if aside := [name for f in found for name in f.aside]:
        complain(
            f"{len(aside)} cases are set aside (`jiancha case list`): {', '.join(aside[:SHOWN])}"
        )
    if not dry_run:
        click.echo(f"A new epoch begins: {done.epoch}. Start the engines.")


def _tell_reach(topic: str, reaches: list[Reach]) -> None:
    """Say what a topic no longer holds."""
    if gone := sum(reach.low for reach in reaches):
        oldest = min((reach.since for reach in reaches if reach.since), default=None)
        since = f"the oldest came {oldest:%Y-%m-%d %H:%M}Z" if oldest else "none is left"
        click.echo(f"{topic} no longer holds {gone} records; {since}.")


def _tell_cases(what: str, names: list[str]) -> None:
    """Say which cases are not whole, and what makes them so."""
    if names:
        more = f" and {len(names) - SHOWN} more (--list FILE)" if len(names) > SHOWN else ""
        complain(
            f"{len(names)} cases {what}: {', '.join(names[:SHOWN])}{more}: have the halls send all"
            " their records again"
        )


def _write(done: Rebuilt, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number, found in done.found.items():
            for why, names in (("incomplete", found.incomplete), ("gone", found.gone)):
                for case_no in names:
                    line = {"case_no": case_no, "partition": number, "why": why}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
