"""`jiancha migrate`: makes and changes the tables of the history."""

from __future__ import annotations

import click
from clickhouse_driver.errors import Error

from streams.settings import SettingsError, load_settings
from streams.sink import migrations
from streams.sink.clickhouse import connect
from streams.sink.errors import words
from streams.sink.migrations import MigrationError


@click.command(name="migrate")
@click.option("--dry-run", is_flag=True, help="Only list what would run.")
def command(*, dry_run: bool) -> None:
    """Bring ClickHouse's tables and views up to this version.

    Each numbered file of schemas/clickhouse/ runs once; what has run is recorded with its checksum.

    \b
    Example:
      jiancha migrate --dry-run
    """  # noqa: D301 - click's mark for text that it must not wrap
    try:
        settings = load_settings().clickhouse
        client = connect(settings, database="")
        try:
            if dry_run:
                _list(migrations.pending(client, settings.database), "would run")
                return
            _list(migrations.migrate(client, settings.database), "ran")
            differences = migrations.verify(client, settings.database)
        finally:
            client.disconnect()
    except (SettingsError, MigrationError) as error:
        raise click.ClickException(str(error)) from None
    except (Error, OSError, EOFError) as error:
        raise click.ClickException(
            f"ClickHouse at {settings.host}:{settings.port}: {words(error)}"
        ) from None
    if differences:
        raise click.ClickException("\n".join(differences))


def _list(found: list[migrations.Migration], done: str) -> None:
    for migration in found:
        click.echo(f"{done} {migration.title}")
    if not found:
        click.echo("nothing to do: the tables are up to date")
