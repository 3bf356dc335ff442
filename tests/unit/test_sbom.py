"""What is given out of others' is listed as it is locked, with licences that allow it."""

from __future__ import annotations

import json
import re

import pytest
from packaging.utils import canonicalize_name

from deploy import sbom

LOCKED = sbom.locked("requirements.lock")
IMAGE = sbom.locked("deploy/requirements.lock")
BILL = json.loads(sbom.BILL.read_text(encoding="utf-8"))
COMPONENTS = {str(canonicalize_name(each["name"])): each for each in BILL["components"]}

FREE = {
    "MIT", "BSD", "Apache", "ISC", "Zlib", "PSF", "Python", "0BSD", "CC0", "OLDAP", "MPL", "Repoze",
}  # fmt: skip
"""Licences whose packages may go with ours. MPL-2.0: a file's own, unchanged; certifi is data."""
WEIGHED = {"crc32c"}
"""Under the LGPL, unchanged and replaceable: NOTICE says so."""


def test_the_bill_is_what_is_locked():
    assert {name: each["version"] for name, each in COMPONENTS.items()} == LOCKED, "run `make sbom`"
    assert BILL["bomFormat"] == "CycloneDX"
    references = {each["bom-ref"] for each in BILL["components"]}
    assert {ref for each in BILL["dependencies"] for ref in each["dependsOn"]} <= references


def test_the_list_for_people_is_made_of_the_bill():
    made = sbom.table(BILL["components"], IMAGE)
    assert sbom.LIST.read_text(encoding="utf-8") == made, "run `make sbom`"
    assert set(IMAGE) < set(LOCKED)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_its_licence_is_stated_and_allows_it(name):
    licence = sbom.licence_of(COMPONENTS[name])
    assert licence
    if name in WEIGHED:
        assert f"\n{name} is under the GNU Lesser" in (sbom.ROOT / "NOTICE").read_text("utf-8")
    else:
        assert any(free in licence for free in FREE), licence
        assert not re.search(r"GPL|Affero|SSPL|Commons|BUSL|Proprietary", licence), licence


def test_the_bill_names_no_address():
    assert "://" not in sbom.BILL.read_text("utf-8").replace(BILL["$schema"], "")


def test_the_image_carries_them():
    image = (sbom.ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert (
        "COPY LICENSE NOTICE THIRD-PARTY.md deploy/sbom.cdx.json /usr/share/doc/jiancha/" in image
    )
