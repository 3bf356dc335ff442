from __future__ import annotations

import re
import socket
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from xdist.scheduler import LoadGroupScheduling

from tests.support.need import ALIASES, MODULES, REMEDIES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LOCKS = {
    "requirements-dev.lock": ("local", "dev"),
    "requirements.lock": ("local",),
    "deploy/requirements.lock": (),
}
"""Each lock, and the extras it holds."""

FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.~-])/(?:work|root|tmp|home/\w+|Users/\w+)/\w",
    "the host of a package registry": (
        r"pypi\.(?:org|tuna)|pythonhosted\.org|npmjs\.(?:org|com)|repo1?\.maven\.|deb\.debian\.org"
        r"|crates\.io|proxy\.golang\.org|--(?:extra-)?index-url|--find-links"
    ),
}


@cache
def texts():
    """Return every text file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = {}
    for name in listed.stdout.splitlines():
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content[:8000]:
            found[name] = content.decode("utf-8")
    return found


def locked(lock):
    """Return the versions that `lock` pins, by canonical name."""
    pins = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.-]+)==([^ ;]+)", line):
            pins.setdefault(canonicalize_name(match[1]), set()).add(Version(match[2]))
    return pins


def direct(extras):
    """Return the requirements that pyproject.toml states, with the build's own."""
    project = PROJECT["project"]
    stated = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    for extra in extras:
        stated += project["optional-dependencies"][extra]
    return [Requirement(text) for text in stated]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        if name not in {"tests/unit/test_repository.py", "deploy/lock.sh"}
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of somebody's machine", "open('/home/somebody/data.csv')"),
        ("a path of somebody's machine", "cd /root/jiancha"),
        ("the host of a package registry", "--index-url https://example.com/simple"),
    ],
)
def test_the_patterns_find_what_they_are_for(what, line):
    assert re.search(FORBIDDEN[what], line)


def test_a_path_inside_a_container_or_an_address_is_no_path_of_a_machine():
    pattern = FORBIDDEN["a path of somebody's machine"]
    assert not re.search(pattern, "tmpfs: [/tmp:size=64m] https://example.com/home/page ./work/x")


def test_every_file_ends_with_one_newline():
    bad = [
        name
        for name, text in texts().items()
        if text and (not text.endswith("\n") or text.endswith("\n\n") or "\r" in text)
    ]
    assert not bad


@pytest.mark.parametrize("requirement", direct(("local", "dev")), ids=str)
def test_every_direct_dependency_has_a_lower_bound(requirement):
    assert {clause.operator for clause in requirement.specifier} & {">=", "=="}


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_a_lock_satisfies_pyproject(lock, extras):
    pins = locked(lock)
    for requirement in direct(extras):
        versions = pins.get(canonicalize_name(requirement.name))
        assert versions, f"{lock} lacks {requirement}: make lock"
        for version in versions:
            assert version in requirement.specifier, f"{lock}: {requirement}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_with_hashes_and_names_no_place(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 30
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


@pytest.mark.parametrize("lock", ["requirements.lock", "deploy/requirements.lock"])
def test_the_locks_agree(lock):
    everything = locked("requirements-dev.lock")
    differing = {name for name, pins in locked(lock).items() if everything.get(name) != pins}
    assert not differing, "make lock"


def test_the_image_holds_no_embedded_server():
    assert "chdb" not in locked("deploy/requirements.lock")


def test_help_lists_every_target_with_its_meaning():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, flags=re.MULTILINE)
    printed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert {"help", "run", "test", "lint", "bench", "kafka", "clean"} <= set(targets)
    assert [line.split()[1] for line in printed] == targets
    assert all(len(line.split()) > 4 for line in printed)


def test_ci_runs_the_long_tests_too():
    commands = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert {"make lint", "make test", "make test-long"} <= set(commands)


def test_what_shares_a_server_shares_a_process(request):
    """As xdist reads it from the ids; in one process there is nothing to share."""
    if not request.config.getoption("loadgroup", default=False):
        return
    of_kafka = [item.nodeid for item in request.session.items if item.get_closest_marker("kafka")]
    assert {LoadGroupScheduling._split_scope(None, each) for each in of_kafka} <= {"real-kafka"}


def test_ci_installs_whatever_a_test_may_need():
    wanted = set(
        re.findall(r"^want (\S+)", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    )
    missing = [
        thing
        for thing in REMEDIES.keys() - MODULES
        if wanted.isdisjoint({thing, *ALIASES.get(thing, ())})
    ]
    assert not missing


def test_the_two_readmes_are_in_step():
    english, chinese = (
        re.findall(r"^(#+) ", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_a_unit_test_cannot_reach_the_network(connect):
    with (
        socket.socket() as client,
        pytest.raises(AssertionError, match=r"tests/unit connects to \('127.0.0.1', 9\)"),
    ):
        getattr(client, connect)(("127.0.0.1", 9))
