"""The embedded ClickHouse, through the client that the product uses."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from decimal import Decimal

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ServerException

from deploy.local import native_protocol as wire
from deploy.local.clickhouse import Front
from deploy.local.native_reader import Limits
from deploy.local.ports import free_port
from tests.support.need import need
from tests.support.servers import embedded_clickhouse as run_clickhouse
from tests.support.wait import eventually


def connect(port, **options):
    return Client("127.0.0.1", port=port, **options)


@pytest.fixture
def client(embedded_clickhouse):
    """A client in a database of its own."""
    name = f"d{uuid.uuid4().hex}"
    with connect(embedded_clickhouse) as maker:
        maker.execute(f"CREATE DATABASE {name}")
    with connect(embedded_clickhouse, database=name) as client:
        yield client
        client.disconnect()
    with connect(embedded_clickhouse) as maker:
        maker.execute(f"DROP DATABASE {name}")


ZONE = dt.timezone(dt.timedelta(hours=8))
MOMENT = dt.datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=ZONE)
TYPES = {
    "DateTime('Asia/Shanghai')": [MOMENT.replace(microsecond=0)],
    "DateTime64(3, 'Asia/Shanghai')": [MOMENT],
    "Date": [dt.date(2026, 9, 18)],
    "Date32": [dt.date(1900, 1, 1), dt.date(2299, 12, 31)],
    "String": ["", "红牌", "x" * 200, "\x00"],
    "LowCardinality(String)": ["yellow", "red", "yellow"],
    "LowCardinality(Nullable(String))": ["a", None],
    "FixedString(3)": ["abc"],
    "Nullable(Int32)": [None, -5],
    "Map(String, String)": [{"k": "值", "": ""}, {}],
    "Map(LowCardinality(String), UInt8)": [{"a": 1}],
    "Array(String)": [["x", "y"], []],
    "Array(Array(UInt16))": [[[1], [], [2, 3]]],
    "Array(LowCardinality(String))": [["a", "a", "b"]],
    "Array(Nullable(UInt8))": [[1, None]],
    "Enum8('none' = 0, 'it\\'s' = 1, '红牌' = 2)": ["none", "it's", "红牌"],
    "Decimal(18, 2)": [Decimal("12.34"), Decimal("-0.01")],
    "Decimal(38, 4)": [Decimal("12345678901234567890.1234")],
    "UUID": [uuid.UUID(int=7)],
    "UInt8": [0, 255],
    "UInt16": [65535],
    "UInt32": [2**32 - 1],
    "UInt64": [2**64 - 1],
    "Int64": [-(2**63)],
    "Float64": [0.5],
    "Bool": [True, False],
    "Tuple(String, UInt8)": [("a", 1)],
    "Tuple(a LowCardinality(String), b Array(UInt8))": [("x", [1, 2])],
    "IPv4": ["127.0.0.1"],
}


@pytest.mark.parametrize("spec", TYPES)
@pytest.mark.parametrize("columnar", [False, True])
def test_every_type_comes_back_as_it_went(client, spec, columnar):
    values = TYPES[spec]
    client.execute(f"CREATE TABLE t (n UInt32, v {spec}) ENGINE = MergeTree ORDER BY n")
    rows = list(enumerate(values))
    sent = [list(column) for column in zip(*rows, strict=True)] if columnar else rows
    client.execute("INSERT INTO t (n, v) VALUES", sent, columnar=columnar)
    found = client.execute("SELECT v FROM t ORDER BY n")
    assert [str(v) if spec == "IPv4" else v for (v,) in found] == values


STATEMENTS = [
    ("SELECT 1", [(1,)]),
    ("WITH 2 AS two SELECT two", [(2,)]),
    ("(SELECT 1) UNION ALL SELECT 1", [(1,), (1,)]),
    ("FROM system.one SELECT dummy", [(0,)]),
    ("SELECT 1 FORMAT JSON;", [(1,)]),
    ("/* a */ SELECT 'FORMAT' -- b", [("FORMAT",)]),
    ("EXISTS TABLE t", [(1,)]),
    ("SHOW TABLES", [("t",)]),
    ("DESCRIBE TABLE t", [("n", "UInt32", "", "", "", "", ""), ("s", "String", *[""] * 5)]),
    ("EXPLAIN AST SELECT 1", None),
    ("SHOW CREATE TABLE t", None),
    ("SHOW DATABASES", None),
    ("SHOW PROCESSLIST", None),
    ("CREATE TABLE IF NOT EXISTS t (n UInt32) ENGINE = Memory", []),
    ("CREATE VIEW v AS SELECT n FROM t", []),
    ("ALTER TABLE t ADD COLUMN x UInt8 DEFAULT 7 COMMENT '办件编号'", []),
    ("OPTIMIZE TABLE t FINAL", []),
    ("SYSTEM FLUSH LOGS", []),
    ("INSERT INTO t SELECT number, 'x' FROM numbers(3)", []),
    ("INSERT INTO t (n, s) VALUES (1, 'a'), (2, 'it''s')", []),
    ("TRUNCATE TABLE t", []),
    ("SET max_threads = 1", []),
    ("USE system", []),
    ("DROP TABLE t", []),
]


@pytest.mark.parametrize(("sql", "answer"), STATEMENTS, ids=[sql for sql, _ in STATEMENTS])
def test_each_kind_of_statement_is_answered(client, sql, answer):
    client.execute("CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
    found = client.execute(sql)
    assert found == answer if answer is not None else found
    assert client.execute("SELECT 1") == [(1,)]


def test_an_answer_without_rows_still_names_its_columns(client):
    client.execute("CREATE TABLE t (a LowCardinality(String), b Date) ENGINE = Memory")
    _, columns = client.execute("SELECT * FROM t WHERE 0", with_column_types=True)
    assert columns == [("a", "LowCardinality(String)"), ("b", "Date")]


def test_a_long_answer_streams_and_each_chunk_is_one_block(client):
    total = sum(n for (n,) in client.execute_iter("SELECT number FROM numbers(300000)"))
    assert total == 300_000 * 299_999 // 2
    many = "SELECT number FROM numbers(100) SETTINGS max_block_size = 7"
    assert client.execute(many) == [(n,) for n in range(100)]


def test_a_long_answer_that_does_not_stream_is_whole(client):
    for n in range(40):
        client.execute(f"CREATE TABLE t{n:02} (a UInt8) ENGINE = Memory")
    tables = client.execute("SHOW TABLES", settings={"max_block_size": 3})
    assert tables == [(f"t{n:02}",) for n in range(40)]


def test_settings_hold_for_their_statement_only(client):
    ask = "SELECT getSetting('max_threads'), getSetting('join_use_nulls')"
    usual = client.execute(ask)
    assert client.execute(ask, settings={"max_threads": 1, "join_use_nulls": 1}) == [(1, True)]
    assert client.execute(ask) == usual


@pytest.mark.parametrize("readonly", [1, 2])
def test_readonly_refuses_writing_and_is_over_with_its_statement(client, readonly):
    client.execute("CREATE TABLE t (a UInt8) ENGINE = Memory")
    with pytest.raises(ServerException) as refused:
        client.execute("INSERT INTO t SELECT 1", settings={"readonly": readonly})
    assert refused.value.code == 164
    client.execute("INSERT INTO t SELECT 1")
    assert client.execute("SELECT a FROM t", settings={"readonly": readonly}) == [(1,)]


def test_parameters_are_quoted(client):
    assert client.execute("SELECT %(a)s", {"a": "it's \\ \n 中"}) == [("it's \\ \n 中",)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM nope.x", 81),
        ("SELECT * FROM nope", 60),
        ("SELECT nope", 47),
        ("SELECT 1 +", 62),
        ("SELECT toDate('no')", 38),
        ("SELECT throwIf(number = 200000) FROM numbers(300000)", 395),
        ("DROP TABLE nope", 60),
        ("INSERT INTO nope (a) VALUES", 60),
        ("INSERT INTO t (zzz) VALUES", 16),
    ],
)
def test_errors_carry_clickhouse_codes_and_the_connection_goes_on(client, sql, code):
    client.execute("CREATE TABLE t (a UInt8) ENGINE = Memory")
    with pytest.raises(ServerException) as refused:
        client.execute(sql, [(1,)] if sql.startswith("INSERT") else None)
    assert refused.value.code == code
    assert "DB::Exception: DB::Exception" not in str(refused.value)
    assert client.execute("SELECT 1") == [(1,)]


def test_an_insert_without_a_column_list_takes_what_can_be_inserted(client):
    client.execute(
        "CREATE TABLE t (a UInt8, b UInt8 DEFAULT 2, c UInt8 MATERIALIZED 3, d UInt8 ALIAS 4)"
        " ENGINE = Memory"
    )
    assert client.execute("INSERT INTO t", [(1, 9)]) == 1
    client.execute("INSERT INTO t (a) VALUES", [(5,)])
    assert client.execute("SELECT a, b, c, d FROM t ORDER BY a") == [(1, 9, 3, 4), (5, 2, 3, 4)]


def test_an_insert_of_many_blocks_is_whole(client):
    client.execute("CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
    rows = [(n, f"s{n}" * 30) for n in range(5000)]
    assert client.execute("INSERT INTO t VALUES", rows, settings={"insert_block_size": 100}) == 5000
    assert client.execute("SELECT count(), uniqExact(s) FROM t") == [(5000, 5000)]


def test_an_insert_of_no_rows_does_nothing(client):
    client.execute("CREATE TABLE t (n UInt32) ENGINE = Memory")
    assert client.execute("INSERT INTO t VALUES", []) == 0
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_an_insert_is_refused_as_a_whole_and_says_so(client):
    client.execute("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n PARTITION BY n")
    with pytest.raises(ServerException) as refused:
        client.execute("INSERT INTO t VALUES", [(n,) for n in range(200)])
    assert refused.value.code == 252
    settings = "SETTINGS max_partitions_per_insert_block = 300"
    client.execute(f"INSERT INTO t (n) {settings} VALUES", [(n,) for n in range(200)])
    assert client.execute("SELECT count() FROM t") == [(200,)]


def test_moments_keep_their_zone_beside_columns_of_any_form(client):
    client.execute(
        "CREATE TABLE t (a LowCardinality(String), b Array(LowCardinality(Nullable(String))),"
        " at DateTime('Asia/Shanghai'), c Map(String, UInt8), plain DateTime) ENGINE = Memory"
    )
    at = MOMENT.replace(microsecond=0)
    row = ("a", ["b", None], at, {"c": 1}, dt.datetime(2026, 3, 2, 9))  # noqa: DTZ001
    client.execute("INSERT INTO t VALUES", [row])
    assert client.execute("SELECT * FROM t UNION ALL SELECT * FROM t") == [row, row]
    found = client.execute("SELECT max(at), max(plain) FROM t", with_column_types=True)[1]
    assert [spec for _, spec in found] == ["DateTime('Asia/Shanghai')", "DateTime"]


def test_a_failed_insert_leaves_the_connection_usable(client):
    client.execute(
        "CREATE TABLE t (n UInt32, CONSTRAINT small CHECK n < 1000) ENGINE = MergeTree ORDER BY n"
    )
    rows = [(n,) for n in range(2000)]
    with pytest.raises(ServerException) as refused:
        client.execute("INSERT INTO t VALUES", rows, settings={"insert_block_size": 100})
    assert refused.value.code == 469
    assert client.execute("INSERT INTO t VALUES", [(1,)]) == 1
    assert client.execute("SELECT count() FROM t WHERE n = 1") == [(1,)]


def test_an_insert_given_up_half_way_leaves_nothing(embedded_clickhouse, client):
    client.execute("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")

    def rows():
        yield from ((n,) for n in range(1000))
        raise LookupError("the source failed")

    database = client.execute("SELECT currentDatabase()")[0][0]
    with connect(embedded_clickhouse, database=database) as other, pytest.raises(LookupError):
        other.execute("INSERT INTO t VALUES", rows(), settings={"insert_block_size": 100})
    eventually(lambda: client.execute("SELECT count() FROM system.processes") == [(1,)])
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_replacing_rows_and_views_work_as_the_sink_uses_them(client):
    client.execute(
        "CREATE TABLE cards (id String, version UInt64, level Enum8('yellow' = 1, 'red' = 2),"
        " at DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree(version)"
        " PARTITION BY toYYYYMM(at) ORDER BY id TTL toDateTime(at) + INTERVAL 30 YEAR"
    )
    for version, level in ((1, "yellow"), (2, "red"), (1, "yellow")):
        client.execute("INSERT INTO cards VALUES", [("c", version, level, MOMENT)])
    assert client.execute("SELECT id, level FROM cards FINAL") == [("c", "red")]


def test_connections_are_independent(embedded_clickhouse, client):
    client.execute("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    database = client.execute("SELECT currentDatabase()")[0][0]
    failures = []

    def work(k):
        try:
            with connect(embedded_clickhouse, database=database) as mine:
                for n in range(10):
                    mine.execute("INSERT INTO t VALUES", [(k * 100 + n,)])
                    mine.execute("SELECT count() FROM t")
        except Exception as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert client.execute("SELECT count(), uniqExact(n) FROM t") == [(80, 80)]


def test_a_client_that_does_not_read_its_answer_holds_nobody_up(embedded_clickhouse):
    with connect(embedded_clickhouse) as slow, connect(embedded_clickhouse) as quick:
        answer = slow.execute_iter("SELECT number FROM system.numbers")
        assert next(answer) == (0,)
        assert quick.execute("SELECT 1") == [(1,)]
        slow.disconnect()


ENDLESS = "SELECT count() FROM system.numbers WHERE number % 7 = 9"
RUNNING = (
    "SELECT count() FROM system.processes WHERE query LIKE '%number \\% 7 = 9%' AND elapsed > 0"
)


def running(client):
    """Count the endless statements; the one that asks does not look like them."""
    return client.execute(RUNNING)[0][0]


def test_a_statement_whose_client_has_left_is_stopped(embedded_clickhouse):
    with connect(embedded_clickhouse) as watcher:
        leaver = connect(embedded_clickhouse)
        leaver.connection.connect()
        leaver.connection.send_query(ENDLESS)
        leaver.connection.send_external_tables(None)
        eventually(lambda: running(watcher) == 1)
        leaver.disconnect()
        eventually(lambda: running(watcher) == 0)


def test_a_statement_can_be_cancelled_and_the_connection_goes_on(embedded_clickhouse):
    with connect(embedded_clickhouse) as watcher, connect(embedded_clickhouse) as client:
        client.connection.connect()
        client.connection.send_query(ENDLESS)
        client.connection.send_external_tables(None)
        eventually(lambda: running(watcher) == 1)
        client.cancel()
        assert running(watcher) == 0
        assert client.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100, b"", b"\x00\xff\xff\xff\xff\x7f", os.urandom(5000)],
    ids=["http", "ones", "nothing", "long text", "random"],
)
def test_garbage_harms_only_who_sends_it(embedded_clickhouse, garbage):
    with connect(embedded_clickhouse) as honest:
        assert honest.execute("SELECT 1") == [(1,)]
        with socket.create_connection(("127.0.0.1", embedded_clickhouse), 5) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while client.recv(4096):
                    pass
        assert honest.execute("SELECT 1") == [(1,)]


def test_garbage_after_a_greeting_is_answered_with_an_error(embedded_clickhouse):
    with connect(embedded_clickhouse) as client:
        client.connection.connect()
        client.connection.socket.sendall(b"\x63")
        packet = client.connection.receive_packet()
        assert packet.exception.code == 101
        assert "unexpected packet 99" in str(packet.exception)


def test_what_is_not_offered_says_so(embedded_clickhouse):
    with connect(embedded_clickhouse) as client:
        table = {"name": "x", "structure": [("a", "Int8")], "data": [{"a": 1}]}
        with pytest.raises(ServerException, match="no external tables here") as refused:
            client.execute("SELECT * FROM x", external_tables=[table])
        assert refused.value.code == 48
        assert client.execute("SELECT 1") == [(1,)]


def test_a_password_is_asked_for(tmp_path):
    with run_clickhouse(tmp_path, password="secret") as port:
        with connect(port, password="secret") as client:
            assert client.execute("SELECT 1") == [(1,)]
        for wrong in ({"password": "Secret"}, {}, {"password": "secret", "user": "root"}):
            with pytest.raises(ServerException) as refused, connect(port, **wrong) as client:
                client.execute("SELECT 1")
            assert refused.value.code == 516


def test_an_unknown_database_is_refused_at_the_door(embedded_clickhouse):
    with connect(embedded_clickhouse, database="no`pe") as client:
        with pytest.raises(ServerException) as refused:
            client.execute("SELECT 1")
        assert refused.value.code == 81


class NoEngine:
    def cancel_all(self):
        pass


def test_too_many_connections_are_told_so():
    front = Front(NoEngine(), max_connections=0)
    front.start()
    try:
        with connect(front.port) as client, pytest.raises(ServerException) as refused:
            client.execute("SELECT 1")
        assert refused.value.code == 202
    finally:
        assert front.stop()


def test_a_client_that_says_no_hello_is_sent_away():
    front = Front(NoEngine(), limits=Limits(hello=0.05))
    front.start()
    try:
        with socket.create_connection(("127.0.0.1", front.port), 5) as client:
            answer = client.recv(4096)
        assert answer.startswith(bytes([wire.ServerPacket.EXCEPTION]))
        assert b"stalled" in answer
    finally:
        assert front.stop()


@contextlib.contextmanager
def launched(data, port=0):
    """Run a server as a person would; yield its process and port."""
    need("chdb")
    where = [f"--data={data}", f"--port={port}", "--open"]
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local.clickhouse", *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("clickhouse ready on 127.0.0.1:"), process.stderr.read()
        yield process, int(line.rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


@pytest.mark.long
def test_data_survives_a_stop_and_a_kill(tmp_path):
    with run_clickhouse(tmp_path) as port, connect(port) as client:
        client.execute("CREATE DATABASE d")
        client.execute("CREATE TABLE d.t (n UInt32) ENGINE = MergeTree ORDER BY n")
        client.execute("INSERT INTO d.t VALUES", [(1,)])
    with launched(tmp_path / "clickhouse") as (process, port), connect(port) as client:
        assert client.execute("SELECT n FROM d.t") == [(1,)]
        client.execute("INSERT INTO d.t VALUES", [(2,)])
        process.kill()
    with run_clickhouse(tmp_path) as port, connect(port) as client:
        assert client.execute("SELECT n FROM d.t ORDER BY n") == [(1,), (2,)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_seconds_whatever_runs(tmp_path, number):
    with launched(tmp_path) as (process, port), connect(port) as idle, connect(port) as busy:
        idle.execute("SELECT 1")
        busy.connection.connect()
        busy.connection.send_query(ENDLESS)
        busy.connection.send_external_tables(None)
        eventually(lambda: running(idle) == 1)
        process.send_signal(number)
        assert process.wait(timeout=6) == 0, process.stderr.read()
        assert process.stderr.read() == ""
        with pytest.raises((Error, OSError, EOFError)):
            idle.execute("SELECT 1")


def refused(*arguments):
    """Start a server that cannot serve; return the one line it says."""
    command = [sys.executable, "-m", "deploy.local.clickhouse", *arguments]
    if not any(argument.startswith("--password-file") for argument in arguments):
        command.append("--open")
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (1, "")
    return ended.stderr


def test_what_keeps_it_from_serving_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with launched(tmp_path / "a") as (process, port):
        owner = f"in use by process {process.pid}: stop that one, or choose another directory\n"
        assert refused(f"--data={tmp_path / 'a'}").endswith(owner)
        taken = refused(f"--data={tmp_path / 'b'}", f"--port={port}")
        assert taken == f"clickhouse: port {port}: Address already in use\n"
    missing = refused(f"--data={tmp_path / 'b'}", f"--password-file={tmp_path / 'no'}")
    assert missing == f"clickhouse: {tmp_path / 'no'}: No such file or directory\n"
    assert refused(f"--data={tmp_path / 'file'}").endswith("file: File exists\n")


def test_the_port_asked_for_is_the_port_served(tmp_path):
    port = free_port()
    with launched(tmp_path, port) as (_, served):
        assert served == port


def test_the_engine_and_the_greeting_agree_on_the_zone(embedded_clickhouse):
    with connect(embedded_clickhouse) as client:
        client.execute("SELECT 1")
        assert client.connection.server_info.timezone == "UTC"
        assert client.execute("SELECT timezone()") == [("UTC",)]
