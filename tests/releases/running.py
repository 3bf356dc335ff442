"""A release to run: its sources from its commit, in an environment of its own, by its own lock.

Built once into `.cache/releases`, and found there again: half a minute the first time, the wheels
being at hand. The lock is the one without the embedded servers, as in a release's image.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.system import ROOT

COMMITS: Final = {
    "0.1.0": "3c8e40f386b256d67fb2f344944ed11391c01efd",
    "0.2.0": "bc0566a293e957961e6d8da554d035ac4f6c547b",
    "0.3.0": "17f71854fabb1c167d0a31678d9a6a97c096a40c",
}
"""The commit of each release."""
CACHE: Final = ROOT / ".cache/releases"
LOCK: Final = "deploy/requirements.lock"


class NotHere(Exception):  # noqa: N818 - named after the condition
    """Raised when this clone lacks a release's commit; the text says how to get it."""


@dataclass(frozen=True)
class Release:
    """A release that is installed."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv/bin/python"

    @property
    def jiancha(self) -> list[str]:
        return [str(self.folder / "venv/bin/jiancha")]


def installed(version: str) -> Release:
    """Give a release, built if it is not there yet. Raises NotHere."""
    commit = COMMITS[version]
    found = Release(CACHE / commit)
    whole, sources = found.folder / "whole", found.folder / "sources"
    if not whole.exists():
        archived = archive(commit)
        shutil.rmtree(found.folder, ignore_errors=True)
        sources.mkdir(parents=True)
        run(["tar", "-x", "-C", sources], given=archived)
        run([sys.executable, "-m", "venv", found.folder / "venv"])
        quietly = [found.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wheels = ["--no-compile", "--only-binary", ":all:", "--require-hashes"]
        run([*quietly, *wheels, "--requirement", sources / LOCK])
        run([*quietly, "--no-deps", "--no-build-isolation", sources])
        whole.touch()
    return found


def archive(commit: str, repository: Path = ROOT) -> bytes:
    """Give the sources of a commit as tar. Raises NotHere."""
    there = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    if subprocess.run(there, cwd=repository, capture_output=True, check=False).returncode:
        raise NotHere(
            f"the release's commit {commit[:7]} is not in this clone, which is a shallow one:"
            " git fetch --unshallow"
        )
    return run(["git", "archive", commit], cwd=repository)


def run(arguments: list[object], *, given: bytes | None = None, cwd: Path = ROOT) -> bytes:
    done = subprocess.run(
        list(map(str, arguments)), input=given, cwd=cwd, capture_output=True, check=False
    )
    assert done.returncode == 0, f"{arguments[0]}: {done.stderr.decode()[-2000:]}"
    return done.stdout
