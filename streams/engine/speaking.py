"""Who may say what: a record is refused that its source may not send, or that it did not send.

By the catalogue in force alone, the record, and what is on record of its case: so the same records
in the same order are refused wherever, and whenever, they are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.bounds import SHOWN_TEXT, shown
from schemas.decoding import LONGEST_NAME, Refusal
from schemas.macs import MAC_HEADER, holds, read_mac
from schemas.sources import EVERYWHERE
from streams.engine.entries import effective, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from schemas.catalogue import Catalogue
    from schemas.events import Envelope
    from schemas.macs import Key, Mac
    from schemas.sources import Source
    from streams.engine.entries import Entry

REMEMBERED: Final = 20_000
"""Answers that are remembered, by source and region: codes that no catalogue has are many."""
_STATE: Final = "state it in the catalogue's sources, if it is right"
_SIGN: Final = "sign the record as docs/events.md shows, or ask the bureau which key to use"
_OWN: Final = "check the case number; if it is right, the bureau decides whose case it is"


class Speakers:
    """The sources of a catalogue, with those of their keys that are at hand."""

    def __init__(self, catalogue: Catalogue, keys: Mapping[str, Key]) -> None:
        self._catalogue, self._keys = catalogue, keys
        self._sources = catalogue.sources
        self._owners = {key: each for each in self._sources.values() for key in each.keys}
        self._within: dict[tuple[str, str], bool] = {}

    @property
    def bound(self) -> bool:
        """Whether the catalogue says who may speak; where it does not, everybody may."""
        return bool(self._sources)

    def refusal(
        self,
        event: Envelope,
        topic: str,
        raw: bytes,
        headers: Iterable[tuple[str, bytes]],
        on_record: Sequence[Entry],
    ) -> Refusal | None:
        """Say why a record does not count; None when it does. Only where `bound`."""
        source = self._sources.get(event.source) or self._sources.get(EVERYWHERE)
        if source is None:
            message = "The catalogue knows no such source."
            return _refused(event, "source_unknown", "source", event.source, message, _STATE)
        try:
            mac = read_mac(headers)
        except ValueError as error:
            return _refused(event, "mac_malformed", MAC_HEADER, "", str(error), _SIGN)
        signer = source
        if mac is not None and (source.keys or not source.unsigned or mac.key_id in self._owners):
            found = self._signer(event, source, mac, topic, raw)
            if isinstance(found, Refusal):
                return found
            signer = found
        elif not source.unsigned:
            message = f"Records of {source.code} are signed, and this one carries no {MAC_HEADER}."
            return _refused(event, "mac_missing", MAC_HEADER, "", message, _SIGN)
        refusal = self._out_of_place(event, source, on_record)
        if refusal is None and signer is not source:
            refusal = self._out_of_place(event, signer, on_record)
        return refusal

    def _signer(
        self, event: Envelope, source: Source, mac: Mac, topic: str, raw: bytes
    ) -> Source | Refusal:
        owner, key = self._owners.get(mac.key_id), self._keys.get(mac.key_id)
        if owner is None or key is None:
            message = f"{source.code} has no such key."
            remedy = "sign with a key in force, or state the key in the catalogue's sources"
            return _refused(event, "key_unknown", MAC_HEADER, mac.key_id, message, remedy)
        if owner is not source and not owner.cures:
            message = f"The key is that of {owner.code}, which may not sign for {source.code}."
            return _refused(event, "key_foreign", MAC_HEADER, mac.key_id, message, _SIGN)
        if not holds(mac, key, topic, raw):
            message = "The MAC is not that of this value by this key and algorithm."
            remedy = f"sign the very bytes that are sent, for the topic {topic}; if the sender did"
            remedy += " so, somebody else wrote this record: see docs/security.md"
            return _refused(event, "mac_wrong", MAC_HEADER, mac.key_id, message, remedy)
        return owner

    def _out_of_place(
        self, event: Envelope, source: Source, on_record: Sequence[Entry]
    ) -> Refusal | None:
        """Say why a source may not speak for what a record is about."""
        region, department = event.region or "", event.department or ""
        if region and not self._speaks_for(source, region):
            message = f"{source.code} may not speak for this region."
            return _refused(event, "region_foreign", "region", region, message, _STATE)
        if department and source.departments and department not in source.departments:
            message = f"{source.code} may not speak for this department."
            return _refused(event, "department_foreign", "department", department, message, _STATE)
        entries, _ = effective(on_record) if on_record else ((), ())
        place = self._place_of(entries)
        if place and not self._speaks_for(source, place):
            message = f"The case is on record in {shown(place)}, for which {source.code} may not"
            message += " speak."
            return _refused(event, "case_foreign", "case_no", event.case_no, message, _OWN)
        if not place and (other := self._stranger(source, entries)):
            message = (
                f"The case is on record by {other}, which shares no region with {source.code}."
            )
            return _refused(event, "case_foreign", "case_no", event.case_no, message, _OWN)
        if not region and not place:
            known = self._catalogue.departments.get(department)
            if known is not None and not self._speaks_for(source, known.region):
                message = f"The department lies in {known.region}, for which {source.code} may not"
                message += " speak."
                remedy = "state the region too, if the case is handled elsewhere; or " + _STATE
                return _refused(
                    event, "department_foreign", "department", department, message, remedy
                )
        return None

    def _place_of(self, entries: Sequence[Entry]) -> str:
        """Give the region of a case: what its acceptance says, or else the first record to say.

        Where none does it is that of its department.
        """
        accepted = first_of(entries, "accepted")
        said = entries if accepted is None else (accepted, *entries)
        if region := next((entry.region for entry in said if entry.region), ""):
            return region
        code = next((entry.department for entry in said if entry.department), "")
        known = self._catalogue.departments.get(code)
        return "" if known is None else known.region

    def _stranger(self, source: Source, entries: Sequence[Entry]) -> str:
        """Find a source on record, in a case without a region, that has none in common with one."""
        for code in {entry.source: None for entry in entries}:
            other = self._sources.get(code)
            if other is None or other is source:
                continue
            if not any(self._speaks_for(source, region) for region in other.regions) and not any(
                self._speaks_for(other, region) for region in source.regions
            ):
                return other.code
        return ""

    def _speaks_for(self, source: Source, region: str) -> bool:
        key = (source.code, region)
        known = self._within.get(key)
        if known is None:
            if len(self._within) >= REMEMBERED:
                self._within.clear()
            known = self._within[key] = EVERYWHERE in source.regions or any(
                above.code in source.regions for above in self._catalogue.ancestors(region)
            )
        return known


def _refused(
    event: Envelope, reason: str, field: str, value: str, message: str, remedy: str
) -> Refusal:
    source = shown(event.source, LONGEST_NAME)
    return Refusal(reason, field, shown(value), shown(message, SHOWN_TEXT), remedy, source)
