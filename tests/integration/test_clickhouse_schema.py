"""The migrations on the engine itself: once, again, undone, and what they make."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from deploy.local.ports import free_port
from streams.commands.migrate import command
from streams.sink import migrations, tables
from streams.sink.clickhouse import connect
from streams.sink.migrations import MigrationError
from tests.support.history import database

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def fresh(embedded_clickhouse):
    with database(embedded_clickhouse, migrated=False) as (where, client):
        yield where, client


@pytest.fixture(scope="module")
def migrated(embedded_clickhouse):
    with database(embedded_clickhouse) as (where, client):
        yield where, client


def names(client, database):
    found = client.execute(
        "SELECT name FROM system.tables WHERE database = %(database)s", {"database": database}
    )
    return {name for (name,) in found}


def test_each_migration_runs_once(fresh):
    where, client = fresh
    assert migrations.pending(client, where.database) == migrations.declared()
    assert migrations.migrate(client, where.database) == migrations.declared()
    assert migrations.migrate(client, where.database) == []
    assert migrations.pending(client, where.database) == []


def test_the_migrated_tables_are_the_declared_ones(migrated):
    where, client = migrated
    assert migrations.verify(client, where.database) == []


def test_the_sink_fills_every_column_of_every_table(migrated):
    where, client = migrated
    for table in tables.ALL:
        there = client.execute(f"DESCRIBE TABLE {where.database}.{table.name}")
        kept = [(row[0], row[1]) for row in there if row[2] not in {"ALIAS", "MATERIALIZED"}]
        assert kept == list(table.columns)


def test_a_migration_that_was_cut_off_is_run_again(fresh):
    where, client = fresh
    first, *rest = migrations.declared()
    cut = replace(first, apply=(*first.apply[:3], "CREATE NONSENSE"))
    with pytest.raises(Exception, match="NONSENSE"):
        migrations.migrate(client, where.database, [cut])
    assert migrations.pending(client, where.database) == [first, *rest]
    assert migrations.migrate(client, where.database) == [first, *rest]
    assert migrations.verify(client, where.database) == []


def test_a_changed_file_is_an_error(fresh):
    where, client = fresh
    migrations.migrate(client, where.database)
    first, *rest = migrations.declared()
    with pytest.raises(MigrationError, match="was changed after"):
        migrations.migrate(client, where.database, [replace(first, checksum="other"), *rest])


def test_what_is_made_can_be_undone_and_made_again(fresh):
    where, client = fresh
    migrations.migrate(client, where.database)
    for migration in reversed(migrations.declared()):
        for statement in migration.revert:
            client.execute(statement)
    assert names(client, where.database) == {"schema_migrations"}
    client.execute("TRUNCATE TABLE schema_migrations")
    migrations.migrate(client, where.database)
    assert migrations.verify(client, where.database) == []


def test_a_changed_table_is_noticed(fresh):
    where, client = fresh
    migrations.migrate(client, where.database)
    client.execute("ALTER TABLE cases DROP COLUMN window")
    client.execute("ALTER TABLE rulings MODIFY COLUMN reason LowCardinality(String)")
    assert migrations.verify(client, where.database) == [
        f"column {where.database}.cases.window is missing",
        f"column {where.database}.rulings.reason is LowCardinality(String), not String",
    ]


def test_every_column_says_in_chinese_what_it_is(migrated):
    where, client = migrated
    columns = client.execute(
        "SELECT table, name, comment FROM system.columns"
        " WHERE database = %(database)s AND table NOT LIKE 'v_%%'",
        {"database": where.database},
    )
    assert len(columns) > 150
    assert [(table, name) for table, name, comment in columns if not CHINESE.search(comment)] == []
    things = client.execute(
        "SELECT name, comment FROM system.tables WHERE database = %(database)s",
        {"database": where.database},
    )
    assert [name for name, comment in things if not CHINESE.search(comment)] == []


def test_no_column_is_a_32_bit_time(migrated):
    where, client = migrated
    found = client.execute(
        "SELECT table, name, type FROM system.columns"
        " WHERE database = %(database)s AND match(type, 'DateTime\\\\b')",
        {"database": where.database},
    )
    assert found == []


def test_no_table_is_partitioned_finer_than_by_month(migrated):
    where, client = migrated
    keys = client.execute(
        "SELECT DISTINCT partition_key FROM system.tables WHERE database = %(database)s",
        {"database": where.database},
    )
    assert {key for (key,) in keys} == {"", "toYear(occurred_at)", "toYear(at)"}


def test_every_table_keeps_one_row_of_several(migrated):
    where, client = migrated
    engines = client.execute(
        "SELECT name, engine FROM system.tables WHERE database = %(database)s AND engine != 'View'",
        {"database": where.database},
    )
    assert {engine for _, engine in engines} == {"ReplacingMergeTree"}
    assert {name for name, _ in engines} == {t.name for t in tables.ALL} | {"schema_migrations"}


def test_every_view_can_be_asked_when_there_is_nothing(migrated):
    where, client = migrated
    views = {name for name in names(client, where.database) if name.startswith("v_")}
    assert len(views) >= 15
    for view in sorted(views):
        at = "(as_of = '2026-03-09 00:00:00')" if view.endswith("_at") else ""
        rows = client.execute(f"SELECT * FROM {where.database}.{view}{at}")
        assert len(rows) == (view == "v_engine_time"), view


# --- the command


@pytest.fixture
def environment(fresh, monkeypatch):
    where, _ = fresh
    monkeypatch.delenv("JIANCHA_SETTINGS", raising=False)
    monkeypatch.setenv("JIANCHA_CLICKHOUSE__PORT", str(where.port))
    monkeypatch.setenv("JIANCHA_CLICKHOUSE__DATABASE", where.database)
    return where


def test_the_command_migrates_and_says_what_ran(environment):
    dry = CliRunner().invoke(command, ["--dry-run"])
    assert (dry.exit_code, dry.output.splitlines()[0]) == (0, "would run 0001_tables")
    done = CliRunner().invoke(command, [])
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "ran 0001_tables")
    again = CliRunner().invoke(command, [])
    assert (again.exit_code, again.output) == (0, "nothing to do: the tables are up to date\n")
    client = connect(environment)
    assert migrations.verify(client, environment.database) == []
    client.execute("ALTER TABLE cases DROP COLUMN window")
    client.disconnect()
    differs = CliRunner().invoke(command, [])
    assert differs.exit_code == 1
    assert f"column {environment.database}.cases.window is missing" in differs.output


def test_the_command_says_which_clickhouse_does_not_answer(environment, monkeypatch):
    port = free_port()
    monkeypatch.setenv("JIANCHA_CLICKHOUSE__PORT", str(port))
    failed = CliRunner().invoke(command, [])
    assert failed.exit_code == 1
    assert f"ClickHouse at 127.0.0.1:{port}" in failed.output
    assert environment.database not in failed.output
    assert len(failed.output.splitlines()) == 1
