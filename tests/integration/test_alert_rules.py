"""The rules, the routes and the scrape configuration, by the programs that will read them."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date

import pytest
import yaml

from alerts.metrics import definitions
from tests.support.need import need
from tests.support.watchers import ROOT

pytestmark = pytest.mark.prometheus

RULES_FILE = ROOT / "alerts/rules/jiancha.yml"
TESTS = sorted((ROOT / "alerts/rules/tests").glob("*.yml"))
EACH = [
    pytest.param(file, id=file.stem, marks=[pytest.mark.long] if file.stem == "days" else [])
    for file in TESTS
]
GROUPS = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
RUNBOOK = (ROOT / "alerts/runbook.md").read_text(encoding="utf-8")
ROUTES = ROOT / "deploy/alertmanager/alertmanager.yml"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))

each_rule = pytest.mark.parametrize("name", RULES)


def run(*argv):
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_promtool_accepts_the_rules():
    code, said = run(need("promtool"), "check", "rules", str(RULES_FILE))
    assert code == 0, said
    assert f"{len(RULES)} rules found" in said


@pytest.mark.parametrize("file", EACH)
def test_each_alert_fires_where_it_should_and_nowhere_else(file):
    code, said = run(need("promtool"), "test", "rules", str(file))
    assert code == 0, said


@each_rule
def test_each_alert_is_tried_firing_silent_and_just_before(name):
    tried = [
        case
        for file in TESTS
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == name
    ]
    assert any(case["exp_alerts"] for case in tried)
    silent = [case for case in tried if not case["exp_alerts"]]
    assert len(silent) >= (0 if name == "JianchaWatchdog" else 2)


@each_rule
def test_each_alert_says_all_that_the_one_who_is_woken_needs(name):
    rule = RULES[name]
    assert {"for", "keep_firing_for"} <= rule.keys()
    assert rule["labels"]["severity"] in {"none", "warning", "critical"}
    assert rule["labels"]["audience"] in {"bureau", "operators", "watchdog"}
    notes = rule["annotations"]
    assert notes.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert re.search(r"[\u4e00-\u9fff]", notes["summary"])
    assert re.search(r"[\u4e00-\u9fff]", notes["description"])
    assert re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", notes["description"])
    assert notes["runbook_url"] == "{{ $externalLabels.board }}/runbook#" + name.lower()
    assert notes["dashboard_url"] == "{{ $externalLabels.grafana }}/d/jiancha-overview"


@each_rule
def test_what_an_alert_says_can_be_read_aloud_in_chinese(name):
    """`5m 0s` and `59d 22h` are no Chinese."""
    assert "humanize" not in str(RULES[name]["annotations"])


@pytest.mark.parametrize(
    "file",
    [
        *(ROOT / "alerts").rglob("*.yml"),
        *(ROOT / "alerts").rglob("*.py"),
        *(ROOT / "deploy/grafana").rglob("*.json"),
        *(ROOT / "deploy/prometheus").rglob("*.yml"),
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_nothing_that_people_read_links_to_this_machine_or_to_nowhere(file):
    links = re.findall(r"https?://[^\s\"'`]+", file.read_text("utf-8"))
    assert not [link for link in links if re.search(r"127\.0\.0\.1|localhost|\.example\b", link)]


def test_the_quiet_hours_that_the_docs_show_are_taken_and_lie_in_beijing(tmp_path):
    docs = (ROOT / "docs/alerts.md").read_text("utf-8")
    (shown,) = re.findall(r"```yaml\n(time_intervals:\n.*?)```", docs, flags=re.DOTALL)
    config = yaml.safe_load(ROUTES.read_text("utf-8"))
    (cards,) = (r for r in config["route"]["routes"] if r["receiver"] == "officer")
    (quiet,) = re.findall(r"```yaml\n( +active_time_intervals:.*?)```", docs, flags=re.DOTALL)
    cards["routes"][1].update(yaml.safe_load(quiet))
    config.update(yaml.safe_load(shown))
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    code, said = run(need("amtool"), "check-config", str(file))
    assert code == 0, said
    for named in config["time_intervals"]:
        assert {span["location"] for span in named["time_intervals"]} == {"Asia/Shanghai"}


def test_the_quiet_hours_that_the_docs_show_are_the_decreed_days():
    """国庆节 2026: off from the 1st to the 7th of October; worked on 20 September, 10 October."""
    docs = (ROOT / "docs/alerts.md").read_text("utf-8")
    (shown,) = re.findall(r"```yaml\n(time_intervals:\n.*?)```", docs, flags=re.DOTALL)
    hours, off = yaml.safe_load(shown)["time_intervals"]
    decreed = yaml.safe_load((ROOT / "schemas/calendars/cn/2026.yaml").read_text("utf-8"))
    worked = {day["date"] for day in decreed["work"] if day["name"] == "国庆节调休"}
    months = {"september": 9, "october": 10}
    assert worked == {
        date(2026, months[span["months"][0]], int(span["days_of_month"][0]))
        for span in hours["time_intervals"][1:]
    }
    # PyYAML reads the key `off` as no.
    (golden,) = (days for days in decreed[False] if days["name"] == "国庆节")
    (span,) = off["time_intervals"]
    assert (golden["from"], golden["to"]) == (date(2026, 10, 1), date(2026, 10, 7))
    assert (span["months"], span["days_of_month"]) == (["october"], ["1:7"])


def test_the_runbook_has_a_heading_for_each_alert_and_no_other():
    assert re.findall(r"^## (\w+)$", RUNBOOK, flags=re.MULTILINE) == list(RULES)


@each_rule
def test_each_rule_asks_for_metrics_that_exist(name):
    known = {metric.name for metric in definitions.ALL}
    asked = set(re.findall(r"jiancha_\w+", RULES[name]["expr"]))
    assert asked <= known


def test_amtool_accepts_the_routes():
    code, said = run(need("amtool"), "check-config", str(ROUTES))
    assert code == 0, said


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=JianchaCard", "level=notice", "severity=info"), "officer"),
        (("alertname=JianchaCard", "level=yellow", "severity=warning"), "section-head"),
        (("alertname=JianchaCard", "level=red", "severity=critical"), "leader"),
        (("alertname=JianchaDigest", "level=red", "severity=critical"), "leader"),
        (("alertname=JianchaDigest", "level=notice", "severity=info"), "officer"),
        *(
            (
                (f"alertname={name}", *(f"{k}={v}" for k, v in rule["labels"].items())),
                rule["labels"]["audience"],
            )
            for name, rule in RULES.items()
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value[:2]),
)
def test_each_alert_finds_who_should_hear_of_it(labels, receiver):
    code, said = run(
        need("amtool"), "config", "routes", "test", f"--config.file={ROUTES}", *labels,
        f"--verify.receivers={receiver}",
    )  # fmt: skip
    assert code == 0, said


def test_every_higher_level_tells_whom_the_lower_one_tells():
    config = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))
    urls = {
        receiver["name"]: {webhook["url"] for webhook in receiver["webhook_configs"]}
        for receiver in config["receivers"]
    }
    assert urls["officer"] < urls["section-head"] < urls["leader"]
    assert urls["bureau"] < urls["leader"]


def test_promtool_accepts_the_scrape_configuration_where_the_container_has_it(tmp_path):
    shutil.copy(ROOT / "deploy/prometheus/prometheus.yml", tmp_path)
    shutil.copytree(ROOT / "alerts/rules", tmp_path / "rules")
    code, said = run(need("promtool"), "check", "config", str(tmp_path / "prometheus.yml"))
    assert code == 0, said
    assert "1 rule files found" in said


def test_each_role_is_scraped_where_it_answers():
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
    (job,) = (job for job in scraped["scrape_configs"] if job["job_name"] == "jiancha")
    for config in job["static_configs"]:
        role = config["labels"]["role"]
        port = COMPOSE["services"][role]["environment"]["JIANCHA_HTTP__PORT"]
        assert config["targets"] == [f"{role}:{port}"]
    roles = [config["labels"]["role"] for config in job["static_configs"]]
    assert roles == ["engine", "sink", "notify", "board"]
