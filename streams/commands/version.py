"""`jiancha version`: what is installed, for a report of a fault."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click

from schemas.events import SCHEMA_VERSION


@click.command("version")
def command() -> None:
    """Tell the version of jiancha, of the event contract, and of Python.

    \b
    Example:
      jiancha version
    """  # noqa: D301 - click reads \b
    click.echo(f"jiancha {version('jiancha')}")
    click.echo(f"event schema {SCHEMA_VERSION}")
    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
