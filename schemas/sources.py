"""Sources (来源系统): the systems that send, and the regions and departments each speaks for."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from schemas.events import Code, Moment, Name
from schemas.limits import Stated
from schemas.macs import KEY_ID
from schemas.reading import fault

EVERYWHERE: Final = "*"
"""Among the regions: every one. As the code of a source: whoever else sends."""
MOST: Final = 1_000
"""Regions or departments of one source; a province has some 150 of the one."""
MOST_KEYS: Final = 10
"""Keys of one source: the one in use, the next one, and those of its servers."""


class Source(Stated):
    """A system that sends step events: for whom it speaks, and how it is known."""

    code: Code
    """As its events name it; `*` stands for whoever is not listed, and sends without a key."""
    name: Name
    regions: tuple[Code, ...] = Field(min_length=1, max_length=MOST)
    """Those it speaks for, with all that lies in them; `*` for every one."""
    departments: tuple[Code, ...] = Field((), max_length=MOST)
    """The only ones it speaks for, where any is stated."""
    keys: tuple[Annotated[str, Field(pattern=KEY_ID)], ...] = Field((), max_length=MOST_KEYS)
    """The ids of its keys; the keys themselves stand in the file that `keys_file` names."""
    unsigned: bool = False
    """Whether its records count without a MAC."""
    cures: bool = False
    """Whether its keys may sign what it corrected in records of other sources (更正)."""

    @model_validator(mode="after")
    def _known_by_something(self) -> Source:
        if not self.keys and not self.unsigned:
            raise fault(
                f"{self.code} has neither keys nor `unsigned: true`: nothing of it would count",
                "state the ids of its keys, or allow it to send without",
            )
        if self.code == EVERYWHERE and self.keys:
            raise fault("who is not listed has no keys", "remove the keys, or list the source")
        if self.cures and not self.keys:
            raise fault(f"{self.code} signs nothing, and so cures nothing", "give it a key")
        return self


class Loading(Stated):
    """A source keys in, or sends again, what happened before (集中补录), until a moment.

    What arrives by then is told neither as keyed in late nor as corrected after a breach.
    """

    source: Code
    """As its events name it; `*` stands for whoever has no period of its own."""
    until: Moment
    """The last moment, with its offset from UTC."""
