from __future__ import annotations

import pytest

from deploy.local.statement import DataInsert, answers_in_blocks, bare, data_insert


@pytest.mark.parametrize(
    ("sql", "table", "columns", "head"),
    [
        ("INSERT INTO t VALUES", "t", (), "INSERT INTO t"),
        ("insert into j.t (a, b) values", "j.t", ("a", "b"), "INSERT INTO j.t (a, b)"),
        ("INSERT INTO TABLE t", "t", (), "INSERT INTO t"),
        ("INSERT INTO t (a) FORMAT Native;", "t", ("a",), "INSERT INTO t (a)"),
        ("-- why\n/* and */ INSERT INTO t VALUES", "t", (), "INSERT INTO t"),
        ('INSERT INTO `odd t` (`a, b`, "c")', "`odd t`", ("a, b", "c"),
         'INSERT INTO `odd t` (`a, b`, "c")'),
        ("INSERT INTO t (n.a) VALUES", "t", ("n.a",), "INSERT INTO t (n.a)"),
        ("INSERT INTO t (a) SETTINGS async_insert = 0, log_comment='x' VALUES", "t", ("a",),
         "INSERT INTO t (a)"),
        ("INSERT INTO 案件 (案号) VALUES", "案件", ("案号",), "INSERT INTO 案件 (案号)"),
    ],
)  # fmt: skip
def test_an_insert_that_waits_for_blocks(sql, table, columns, head):
    found = data_insert(sql)
    assert found == DataInsert(table, columns, head, found.settings)


def test_the_settings_of_an_insert_stand_apart():
    found = data_insert("INSERT INTO t SETTINGS async_insert = 0, log_comment='a b' VALUES")
    assert found == DataInsert(
        "t", (), "INSERT INTO t", "SETTINGS async_insert = 0, log_comment='a b'"
    )
    assert data_insert("INSERT INTO t VALUES").settings == ""


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t (a) SELECT 1",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t SELECT * FROM x FORMAT Null",
        "INSERT INTO FUNCTION file('x', 'CSV') VALUES",
        "SELECT 'INSERT INTO t VALUES'",
        "CREATE TABLE t (a Int8) ENGINE = Memory",
    ],
)
def test_any_other_statement_goes_to_the_engine_as_it_is(sql):
    assert data_insert(sql) is None


@pytest.mark.parametrize(
    ("sql", "streams"),
    [
        ("select 1", True),
        ("  -- a\n WITH x AS (SELECT 1) SELECT * FROM x", True),
        ("(SELECT 1) UNION ALL SELECT 2", True),
        ("FROM t SELECT a", True),
        ("SHOW TABLES", False),
        ("selection", False),
        ("DESCRIBE t", False),
        ("", False),
    ],
)
def test_only_selects_stream(sql, streams):
    assert answers_in_blocks(sql) is streams


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT 1 ;\n", "SELECT 1"),
        ("SELECT 1 FORMAT JSON", "SELECT 1"),
        ("SELECT 1\nformat Native;", "SELECT 1"),
        ("SELECT ' FORMAT JSON'", "SELECT ' FORMAT JSON'"),
    ],
)
def test_the_format_is_the_clients_affair(sql, kept):
    assert bare(sql) == kept
