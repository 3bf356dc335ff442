"""`jiancha local`: everything on this machine, twice, and nothing left behind."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import httpx
import pytest
from clickhouse_driver import Client

from deploy.local.ports import free_port
from tests.support.boston import DATA, SAMPLE
from tests.support.need import need
from tests.support.system import ROOT
from tests.support.wait import eventually

ROWS = 1200


@contextmanager
def local(data, *arguments, until="The log is replayed"):
    """Run it until it says so; yield the board's address and what was printed.

    At the end Ctrl-C is pressed: a terminal sends the signal to every process in front.
    """
    port = free_port()
    argv = ["local", "--data", str(data), "--port", str(port), *arguments]
    out = data.parent / f"local-{port}.out"
    with out.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", *argv],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    try:

        def replayed():
            assert process.poll() is None, out.read_text()[-3000:]
            return until in out.read_text()

        eventually(replayed, 150, interval=0.2, forgive=())
        yield f"http://127.0.0.1:{port}", out.read_text()
    finally:
        os.killpg(process.pid, signal.SIGINT)
        code = process.wait(30)
    assert code == 0, out.read_text()[-3000:]
    assert "Aborted" not in out.read_text()


def counts(said):
    """Count what is in the history, by the address and the password that were printed."""
    port = int(said.split("ClickHouse  127.0.0.1:")[1].split()[0])
    password = Path(said.split("password in ")[1].splitlines()[0]).read_text()
    client = Client("127.0.0.1", port=port, database="jiancha", password=password)
    try:
        return client.execute(
            "SELECT (SELECT count() FROM v_cases), (SELECT count() FROM v_events),"
            " (SELECT count() FROM v_cards),"
            # Each run is a life of its own: the moves of both stay on record, a card is there once.
            " (SELECT uniqExact(card_id, move_no) FROM v_card_history)"
        )[0]
    finally:
        client.disconnect()


def processes_of(data):
    """Find processes of ours that still work in a data directory."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in found.stdout.splitlines() if str(data) in line]


def open_to_others(data):
    """Find files that another local user can read or write; a directory of 0700 closes its own."""
    found, look = [], [data]
    for folder in look:
        for each in folder.iterdir():
            mode = stat.S_IMODE(each.lstat().st_mode)
            if each.is_dir():
                look += [each] if mode & 0o077 else []
            elif each.is_file() and mode & 0o077:
                found.append((each.name, oct(mode)))
    return found


@pytest.fixture
def part(tmp_path):
    """The first rows of the city's log, replayed as fast as can be."""
    table = tmp_path / "part.csv"
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as rows:
        table.write_text("".join(islice(rows, ROWS + 1)), encoding="utf-8")
    files = {
        "--replay": table,
        "--mapping": SAMPLE / "mapping.yaml",
        "--catalogue": SAMPLE / "catalogue",
    }
    pace = {"--speed": "max", "--tick-every": "1d", "--until": "2011-08-01T00:00:00-04:00"}
    return [str(each) for pair in (files | pace).items() for each in pair]


@pytest.mark.long
def test_it_shows_the_log_and_leaves_nothing_behind(tmp_path, part):
    need("chdb")
    data = tmp_path / "data"
    data.mkdir()
    (data / "events.jsonl").touch(0o644)  # of an earlier release, for everyone to read
    with local(data, *part) as (board, said):
        assert open_to_others(data) == []
        kept = counts(said)
        page = httpx.get(board, params={"lang": "zh"}, timeout=10)
        assert page.status_code == 200
        assert "黄牌" in page.text
        assert kept[0] == ROWS
        assert all(n > 0 for n in kept)
    assert processes_of(data) == []
    assert open_to_others(data) == []


@pytest.mark.long
def test_a_second_run_over_the_same_directory_keeps_the_history_as_it_is(tmp_path, part):
    need("chdb")
    data = tmp_path / "data"
    data.mkdir()
    kept = []
    for _ in range(2):
        with local(data, *part) as (_, said):
            kept.append(counts(said))
        assert processes_of(data) == []
    assert kept[0] == kept[1]
    assert kept[0][0] == ROWS


@pytest.mark.long
def test_ctrl_c_in_the_middle_of_the_replay_ends_it_without_a_word(tmp_path, part):
    need("chdb")
    data = tmp_path / "data"
    part[part.index("max")] = "3600"
    with local(data, *part, until="Log  "):
        pass
    assert processes_of(data) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--replay", "{file}"], 2, "--catalogue"),
        (["--port", "{port}"], 1, "choose another with --port"),
        (["--data", "{file}/x"], 1, "choose another with --data"),
        (["--speed", "fast"], 2, "write max, or a number above 0"),
        (["--until", "soon"], 2, "is no time"),
    ],
)
def test_what_stands_in_the_way_is_one_line_that_says_what_to_do(tmp_path, arguments, code, said):
    file = tmp_path / "events.jsonl"
    file.write_text("", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        given = {"file": file, "port": busy.getsockname()[1]}
        argv = [argument.format(**given) for argument in arguments]
        if "--data" not in argv:
            argv += ["--data", str(tmp_path / "data")]
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", "local", *argv],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
