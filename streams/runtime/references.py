"""The catalogues and calendars that a partition knows, kept in its state beside its cases.

A case keeps the limits that were in force at its acceptance, so every catalogue that was ever in
force here stays known by its version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from msgspec import Raw

from schemas.catalogue_loading import catalogue_from
from schemas.verdicts import ReferenceRecord
from streams.engine.rules import Rules
from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Iterator

Subject = Literal["catalogue", "calendar"]

PREFIXES: Final = (b"\x00catalogue/", b"\x00calendar/")
"""What the keys begin with in the state topic; a version follows, or `name@version`."""


class References:
    """What is in force, and what was."""

    def __init__(self, partition: int, rules: Rules) -> None:
        self._partition = partition
        self._rules = rules
        self._known: dict[str, Rules] = {rules.catalogue.version: rules}
        self._contents: dict[bytes, bytes] = {}

    def restore(self, key: bytes, content: bytes) -> None:
        """Take a content that was written before."""
        self._contents[key] = content

    def announce(self, now: int) -> Iterator[tuple[bytes, bytes, ReferenceRecord]]:
        """Give the catalogue and the calendars of this program that are new here, to be written."""
        catalogue = self._rules.catalogue
        yield from self._new("catalogue", catalogue.name, catalogue.version, catalogue.content, now)
        for name, calendar in catalogue.calendars.items():
            content = calendar.model_dump(mode="json")
            yield from self._new("calendar", name, calendar.version, content, now)

    def _new(
        self, subject: Subject, name: str, version: str, content: Any, now: int
    ) -> Iterator[tuple[bytes, bytes, ReferenceRecord]]:
        key = _key(subject, name, version)
        if key in self._contents:
            return
        written = self._contents[key] = msgspec.json.encode(content)
        record = ReferenceRecord(
            subject=subject,
            name=name,
            version=version,
            partition=self._partition,
            at=now,
            content=Raw(written),
        )
        yield key, written, record

    def rules_of(self, version: str) -> Rules:
        """Give the rules of a pinned catalogue, or of the one in force for "".

        The calendars are always those in force. Raises Fatal when the catalogue is not known.
        """
        if not version:
            return self._rules
        known = self._known.get(version)
        if known is None:
            content = self._contents.get(_key("catalogue", "", version))
            if content is None:
                raise Fatal(f"partition {self._partition}: catalogue {version} is not in its state")
            calendars = self._rules.catalogue.calendars
            pinned = catalogue_from(msgspec.json.decode(content), calendars)
            known = self._known[version] = Rules(pinned, self._rules.calendars)
        return known


def _key(subject: Subject, name: str, version: str) -> bytes:
    if subject == "catalogue":
        return PREFIXES[0] + version.encode()
    return PREFIXES[1] + f"{name}@{version}".encode()
