"""Working calendars as data: decreed years, regional additions, working hours (docs/calendars.md).

Working days in China cannot be derived: the State Council decrees them each autumn for the next
year. So a calendar is read from files, one a year, and what no file decrees is marked projected.
"""

from __future__ import annotations

from schemas.calendars.definition import (
    CalendarDefinition,
    DecreedYear,
    ListedDay,
    StartRule,
)
from schemas.calendars.fields import FIRST_DATE, LAST_DATE, WEEKDAYS
from schemas.calendars.loading import load_calendars

__all__ = [
    "FIRST_DATE",
    "LAST_DATE",
    "WEEKDAYS",
    "CalendarDefinition",
    "DecreedYear",
    "ListedDay",
    "StartRule",
    "load_calendars",
]
