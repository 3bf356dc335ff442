"""The console command `jiancha`: gathers the commands, each in a module of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from streams.commands.faults import told

COMMANDS: Final = (
    "convert",
    "check",
    "replay",
    "judge",
    "explain",
    "calendar",
    "catalogue",
    "case",
    "dlq",
    "topics",
    "repartition",
    "state",
    "accept-gap",
    "migrate",
    "history",
    "worker",
    "local",
    "version",
)


class Commands(click.Group):
    """Imports a command when it is called: `version` need not wait for Faust and chDB."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the commands in the order in which an operator meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(
            f"streams.commands.{cmd_name.replace('-', '_')}"
        ).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is wrong outside of the program is one line, not a trace.

        Roles tell their own end (`worker`), with the trace of what nobody foresaw.
        """
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            line = None if ctx.invoked_subcommand == "worker" else told(error)
            if line is None:
                raise
            raise click.ClickException(line) from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """监察: a real-time monitor for the time limits of government approvals.

    Exit codes: 0 fine, 1 findings or bad data, 2 wrong use.
    """


if __name__ == "__main__":
    main()
