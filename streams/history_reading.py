"""What the history holds of the law and of a case, for whoever explains: the board and `explain`.

Everything can be asked as known at a moment: by the records that had arrived, the catalogue and
the calendars that were in force, the cards as they had been moved. Moments are seconds since
1970-01-01T00:00:00Z. The caller lends `ask`, and sorts the errors of the wire.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from schemas.calendars import CalendarDefinition
from schemas.catalogue_loading import catalogue_from
from schemas.codes import ClockKind, Level
from schemas.events import STEP_EVENT, StepEvent
from schemas.findings import FindingCode
from schemas.kept import Kept
from schemas.verdicts import FindingDetail, decode
from streams.engine.card_stories import CardStory, Happened
from streams.engine.entries import Entry
from streams.engine.findings import Finding
from streams.engine.pins import PINNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.catalogue import Catalogue

    Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
    """Asks one statement with its parameters."""

_KEPT: Final[Kept[StepEvent]] = Kept(STEP_EVENT)
NOW: Final = 4_102_444_799
"""2099-12-31T23:59:59Z: as a moment of knowledge, everything there is."""

_KNOWN: Final = "toDateTime64(%(known)s, 3, 'UTC')"
# What was in force by then, the latest first; before all of it, what came in force first.
_LATEST: Final = """argMax(content, if(in_force_at <= toDateTime64(%(known)s, 3, 'UTC'),
    toInt64(toUnixTimestamp(in_force_at)), -1 - toInt64(toUnixTimestamp(in_force_at))))"""

EVENTS: Final = f"""
SELECT content FROM events FINAL
WHERE case_no = %(case)s AND arrived_at <= {_KNOWN}
ORDER BY occurred_at, source, event_id, version
"""  # noqa: S608 - made of constants
MOVES: Final = """
SELECT card_id, clock, clock_id, level, sequence, rule,
    toInt64(toUnixTimestamp(holds_from)), toInt64(toUnixTimestamp(due_at)),
    toInt64(toUnixTimestamp(at)), move, reason
FROM card_moves FINAL
WHERE case_no = %(case)s AND at <= toDateTime64(%(known)s, 0, 'UTC')
ORDER BY card_id, epoch, move_no
"""
RULINGS: Final = f"""
SELECT card_id, toInt64(toUnixTimestamp(decided_at)), action, reason, actor
FROM rulings FINAL
WHERE case_no = %(case)s AND arrived_at <= {_KNOWN}
ORDER BY decided_at, ruling_id
"""  # noqa: S608
CAME: Final = f"""
SELECT source, event_id, version, min(toInt64(toUnixTimestamp(came_at)))
FROM events FINAL
WHERE case_no = %(case)s AND arrived_at <= {_KNOWN} AND came_at IS NOT NULL
GROUP BY source, event_id, version
"""  # noqa: S608
# What ticks found, once: the records alone do not show it.
REMEMBERED: Final = """
SELECT finding_id, code, level, toInt64(toUnixTimestamp(at)), kind, record, version,
    toInt64(toUnixTimestamp(occurred_at)), detail
FROM v_findings
WHERE case_no = %(case)s AND code IN %(codes)s AND at <= toDateTime64(%(known)s, 0, 'UTC')
ORDER BY at, finding_id
"""
CALENDARS: Final = f"""
SELECT name, {_LATEST} FROM reference_versions WHERE subject = 'calendar' GROUP BY name
"""  # noqa: S608
CATALOGUE: Final = """
SELECT content FROM reference_versions
WHERE subject = 'catalogue' AND version = %(version)s ORDER BY in_force_at LIMIT 1
"""
PINNED: Final = "SELECT catalogue FROM cases FINAL WHERE case_no = %(case)s"
# As the engine pins it: at the acceptance, until then at the first record; anew by what is
# declared to hold for cases under way.
PINNED_AT: Final = f"""
SELECT toInt64(toUnixTimestamp(if(countIf(kind = 'accepted') > 0,
    minIf(arrived_at, kind = 'accepted'), min(arrived_at))))
FROM events FINAL WHERE case_no = %(case)s AND arrived_at <= {_KNOWN} HAVING count() > 0
"""  # noqa: S608
# Each record that pins the law of a round, and when it first arrived.
PINNING_AT: Final = f"""
SELECT source, event_id, toInt64(toUnixTimestamp(min(arrived_at)))
FROM events FINAL
WHERE case_no = %(case)s AND arrived_at <= {_KNOWN} AND kind IN %(kinds)s
GROUP BY source, event_id
"""  # noqa: S608
RETROACTIVE: Final = """
SELECT toInt64(toUnixTimestamp(max(c.at)))
FROM changes AS c FINAL
INNER JOIN (SELECT * FROM change_ends FINAL WHERE result = 'applied') AS e
    ON c.change_id = e.change_id AND c.partition = e.partition
WHERE c.retroactive AND NOT c.dry_run AND c.subject = 'catalogue'
    AND c.at <= toDateTime64(%(known)s, 0, 'UTC')
"""
IN_FORCE: Final = f"""
SELECT {_LATEST.replace("content", "version", 1)} FROM reference_versions
WHERE subject = 'catalogue' HAVING count() > 0
"""  # noqa: S608


def events_of(ask: Ask, case_no: str, known_at: int = NOW) -> list[StepEvent]:
    """Read the records of a case that had arrived. Raises ValueError for one of another form."""
    rows = ask(EVENTS, {"case": case_no, "known": known_at})
    return [_KEPT.validate_json(content) for (content,) in rows]


def came_of(ask: Ask, case_no: str, known_at: int = NOW) -> dict[tuple[str, str, int], int]:
    """Read when each version of a case's records arrived, as far as that is known."""
    rows = ask(CAME, {"case": case_no, "known": known_at})
    return {(source, event_id, version): at for source, event_id, version, at in rows}


def remembered_of(ask: Ask, case_no: str, known_at: int = NOW) -> list[Finding]:
    """Read what is found once and never derived again. Raises ValueError for another form."""
    codes = (FindingCode.CORRECTED_AFTER_BREACH, FindingCode.RULING_BACKDATED)
    rows = ask(REMEMBERED, {"case": case_no, "codes": tuple(map(str, codes)), "known": known_at})
    return [
        Finding(
            finding_id,
            FindingCode(code),
            Entry(occurred_at, 0, record, version, kind, ""),
            at,
            Level(level),
            running=False,
            levels=(),
            detail=decode(detail.encode(), FindingDetail) if detail else None,
        )
        for finding_id, code, level, at, kind, record, version, occurred_at, detail in rows
    ]


def cards_of(ask: Ask, case_no: str, known_at: int = NOW) -> list[CardStory]:
    """Read the cards of a case as they had been moved, and the rulings that had arrived."""
    known = {"case": case_no, "known": known_at}
    heads: dict[str, tuple[Any, ...]] = {}
    happened: dict[str, list[Happened]] = defaultdict(list)
    for row in ask(MOVES, known):
        heads.setdefault(row[0], row[1:8])
        happened[row[0]].append(Happened(*row[8:]))
    for card, *ruling in ask(RULINGS, known):
        happened[card].append(Happened(*ruling))
    cards = [
        CardStory(
            card_id=card,
            clock=ClockKind(clock),
            clock_id=clock_id,
            level=Level(level),
            sequence=sequence,
            rule=rule,
            holds_from=holds_from,
            due_at=due_at,
            happened=tuple(sorted(happened[card], key=lambda each: each.at)),
        )
        for card, (clock, clock_id, level, sequence, rule, holds_from, due_at) in heads.items()
    ]
    return sorted(cards, key=lambda c: (c.happened[0].at, c.holds_from, c.level.rank, c.card_id))


def pinned(ask: Ask, case_no: str, known_at: int | None = None) -> str | None:
    """Find the version of the catalogue that holds for a case; None where nothing tells it.

    For now it stands with the case; for a moment in the past it is found as the engine finds it.
    """
    if known_at is None:
        rows = ask(PINNED, {"case": case_no})
        return rows[0][0] if rows else None
    rows = ask(PINNED_AT, {"case": case_no, "known": known_at})
    if not rows:
        return None
    pinned_at = max(rows[0][0], ask(RETROACTIVE, {"known": known_at})[0][0])
    found = ask(IN_FORCE, {"known": pinned_at})
    return found[0][0] if found else None


def pins_of(
    ask: Ask, case_no: str, present: Catalogue, known_at: int = NOW
) -> dict[tuple[str, str], Catalogue]:
    """Read the catalogues that records of a case pinned, by source and id, but for the present one.

    As far as the history has them. The law of a round is that of its receipt and its acceptance.
    """
    retroactive = ask(RETROACTIVE, {"known": known_at})[0][0]
    known = {"case": case_no, "known": known_at, "kinds": tuple(sorted(PINNING))}
    catalogues: dict[str, Catalogue | None] = {present.version: None}
    pins: dict[tuple[str, str], Catalogue] = {}
    for source, event_id, arrived in ask(PINNING_AT, known):
        found = ask(IN_FORCE, {"known": max(arrived, retroactive)})
        version = found[0][0] if found else present.version
        if version not in catalogues:
            catalogues[version] = catalogue_of(ask, version, known_at)
        catalogue = catalogues[version]
        if catalogue is not None:
            pins[source, event_id] = catalogue
    return pins


def catalogue_of(ask: Ask, version: str, known_at: int = NOW) -> Catalogue | None:
    """Read a catalogue by its version, with the calendars in force; None where it is not there.

    Raises ValueError or SchemaError where a content is none that this program reads.
    """
    found = ask(CATALOGUE, {"version": version})
    if not found:
        return None
    calendars = ask(CALENDARS, {"known": known_at})
    return catalogue_from(
        json.loads(found[0][0]),
        {name: CalendarDefinition.model_validate_json(content) for name, content in calendars},
    )
