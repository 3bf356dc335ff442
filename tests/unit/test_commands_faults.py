"""What is wrong outside of the program is one line with its remedy, whatever the command."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import kafka.errors
import pytest
from click.testing import CliRunner
from clickhouse_driver import errors as driver
from confluent_kafka import KafkaError, KafkaException

from schemas.reading import Problem, SchemaError
from streams.cli import main
from streams.commands.faults import told
from streams.sink.errors import words

ROOT = Path(__file__).parents[2]
CATALOGUE = ["--catalogue", str(ROOT / "deploy/samples/hunan/catalogue")]
MAPPING = ["--mapping", str(ROOT / "deploy/samples/boston/mapping.yaml")]
NOW = ["--as-of", "2026-03-02T09:00:00+08:00"]


def write_cut(path):
    path.write_bytes(gzip.compress(b'{"x": 1}\n' * 1000)[:40])


def write_other(path):
    path.write_bytes(b"PK\x03\x04 no gzip file")


def write_flipped(path):
    content = bytearray(gzip.compress(bytes(range(256)) * 400, mtime=0))
    content[20:40] = b"\xff" * 20
    path.write_bytes(content)


@pytest.mark.parametrize("write", [write_cut, write_other, write_flipped])
@pytest.mark.parametrize(
    "argv",
    [
        ["check", *CATALOGUE, "{file}"],
        ["judge", *CATALOGUE, *NOW, "{file}"],
        ["explain", "X", *CATALOGUE, "--events", "{file}"],
    ],
)
def test_a_damaged_gzip_file_is_named(tmp_path, argv, write):
    file = tmp_path / "events.jsonl.gz"
    write(file)
    done = CliRunner().invoke(main, [each.format(file=file) for each in argv])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    last = done.output.splitlines()[-1]
    assert last.startswith(f"Error: {file}: is no gzip file, or damaged or cut short:")


def test_where_there_is_no_place_for_the_output_it_is_told_before_the_work(tmp_path):
    done = CliRunner().invoke(
        main, ["convert", *MAPPING, __file__, "-o", str(tmp_path / "no" / "events.jsonl")]
    )
    assert done.exit_code == 2
    assert f"there is no directory {tmp_path / 'no'}" in done.output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KafkaException(KafkaError(KafkaError._TRANSPORT)), "JIANCHA_KAFKA__BOOTSTRAP_SERVERS"),
        (kafka.errors.KafkaTimeoutError("Unable to bootstrap"), "JIANCHA_KAFKA__BOOTSTRAP_SERVERS"),
        (driver.NetworkError("Connection refused"), "JIANCHA_CLICKHOUSE__HOST and __PORT"),
        (PermissionError(13, "Permission denied", "/a/b"), "/a/b: Permission denied"),
        (IsADirectoryError(21, "Is a directory", "/a"), "/a: Is a directory"),
        (SchemaError([Problem("f", 3, "k", "v", "is wrong", "mend it")]), "f:3: k"),
    ],
)
def test_what_an_operator_can_cure(error, said):
    line = told(error)
    assert said in line
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), OSError("x"), EOFError()])
def test_what_is_a_fault_of_the_program_keeps_its_trace(error):
    assert told(error) is None


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            driver.UnexpectedPacketFromServerError("Unexpected packet from server h:8123"),
            "9000 (8123 is HTTP's)",
        ),
        (driver.SocketTimeoutError("(h:9000)"), "no answer in time"),
        (driver.NetworkError("Connection refused (h:1)"), "nothing listens there"),
        (driver.NetworkError("[SSL: WRONG_VERSION_NUMBER] wrong"), "SECURE=false"),
        (driver.NetworkError("Connection reset by peer (h:9440)"), "SECURE=true"),
        (driver.NetworkError("Name or service not known (h:9000)"), "__HOST"),
        (EOFError("Unexpected EOF while reading bytes"), "SECURE=true"),
        (driver.ServerException("Authentication failed", 516), "__PASSWORD_FILE"),
        (driver.ServerException("Database jiancha does not exist", 81), "`jiancha migrate`"),
    ],
)
def test_a_wrong_address_of_clickhouse_says_what_to_set(error, remedy):
    line = words(error)
    assert remedy in line.partition(" → ")[2]
    assert len(line.splitlines()) == 1


def test_what_needs_no_remedy_has_none():
    assert " → " not in words(driver.ServerException("Too many parts", 252))
    assert " → " not in words(ValueError("Connection refused"))


def test_every_setting_that_a_remedy_names_exists():
    from streams.settings import Settings
    from streams.settings_names import keys_of, variables_of

    known = variables_of(keys_of(Settings))
    for file in (*(ROOT / "streams").rglob("*.py"), *(ROOT / "alerts").rglob("*.py")):
        for name in re.findall(r"JIANCHA_([A-Z]+__[A-Z_]+[A-Z])", file.read_text(encoding="utf-8")):
            assert name in known, (file, name)
