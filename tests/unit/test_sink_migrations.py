"""The numbered files are read in order, and what they make is what the sink writes."""

from __future__ import annotations

import re

import pytest

from streams.sink import migrations, tables
from streams.sink.migrations import MigrationError, declared, pending, verify

GOOD = "-- why\n-- apply\nCREATE TABLE a;\n-- apply\nCREATE VIEW b\n-- revert\nDROP VIEW b;\n"


def write(directory, **files):
    for name, text in files.items():
        (directory / f"{name}.sql").write_text(text, encoding="utf-8")
    return directory


def test_a_file_is_read_statement_by_statement(tmp_path):
    [found] = declared(write(tmp_path, **{"0001_first": GOOD}))
    assert (found.number, found.name, found.title) == (1, "first", "0001_first")
    assert found.apply == ("CREATE TABLE a", "CREATE VIEW b")
    assert found.revert == ("DROP VIEW b",)


def test_the_checksum_is_the_files(tmp_path):
    [before] = declared(write(tmp_path, **{"0001_first": GOOD}))
    [after] = declared(write(tmp_path, **{"0001_first": GOOD.replace("why", "because")}))
    assert before.checksum != after.checksum


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"first": GOOD}, "not named like"),
        ({"0002_second": GOOD}, "where number 0001 is due"),
        ({"0001_a": GOOD, "0003_c": GOOD}, "where number 0002 is due"),
        ({"0001_a": GOOD, "0001_b": GOOD}, "where number 0002 is due"),
        ({"0001_a": "CREATE TABLE a"}, "does nothing"),
        ({"0001_a": "-- apply\n-- apply\nCREATE TABLE a"}, "does nothing"),
    ],
)
def test_a_wrong_set_of_files_is_refused(tmp_path, files, why):
    with pytest.raises(MigrationError, match=why):
        declared(write(tmp_path, **files))


class Client:
    """A database with a record of migrations and some columns."""

    def __init__(self, recorded=None, columns=()):
        self.recorded = recorded
        self.columns = columns

    def execute(self, statement, _parameters=None):
        if "system.tables" in statement:
            return [(int(self.recorded is not None),)]
        return self.columns if "system.columns" in statement else self.recorded


def test_all_is_pending_in_an_empty_database():
    assert pending(Client(), "d") == declared()


def test_what_has_run_is_not_pending():
    first, *rest = declared()
    assert pending(Client([(1, first.name, first.checksum)]), "d") == rest


def test_a_file_that_was_changed_after_it_ran_is_an_error():
    with pytest.raises(MigrationError, match=r"0001_tables.sql was changed after d had run it"):
        pending(Client([(1, "tables", "another")]), "d")


def test_a_database_from_a_later_version_is_an_error():
    with pytest.raises(MigrationError, match="0099_future, which this program does not have"):
        pending(Client([(99, "future", "x")]), "d")


def test_verify_names_every_difference():
    columns = [
        (tables.RULINGS.name, name, "Int8" if name == "reason" else kind)
        for name, kind in tables.RULINGS.columns
        if name != "actor"
    ]
    found = verify(Client(columns=columns), "d", (tables.RULINGS, tables.CASES))
    assert found == [
        "column d.rulings.actor is missing",
        "column d.rulings.reason is Int8, not String",
        "table d.cases is missing",
    ]


def statements(kind):
    return [s for m in migrations.declared() for s in getattr(m, kind)]


def actions(statement):
    """Give what an ALTER TABLE does, action by action."""
    _, listed = re.fullmatch(r"ALTER TABLE (\w+)\s(.+)", statement, re.DOTALL).groups()
    return [action.strip() for action in re.split(r",\n", listed)]


AGAIN = {
    "apply": (
        # A copy of equal rows is one; what 0005 drops it has copied: integration/test_epochs.py
        r"CREATE (TABLE IF NOT EXISTS|OR REPLACE VIEW) |(INSERT INTO|DROP TABLE IF EXISTS) cards",
        r"ADD COLUMN IF NOT EXISTS |COMMENT |MODIFY ORDER BY ",
    ),
    "revert": (r"DROP (TABLE|VIEW) IF EXISTS ", r"DROP COLUMN IF EXISTS "),
}


@pytest.mark.parametrize("kind", AGAIN)
def test_every_statement_can_be_run_again(kind):
    whole, part = AGAIN[kind]
    for statement in statements(kind):
        if statement.startswith("ALTER"):
            assert all(re.match(part, action) for action in actions(statement)), statement
        else:
            assert re.match(whole, statement), statement


def columns(kind, verb):
    return {
        action.removeprefix(verb).split()[0]
        for statement in statements(kind)
        if statement.startswith("ALTER")
        for action in actions(statement)
        if action.startswith(verb)
    }


def test_every_thing_that_is_made_is_undone():
    made = {
        re.match(r"CREATE .*?(?:EXISTS|VIEW) (\w+)", s)[1]
        for s in statements("apply")
        if s.startswith("CREATE")
    }
    undone = {
        re.match(r"DROP \w+ IF EXISTS (\w+)", s)[1]
        for s in statements("revert")
        if s.startswith("DROP")
    }
    assert made == undone
    added = columns("apply", "ADD COLUMN IF NOT EXISTS ")
    assert added == columns("revert", "DROP COLUMN IF EXISTS ") != set()
