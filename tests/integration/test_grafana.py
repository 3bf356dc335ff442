"""Every question that the Grafana board asks, put to the engines that will answer it."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry

from alerts.metrics import (
    EngineMetrics,
    EngineProgress,
    NotifyMetrics,
    RuntimeMetrics,
    SinkMetrics,
    definitions,
)
from deploy.local.ports import free_port
from schemas.codes import Level
from schemas.findings import FindingCode
from schemas.words import CLOCKS, FINDINGS
from streams.board import statements
from streams.engine.state import Summary
from streams.http import Health, serve
from streams.runtime.ports import PartitionProgress
from streams.settings import Http
from tests.support import board, history
from tests.support.clickhouse_user import Refused, as_user, filled
from tests.support.wait import eventually
from tests.support.watchers import ROOT, prometheus

GRAFANA = ROOT / "deploy/grafana"
BOARD = json.loads((GRAFANA / "dashboards/overview.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
VARIABLES = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
SOURCES = yaml.safe_load((GRAFANA / "provisioning/datasources/jiancha.yml").read_text("utf-8"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
CLICKHOUSE, PROMETHEUS = "jiancha-clickhouse", "jiancha-prometheus"

FROM, TO = datetime(2026, 3, 1, tzinfo=UTC), board.NOW
ALL = "*"
"""What Grafana puts in for All: the variable's own `allValue`, as it stands."""
EVERYWHERE = {"region": ALL, "department": ALL}
SENT = int(SOURCES["datasources"][0]["jsonData"]["queryTimeout"]) + 5
"""clickhouse-go sends what is left of the query's time and five seconds as max_execution_time."""
LAPTOP = 1200
"""Pixels that the 24 columns of a board have on a screen of 1,280."""


def asked(source, key):
    """Give the queries to a data source, each with its panel's title."""
    return [
        pytest.param(panel, target[key], id=f"{panel['title'].split(' ', 1)[1]}-{target['refId']}")
        for panel in PANELS
        for target in panel["targets"]
        if target["datasource"]["uid"] == source
    ]


def expanded(sql, chosen):
    """Put in what Grafana and its ClickHouse plugin put in."""
    begin, end = (f"toDateTime({int(moment.timestamp())})" for moment in (FROM, TO))
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= {begin} AND \1 <= {end}", sql)
    sql = sql.replace("$__fromTime", begin).replace("$__toTime", end)
    sql = sql.replace("${zone:raw}", VARIABLES["zone"]["query"])
    for name, values in chosen.items():
        given = values if values == ALL else "&".join(f"v={quote(v, safe='')}" for v in values)
        sql = sql.replace(f"${{{name}:customqueryparam:v}}", given)
    assert "$" not in sql, sql
    return sql


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory):
    """A fortnight of a town's hall: ClickHouse's directory, and the cases as the engine counts."""
    hall = board.Hall.of(board.write_catalogue(tmp_path_factory.mktemp("catalogue")))
    hall.live([*board.plenty(150), *board.faulty()])
    records = [*hall.records(), *board.refusals(3)]
    return filled(tmp_path_factory.mktemp("town"), records), hall.partition.metrics.cases


@pytest.fixture(scope="module")
def town(fortnight, tmp_path_factory):
    """The town as the user grafana finds it: its profile, its grants."""
    folder = tmp_path_factory.mktemp("grafana")
    data = shutil.copytree(fortnight[0], folder / "db", symlinks=True)
    with as_user(data, folder, "grafana", "Asia/Shanghai") as user:
        yield user


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A database without a case."""
    folder = tmp_path_factory.mktemp("empty")
    with as_user(filled(folder, []), folder, "grafana") as user:
        yield user


class TestClickHouse:
    def ask(self, user, sql, chosen=EVERYWHERE):
        return user.ask(expanded(sql, chosen), {"max_execution_time": SENT})

    @pytest.mark.parametrize(("panel", "sql"), asked(CLICKHOUSE, "rawSql"))
    def test_every_query_has_an_answer(self, town, panel, sql):
        rows, columns = self.ask(town, sql)
        assert rows, panel["title"]
        shown = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]}
        assert shown <= set(columns)
        if panel["targets"][0]["queryType"] == "timeseries":
            assert columns[0] == "time"
            assert len(rows) > 3

    @pytest.mark.parametrize(("panel", "sql"), asked(CLICKHOUSE, "rawSql"))
    def test_in_a_database_without_a_case_it_is_no_error(self, empty, panel, sql):
        for chosen in (
            EVERYWHERE,
            {"region": ["-"], "department": ["-"]},
            {"region": [], "department": []},
        ):
            rows, _ = self.ask(empty, sql, chosen)
            assert all(not any(isinstance(v, int) and v for v in row) for row in rows), panel

    @pytest.mark.parametrize(("panel", "sql"), asked(CLICKHOUSE, "rawSql"))
    def test_the_choice_of_a_department_narrows_it(self, town, panel, sql):
        if "${department:" not in sql:
            assert panel["title"].startswith("退回原因")  # a bad record may name no department
            return
        for name in (
            "no such",
            "a\\' ) OR 1=1 -- ",
            "a'b",
            "ends in \\",
            "公安局",
            "a&v=d01",
            "*",
            "%27",
        ):
            rows, _ = self.ask(town, sql, {"region": ["430100"], "department": [name]})
            assert all(not any(isinstance(v, int) and v for v in row) for row in rows), name
        everything = self.ask(town, sql)
        chosen = {"region": ["430100", "-"], "department": [*board.DEPARTMENTS, "-"]}
        assert self.ask(town, sql, chosen) == everything

    def test_the_figures_are_those_of_the_views(self, town):
        (panel,) = (p for p in PANELS if p["title"] == "在办件 Open cases")
        ((opened, due, over, notice, yellow, red),), _ = self.ask(
            town, panel["targets"][0]["rawSql"]
        )
        counted, _ = town.ask("SELECT count() FROM cases FINAL WHERE ended_at IS NULL")
        assert [(opened,)] == counted
        assert 0 < due < opened
        assert 0 < over < opened
        assert over <= yellow + red
        assert notice + yellow + red <= opened

    @pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
    def test_board_views_and_engine_say_the_same_wherever_the_server_is(
        self, fortnight, zone, tmp_path
    ):
        data = shutil.copytree(fortnight[0], tmp_path / "db", symlinks=True)
        now = int(board.NOW.timestamp())
        at = f"as_of = toTimeZone(toDateTime({now}), 'UTC')"
        (panel,) = (p for p in PANELS if p["title"] == "在办件 Open cases")
        with as_user(data, tmp_path, "grafana", zone) as user:
            ((opened, _, over, *levels),), _ = self.ask(user, panel["targets"][0]["rawSql"])
            tallies, _ = user.ask(statements.TALLIES)
            ((late,),), _ = user.ask(statements.OVERDUE % {"now": now})
            views, _ = user.ask(
                "SELECT count(), countIf(overdue_clocks > 0), countIf(level = 'notice'),"
                f" countIf(level = 'yellow'), countIf(level = 'red') FROM v_open_cases_at({at})"
            )
            ((named,),), _ = user.ask(
                f"SELECT uniqExact(case_no) FROM v_overdue_at({at}) WHERE open"
            )
            standing, _ = user.ask(
                "SELECT level, count() FROM v_cards WHERE standing GROUP BY level"
            )
            shown, _ = user.ask(statements.CARDS_STANDING)
        none, *by_level = (
            sum(column) for column in zip(*(row[1:] for row in tallies), strict=True)
        )
        assert by_level == levels
        assert none + sum(by_level) == opened
        assert late == named == over > 0
        assert views == [(opened, over, *levels)]
        assert sorted(standing) == sorted(shown)
        assert opened == sum(n for found, n in fortnight[1].items() if found.open)

    @pytest.mark.parametrize(
        "title", ["按地区 By region", "按部门 By department", "按事项 By item"]
    )
    def test_the_parts_make_the_whole(self, town, title):
        def figures(of):
            (panel,) = (p for p in PANELS if p["title"] == of)
            return self.ask(town, panel["targets"][0]["rawSql"])[0]

        parts = [row[1:] for row in figures(title)]
        assert [sum(column) for column in zip(*parts, strict=True)] == list(
            figures("在办件 Open cases")[0]
        )

    def test_findings_are_counted_by_what_was_found_and_where(self, town):
        """监察发现: six special procedures without a basis, at three departments."""
        (panel,) = (p for p in PANELS if p["title"] == "各部门监察发现 Findings by department")
        rows, _ = self.ask(town, panel["targets"][0]["rawSql"])
        words = FINDINGS[FindingCode.SUSPENSION_WITHOUT_BASIS]
        found = [row[1:] for row in rows if row[0] == f"{words.zh} {words.en}"]
        assert sorted(found) == sorted(
            (board.DEPARTMENTS[code][0], 2, 2, 2) for code in ("d01", "d02", "d03")
        )

    def test_a_card_about_a_finding_shows_what_was_found_and_no_due_time(self, town):
        (panel,) = (p for p in PANELS if p["title"] == "最新发牌 Newest cards")
        sql = panel["targets"][0]["rawSql"].replace("LIMIT 50", "LIMIT 5000")
        rows, columns = self.ask(town, sql)
        about, due = columns.index("时限或发现 limit or finding"), columns.index("到期 due")
        words = FINDINGS[FindingCode.SUSPENSION_UNTOLD]
        assert {row[due] for row in rows if row[about] == f"{words.zh} {words.en}"} == {None}
        assert all(row[due] for row in rows if "时限" in row[about])

    def test_a_card_that_a_later_life_issues_again_is_issued_once(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("lives")
        since = history.clock("promised", "2026-03-02 01:00:00", "2026-03-06 15:59:59")
        issued = [
            history.move("A", since, Level.RED, epoch=epoch, when=when)
            for epoch, when in ((5, "2026-03-09 16:00:00"), (6, "2026-03-12 16:00:00"))
        ]
        data = filled(folder, [history.case("A", [since], epoch=6), *issued])
        with as_user(data, folder, "grafana") as user:
            for title, shown in (
                ("新发牌 Cards issued", [("2026-03-10 00:00:00", 0, 0, 1)]),
                ("最新发牌 Newest cards", None),
            ):
                (panel,) = (p for p in PANELS if p["title"] == title)
                rows, _ = self.ask(user, panel["targets"][0]["rawSql"])
                assert len(rows) == 1, title
                assert shown in (None, rows)

    def test_every_code_has_its_words(self):
        for panel in PANELS:
            for target in panel["targets"]:
                for what, codes in re.findall(
                    r"transform\((?:\w+\.)?(clock|code|splitByChar[^\]]*\]), \[([^\]]*)\]",
                    target.get("rawSql", ""),
                ):
                    vocabulary = CLOCKS if what == "clock" else FINDINGS
                    assert re.findall(r"'(\w+)'", codes) == list(vocabulary), panel["title"]

    def test_names_are_those_of_the_catalogue(self, town):
        (panel,) = (p for p in PANELS if p["title"] == "按部门 By department")
        rows, _ = self.ask(town, panel["targets"][0]["rawSql"])
        assert {name for name, *_ in rows} <= {zh for zh, _ in board.DEPARTMENTS.values()}

    def test_a_day_is_the_houses_day(self, town):
        """Cards are issued at midnight in Beijing: by UTC they would be the day before's."""
        (panel,) = (p for p in PANELS if p["title"] == "新发牌 Cards issued")
        rows, _ = self.ask(town, panel["targets"][0]["rawSql"])
        counted, _ = town.ask(
            "SELECT formatDateTime(issued_beijing, '%F 00:00:00', 'Asia/Shanghai') AS day, count()"
            " FROM v_cards GROUP BY day ORDER BY day"
        )
        assert [(day, sum(levels)) for day, *levels in rows] == counted

    def test_a_query_for_all_is_short_whatever_there_is(self):
        """6,500 departments in an IN list were more than max_query_size."""
        for name in ("region", "department"):
            assert (VARIABLES[name]["includeAll"], VARIABLES[name]["allValue"]) == (True, ALL)
        for panel in PANELS:
            for target in panel["targets"]:
                assert len(expanded(target.get("rawSql", ""), EVERYWHERE)) < 20_000

    def test_what_grafana_sends_is_within_the_profile(self, town):
        for seconds in (SENT, 1):
            town.ask("SELECT 1", {"max_execution_time": seconds})
        with pytest.raises(Refused):
            town.ask("SELECT 1", {"max_execution_time": 61})

    def test_the_variables_offer_what_there_is(self, town):
        assert self.ask(town, VARIABLES["region"]["query"])[0] == [("-", "-"), ("430100", "长沙市")]
        query = VARIABLES["department"]["query"]
        rows, _ = self.ask(town, query, {"region": ["430100"]})
        assert self.ask(town, query, EVERYWHERE)[0] == rows
        assert len(rows) > 5
        assert ("d05", "公安局") in rows
        assert ("-", "-") in rows  # so that `IN ()` never comes about

    def test_the_page_of_a_case_is_one_click_away(self):
        for panel in PANELS:
            if "办件编号 case" in json.dumps(panel["targets"], ensure_ascii=False):
                assert "${board}/case?no=" in json.dumps(panel["fieldConfig"])


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A Prometheus that watches one process which counts as all roles do."""
    folder = tmp_path_factory.mktemp("watched")
    catalogue = board.write_catalogue(folder)
    registry, rules = CollectorRegistry(), board.Hall.of(catalogue).rules
    engine, runtime = EngineMetrics(registry, rules), RuntimeMetrics(registry)
    sink, notify = SinkMetrics(registry), NotifyMetrics(registry)
    engine.partition(0, 1_790_000_000, 0, {Summary(open=True, level=3, provisional=False): 2}, 0)
    engine.in_force(0, rules)
    lag = {"hall.steps": 5}
    progress = [PartitionProgress(0, "running", lag, 0.0, 0, None)]
    registry.register(EngineProgress(lambda: progress, engine, live=True))

    def works():
        """Each look finds that something has happened: rates need two different figures."""
        engine.accepted("hall", repeated=False)
        engine.refused("hall", "missing")
        runtime.committed(10, 20, 0.05)
        sink.batch(0.2, 1.0)
        sink.lag("jiancha.events", 3)
        notify.pushed({"card": 1})
        notify.lag(0)
        return Health(ok=True, detail="works")

    http = Http(port=free_port())
    stop = serve(http, registry, works, works)
    works()
    address = f"127.0.0.1:{http.port}"
    targets = {f"{role}:9108": address for role in ("engine", "sink", "notify")}
    try:
        with prometheus(folder / "prometheus", targets) as url:

            def looked_twice():
                httpx.get(f"http://{address}/healthz", timeout=5)
                query = {"query": "min(count_over_time(jiancha_events_total[1m])) >= 4"}
                return httpx.get(f"{url}/api/v1/query", params=query).json()["data"]["result"]

            eventually(looked_twice, 30, interval=0.3)
            yield url
    finally:
        stop()


@pytest.mark.prometheus
class TestPrometheus:
    @pytest.mark.long
    @pytest.mark.parametrize(("panel", "expr"), asked(PROMETHEUS, "expr"))
    def test_every_query_has_an_answer(self, watched, panel, expr):
        query = {"query": expr.replace("$__rate_interval", "30s")}
        answer = httpx.get(f"{watched}/api/v1/query", params=query, timeout=5).json()
        assert answer["status"] == "success", answer
        found = answer["data"]["result"]
        assert found, panel["title"]
        assert all(series["value"][1] != "NaN" for series in found)

    @pytest.mark.parametrize(("panel", "expr"), asked(PROMETHEUS, "expr"))
    def test_it_asks_for_metrics_that_exist(self, panel, expr):
        known = {metric.name for metric in definitions.ALL}
        names = {name.removesuffix("_bucket") for name in re.findall(r"jiancha_\w+", expr)}
        assert names <= known, panel["title"]


class TestProvisioning:
    def test_each_panel_asks_a_source_that_is_provisioned(self):
        provisioned = {source["uid"]: source["type"] for source in SOURCES["datasources"]}
        assert provisioned.keys() == {CLICKHOUSE, PROMETHEUS}
        for panel in PANELS:
            for asks in (panel, *panel["targets"]):
                source = asks["datasource"]
                assert provisioned[source["uid"]] == source["type"]

    def test_the_sources_are_the_services_and_the_password_comes_from_a_file(self):
        clickhouse, prometheus_source = SOURCES["datasources"]
        services = COMPOSE["services"]
        assert clickhouse["jsonData"]["host"] in services
        assert prometheus_source["url"] == "http://prometheus:9090"
        assert clickhouse["secureJsonData"] == {
            "password": "$__file{/run/secrets/clickhouse_grafana}"
        }
        assert "clickhouse_grafana" in services["grafana"]["secrets"]
        image = (GRAFANA / "Dockerfile").read_text(encoding="utf-8")
        assert re.search(
            rf"plugins install {clickhouse['type']} \d+\.\d+\.\d+$", image, re.MULTILINE
        )

    def test_the_boards_lie_where_the_container_has_them(self):
        file = GRAFANA / "provisioning/dashboards/jiancha.yml"
        (provider,) = yaml.safe_load(file.read_text(encoding="utf-8"))["providers"]
        mounted = [v.split(":")[1] for v in COMPOSE["services"]["grafana"]["volumes"]]
        assert provider["options"]["path"] in mounted

    def test_what_alerts_link_to_is_this_board(self):
        assert BOARD["uid"] == "jiancha-overview"

    def test_titles_are_chinese_with_english_beside(self):
        for panel in BOARD["panels"]:
            assert re.match(r"[\u4e00-\u9fff、]+ [A-Z][A-Za-z ,-]+$", panel["title"]), panel[
                "title"
            ]

    def test_no_two_panels_overlap(self):
        taken = set()
        for panel in BOARD["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            taken |= cells
        assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def named(panel):
    """The columns of a table, in their order."""
    return list(dict.fromkeys(re.findall(r"AS `([^`]+)`", panel["targets"][0]["rawSql"])))


def properties(panel, column):
    """What a board says of a column beside its defaults."""
    return {
        each["id"]: each["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == column
        for each in override["properties"]
    }


TABLES = [pytest.param(p, id=p["title"]) for p in PANELS if p["type"] == "table"]
STATS = [pytest.param(p, id=p["title"]) for p in PANELS if p["type"] == "stat"]


class TestWhatAPersonSees:
    def test_no_figure_is_rounded_to_thousands_nor_told_in_months(self):
        """`short` makes 5,563 cases “6 K”; a duration makes every row “2 months”."""
        units = re.findall(r'"unit": "(\w+)"', json.dumps(PANELS))
        units += re.findall(r'"id": "unit", "value": "(\w+)"', json.dumps(PANELS))
        assert set(units) == {"locale", "percent", "cps", "s"}
        for panel in PANELS:  # seconds are those of machines
            if '"s"' in json.dumps(panel["fieldConfig"]):
                assert panel["title"] in {
                    "判定延后 Cards late by",
                    "事务与入库耗时 Seconds a transaction, an insert",
                }

    @pytest.mark.parametrize("panel", TABLES)
    def test_a_table_shows_all_its_columns(self, panel):
        widths = [properties(panel, name).get("custom.width", 150) for name in named(panel)]
        assert sum(widths) <= panel["gridPos"]["w"] / 24 * LAPTOP, widths

    @pytest.mark.parametrize("panel", TABLES)
    def test_a_colour_in_a_table_takes_effect(self, panel):
        for override in panel["fieldConfig"]["overrides"]:
            ids = {each["id"] for each in override["properties"]}
            if ids & {"color", "thresholds", "mappings"}:
                assert "custom.cellOptions" in ids, override

    def test_nothing_is_coloured_where_there_is_nothing(self):
        """Red at 0 cries wolf."""
        for panel in PANELS:
            if panel["type"] == "timeseries":
                continue
            for override in panel["fieldConfig"]["overrides"]:
                name, said = (
                    override["matcher"]["options"],
                    properties(panel, override["matcher"]["options"]),
                )
                assert said.get("color", {}).get("fixedColor", "text") == "text", name
                if "thresholds" in said and name != "链路 watchdog":
                    base, first = said["thresholds"]["steps"]
                    assert base == {"color": "text", "value": None}, name
                    assert first["value"] == 1, name

    @pytest.mark.parametrize("panel", STATS)
    def test_a_stat_has_thresholds_of_its_own(self, panel):
        """Without them Grafana takes green, and red from 80."""
        fields = panel["fieldConfig"]
        assert "thresholds" in fields["defaults"] or len(fields["overrides"]) == 6

    def test_the_first_rows_are_said_to_be_the_first(self):
        for panel in PANELS:
            for target in panel["targets"]:
                for rows in re.findall(r"LIMIT (\d+)(?! BY)\b", target.get("rawSql", "")):
                    assert f"The first {rows} rows." in panel["description"], panel["title"]

    def test_days_and_clock_faces_are_the_houses(self):
        assert BOARD["timezone"] == VARIABLES["zone"]["query"] == "Asia/Shanghai"
        for panel in PANELS:
            for target in panel["targets"]:
                sql = target.get("rawSql", "")
                assert "$__timeInterval" not in sql, panel["title"]
                assert sql.count("toStartOfDay(") == sql.count(", '${zone:raw}') AS time")
                assert not re.search(r"as_of = (?!toTimeZone\(\$__toTime, 'UTC'\))", sql), panel[
                    "title"
                ]
