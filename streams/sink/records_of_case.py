"""Read a case's records back from the history, with the catalogue that was in force for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clickhouse_driver.errors import Error

from schemas.calendars import CalendarDefinition
from schemas.catalogue import Catalogue
from schemas.catalogue_loading import catalogue_from
from schemas.events import STEP_EVENT, StepEvent
from streams.sink.clickhouse import connect

if TYPE_CHECKING:
    from clickhouse_driver import Client

    from streams.settings import ClickHouse


class HistoryUnavailable(Exception):  # noqa: N818 - named after the condition
    """Raised when the history cannot be read, or lacks what the question needs."""


def read_case(settings: ClickHouse, case_no: str) -> tuple[list[StepEvent], Catalogue]:
    """Read the events of a case and its catalogue. Raises HistoryUnavailable."""
    client = connect(settings)
    try:
        contents = client.execute(
            "SELECT content FROM v_events WHERE case_no = %(case)s", {"case": case_no}
        )
        if not contents:
            raise HistoryUnavailable(f"No record of case {case_no} in the history.")
        events = [STEP_EVENT.validate_json(content) for (content,) in contents]
        return events, _catalogue(client, case_no)
    except (Error, OSError, EOFError) as error:
        raise HistoryUnavailable(
            f"ClickHouse at {settings.host}:{settings.port} cannot be read ({error});"
            " set JIANCHA_CLICKHOUSE__HOST and __PORT, or name a file with --events"
        ) from None
    finally:
        client.disconnect()


def _catalogue(client: Client, case_no: str) -> Catalogue:
    """Read the catalogue pinned for a case, and the calendars last in force."""
    pinned = client.execute(
        "SELECT catalogue FROM v_cases WHERE case_no = %(case)s", {"case": case_no}
    )
    if not pinned:
        raise HistoryUnavailable(f"Case {case_no} has records but was not judged yet; try again.")
    found = client.execute(
        "SELECT content FROM v_reference_versions"
        " WHERE subject = 'catalogue' AND version = %(version)s LIMIT 1",
        {"version": pinned[0][0]},
    )
    if not found:
        raise HistoryUnavailable(
            f"Catalogue {pinned[0][0]} is not in the history; name one with --catalogue"
        )
    calendars = client.execute(
        "SELECT name, argMax(content, in_force_from) FROM v_reference_versions"
        " WHERE subject = 'calendar' GROUP BY name"
    )
    return catalogue_from(
        json.loads(found[0][0]),
        {name: CalendarDefinition.model_validate_json(content) for name, content in calendars},
    )
