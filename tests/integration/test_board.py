"""The board over a real ClickHouse: its figures are the auditor's, and nothing brings it down."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from deploy.local.ports import free_port
from schemas.codes import Level
from streams import http_protocol as protocol
from streams.board import clickhouse, latest
from streams.board.clickhouse import ClickHouseHistory
from streams.board.history import HistoryAway, Wanted
from streams.settings import ClickHouse, Engine, Http, Settings
from tests.support import board
from tests.support.history import case, clock, database
from tests.support.wait import eventually

BEIJING = ZoneInfo("Asia/Shanghai")
NOW = int(board.NOW.timestamp())


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return board.write_catalogue(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture(scope="module")
def records(catalogue):
    hall = board.Hall.of(catalogue)
    hall.live(board.plenty(250))
    return [*hall.records(), *board.refusals(3)]


@pytest.fixture(scope="module")
def town(embedded_clickhouse, records):
    with database(embedded_clickhouse) as (where, client):
        board.insert(client, records)
        yield where, client


@pytest.fixture
def history(town):
    reader = ClickHouseHistory(town[0], live=False, zone=BEIJING)
    yield reader
    reader.close()


def settings(where, catalogue, **more):
    return Settings(
        clickhouse=where,
        catalogue=catalogue,
        http=Http(port=free_port()),
        engine=Engine(ticks_from="replay"),
        **more,
    )


def ask(town, sql):
    return town[1].execute(sql)


AS_OF = f"as_of = toDateTime64({NOW}, 0, 'UTC')"


# -- the figures are the auditor's


def test_the_present_is_the_newest_time_in_the_data(history):
    assert history.figures().now == NOW


def test_open_cases_by_department_and_level_are_those_of_the_views(history, town):
    shown = {
        (tally.department, level): getattr(tally, level)
        for tally in history.figures().tallies
        for level in ("none", "notice", "yellow", "red")
        if getattr(tally, level)
    }
    rows = ask(
        town,
        "SELECT department, toString(level), count() FROM v_open_cases GROUP BY department, level",
    )
    assert shown == {(department, level): n for department, level, n in rows}
    assert sum(shown.values()) > 100
    assert {level for _, level in shown} >= {"none", "yellow", "red"}


def test_cards_are_those_of_the_views(history, town):
    figures = history.figures()
    midnight = int(board.NOW.replace(hour=0, minute=0).timestamp())
    for level in (Level.NOTICE, Level.YELLOW, Level.RED):
        ((standing, today),) = ask(
            town,
            f"SELECT countIf(standing), countIf(toUnixTimestamp(issued_at) >= {midnight})"
            f" FROM v_cards WHERE level = '{level}'",
        )
        assert (figures.cards[level].standing, figures.cards[level].today) == (standing, today)
    assert figures.cards[Level.YELLOW].today > 0


def test_overdue_open_cases_are_those_of_the_views(history, town):
    ((overdue,),) = ask(
        town, f"SELECT uniqExact(case_no) FROM v_overdue_at({AS_OF}) WHERE stopped_at IS NULL"
    )
    assert history.figures().overdue == overdue > 0


def test_the_newest_cards_come_first_with_what_became_of_them(history, town):
    newest = history.figures().newest
    rows = ask(
        town,
        "SELECT card_id, toUnixTimestamp(issued_at), toString(move) FROM v_cards"
        " ORDER BY issued_at DESC, holds_from DESC, card_id LIMIT 8",
    )
    assert [(c.card_id, c.issued_at, c.move) for c in newest] == rows
    assert len(newest) == 8


def test_what_falls_due_next_is_in_time_and_one_a_case(history, town):
    due = history.figures().due
    assert len(due) == 8
    assert [c.due_at for c in due] == sorted(c.due_at for c in due)
    assert len({c.case_no for c in due}) == 8
    ((soonest,),) = ask(
        town,
        f"SELECT min(toUnixTimestamp(due_at)) FROM v_clocks_at({AS_OF})"
        " WHERE stopped_at IS NULL AND state = 'running' AND NOT overdue",
    )
    assert due[0].due_at == soonest >= NOW


def test_the_flow_is_counted(history):
    flow = history.figures().flow
    assert (flow.cases, flow.dead_letters) == (250, 3)
    assert flow.newest_arrival is not None
    assert flow.newest_arrival <= NOW


def test_what_the_sink_sends_again_changes_nothing(history, town, records):
    def now(figures):
        return (
            figures.tallies and sorted(figures.tallies, key=lambda t: t.department),
            figures.cards,
            figures.overdue,
            figures.newest,
            figures.due,
            figures.flow.cases,
            figures.flow.dead_letters,
        )

    before = now(history.figures())
    board.insert(town[1], records[::3])
    assert now(history.figures()) == before


def test_an_empty_history_has_figures_too(embedded_clickhouse):
    with database(embedded_clickhouse) as (where, _):
        reader = ClickHouseHistory(where, live=False, zone=BEIJING, wall=lambda: 1234.5)
        figures = reader.figures()
        reader.close()
    assert (figures.now, figures.taken_at) == (1234, 1234.5)
    assert (figures.tallies, figures.newest, figures.due, figures.overdue) == ([], [], [], 0)
    assert (figures.flow.cases, figures.flow.newest_arrival) == (0, None)


def test_in_live_running_the_present_is_the_wall_clock(town):
    reader = ClickHouseHistory(town[0], live=True, zone=BEIJING, wall=lambda: NOW + 9.9)
    assert reader.figures().now == NOW + 9
    reader.close()


# -- lists and search


def everything(history, **wanted):
    lines, page = [], 1
    while True:
        found = history.cases(Wanted(**wanted, page=page))
        lines += found.lines
        if not found.more:
            return lines
        page += 1


def test_a_tile_leads_to_as_many_cases_as_it_shows(history):
    figures = history.figures()
    totals = Counter()
    for tally in figures.tallies:
        for level in ("notice", "yellow", "red"):
            totals[level] += getattr(tally, level)
    for level in (Level.NOTICE, Level.YELLOW, Level.RED):
        lines = everything(history, level=level)
        assert len(lines) == totals[level]
        assert {line.level for line in lines} <= {str(level)}
    assert len(everything(history, overdue=True)) == figures.overdue
    assert len(everything(history)) == sum(tally.open for tally in figures.tallies)


def test_a_department_leads_to_its_cases(history):
    tally = history.figures().tallies[0]
    lines = everything(history, department=tally.department)
    assert len(lines) == tally.open
    assert {line.department for line in lines} == {tally.department}
    assert len({line.case_no for line in lines}) == len(lines)


def test_the_most_urgent_stand_first(history):
    lines = everything(history)
    keys = [(-Level(line.level).rank, line.due_at or 1 << 40) for line in lines]
    assert keys == sorted(keys)


def test_a_part_of_a_number_finds_open_and_ended_cases(history):
    every = everything(history, number="4301")
    assert len(every) == 250
    assert {line.ended_at is None for line in every} == {True, False}
    number = every[7].case_no
    assert [line.case_no for line in everything(history, number=number)] == [number]
    assert number in {line.case_no for line in everything(history, number=number[4:17])}


@pytest.mark.parametrize(
    "attack",
    [
        "' OR 1=1 --",
        "'; DROP TABLE cases; --",
        "\\' OR 1=1 --",
        "\\",
        "%(now)s",
        "%s%d%%",
        "{case:String}",
        "x' UNION SELECT version() --",
        "')) OR (('a'='a",
        "\u2019 OR 1=1",
        "/*", "#", "`", "'''''",
    ],
)  # fmt: skip
def test_what_is_searched_for_is_only_ever_a_value(history, town, attack):
    assert history.cases(Wanted(number=attack)).lines == []
    assert history.cases(Wanted(department=attack)).lines == []
    assert history.case(attack) is None
    assert history.rules(attack) is None
    assert ask(town, "SELECT count() > 0 FROM cases") == [(1,)]


def test_a_number_with_quotes_is_found_by_itself(history, town):
    number = "a'b\\c%(x)s\"d"
    times = clock("promised", "2026-09-21 01:00:00", "2026-09-30 15:59:59")
    board.insert(town[1], [case(number, [times], as_of=NOW)])
    try:
        assert history.case(number).case.case_no == number
        assert [line.case_no for line in history.cases(Wanted(number="b\\c")).lines] == [number]
    finally:
        for table in ("cases", "clocks"):
            town[1].execute(f"DELETE FROM {table} WHERE case_no = %(n)s", {"n": number})


def in_procedures(town, **written):
    """Insert a case whose promised clock falls due in a minute, and whose procedures are these."""
    times = clock("promised", "2026-09-01 01:00:00", "2026-09-30 15:59:59", **written)
    times = msgspec.structs.replace(times, due_at=NOW + 60)
    board.insert(town[1], [case("in-procedures", [times], as_of=NOW - 90_000, revision=1)])


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ({"state": "running"}, "running"),
        # Written before it began, and before it was over: nothing is written at either moment.
        ({"state": "running", "paused_from": [NOW], "paused_until": [NOW + 1]}, "paused"),
        ({"state": "paused", "paused_from": [NOW - 9], "paused_until": [NOW]}, "running"),
        ({"state": "running", "paused_from": [NOW + 1], "paused_until": [NOW + 9]}, "running"),
        ({"state": "running", "paused_from": [9, NOW], "paused_until": [19, NOW + 9]}, "paused"),
        ({"state": "paused"}, "paused"),  # of 0.1.0, which wrote no procedures
        (
            {
                "state": "running",
                "stopped_at": NOW,
                "paused_from": [NOW],
                "paused_until": [NOW + 1],
            },
            "stopped",
        ),
    ],
)
def test_whether_a_clock_stands_still_is_asked_of_the_moment_of_looking(
    history, town, written, state
):
    in_procedures(town, **written)
    try:
        file = history.case("in-procedures")
        assert [each.state for each in file.clocks] == [state]
        suspended = state == "paused"
        (line,) = history.cases(Wanted(number="in-procedures")).lines
        assert (file.case.suspended, line.suspended) == (suspended, suspended)
        due = [each.case_no for each in history.figures().due]
        assert ("in-procedures" in due) == (state == "running")
    finally:
        for table in ("cases", "clocks"):
            town[1].execute(f"DELETE FROM {table} WHERE case_no = 'in-procedures'")


# -- the case


def some_overdue(history):
    return history.cases(Wanted(level=Level.YELLOW)).lines[0].case_no


def test_a_case_is_whole(history, town):
    number = some_overdue(history)
    file = history.case(number)
    assert file.case.case_no == number
    for kind, found in (
        ("v_events", file.events),
        ("v_card_history", file.moves),
        ("v_clocks", file.clocks),
    ):
        ((count,),) = ask(town, f"SELECT count() FROM {kind} WHERE case_no = '{number}'")
        assert len(found) == count > 0
    assert file.accepted_at is not None
    assert file.now == NOW


def test_the_catalogue_pinned_for_a_case_is_in_the_history(history, catalogue):
    from schemas.catalogue_loading import load_catalogue

    known = load_catalogue(catalogue)
    rules = history.rules(history.case(some_overdue(history)).catalogue)
    assert rules is not None
    assert rules.catalogue.version == known.version
    assert rules.calendars["cn"].version


def test_every_due_time_on_record_is_the_one_explained(town, catalogue, history):
    with (
        board.served(settings(town[0], catalogue)) as address,
        httpx.Client(base_url=address) as client,
    ):
        for line in history.cases(Wanted(number="4301")).lines[:12]:
            page = client.get("/case", params={"no": line.case_no, "lang": "zh"}).text
            assert "到期时间如何得出" in page
            assert "记录在案的到期时间是" not in page
            assert "不同，推算可能有别" not in page


def test_without_a_catalogue_at_hand_the_pinned_one_explains(town, tmp_path, history):
    with board.served(settings(town[0], tmp_path / "none")) as address:
        page = httpx.get(f"{address}/case", params={"no": some_overdue(history)}).text
    assert "到期时间如何得出" in page


# -- away


class Relay:
    """A wire to ClickHouse that can be cut."""

    def __init__(self, port):
        self.target = port
        self.open = True
        self.ends = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.open = False
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends.clear()

    def close(self):
        self.cut()
        self.listener.close()


@pytest.mark.long
def test_an_outage_shows_the_last_figures_and_ends(town, catalogue):
    relay = Relay(town[0].port)
    where = ClickHouse(port=relay.port, database=town[0].database)
    with (
        contextlib.closing(relay),
        board.served(settings(where, catalogue)) as address,
        httpx.Client(base_url=address, headers={"accept-language": "zh"}, timeout=20) as client,
    ):
        figure = re.compile(r'<span class="figure"><b>([\d,]+)</b>')
        before = figure.findall(client.get("/").text)
        assert client.get("/readyz").status_code == 200
        relay.cut()
        eventually(lambda: "连接不上历史库" in client.get("/").text, 20)
        page = client.get("/")
        assert (page.status_code, figure.findall(page.text)) == (200, before)
        assert re.search(r"以下为 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d 的数据", page.text)
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        gone = client.get("/cases")
        assert (gone.status_code, "连接不上历史库" in gone.text) == (503, True)
        relay.open = True
        eventually(lambda: client.get("/readyz").is_success, 20)
        assert "连接不上历史库" not in client.get("/").text
        assert client.get("/cases").status_code == 200


def test_a_clickhouse_that_hangs_is_away(monkeypatch):
    monkeypatch.setattr(clickhouse, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = ClickHouse(port=silent.getsockname()[1])
        reader = ClickHouseHistory(where, live=False, zone=BEIJING)
        with pytest.raises(HistoryAway) as caught:
            reader.figures()
        reader.close()
    assert caught.value.why == "unreachable"


def test_a_history_without_tables_says_what_to_do(embedded_clickhouse):
    with database(embedded_clickhouse, migrated=False) as (_, client):
        client.execute("CREATE DATABASE IF NOT EXISTS board_empty")
        where = ClickHouse(port=embedded_clickhouse, database="board_empty")
        reader = ClickHouseHistory(where, live=False, zone=BEIJING)
        with pytest.raises(HistoryAway) as caught:
            reader.figures()
        reader.close()
        client.execute("DROP DATABASE board_empty")
    assert caught.value.why == "not_migrated"


def test_a_crowd_waits_for_no_more_than_its_turn(town, monkeypatch):
    monkeypatch.setattr(clickhouse, "WAIT_SECONDS", 0.05)
    reader = ClickHouseHistory(town[0], live=False, zone=BEIJING)
    with contextlib.ExitStack() as held:
        for _ in range(clickhouse.CONNECTIONS):
            held.enter_context(reader._asking())
        with pytest.raises(HistoryAway) as caught:
            reader.figures()
    assert caught.value.why == "busy"
    assert reader.figures().now == NOW
    reader.close()


# -- the server


def test_a_port_that_is_taken_is_an_error(town, catalogue):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        of = Settings(
            clickhouse=town[0], catalogue=catalogue, http=Http(port=taken.getsockname()[1])
        )
        with pytest.raises(OSError, match="in use"):
            board.run_board(of, threading.Event())


def test_slow_clients_lose_their_connection_and_nobody_elses(town, catalogue, monkeypatch):
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.5)
    with board.served(settings(town[0], catalogue)) as address:
        host, port = httpx.URL(address).host, httpx.URL(address).port
        beginnings = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        slow = [socket.create_connection((host, port)) for _ in beginnings]
        for client, begun in zip(slow, beginnings, strict=True):
            client.sendall(begun)
        assert httpx.get(f"{address}/").status_code == 200
        for client in slow:
            client.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(100) == b""
            client.close()


def test_a_second_request_on_a_connection_has_its_own_time(town, catalogue, monkeypatch):
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.5)
    with board.served(settings(town[0], catalogue)) as address:
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port)) as client:
            client.settimeout(10)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in client.recv(4096)
            eventually(idle_for(0.8), 10)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in client.recv(4096)
            client.sendall(b"GET /hea")
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(4096) == b""


def idle_for(seconds):
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def test_forty_browsers_cost_one_reading(town, catalogue, monkeypatch):
    readings = []
    read = ClickHouseHistory.figures

    def counted(reader):
        readings.append(threading.current_thread().name)
        return read(reader)

    monkeypatch.setattr(ClickHouseHistory, "figures", counted)
    monkeypatch.setattr(latest, "FRESH_SECONDS", 60.0)
    with (
        board.served(settings(town[0], catalogue)) as address,
        httpx.Client(
            base_url=address, limits=httpx.Limits(max_connections=40), timeout=30
        ) as client,
        ThreadPoolExecutor(40) as browsers,
    ):
        answers = list(browsers.map(lambda _: client.get("/live").status_code, "x" * 40))
    assert Counter(answers) == {200: 40}
    assert len(readings) == 1


@pytest.mark.parametrize("path", ["/static", "/static/", "//elsewhere/", "/cases/", "/static//x"])
def test_no_answer_repeats_the_host_it_was_asked_by(town, catalogue, path):
    with (
        board.served(settings(town[0], catalogue)) as address,
        httpx.Client(base_url=address, headers={"host": "evil.example"}) as client,
    ):
        answer = client.get(f"{address}{path}")
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "evil.example" not in answer.text


def test_huge_requests_are_refused(town, catalogue):
    with (
        board.served(settings(town[0], catalogue)) as address,
        httpx.Client(base_url=address) as client,
    ):
        assert client.get(f"/?{'x' * 60_000}").status_code in {400, 414}
        with contextlib.suppress(httpx.ReadError, httpx.WriteError):  # hung up on while it talks
            assert client.get("/", headers={"x": "y" * 200_000}).status_code in {400, 431}
        assert client.post("/", content=b"x" * 1_000_000).status_code == 405
        assert client.get("/healthz").status_code == 200


# -- the case page cuts nothing in silence

STEPS = 300
"""More than the 200 clocks that were once shown: the oldest, none of which ran."""


@pytest.fixture(scope="module")
def long_case(town):
    """A case of 300 steps, of which the last three run; the very last is due the soonest."""
    day = "2026-09-{:02} 01:00:00"
    done = [
        clock(f"step:s{n}:1", day.format(1 + n % 20), day.format(25), day.format(2 + n % 20))
        for n in range(STEPS - 3)
    ]
    running = [
        clock(f"step:s{n}:1", day.format(22), day.format(due))
        for n, due in ((STEPS - 3, 29), (STEPS - 2, 28), (STEPS - 1, 26))
    ]
    board.insert(town[1], [case("LONG-1", [*done, *running])])
    return "LONG-1"


def test_a_long_case_is_shown_whole_what_runs_first(history, long_case):
    file = history.case(long_case)
    assert len(file.clocks) == STEPS
    assert [c.clock_id for c in file.clocks[:3]] == [
        f"step:s{n}:1" for n in (STEPS - 1, STEPS - 2, STEPS - 3)
    ]
    assert file.case.due_at == file.clocks[0].due_at
    assert file.left_out == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_left_out_is_told_with_the_way_to_it(
    town, catalogue, long_case, monkeypatch, language
):
    monkeypatch.setattr(clickhouse.sql, "MOST", 200)
    with board.served(settings(town[0], catalogue)) as address:
        page = httpx.get(f"{address}/case", params={"no": long_case, "lang": language}, timeout=20)
    assert page.status_code == 200
    told = re.search(
        r'role="alert">.*?</svg>.*?(\d+).*?(jiancha explain LONG-1)', page.text, re.DOTALL
    )
    assert told[1] == str(STEPS - 200)
