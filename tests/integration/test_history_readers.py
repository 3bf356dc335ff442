"""Who reads the history: what words mean to each in any zone, and how far each can go."""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams import history_reading
from streams.board import statements
from tests.support import board, history
from tests.support.clickhouse_user import Refused, as_user, filled

DOCS = Path(__file__).parents[2] / "docs"
ZONES = ("UTC", "Asia/Shanghai", "America/New_York")
SESSIONS = [None, ZONES[-1], *(pytest.param(zone, marks=pytest.mark.long) for zone in ZONES[:-1])]
READERS = ("board", "grafana", "auditor")
LATE = history.clock("step:审查:1", "2026-04-13 01:00:00", "2026-04-17 15:59:59")
"""Open; at 02:00 of 18 April in Beijing it is over by 2 h 1 s."""
CASE = "S-1"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A town's fortnight, and the case S-1."""
    folder = tmp_path_factory.mktemp("history")
    hall = board.Hall.of(board.write_catalogue(tmp_path_factory.mktemp("catalogue")))
    hall.live([*board.plenty(60), *board.faulty()])
    late = history.case(CASE, [LATE])
    return filled(folder, [*hall.records(), *board.refusals(3), late])


@pytest.fixture(scope="module")
def servers(data, tmp_path_factory):
    """The history on a server of each zone, as the auditor; give what each answers."""
    with ExitStack() as opened:
        auditors = {}
        for zone in ZONES:
            folder = tmp_path_factory.mktemp("zone")
            here = shutil.copytree(data, folder / "db", symlinks=True)
            auditors[zone] = opened.enter_context(as_user(here, folder, "auditor", zone))

        def ask(questions, settings=None):
            return {
                zone: [auditor.ask(sql, settings) for sql in questions]
                for zone, auditor in auditors.items()
            }

        yield ask


def of_the_docs():
    """Every way in which a page says that a moment is written: `as_of = …`."""
    said = "".join(page.read_text("utf-8") for page in DOCS.glob("*.md"))
    return sorted(
        set(re.findall(r"_at\(as_of = ((?:'[^']*'|\w+\((?:[^()]|\([^()]*\))*\)))\)", said))
    )


def test_the_docs_write_moments_in_the_two_ways_that_hold():
    forms = of_the_docs()
    assert any(form.startswith("toTimeZone(") for form in forms)
    for form in forms:
        assert re.fullmatch(r"'[\d: -]{19}'|toTimeZone\(.*, 'UTC'\)", form), form


@pytest.mark.parametrize("session", SESSIONS)
def test_a_moment_means_what_it_says(servers, session):
    """found/history/timezone.sql: 7,201 s, and never 36,001 s."""
    moments = (
        "'2026-04-17 18:00:00'",
        "toTimeZone(toDateTime64('2026-04-18 02:00:00', 0, 'Asia/Shanghai'), 'UTC')",
        "toTimeZone(toDateTime(1776448800), 'UTC')",
        "1776448800",
    )
    asked = [
        f"SELECT seconds_over FROM {view}(as_of = {moment}) WHERE case_no = '{CASE}'"
        for view in ("v_clocks_at", "v_overdue_at", "v_breaches_at")
        for moment in moments
    ]
    asked += [
        f"SELECT 7200 + overdue_clocks FROM v_open_cases_at(as_of = {moment})"
        f" WHERE case_no = '{CASE}'"
        for moment in moments
    ]
    answers = servers(asked, session and {"session_timezone": session})
    for zone, given in answers.items():
        assert [rows for rows, _ in given] == [[(7201,)]] * len(asked), zone


@pytest.mark.parametrize("session", SESSIONS)
def test_the_views_of_now_mean_now(servers, session):
    truth = datetime.now(UTC).timestamp() - LATE.due_at
    asked = [
        f"SELECT seconds_over FROM {view} WHERE case_no = '{CASE}'"
        for view in ("v_clocks", "v_overdue", "v_breaches")
    ]
    answers = servers(asked, session and {"session_timezone": session})
    for zone, given in answers.items():
        for rows, _ in given:
            assert truth - 1 <= rows[0][0] <= truth + 120, zone


def test_an_auditor_gets_the_same_rows_in_every_zone(servers):
    page = (DOCS / "audit-queries.md").read_text("utf-8")
    asked = re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    answers = servers([sql.replace("2026-03-10", "2026-09-24") for sql in asked])
    first = answers.pop("UTC")
    assert sum(bool(rows) for rows, _ in first) >= 5
    for zone, given in answers.items():
        for sql, answer, expected in zip(asked, given, first, strict=True):
            assert answer == expected, (zone, sql)


def of_the_board():
    """Every statement of the board and of `explain`, with values put in as the driver does."""
    values = {
        "now": 1_790_000_000, "midnight": 1_789_900_000, "known": history_reading.NOW, "limit": 5,
        "offset": 0, "rank": 2, "revision": 0, "case_no": f"'{CASE}'", "case": f"'{CASE}'",
        "number": "'4301'", "department": "'d01'", "version": "'v1'", "cards": "(('a', 'b'))",
        "most": 10, "live": 1, "codes": "('corrected_after_breach',)",
        "kinds": "('accepted', 'received')",
    }  # fmt: skip
    lists = [
        statements.cases(frozenset(conditions))
        for conditions in (["open"], ["open", "overdue"], ["number"], ["open", "level"])
    ]
    whole = [
        text
        for module in (statements, history_reading)
        for name, text in vars(module).items()
        if isinstance(text, str) and name.isupper() and not name.startswith("_")
        if text.lstrip().startswith("SELECT")
    ]
    return [sql % values for sql in (*lists, *whole)]


def test_the_board_gets_the_same_figures_in_every_zone(servers):
    asked = of_the_board()
    assert len(asked) > 20
    answers = servers(asked)
    first = answers.pop("UTC")
    for zone, given in answers.items():
        assert given == first, zone


def test_no_view_breaks_for_who_joins_with_nulls(servers):
    views, _ = next(iter(servers(["SHOW TABLES LIKE 'v\\_%'"]).values()))[0]
    assert len(views) > 20
    at = "(as_of = '2026-09-20 00:00:00')"
    asked = [
        f"SELECT * {'EXCEPT seconds_over' * view.startswith(('v_cl', 'v_ov', 'v_br'))} FROM {view}"
        f"{at * view.endswith('_at')} ORDER BY ALL"
        for (view,) in views
    ]
    plain, pinned = servers(asked), servers(asked, {"join_use_nulls": 1})
    assert pinned == plain


@pytest.fixture(scope="module", params=READERS)
def reader(request, data, tmp_path_factory):
    with ExitStack() as opened:
        folder = tmp_path_factory.mktemp(request.param)
        yield opened.enter_context(as_user(data, folder, request.param))


@pytest.mark.parametrize(
    "setting",
    [
        "max_memory_usage = 0",
        "max_memory_usage = 100000000000",
        "max_memory_usage_for_user = 0",
        "max_execution_time = 0",
        "max_execution_time = 100000",
        "timeout_overflow_mode = 'break'",
        "max_untracked_memory = 100000000000",
        "max_temporary_data_on_disk_size_for_query = 0",
        "log_queries = 0",
        "log_queries_probability = 0",
        "log_queries_min_query_duration_ms = 100000000",
        "log_queries_min_type = 'EXCEPTION_WHILE_PROCESSING'",
        "log_queries_cut_to_length = 0",
        "readonly = 0",
        "allow_ddl = 1",
    ],
)
def test_no_reader_lifts_a_limit_nor_leaves_the_record(reader, setting):
    for how in (f"SET {setting}", f"SELECT 1 SETTINGS {setting}"):
        with pytest.raises(Refused) as refused:
            reader.ask(how)
        assert refused.value.code in {164, 392, 452}, str(refused.value)


def test_a_reader_still_says_how_it_reads(reader):
    reader.ask("SELECT 1", {"max_execution_time": 5, "session_timezone": "Asia/Shanghai"})
    assert reader.ask("SELECT count() FROM v_cases")[0][0][0] > 60


def test_a_query_ends_at_its_limit_of_memory(reader):
    with pytest.raises(Refused) as refused:
        reader.ask("SELECT length(groupArray(repeat('x', 10000))) FROM numbers(400000)")
    assert refused.value.code == 241


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cases (case_no) VALUES ('X')",
        "DROP TABLE cases",
        "CREATE TABLE mine (x UInt8) ENGINE = Memory",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1/', 'LineAsString', 'x String')",
    ],
)
def test_a_reader_only_reads_and_only_the_history(reader, statement):
    with pytest.raises(Refused) as refused:
        reader.ask(statement)
    assert refused.value.code in {164, 497}, str(refused.value)
