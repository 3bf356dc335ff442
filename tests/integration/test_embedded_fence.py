"""The embedded ClickHouse as an attacker meets it: another program of the same machine.

Without the password it is refused. With it, it has the tables, and none of the owner's files, of
the network and of the system's programs, by whatever spelling.
"""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local import landlock, servers
from tests.support.need import need
from tests.support.servers import embedded_clickhouse

PASSWORD = "correct horse battery staple"
AUTHENTICATION_FAILED = 516
SECRET = "the owner's own words"

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="no Landlock in this kernel")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fenced")


@pytest.fixture(scope="module")
def port(folder):
    with embedded_clickhouse(folder, PASSWORD) as port:
        yield port


@pytest.fixture
def inside(port):
    """A client that has the password."""
    client = Client("127.0.0.1", port=port, password=PASSWORD)
    client.execute("CREATE DATABASE IF NOT EXISTS d")
    yield client
    client.disconnect()


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret.csv"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("default", ""),
        ("default", "wrong"),
        ("default", PASSWORD[:-1]),
        ("default", PASSWORD + "\0"),
        ("", PASSWORD),
        ("Default", PASSWORD),
        ("admin", PASSWORD),
        ("default\0" + PASSWORD, ""),
    ],
)
def test_without_the_password_nobody_comes_in(port, user, password):
    client = Client("127.0.0.1", port=port, user=user, password=password)
    try:
        with pytest.raises(ServerException) as refused:
            client.execute("SELECT 1")
    finally:
        client.disconnect()
    assert refused.value.code == AUTHENTICATION_FAILED


_LOADED_WITH_NOTHING_BEHIND_THE_ENVIRONMENT = """
import ctypes, importlib.util, mmap, os, pathlib, sys
from deploy.local import clickhouse_fence
clickhouse_fence.confine(pathlib.Path(sys.argv[1]))
page, libc = mmap.PAGESIZE, ctypes.CDLL(None)
room = mmap.mmap(-1, 2 * page)
start = ctypes.addressof(ctypes.c_char.from_buffer(room))
libc.mprotect(ctypes.c_void_p(start + page), page, 0)
ctypes.c_void_p.in_dll(libc, "environ").value = start + page - 8
(folder,) = importlib.util.find_spec("chdb").submodule_search_locations
ctypes.CDLL(folder + "/_chdb.abi3.so")
os._exit(0)
"""
"""An empty environment at the very end of what may be read."""


@needs_landlock
def test_the_engine_loads_without_reading_behind_the_environment(tmp_path):
    """Denied /proc/self/auxv it did, and what lies there is chance: SIGSEGV, now and then."""
    need("chdb")
    argv = [sys.executable, "-c", _LOADED_WITH_NOTHING_BEHIND_THE_ENVIRONMENT, tmp_path / "data"]
    assert subprocess.run(argv, check=False, timeout=60).returncode == 0


def test_it_does_not_serve_without_a_secret(tmp_path):
    need("chdb")

    def said(*arguments):
        argv = [sys.executable, "-m", "deploy.local.clickhouse", f"--data={tmp_path / 'd'}"]
        done = subprocess.run([*argv, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode in {1, 2}
        return done.stderr

    assert "one of the arguments --password-file --open is required" in said()
    file = tmp_path / "password"
    file.touch(0o600)
    assert "is empty: write a password into it" in said(f"--password-file={file}")
    file.write_text(PASSWORD)
    file.chmod(0o640)
    assert f"can be read by others: chmod 600 {file}" in said(f"--password-file={file}")


def test_the_password_is_new_each_time_and_for_its_owner_alone(tmp_path):
    layout = servers.Layout(tmp_path)
    found = set()
    for _ in range(3):
        file = servers.new_password(layout)
        found.add(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(found) == 3
    assert all(len(each) > 40 for each in found)


def test_one_that_others_have_open_is_not_written_into(tmp_path):
    layout = servers.Layout(tmp_path)
    layout.clickhouse_password.write_text("")  # as another user could where all may write
    with layout.clickhouse_password.open() as watched:
        servers.new_password(layout)
        assert watched.read() == ""


def test_the_data_are_the_owners_alone(port, folder):
    assert port
    assert stat.S_IMODE((folder / "clickhouse").stat().st_mode) == 0o700


SOURCES = [
    "file('{path}', LineAsString)",
    "`\\x66ile`('{path}', 'LineAsString')",
    "FiLe/**/('{path}', LineAsString)",
    "fileCluster('default', '{path}', LineAsString)",
    "filesystem('{folder}')",
    "sqlite('{path}', 't')",
    "executable('cat {path}', LineAsString, 'a String')",
    "url('file://{path}', LineAsString)",
    "url('http://127.0.0.1:{web}/', LineAsString)",
    "s3('http://127.0.0.1:{web}/bucket/key', LineAsString)",
    "remote('127.0.0.1:{web}', 'system', 'one')",
    "cluster('default', 'system', 'one')",
    "mysql('127.0.0.1:{web}', 'd', 't', 'u', 'p')",
    "postgresql('127.0.0.1:{web}', 'd', 't', 'u', 'p')",
    "mongodb('127.0.0.1:{web}', 'd', 't', 'u', 'p', 'a String')",
    "redis('127.0.0.1:{web}', 'k', 'k String')",
    "jdbc('x', 'y')",
    "odbc('x', 'y', 'z')",
    "hdfs('hdfs://127.0.0.1:{web}/x', LineAsString, 'a String')",
    "deltaLakeLocal('{folder}')",
    "icebergLocal('{folder}', Parquet)",
    "azureBlobStorage('http://127.0.0.1:{web}/a', 'b', 'c', 'd', 'e', CSV)",
    "python('PASSWORD')",
    "PASSWORD",
    "`{path}`",
    "default.`{path}`",
    "view(SELECT * FROM file('{path}', LineAsString))",
    "viewExplain('EXPLAIN', '', (SELECT * FROM file('{path}', LineAsString)))",
    "eval('SELECT * FROM file(\\'{path}\\', LineAsString)')",
    "loop(file('{path}', LineAsString))",
]
SCALARS = [
    "SELECT file('{path}')",
    "SELECT `\\x66ile`('{path}')",
    "SELECT \"file\" /* */ ('{path}')",
    "SELECT arrayMap(file, ['{path}'])",
    "SELECT * APPLY(file) FROM (SELECT '{path}')",
    "SELECT file('/proc/self/environ')",
    "SELECT file('/proc/self/cmdline')",
    "SELECT file('{data}/../password')",
    "SELECT 1; SELECT file('{path}')",
    "SELECT catboostEvaluate('{path}', 1)",
    "SELECT * FROM format(LineAsString, file('{path}'))",
    "INSERT INTO d.kept SELECT file('{path}')",
    "CREATE VIEW d.v AS SELECT * FROM file('{path}', LineAsString)",
    "CREATE TABLE d.x ENGINE = MergeTree ORDER BY tuple() AS SELECT file('{path}') AS a",
    "CREATE TABLE d.x ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{path}', CSV)",
    "INSERT INTO d.kept FROM INFILE '{path}' FORMAT LineAsString",
    "SELECT 1 FORMAT Template SETTINGS format_template_row = '{path}'",
    "SELECT * FROM format(Protobuf, '') SETTINGS format_schema = '{path}:M'",
]
DICTIONARY = (
    "CREATE DICTIONARY d.x (a String) PRIMARY KEY a SOURCE(FILE(path '{path}' format CSV))"
    " LIFETIME(0) LAYOUT(COMPLEX_KEY_HASHED())"
)
WRITES = [
    "SELECT 1 INTO OUTFILE '{target}'",
    "SELECT 1 into/**/outfile '{target}' APPEND FORMAT CSV",
    "SHOW DATABASES INTO OUTFILE '{target}'",
    "INSERT INTO FUNCTION file('{target}', CSV) SELECT 1",
    "INSERT INTO TABLE FUNCTION file('{target}', CSV, 'a Int8') VALUES (1)",
    "BACKUP DATABASE d TO File('{target}')",
    "CREATE TABLE d.x (a Int8) ENGINE = File(CSV, '{target}')",
    "CREATE TABLE d.x (a Int8) ENGINE = Log SETTINGS disk = disk(type = local, path = '{target}/')",
    "CREATE TABLE d.x (a Int8) ENGINE = SQLite('{target}', 't')",
    "CREATE TABLE d.x (a Int8) ENGINE = EmbeddedRocksDB(0, '{target}') PRIMARY KEY a",
    "CREATE DATABASE x ENGINE = SQLite('{target}')",
    "CREATE DATABASE x ENGINE = Filesystem('{folder}')",
    "CREATE DATABASE x ENGINE = Overlay('d', 'default')",
    "CREATE FUNCTION x AS (a) -> file(a)",
    DICTIONARY,
    "CREATE NAMED COLLECTION x AS url = 'http://127.0.0.1:{web}/'",
    "CREATE USER x",
    "GRANT ALL ON *.* TO default",
    "EXECUTE AS default SELECT file('{path}')",
    "SET dialect = 'kusto'",
    "SYSTEM RELOAD CONFIG",
    "SYSTEM SHUTDOWN",
]


class Listener(BaseHTTPRequestHandler):
    """Notes that somebody came."""

    came: list[str] = []  # noqa: RUF012 - the server makes an instance a request

    def do_GET(self):
        self.came.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

    do_HEAD = do_GET  # noqa: N815 - the names are http.server's
    do_POST = do_GET  # noqa: N815
    do_PUT = do_GET  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def web():
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def names(folder, secret, tmp_path, web):
    target = tmp_path / "target"
    data = folder / "clickhouse"
    return {"path": secret, "folder": tmp_path, "target": target, "data": data, "web": web}


def attempt(inside, sql):
    """Run a statement; what it says, or why not. A connection that breaks is no answer either."""
    try:
        return repr(inside.execute(sql))
    except (ServerException, EOFError) as error:
        inside.disconnect()
        return f"refused: {error}"


def attack(inside, sql, names):
    inside.execute("CREATE TABLE IF NOT EXISTS d.kept (a String) ENGINE = MergeTree ORDER BY a")
    Listener.came.clear()
    said = attempt(inside, sql)
    seen = said + attempt(inside, "SELECT * FROM d.kept") + attempt(inside, "SELECT * FROM d.v")
    seen += attempt(inside, "SELECT * FROM d.x")
    for name in ("kept", "v", "x"):
        attempt(inside, f"DROP TABLE IF EXISTS d.{name}")
    attempt(inside, "DROP DATABASE IF EXISTS x")
    assert SECRET not in seen, sql
    assert PASSWORD not in seen, sql
    assert not names["target"].exists(), sql
    assert Listener.came == [], sql
    assert names["path"].read_text() == f"{SECRET}\n"
    return said


@pytest.mark.parametrize("source", SOURCES)
def test_no_table_is_made_of_what_lies_outside(inside, names, source):
    said = attack(inside, f"SELECT * FROM {source.format(**names)}", names)
    assert said.startswith("refused"), said


@needs_landlock
@pytest.mark.parametrize("sql", [*SCALARS, *WRITES])
def test_nothing_is_read_or_written_outside(inside, names, sql):
    attack(inside, sql.format(**names), names)


def test_every_source_that_the_engine_knows_needs_a_grant_that_nobody_has(inside):
    """So that a newer engine's new ones are refused, too."""
    wanted = {
        "SOURCES",
        "READ",
        "WRITE",
        "FILE",
        "URL",
        "REMOTE",
        "S3",
        "CREATE FUNCTION",
        "BACKUP",
    }
    wanted |= {"ACCESS MANAGEMENT", "NAMED COLLECTION ADMIN", "CREATE DICTIONARY", "ALL"}
    granted = inside.execute("SHOW GRANTS")
    held = {each.strip() for (line,) in granted for each in line.split(" ON ")[0][6:].split(",")}
    assert "SELECT" in held
    assert not held & wanted


@needs_landlock
def test_it_connects_to_nobody(inside, names):
    said = attempt(inside, f"SELECT * FROM remote('127.0.0.1:{names['web']}', system.one)")
    assert said.startswith("refused")
    assert Listener.came == []


def test_what_the_product_does_is_allowed(inside):
    inside.execute("CREATE TABLE d.t (a Int8) ENGINE = ReplacingMergeTree ORDER BY a")
    inside.execute("INSERT INTO d.t VALUES", [(1,), (1,)])
    inside.execute("OPTIMIZE TABLE d.t FINAL")
    inside.execute("ALTER TABLE d.t ADD COLUMN b String DEFAULT 'x' AFTER a")
    inside.execute("CREATE VIEW d.w AS SELECT a, b FROM d.t")
    assert inside.execute("SELECT * FROM d.w") == [(1, "x")]
    inside.execute("DROP TABLE d.w")
    inside.execute("DROP TABLE d.t")
