"""Every question that the Grafana board asks, put to the engines that will answer it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

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
from schemas.findings import FindingCode
from schemas.words import CLOCKS, FINDINGS
from streams.engine.state import Summary
from streams.http import Health, serve
from streams.runtime.ports import PartitionProgress
from streams.settings import Http
from tests.support import board, history
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
EVERYWHERE = {"region": ["430100", "-"], "department": [*board.DEPARTMENTS, "-"]}


def asked(source, key):
    """Give the queries to a data source, each with its panel's title."""
    return [
        pytest.param(panel, target[key], id=f"{panel['title'].split(' ', 1)[1]}-{target['refId']}")
        for panel in PANELS
        for target in panel["targets"]
        if target["datasource"]["uid"] == source
    ]


def expanded(sql, chosen, interval=86_400):
    """Put in what Grafana and its ClickHouse plugin put in."""
    begin, end = (f"toDateTime({int(moment.timestamp())})" for moment in (FROM, TO))
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= {begin} AND \1 <= {end}", sql)
    sql = re.sub(
        r"\$__timeInterval\(((?:\w|\(|\))+?)\) AS",
        rf"toStartOfInterval(toDateTime(\1), INTERVAL {interval} second) AS",
        sql,
    )
    sql = sql.replace("$__fromTime", begin).replace("$__toTime", end)
    for name, values in chosen.items():
        quoted = ",".join("'" + value.replace("'", "\\'") + "'" for value in values)
        sql = sql.replace(f"${{{name}:singlequote}}", quoted)
    assert "$" not in sql, sql
    return sql


@pytest.fixture(scope="module")
def town(embedded_clickhouse, tmp_path_factory):
    """A fortnight of a town's hall, judged by the engine and written as the sink writes."""
    catalogue = board.write_catalogue(tmp_path_factory.mktemp("catalogue"))
    hall = board.Hall.of(catalogue)
    with history.database(embedded_clickhouse) as (where, client):
        client.execute(f"USE {where.database}")
        hall.live([*board.plenty(150), *board.faulty()])
        board.insert(client, [*hall.records(), *board.refusals(3)])
        yield client


class TestClickHouse:
    def ask(self, client, sql, chosen=EVERYWHERE):
        rows, columns = client.execute(expanded(sql, chosen), with_column_types=True)
        return rows, [name for name, _ in columns]

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
    def test_in_a_database_without_a_case_it_is_no_error(self, embedded_clickhouse, panel, sql):
        with history.database(embedded_clickhouse) as (where, client):
            client.execute(f"USE {where.database}")
            rows, _ = self.ask(client, sql, {"region": ["-"], "department": ["-"]})
            assert all(not any(isinstance(v, int) and v for v in row) for row in rows), panel

    @pytest.mark.parametrize(("panel", "sql"), asked(CLICKHOUSE, "rawSql"))
    def test_the_choice_of_a_department_narrows_it(self, town, panel, sql):
        if "${department:singlequote}" not in sql:
            assert panel["title"].startswith("退回原因")  # a bad record may name no department
            return
        nowhere = {"region": ["430100"], "department": ["no such"]}
        rows, _ = self.ask(town, sql, nowhere)
        assert all(not any(isinstance(v, int) and v for v in row) for row in rows)

    def test_the_figures_are_those_of_the_views(self, town):
        (panel,) = (p for p in PANELS if p["title"] == "在办件 Open cases")
        ((opened, due, over, notice, yellow, red),), _ = self.ask(
            town, panel["targets"][0]["rawSql"]
        )
        counted = town.execute("SELECT count() FROM cases FINAL WHERE ended_at IS NULL")
        assert [(opened,)] == counted
        assert 0 < due < opened
        assert 0 < over < opened
        assert over <= yellow + red
        assert notice + yellow + red <= opened

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

    def test_the_variables_offer_what_there_is(self, town):
        assert self.ask(town, VARIABLES["region"]["query"])[0] == [("-", "-"), ("430100", "长沙市")]
        rows, _ = self.ask(town, VARIABLES["department"]["query"], {"region": ["430100"]})
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
        plugin = services["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]
        assert plugin.startswith(clickhouse["type"])

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
