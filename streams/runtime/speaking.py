"""Who may speak in a partition: by the catalogue in force there, with the keys of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.speaking import Speakers
from streams.keys import unusable
from streams.runtime.ports import Fatal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.macs import Key
    from streams.runtime.references import References


class Speaking:
    """The speakers of the law in force.

    A key that the law names and that is not here ends the process: what it has signed can be
    neither believed nor refused.
    """

    def __init__(self, partition: int, references: References, keys: Mapping[str, Key]) -> None:
        self._partition, self._references, self._keys = partition, references, keys
        self._version = ""
        self._speakers: Speakers | None = None

    def speakers(self) -> Speakers:
        """Give the speakers by the law in force. Raises Fatal when one of their keys is missing."""
        version = self._references.law.catalogue
        if self._speakers is None or version != self._version:
            catalogue = self._references.rules_of().catalogue
            lacking = unusable(catalogue, self._keys)
            if lacking:
                raise Fatal(
                    f"partition {self._partition}: the catalogue {version} is in force, and"
                    f" {lacking[0]}; then start again"
                )
            self._speakers, self._version = Speakers(catalogue, self._keys), version
        return self._speakers
