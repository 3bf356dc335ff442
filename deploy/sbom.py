"""`make sbom`: what others wrote of what we give out, as CycloneDX and as a table for people.

`deploy/sbom.cdx.json` and `THIRD-PARTY.md` list what requirements.lock installs on Linux with
Python 3.11: name, version, licence as its author states it. Both are committed; a test holds them
to the lock. cyclonedx-py reads the licences off the environment that the locks made.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
BILL: Final = ROOT / "deploy/sbom.cdx.json"
LIST: Final = ROOT / "THIRD-PARTY.md"
TARGET: Final = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "python_full_version": "3.11.13",
}
_HEAD: Final = """# What others wrote

Made by `make sbom` from the locks; the same as CycloneDX: `deploy/sbom.cdx.json`. Licences are as
their authors state them, and each package carries its text in its `*.dist-info` directory. *Image*:
in the container image too; the others come with `make run` alone. Kafka, ClickHouse's server,
Prometheus, Alertmanager and Grafana are programs of their own and not given out.

| package | version | licence | image |
|---|---|---|---|
"""


def locked(file: str) -> dict[str, str]:
    """Read the versions that a lock installs on the target, by normal name."""
    found = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if not line[:1].isalnum():
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker is None or wanted.marker.evaluate(dict(TARGET)):
            found[str(canonicalize_name(wanted.name))] = str(wanted.specifier).removeprefix("==")
    return found


def licence_of(component: dict[str, Any]) -> str:
    """Say a component's licence: SPDX's identifier where it is stated, else the author's words."""
    stated = [
        each.get("expression") or each["license"].get("id") or each["license"].get("name", "")
        for each in component.get("licenses", ())
    ]
    plain = [each for each in stated if not each.startswith("License :: ")]
    words = [each.rpartition(":: ")[2] for each in stated]
    return ", ".join(plain or words)


def bill(environment: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    """Leave in a bill what a lock installs, without addresses, and in a lasting order."""
    kept = []
    for component in environment["components"]:
        name = str(canonicalize_name(component["name"]))
        if versions.get(name) != component["version"]:
            continue
        kept.append({k: v for k, v in component.items() if k != "externalReferences"})
    kept.sort(key=lambda each: str(canonicalize_name(each["name"])))
    references = {each["bom-ref"] for each in kept}
    dependencies = [
        {
            "ref": each["ref"],
            "dependsOn": [other for other in each.get("dependsOn", ()) if other in references],
        }
        for each in environment["dependencies"]
        if each["ref"] in references
    ]
    root = {k: v for k, v in environment["metadata"]["component"].items() if k in _OF_US}
    return {
        "$schema": environment["$schema"],
        "bomFormat": environment["bomFormat"],
        "specVersion": environment["specVersion"],
        "version": 1,
        "metadata": {"component": root},
        "components": kept,
        "dependencies": dependencies,
    }


_OF_US: Final = ("bom-ref", "type", "name", "version", "description", "licenses")


def table(components: list[dict[str, Any]], image: dict[str, str]) -> str:
    """Write the list for people."""
    rows = [
        f"| {name} | {each['version']} | {licence_of(each)} | {'yes' if name in image else ''} |"
        for each in components
        for name in [str(canonicalize_name(each["name"]))]
    ]
    return _HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Write both files; 1 when the environment is not what the lock says."""
    told = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable,
         "--output-reproducible", "--of", "JSON", "--pyproject", str(ROOT / "pyproject.toml")],
        check=True, capture_output=True,
    )  # fmt: skip
    versions = locked("requirements.lock")
    made = bill(json.loads(told.stdout), versions)
    missing = versions.keys() - {str(canonicalize_name(c["name"])) for c in made["components"]}
    if missing:
        sys.stderr.write(
            f"not installed as locked: {', '.join(sorted(missing))}: make lint first\n"
        )
        return 1
    BILL.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    LIST.write_text(table(made["components"], locked("deploy/requirements.lock")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
