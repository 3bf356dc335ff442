"""What a label may say: known codes only, and only so many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from schemas.catalogue import Catalogue

OTHER: Final = "other"
NONE: Final = "none"

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SYSTEM: Final = re.compile(r"(?!.*[0-9]{8})[A-Za-z][A-Za-z0-9._-]{0,31}")


class Bounded:
    """The first so many values that have a form; every other one is `other`.

    Senders choose their own names, and a bad record can hold anything in any place: so a value
    without the form of a name is never shown, and a flood of names costs no series.
    """

    def __init__(self, form: re.Pattern[str], limit: int) -> None:
        self._form = form
        self._left = limit - 1  # `other` is one of them
        self._known: dict[str, str] = {}

    def __call__(self, value: str) -> str:
        """Give the value to show."""
        known = self._known.get(value)
        if known is not None:
            return known
        if self._left <= 0 or value == OTHER or not self._form.fullmatch(value):
            return OTHER
        self._left -= 1
        self._known[value] = value
        return value


def systems(limit: int) -> Bounded:
    """Bound the names of sending systems: ASCII, from a letter on, and no number of 8 digits."""
    return Bounded(_SYSTEM, limit)


def words(limit: int) -> Bounded:
    """Bound words of our own, such as reasons: lower case, with underscores."""
    return Bounded(_WORD, limit)


class Places:
    """Pairs of region and department, as far as the catalogue states them."""

    def __init__(self, catalogue: Catalogue, limit: int) -> None:
        stated = [(d.region, d.code) for d in catalogue.departments.values()]
        self.stated: Collection[tuple[str, str]] = tuple(stated[: limit - 1])
        self._regions, self._departments = catalogue.regions, catalogue.departments
        self._known: set[tuple[str, str]] = set(self.stated)
        self._left = limit - 1 - len(self.stated)

    def __call__(self, region: str | None, department: str | None) -> tuple[str, str]:
        """Give the pair to show: a code that the catalogue lacks is `other`, none is `none`."""
        pair = (_shown(region, self._regions), _shown(department, self._departments))
        if pair not in self._known:
            if self._left <= 0:
                return (OTHER, OTHER)
            self._left -= 1
            self._known.add(pair)
        return pair


class Regions:
    """Regions, as far as the catalogue states them."""

    def __init__(self, catalogue: Catalogue, limit: int) -> None:
        self.stated: Collection[str] = tuple(catalogue.regions)[: limit - 2]

    def __call__(self, region: str | None) -> str:
        """Give the region to show: one beyond the stated ones is `other`, none is `none`."""
        return _shown(region, self.stated)


def _shown(code: str | None, stated: Iterable[str]) -> str:
    if not code:
        return NONE
    return code if code in stated else OTHER
