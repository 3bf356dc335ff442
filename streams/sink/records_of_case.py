"""Read a case back from the history: its records and cards, and the law that held for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from clickhouse_driver.errors import Error

from schemas.reading import SchemaError
from streams.history_reading import (
    NOW,
    came_of,
    cards_of,
    catalogue_of,
    events_of,
    pinned,
    pins_of,
    remembered_of,
)
from streams.sink.clickhouse import connect

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue
    from schemas.events import StepEvent
    from streams.engine.card_stories import CardStory
    from streams.engine.findings import Finding
    from streams.history_reading import Ask
    from streams.settings import ClickHouse


class HistoryUnavailable(Exception):  # noqa: N818 - named after the condition
    """Raised when the history cannot be read, or lacks what the question needs."""


class CaseHistory(NamedTuple):
    """What the history knows of a case."""

    events: list[StepEvent]
    catalogue: Catalogue | None
    """None where the caller has one of its own."""
    cards: list[CardStory]
    came: dict[tuple[str, str, int], int]
    """When each version of a record arrived, by source, id and version."""
    remembered: list[Finding]
    """What is found once and never derived again."""
    pins: dict[tuple[str, str], Catalogue]
    """The catalogues of records that came under another, by source and id."""


def read_case(
    settings: ClickHouse, case_no: str, known_at: int | None = None, *, law: bool = True
) -> CaseHistory:
    """Read a case as known now, or as known at a moment (seconds since the epoch).

    As known then: the records that had arrived, the catalogue and the calendars that were in
    force, the cards as they had been moved. Without `law` the catalogue is left out. Raises
    HistoryUnavailable.
    """
    client = connect(settings)
    try:
        return _read(client.execute, case_no, known_at, law=law)
    except (Error, OSError, EOFError) as error:
        raise HistoryUnavailable(
            f"ClickHouse at {settings.host}:{settings.port} cannot be read ({error});"
            " set JIANCHA_CLICKHOUSE__HOST and __PORT, or name a file with --events"
        ) from None
    except (ValueError, SchemaError) as error:
        raise HistoryUnavailable(
            f"The history of case {case_no} holds what this version cannot read ({error});"
            " run the version that wrote it, or a later one"
        ) from None
    finally:
        client.disconnect()


def _read(ask: Ask, case_no: str, known_at: int | None, *, law: bool) -> CaseHistory:
    known = NOW if known_at is None else known_at
    events = events_of(ask, case_no, known)
    if not events:
        by = "" if known_at is None else f" by {datetime.fromtimestamp(known, UTC).isoformat()}"
        raise HistoryUnavailable(f"No record of case {case_no} had come to the history{by}.")
    catalogue = None
    pins: dict[tuple[str, str], Catalogue] = {}
    if law:
        version = pinned(ask, case_no, known_at)
        if version is None:
            raise HistoryUnavailable(
                f"Case {case_no} has records but was not judged yet; try again."
            )
        catalogue = catalogue_of(ask, version, known)
        if catalogue is None:
            raise HistoryUnavailable(
                f"Catalogue {version} is not in the history; name one with --catalogue"
            )
        pins = pins_of(ask, case_no, catalogue, known)
    came, remembered = came_of(ask, case_no, known), remembered_of(ask, case_no, known)
    return CaseHistory(events, catalogue, cards_of(ask, case_no, known), came, remembered, pins)
