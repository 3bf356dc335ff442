"""Skip a test whose server is not on this machine; on CI that is a failure."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEDIES: Final[Mapping[str, str]] = {
    "java": "install a Java runtime of version 17 or later",
    "mvn": "install Maven",
    "openssl": "install the package openssl",
    "chromium": "install Chromium",
    "chromedriver": "install Chromium's driver",
    "prometheus": "install the package prometheus",
    "promtool": "install the package prometheus",
    "alertmanager": "install the package prometheus-alertmanager",
    "amtool": "install the package prometheus-alertmanager",
    "docker-compose": "install the package docker-compose",
    "chdb": "install the extra `local`",
}
"""What a test may need, and how to get it."""

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "alertmanager": ("alertmanager", "prometheus-alertmanager"),
}
"""Debian names some programs otherwise than their makers do."""

MODULES: Final = frozenset({"chdb"})


def need(thing: str) -> str:
    """Return the path of a program (or the name of a module), or skip the running test.

    With `CI=true` in the environment the test fails instead. Raises KeyError for a thing that has
    no remedy listed above.
    """
    remedy = REMEDIES[thing]
    if thing in MODULES:
        found = thing if importlib.util.find_spec(thing) else None
    else:
        names = ALIASES.get(thing, (thing,))
        found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        absent(f"{thing} is missing: {remedy}")
    return found


def absent(reason: str) -> NoReturn:
    """Skip the running test for `reason`, which is one line; with `CI=true` fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
