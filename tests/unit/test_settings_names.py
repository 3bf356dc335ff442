"""A setting that nothing reads, or that is no such thing, is an error that says what was meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.settings import Settings, SettingsError, load_settings
from streams.settings_names import OTHERS, keys_of, unread_variables, variables_of

ROOT = Path(__file__).parents[2]
KEYS = keys_of(Settings)


def refused(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("JIANCHA_KAFKA_BOOTSTRAP_SERVERS", "JIANCHA_KAFKA__BOOTSTRAP_SERVERS"),
        ("JIANCHA_KAFAK__BOOTSTRAP_SERVERS", "JIANCHA_KAFKA__BOOTSTRAP_SERVERS"),
        ("JIANCHA_KAFKA__BOOTSTRAP_SERVER", "JIANCHA_KAFKA__BOOTSTRAP_SERVERS"),
        ("JIANCHA_CLICKHOUSE_PORT", "JIANCHA_CLICKHOUSE__PORT"),
        ("JIANCHA_CLICKHOUSE___PORT", "JIANCHA_CLICKHOUSE__PORT"),
        ("JIANCHA_HTTP_PORT", "JIANCHA_HTTP__PORT"),
        ("JIANCHA_LOGLEVEL", "JIANCHA_LOG_LEVEL"),
        ("JIANCHA_LOG__LEVEL", "JIANCHA_LOG_LEVEL"),
        ("JIANCHA_CATALOG", "JIANCHA_CATALOGUE"),
        ("JIANCHA_SETTING", "JIANCHA_SETTINGS"),
        ("jiancha_engine_cold_dir", "JIANCHA_ENGINE__COLD_DIR"),
    ],
)
def test_a_misspelt_variable_is_named_with_what_was_meant(monkeypatch, name, meant):
    assert refused(monkeypatch, **{name: "1"}) == (
        f"{name}: no setting has this name: did you mean {meant}?"
    )


def test_one_that_is_near_to_none_is_told_what_its_section_has(monkeypatch):
    said = refused(monkeypatch, JIANCHA_KAFAK__RETRIES="1", JIANCHA_NOTIFFY__COLOUR="2")
    kafka, notify = said.splitlines()
    assert kafka.startswith("JIANCHA_KAFAK__RETRIES: no setting has this name: kafka has boot")
    assert notify == "JIANCHA_NOTIFFY__COLOUR: no setting has this name: notify has group"


def test_one_that_is_near_to_nothing(monkeypatch):
    assert refused(monkeypatch, JIANCHA_XYZZY="1") == (
        "JIANCHA_XYZZY: no setting has this name: remove it (docs/settings.md lists them)"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JIANCHA_ENGINE_SERVICE_HOST", "10.0.0.1"),
        ("JIANCHA_ENGINE_SERVICE_PORT", "9108"),
        ("JIANCHA_ENGINE_SERVICE_PORT_METRICS", "9108"),
        ("JIANCHA_ENGINE_PORT", "tcp://10.0.0.1:9108"),
        ("JIANCHA_ENGINE_PORT_9108_TCP", "tcp://10.0.0.1:9108"),
        ("JIANCHA_ENGINE_PORT_9108_TCP_ADDR", "10.0.0.1"),
        ("JIANCHA_LONG", "1"),
        ("OTHER_KAFKA_BOOTSTRAP_SERVERS", "x"),
    ],
)
def test_what_kubernetes_and_our_own_tools_set_is_no_setting(name, value):
    """It makes such variables of a service's name, in every container beside it."""
    assert unread_variables({name: value}, KEYS) == []


def test_every_variable_that_the_project_speaks_of_is_read_by_something():
    known = variables_of(KEYS) | OTHERS
    spoken = set()
    for path in (ROOT, *(ROOT / each for each in ("deploy", "docs", "streams", ".ci"))):
        for file in path.glob("*" if path == ROOT else "**/*"):
            if file.name == "upgrade.md":  # it speaks of what was
                continue
            if file.suffix in {".md", ".py", ".yml", ".yaml", ".sh"} or file.name == "Makefile":
                text = file.read_text(encoding="utf-8")
                spoken |= set(re.findall(r"JIANCHA_([A-Z_]+[A-Z])\b", text))
    examples = {"ENGINE_PORT", "ENGINE_SERVICE_HOST"}  # of Kubernetes, in settings_names.py
    assert spoken - known - examples - {name.upper() for name in KEYS} == set()


def test_the_page_on_settings_lists_every_setting():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for variable in variables_of(KEYS) - {
        name.upper() for name, section in KEYS.items() if section
    }:
        section, _, key = variable.rpartition("__")
        assert f"JIANCHA_{section}__" in page if section else True, variable
        assert f"`JIANCHA_{variable}`" in page or f"`__{key}`" in page, variable


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "settings.yaml"
    monkeypatch.setenv("JIANCHA_SETTINGS", str(path))
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kafak:\n  embedded: true\n", ":1: kafak: no setting has this name: did you mean kafka?"),
        (
            "log: json\nkafka:\n  bootstrap_server: h:1\n",
            ":3: kafka.bootstrap_server: no setting has this name: did you mean bootstrap_servers?",
        ),
        (
            "http:\n  port: 70000\n",
            ":2: http.port: Input should be less than or equal to 65535",
        ),
        (
            "kafka: 127.0.0.1:9092\n",
            ":1: kafka: Input should be a valid dictionary or instance of Kafka",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_line(file, monkeypatch, text, said):
    file.write_text(text, encoding="utf-8")
    assert refused(monkeypatch) == f"{file}{said}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"kafka:\n  port: 1\n bad: [\n", "not YAML"),
        (b"kafka: {\n", "not YAML"),
        (b"http:\n  port: 1\n  port: 2\n", "the key stands in line 2 already"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"\x00\x01\x02", "not YAML"),
        (b"- kafka\n", "is no mapping"),
        (b"just a line", "is no mapping"),
    ],
)
def test_what_is_no_file_of_settings_is_one_line(file, monkeypatch, content, said):
    file.write_bytes(content)
    told = refused(monkeypatch)
    assert said in told
    assert str(file) in told
    assert len(told.splitlines()) == 1


def test_a_file_that_is_missing_or_a_directory(file, monkeypatch, tmp_path):
    assert f"{file}" in refused(monkeypatch)
    monkeypatch.setenv("JIANCHA_SETTINGS", str(tmp_path))
    assert "Is a directory" in refused(monkeypatch)


def test_an_empty_file_sets_nothing(file):
    file.write_bytes(b"")
    assert load_settings() == Settings()


def test_the_file_is_read_and_the_environment_wins(file, monkeypatch):
    file.write_text("http:\n  host: 0.0.0.0\n  port: 1\nengine:\n  cold_dir:\nlog: json\n")
    monkeypatch.setenv("JIANCHA_HTTP__PORT", "2")
    found = load_settings()
    assert (found.http.host, found.http.port) == ("0.0.0.0", 2)
    assert (found.engine.cold_dir, found.log) == (None, "json")


def test_a_value_that_the_environment_sets_wrongly_is_not_blamed_on_the_file(file, monkeypatch):
    file.write_text("http:\n  port: 1\n")
    assert refused(monkeypatch, JIANCHA_HTTP__PORT="x").endswith("(set JIANCHA_HTTP__PORT)")


def test_a_whole_section_is_json(monkeypatch):
    assert refused(monkeypatch, JIANCHA_KAFKA="127.0.0.1:9092") == (
        "JIANCHA_KAFKA: a whole section is written as a JSON object;"
        " or set each key of it: JIANCHA_KAFKA__…"
    )
    assert refused(monkeypatch, JIANCHA_KAFKA='{"bootstrap_server": "h:1"}') == (
        "kafka.bootstrap_server: no setting has this name: did you mean bootstrap_servers?"
    )


@pytest.mark.parametrize(
    "brokers", ["", "h", "h:", ":9092", "http://h:9092", "h:0", "h:65536", "h:1,", "a:1;b:2", "h:x"]
)
def test_brokers_are_hosts_with_ports(monkeypatch, brokers):
    said = refused(monkeypatch, JIANCHA_KAFKA__BOOTSTRAP_SERVERS=brokers)
    assert said.startswith("kafka.bootstrap_servers: is no list of brokers: write HOST:PORT")


@pytest.mark.parametrize("brokers", ["h:1", "a:1,b:2", "a:1, b:2", "[::1]:9092"])
def test_lists_of_brokers(monkeypatch, brokers):
    monkeypatch.setenv("JIANCHA_KAFKA__BOOTSTRAP_SERVERS", brokers)
    assert load_settings().kafka.bootstrap_servers == brokers


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "0"])
def test_a_span_ends(monkeypatch, seconds):
    assert refused(monkeypatch, JIANCHA_SINK__BATCH_SECONDS=seconds)


def test_a_secret_that_is_none_is_named(monkeypatch, tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\xfd")
    for path in (binary, tmp_path, tmp_path / "no"):
        said = refused(monkeypatch, JIANCHA_CLICKHOUSE__PASSWORD_FILE=str(path))
        assert str(path) in said
        assert len(said.splitlines()) == 1


def test_a_setting_of_an_earlier_release_says_what_took_its_place(monkeypatch, tmp_path):
    now = "page_url: no setting has this name: it is now links.board (JIANCHA_LINKS__BOARD): docs"
    said = refused(monkeypatch, JIANCHA_ALERTMANAGER__PAGE_URL="https://board.example")
    assert now in said.replace("JIANCHA_ALERTMANAGER__PAGE_URL", "page_url")
    monkeypatch.delenv("JIANCHA_ALERTMANAGER__PAGE_URL")
    file = tmp_path / "settings.yaml"
    file.write_text("alertmanager:\n  page_url: https://board.example\n", encoding="utf-8")
    said = refused(monkeypatch, JIANCHA_SETTINGS=str(file))
    assert said.startswith(f"{file}:2: alertmanager.{now}")
