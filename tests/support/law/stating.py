"""A due moment that the hall states (承诺办结时间): a promise, and it moves like any other.

A stated date is an X; a stated moment is counted in working time. Only what came after a
statement was written moves it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from tests.support.law.counting import spans_of
from tests.support.law.days import DAY, SECOND, Calendar, common, length, merged
from tests.support.law.facts import Limit
from tests.support.law.records import whole
from tests.support.law.shares import ByDates, before_a_moment

if TYPE_CHECKING:
    from tests.support.law.counting import Count
    from tests.support.law.days import Span
    from tests.support.law.facts import Law, Record
    from tests.support.law.records import History
    from tests.support.law.shares import Pause


@dataclass(frozen=True, slots=True)
class Statement:
    """What a record states: a moment, or a date (then it ends its day)."""

    due: date | datetime
    written: datetime
    record: Record

    @property
    def day(self) -> date:
        return self.due.date() if isinstance(self.due, datetime) else self.due

    def before(self, start: datetime) -> bool:
        if isinstance(self.due, datetime):
            return self.due < start
        return self.due < start.date()


def statement_of(record: Record) -> Statement | None:
    due = record.get("promised_due_at")
    if due is None:
        return None
    due = whole(due) if isinstance(due, datetime) else due
    return Statement(due, whole(record.recorded or record.at), record)


def latest(*statements: Statement | None) -> Statement | None:
    """Give the one that was written last; of those written at once, that of the later act.

    Of acts in one second the later is the one given later.
    """
    stated = [statement for statement in reversed(statements) if statement is not None]
    return max(stated, key=lambda each: (each.written, each.record.at), default=None)


def stated_in(history: History) -> Statement | None:
    """Give what holds of what the receipt and the acceptance state: those that count."""
    stating = history.first("received"), history.first("accepted")
    return latest(*(statement_of(record) for record in stating if record is not None))


def count_stated(
    law: Law,
    limit: Limit,
    start: datetime,
    statement: Statement,
    pauses: tuple[Pause, ...],
    extension: Record | None,
) -> Count:
    """Count to a stated due moment, as moved by what came after it was written."""
    moving = tuple(pause for pause in pauses if pause.start > statement.written)
    more = 0
    anew = statement.record is extension  # it takes its own days in, whenever it was written
    if extension is not None and extension.at > statement.written and not anew:
        more = extension.get("amount")
    calendar = law.calendar
    days = calendar.working_days(start.date(), statement.day) + more
    counted = replace(limit, amount=days, unit="working_day")
    if isinstance(statement.due, datetime):
        moment = statement.due
        if more:
            moment = datetime.combine(calendar.nth(moment.date(), more), moment.time())
        mode = limit.mode or law.mode
        spans, every = spans_of(calendar, mode, moving), spans_of(calendar, mode, pauses)
        taken_in = tuple(span for span in every if span[0] <= statement.written)
        return ToAMoment(calendar, counted, start, moment, tuple(spans), taken_in)
    cut_off = limit.cut_off or law.cut_off
    return ToADate(calendar, counted, cut_off, start, moving, statement.due)


@dataclass(frozen=True)
class ToADate(ByDates):
    """A stated date is an X. What nothing moves stays, also on a day off."""

    stated: date

    @cached_property
    def last(self) -> date:
        return self._moved_on(self._counted(self.stated, self.limit.amount))


@dataclass(frozen=True)
class ToAMoment:
    """A stated moment moves by the working time that was suspended before it."""

    calendar: Calendar
    limit: Limit
    start: datetime
    moment: datetime
    spans: tuple[Span, ...]
    taken_in: tuple[Span, ...] = ()
    """What was suspended before the statement was written: it does not move the moment."""

    @cached_property
    def counting(self) -> list[Span]:
        """Those that began in time: each may move the moment, so that the next one is in time."""
        found: list[Span] = []
        for span in sorted(self.spans):
            if span[0] <= self._moved_by(found):
                found.append(span)
        return found

    def _moved_by(self, spans: list[Span]) -> datetime:
        """Give the first t with W(stated, t) = the working time suspended in [start, t)."""
        if not self._suspended(spans, self.moment):
            return self.moment
        owed = self._suspended(spans, self.moment)
        return self.calendar.first_above(self.moment, owed - 1, spans)

    def _suspended(self, spans: list[Span], until: datetime) -> int:
        return sum(
            self.calendar.working_seconds(*common(span, (self.start, until)))
            for span in merged(spans)
            if length(common(span, (self.start, until)))
        )

    @cached_property
    def due(self) -> datetime:
        return self._moved_by(self.counting)

    def near(self, lead: int | None) -> datetime:
        suspended = merged([*self.counting, *self.taken_in])
        return before_a_moment(self.calendar, self.start, self.due, lead, suspended)

    def past(self, days: int) -> datetime:
        if not days:
            return self.due + SECOND
        return datetime.combine(self.calendar.nth(self.due.date(), days) + DAY, datetime.min.time())
