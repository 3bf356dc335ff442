"""`jiancha case`: what the engine has set aside, and taking it up again."""

from __future__ import annotations

import getpass
import sys
import time

import click

from schemas.aside import SET_ASIDE
from schemas.ticks import Retry
from schemas.verdicts import encode
from streams.commands.brokers import let_in_or_exit
from streams.commands.common import FINDINGS, complain, settings_or_exit
from streams.setting_aside import AsideUnavailable, ask_again, set_aside


@click.group("case")
def command() -> None:
    """Cases that were set aside (搁置办件): deciding on them ended the engine three times.

    \b
    Examples:
      jiancha case list
      jiancha case retry 430102-2026-0001
    """  # noqa: D301 - click reads \b


@command.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_cases(form: str) -> None:
    """List what is set aside, with where and why. Exit code 1 when anything is.

    \b
    Example:
      jiancha case list --format json
    """  # noqa: D301
    settings = settings_or_exit()
    let_in_or_exit(settings.kafka)
    try:
        found = set_aside(settings)
    except AsideUnavailable as error:
        complain(str(error))
        sys.exit(FINDINGS)
    for partition, mark in found:
        if form == "json":
            click.echo(encode(mark))
        else:
            name = mark.case_no or "a record of no known case"
            where = f"{mark.topic}[{partition}] offset {mark.offset}"
            click.echo(f"{name}  {where}  {mark.ends} ends  {mark.reason}")
    click.echo(f"{len(found)} set aside.", err=True)
    if found:
        sys.exit(FINDINGS)


@command.command("retry")
@click.argument("case_no", metavar="CASE")
@click.option("--by", default=getpass.getuser, show_default="the user", help="Who asks for it.")
def retry(case_no: str, by: str) -> None:
    """Take a case up again, after the cure: a new version of the program, or another catalogue.

    The engine judges it with its next tick. If that ends it three times again, it is set aside
    again. What was sent of the case meanwhile are dead letters: send them again afterwards.

    \b
    Example:
      jiancha case retry 430102-2026-0001
    """  # noqa: D301
    settings = settings_or_exit()
    let_in_or_exit(settings.kafka)
    asked = Retry(case_no=case_no, made_at=int(time.time()), by=by)
    try:
        places = [number for number, mark in set_aside(settings) if mark.case_no == case_no]
        for partition in places:
            ask_again(settings, partition, asked)
    except AsideUnavailable as error:
        complain(str(error))
        sys.exit(FINDINGS)
    if not places:
        complain(f"Case {case_no} is not set aside. `jiancha case list` names those that are.")
        sys.exit(FINDINGS)
    click.echo(
        f"Case {case_no} is taken up with the next tick. When `jiancha case list` no longer names"
        f" it: `jiancha dlq replay --reason {SET_ASIDE} --case {case_no}`"
    )
