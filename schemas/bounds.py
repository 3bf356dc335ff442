"""How much of anything is read, and how much of it is shown: every bound has its reason here.

What comes from outside is read to the end only within these bounds, so that no input can hold the
program or fill its memory. They lie far above what is real; docs/events.md lists them.
"""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 256 * 1024
"""The largest step event that is read. A record of a case is some hundreds of bytes; one with
200 documents, each of 200 Chinese characters, has 120,000."""
MAX_RULING_BYTES: Final = 64 * 1024
"""The largest ruling: its reason has 4,000 characters, at most 12 bytes each as `\\uXXXX` pairs."""
MAX_ORIGIN_BYTES: Final = 1_024
"""The longest header of a record that says where it first arrived; ours have some 100 bytes. It is
copied into what leaves the engine, which a long one would make larger than a broker takes."""
MAX_RECORDS: Final = 1_000
"""The most records of a case; those beyond are refused. Judging it pairs each end with every start;
a case that goes through thirty steps has some sixty."""
MAX_SPECIAL: Final = 50
"""The most special procedures of a case, likewise: each is counted for each of its clocks. More
than two or three are a finding already."""
MAX_FILE_BYTES: Final = 8 << 20
"""The largest YAML or JSON file. A change travels in 7 MiB, so a larger catalogue cannot be sent;
a file of this size already takes minutes to read."""
MAX_FILES: Final = 1_000
"""The most files, or calendars, in one folder. A province has some 150 counties and cities."""
DEEPEST: Final = 32
"""The deepest nesting of a YAML file. A catalogue nests 8 deep; Python's stack ends near 300."""
MOST_VALUES: Final = 200_000
"""The most values of a YAML file, a kilobyte each while it is read. An item has about 20."""
MOST_HEIRS: Final = 16
"""The longest chain of presets, or of calendars, that extend each other: nation, province, city,
county, park are five."""
MOST_PROBLEMS: Final = 100
"""How many problems of one reading are told; a person mends the first and reads again."""

MOST_STEPS: Final = 200
"""The steps of an item's flow. Each set of rules that is remembered holds them all."""
MOST_VERSIONS: Final = 200
"""The versions of an item, each compared with the day on which a case starts."""
MOST_PEOPLE: Final = 1_000
"""The officers, deputies or absences of a post, the departments of a window."""
MOST_RUNGS: Final = 100
"""The rungs of a ladder, each computed for each clock; the built-in ones have about a dozen."""
MOST_RULES: Final = 200
"""The events that a row of a mapping may give."""
MOST_CODES: Final = 10_000
"""The entries of one translation of a mapping."""
LONGEST_TEMPLATE: Final = 1_000
"""The text of a field in a mapping: some columns, each with a filter."""

SHOWN_VALUE: Final = 120
"""How many characters of a wrong value are shown."""
SHOWN_TEXT: Final = 400
"""How many characters of a message, or of a key, are shown."""


def shown(value: object, longest: int = SHOWN_VALUE) -> str:
    """Write a value for a person: one line, printable, cut at `longest` characters.

    Lists and objects are only named: what is in them is too long to help, and may name anybody.
    """
    match value:
        case str():
            text = value
        case list() | tuple():
            text = "[…]" if value else "[]"
        case dict():
            text = "{…}" if value else "{}"
        case _:
            text = repr(value)
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"
