"""`jiancha judge`: the same engine, offline."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.event_lines import read_event_lines
from streams.commands.common import (
    FINDINGS,
    MOMENT,
    catalogue_option,
    catalogue_or_exit,
    complain,
    complain_of_line,
)
from streams.engine.offline import clock_line, finding_line, judge_offline
from streams.engine.rules import Rules
from streams.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from schemas.events import StepEvent
    from streams.engine.case import Case


@click.command("judge")
@click.argument("events", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@catalogue_option
@click.option("--as-of", type=MOMENT, required=True, help="The moment of the verdict.")
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="utf-8"),
    default="-",
    help="Where to write the JSON lines.",
)
@click.option(
    "--findings",
    is_flag=True,
    help="Also a line for each finding (监察发现), after its case's clocks: with the key `finding` "
    "where theirs have `clock`.",
)
def command(
    events: Path,
    directory: Path,
    as_of: datetime,
    output: click.utils.LazyFile,
    *,
    findings: bool,
) -> None:
    """Judge a file of step events at a moment, without Kafka: one line for each clock.

    A clock is told once it is known: one that starts by silence (视为受理) when the time for an
    answer is over. Events that happened after the moment are left out. How many cases have no
    clock, and why, is said on standard error. Exit code 1 when a line was no event; the others
    are judged all the same.

    \b
    Example:
      jiancha judge events.jsonl --catalogue deploy/samples/boston/catalogue \\
        --as-of 2019-10-31T00:00:00-04:00 -o clocks.jsonl
    """  # noqa: D301 - click reads \b
    rules = Rules.of(catalogue_or_exit(directory))
    moment = int(as_of.timestamp())
    refused = 0

    def good() -> Iterator[StepEvent]:
        nonlocal refused
        for line in read_event_lines(events):
            if line.event is None:
                refused += 1
                complain_of_line(events, line)
            else:
                yield line.event

    watched = Watched()
    for case_no, case in judge_offline(good(), rules, moment):
        watched.see(case)
        for told in _lines(case_no, case, moment, findings=findings):
            output.write(json.dumps(told, ensure_ascii=False) + "\n")
    for unwatched in watched.told():
        complain(unwatched)
    if refused:
        sys.exit(FINDINGS)


def _lines(case_no: str, case: Case, moment: int, *, findings: bool) -> Iterator[dict[str, Any]]:
    for clock in case.known(moment):
        yield clock_line(case_no, clock, moment)
    for finding in case.findings if findings else ():
        if finding.at <= moment:
            yield finding_line(case_no, case, finding)
