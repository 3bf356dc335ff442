from __future__ import annotations

import os
import re
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from streams.settings import Settings
from tests.support.need import need

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
LINKS = {
    "JIANCHA_LINKS__BOARD": "https://board.test",
    "JIANCHA_LINKS__GRAFANA": "https://grafana.test",
}
ONE_SHOT = {name for name, service in SERVICES.items() if service.get("restart") == "no"}
ROLES = ("engine", "sink", "notify", "board")
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
USERS = ET.parse(ROOT / "deploy/clickhouse/users.xml").getroot()

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def reach(one, other):
    """Return whether two services share a network whose members can talk to one another."""
    shared = set(SERVICES[one]["networks"]) & set(SERVICES[other]["networks"])
    return any(COMPOSE["networks"][name].get("internal") for name in shared)


def mounts(service):
    """Return the paths of this repository that `service` mounts, with their targets."""
    for volume in service.get("volumes", ()):
        source = re.sub(r"^\$\{\w+:-(.*?)\}", r"\1", volume)
        if source.startswith("./"):
            yield source.split(":")


def test_docker_compose_accepts_it():
    program = need("docker-compose")
    done = subprocess.run(
        [program, "--file", "docker-compose.yml", "config", "--quiet"],
        cwd=ROOT,
        env={**os.environ, **LINKS},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", LINKS)
def test_without_the_addresses_that_alerts_link_to_it_does_not_start(link):
    done = subprocess.run(
        [need("docker-compose"), "--file", "docker-compose.yml", "config", "--quiet"],
        cwd=ROOT,
        env={**os.environ, **LINKS, link: ""},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert link in done.stderr


def test_the_notifier_and_prometheus_link_to_the_same_addresses():
    assert (
        SERVICES["notify"]["environment"].items() >= SERVICES["prometheus"]["environment"].items()
    )
    assert SERVICES["prometheus"]["environment"].keys() == LINKS.keys()


def test_there_is_a_service_for_each_role_and_server():
    servers = {"kafka", "clickhouse", "prometheus", "alertmanager", "grafana"}
    assert SERVICES.keys() == {*ROLES, *servers, "topics", "migrate"}
    assert {"topics", "migrate"} == ONE_SHOT
    for role in ROLES:
        assert SERVICES[role]["command"] == ["jiancha", "worker", "--role", role]


@each_service
def test_no_port_goes_beyond_loopback(service):
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@each_service
def test_the_image_is_pinned(service):
    assert re.fullmatch(r"[\w./-]+:v?\d+(\.\d+){2,3}", service["image"])


def test_versions_agree_with_the_rest_of_the_repository():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pom = ET.parse(ROOT / "deploy/kafka/pom.xml").getroot()
    kafka = pom.findtext(".//dependency[artifactId='kafka_2.13']/version")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka}"
    assert {SERVICES[role]["image"] for role in ROLES} == {f"jiancha:{project['version']}"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_that_stays_says_whether_it_is_well(name):
    healthcheck = SERVICES[name]["healthcheck"]
    if name in ONE_SHOT:
        assert healthcheck == {"disable": True}
    else:
        assert healthcheck["test"][0] == "CMD"
        assert healthcheck.keys() >= {"interval", "timeout", "retries", "start_period"}


@each_service
def test_the_container_is_confined(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] > 0
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "devices"}


@each_service
def test_no_secret_stands_in_the_file(service):
    for key, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|TOKEN", key):
            assert key.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_every_secret_is_a_file_outside_the_repository_and_is_used():
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert COMPOSE["secrets"].keys() == used
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./deploy/secrets/{name}"}
        ignored = subprocess.run(
            ["git", "check-ignore", "--quiet", secret["file"]], cwd=ROOT, check=False
        )
        assert ignored.returncode == 0


@each_service
def test_what_is_mounted_from_here_exists_and_is_read_only(service):
    for source, _target, mode in mounts(service):
        assert (ROOT / source).exists(), source
        assert mode == "ro"


@each_service
def test_named_volumes_are_declared(service):
    named = {v.split(":")[0] for v in service.get("volumes", ()) if v[0] not in "./$"}
    assert named <= COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", [*ROLES, *sorted(ONE_SHOT)])
def test_every_setting_is_one_that_the_application_knows(name):
    for variable in SERVICES[name]["environment"]:
        section, *key = variable.removeprefix("JIANCHA_").lower().split("__")
        field = Settings.model_fields[section]
        if key:
            assert key[0] in field.annotation.model_fields, variable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *((name, "kafka") for name in ("engine", "sink", "notify", "topics")),
        *((name, "clickhouse") for name in ("sink", "board", "migrate", "grafana")),
        *((name, "prometheus") for name in (*ROLES, "alertmanager", "grafana")),
        ("notify", "alertmanager"),
    ],
)
def test_those_who_must_talk_can(one, other):
    assert reach(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *((name, "kafka") for name in ("board", "grafana", "prometheus", "alertmanager")),
        *((name, "clickhouse") for name in ("engine", "notify", "prometheus", "alertmanager")),
        ("kafka", "clickhouse"),
    ],
)
def test_those_who_need_not_talk_cannot(one, other):
    assert not reach(one, other)


@each_service
def test_a_published_port_has_a_network_that_carries_it_and_nothing_else(service):
    outside = [n for n in service["networks"] if not COMPOSE["networks"][n].get("internal")]
    assert bool(service.get("ports")) == bool(outside)
    for name in outside:
        options = COMPOSE["networks"][name]["driver_opts"]
        assert options == {"com.docker.network.bridge.enable_icc": "false"}


@each_service
def test_what_a_service_waits_for_can_come(service):
    for name, wait in service.get("depends_on", {}).items():
        stays = name not in ONE_SHOT
        expected = "service_healthy" if stays else "service_completed_successfully"
        assert wait == {"condition": expected}


def test_the_image_is_built_in_stages_from_pinned_bases_and_runs_as_nobody():
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert len(bases) > 1
    assert all(re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+-[\w-]+", base) for base in bases)
    last_stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last_stage, flags=re.MULTILINE)
    assert "pip" not in last_stage
    assert "--require-hashes" in DOCKERFILE
    assert not re.search(r"^ADD ", DOCKERFILE, flags=re.MULTILINE)


def test_whatever_the_image_copies_is_let_through_to_the_build():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    sources = {source.split("/")[0] for line in copied for source in line.split()}
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sources == {line[1:] for line in ignore if line.startswith("!")}
    assert "deploy/secrets" in ignore


def test_nothing_is_fetched_when_a_service_starts():
    """Halls' houses have no internet: a plugin that is not there stops Grafana's start."""
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            assert not re.fullmatch(
                r"GF_INSTALL_PLUGINS|GF_PLUGINS_PREINSTALL(_SYNC)?|CLICKHOUSE_.*URL", variable
            ), name
    grafana = SERVICES["grafana"]["environment"]
    assert grafana["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert grafana["GF_NEWS_NEWS_FEED_ENABLED"] == "false"
    assert {v for k, v in grafana.items() if "CHECK_FOR" in k or "REPORTING" in k} == {"false"}


def test_grafanas_image_has_its_plugin_where_no_volume_hides_it():
    image = (ROOT / "deploy/grafana/Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^FROM (\S+)$", image, flags=re.MULTILINE)
    assert SERVICES["grafana"]["image"] == base.replace("grafana/grafana", "jiancha-grafana")
    assert SERVICES["grafana"]["build"] == "./deploy/grafana"
    (folder,) = re.findall(r"^ENV GF_PATHS_PLUGINS=(\S+)$", image, flags=re.MULTILINE)
    assert 'grafana cli --pluginsDir "$GF_PATHS_PLUGINS" plugins install' in image
    for volume in SERVICES["grafana"]["volumes"]:
        assert not folder.startswith(volume.split(":")[1] + "/"), volume
    assert image.rstrip().endswith(f"USER {SERVICES['grafana']['user']}")


def test_clickhouse_has_no_user_without_a_password_of_its_own():
    users = {user.tag: user for user in USERS.find("users")}
    assert users.keys() == {"sink", "board", "grafana", "auditor"}
    for name, user in users.items():
        assert user.find("password").attrib == {"from_env": f"clickhouse_{name}"}
        assert f"clickhouse_{name}" in SERVICES["clickhouse"]["secrets"]


@pytest.mark.parametrize("name", ["board", "grafana", "auditor"])
def test_who_only_reads_clickhouse_can_only_read(name):
    user = USERS.find(f"users/{name}")
    profile = USERS.find(f"profiles/{user.findtext('profile')}")
    while profile.findtext("readonly") is None:
        profile = USERS.find(f"profiles/{profile.findtext('profile')}")
    assert profile.findtext("readonly") == "2"
    assert [grant.text for grant in user.findall("grants/query")] == ["GRANT SELECT ON jiancha.*"]


def test_kafka_makes_no_topic_by_itself():
    properties = (ROOT / "deploy/kafka/server.properties").read_text(encoding="utf-8")
    assert "auto.create.topics.enable=false" in properties.splitlines()
