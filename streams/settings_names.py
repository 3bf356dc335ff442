"""What is said of a wrong setting, above all of one that nothing reads.

A misspelt name must not be ignored in silence.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.reading import Document

PREFIX: Final = "JIANCHA_"
OTHERS: Final = frozenset(
    {
        "SETTINGS",  # the file of settings itself
        "CATALOGUE_DIR",  # docker-compose.yml
        "KAFKA_LIBS",  # deploy/local/real_kafka.py
        "LONG", "SECURITY", "FAULTS", "FAULTS_ROUNDS",  # the tests, until the end
        "ORACLE_CASES", "ORACLE_SEED", "BENCH_CASES",
    }
)  # fmt: skip
"""Variables of ours that are no settings: of the Makefile, the tests and docker-compose."""

MOVED: Final = {"ALERTMANAGER__PAGE_URL": "links.board (JIANCHA_LINKS__BOARD)"}
"""Settings of earlier releases, by their variable without its prefix, and what took their place."""

# Kubernetes tells each container of every service by variables made of its name: a service called
# jiancha-engine gives JIANCHA_ENGINE_SERVICE_HOST and JIANCHA_ENGINE_PORT=tcp://10.0.0.1:9108.
_OF_A_SERVICE: Final = re.compile(
    r"\w+_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_ADDRESS_OF_A_SERVICE: Final = re.compile(r"(tcp|udp|sctp)://")


def keys_of(model: type[BaseModel]) -> dict[str, frozenset[str]]:
    """Give every key of the settings with the keys of its section; none where it is a value."""
    return {
        name: frozenset(field.annotation.model_fields)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        else frozenset()
        for name, field in model.model_fields.items()
    }


def variables_of(keys: Mapping[str, frozenset[str]]) -> set[str]:
    """Give the variables, without their prefix, that set something."""
    whole = {name.upper() for name in keys}
    return whole | {f"{name}__{key}".upper() for name, section in keys.items() for key in section}


def unread_variables(
    environment: Mapping[str, str], keys: Mapping[str, frozenset[str]]
) -> list[str]:
    """Say of each variable that looks like a setting and is none what was likely meant."""
    known = variables_of(keys)
    lines = []
    for variable, value in sorted(environment.items()):
        name = variable.upper()
        if not name.startswith(PREFIX):
            continue
        name = name.removeprefix(PREFIX)
        if name in known or name in OTHERS or _is_of_a_service(name, value):
            continue
        lines.append(f"{variable}: no setting has this name: {_meant(name, keys)}")
    return lines


def told(
    loc: tuple[int | str, ...],
    kind: str,
    message: str,
    keys: Mapping[str, frozenset[str]],
    document: Document | None,
) -> str:
    """Say what is wrong with one key, and where it is set."""
    path = tuple(str(part) for part in loc)
    variable = f"JIANCHA_{'__'.join(path).upper()}"
    message = message.removeprefix("Value error, ")
    if not path:  # of a file that holds a secret
        return message
    if kind == "extra_forbidden":
        message = f"no setting has this name: {moved(path) or nearest(path[-1], keys[path[0]])}"
    line = None if document is None else document.lines.get(path)
    if document is not None and line is not None and variable not in map(str.upper, os.environ):
        return f"{document.file}:{line}: {'.'.join(path)}: {message}"
    remedy = "" if kind == "extra_forbidden" else f" (set {variable})"
    return f"{'.'.join(path)}: {message}{remedy}"


def moved(path: Iterable[str]) -> str | None:
    """Say what took the place of a setting of an earlier release."""
    now = MOVED.get("__".join(path).upper())
    return now and f"it is now {now}: docs/upgrade.md"


def nearest(key: str, known: Iterable[str]) -> str:
    """Say which key of a section was likely meant, or all there are."""
    known = sorted(known)
    if near := get_close_matches(key.lower(), known, n=1):
        return f"did you mean {near[0]}?"
    return f"remove it, or choose of {', '.join(known)}"


def _is_of_a_service(name: str, value: str) -> bool:
    if _OF_A_SERVICE.fullmatch(name):
        return True
    return name.endswith("_PORT") and bool(_ADDRESS_OF_A_SERVICE.match(value))


def _meant(name: str, keys: Mapping[str, frozenset[str]]) -> str:
    """Compare without regard to how many underscores stand between two words."""
    if now := moved(name.split("__")):
        return now
    plain = {re.sub("_+", "_", each): each for each in sorted(variables_of(keys) | {"SETTINGS"})}
    if near := get_close_matches(re.sub("_+", "_", name), plain, n=1, cutoff=0.75):
        return f"did you mean {PREFIX}{plain[near[0]]}?"
    section, double, _ = name.lower().partition("__")
    sections = [each for each, within in keys.items() if within]
    if double and (near := get_close_matches(section, sections, n=1)):
        return f"{near[0]} has {', '.join(sorted(keys[near[0]]))}"
    return "remove it (docs/settings.md lists them)"
