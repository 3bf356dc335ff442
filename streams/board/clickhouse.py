"""The history in ClickHouse: a few connections, short time-outs, one word when it is away."""

from __future__ import annotations

import logging
import queue
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, NetworkError, ServerException, SocketTimeoutError

from schemas.codes import Level
from schemas.reading import SchemaError
from streams.board import statements as sql
from streams.board.history import (
    Aside,
    CardCounts,
    CaseFile,
    CaseLine,
    CaseList,
    ClockLine,
    DueClock,
    Figures,
    FindingLine,
    Flow,
    Happening,
    HistoryAway,
    Move,
    NewCard,
    Ruling,
    Tally,
    Wanted,
)
from streams.clickhouse_clients import clickhouse_options
from streams.engine.rules import Rules
from streams.history_reading import catalogue_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from streams.history_reading import Ask
    from streams.settings import ClickHouse


# What the driver logs, with a stack trace at every attempt, it raises as well.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)

CONNECTIONS: Final = 3
"""So many statements at once at most: browsers must not crowd out the sink."""
CONNECT_SECONDS: Final = 2
ANSWER_SECONDS: Final = 6
STATEMENT_SECONDS: Final = 5
WAIT_SECONDS: Final = 3.0
"""How long a page waits for one of the connections."""
NEWEST: Final = 8
DUE: Final = 8
PAGE: Final = 50
_UNKNOWN_TABLE: Final = 60
_UNKNOWN_DATABASE: Final = 81
_NOT_FOUND: Final = frozenset({_UNKNOWN_TABLE, _UNKNOWN_DATABASE})
_LAST: Final = 4_102_444_799
"""2099-12-31T23:59:59Z, the end of what the calendars cover."""


class ClickHouseHistory:
    """Reads the sink's tables. Safe to use from several threads.

    `live` says whether the engine's ticks follow the wall clock; in a replay the newest time in
    the data is the present. `zone` is where the day begins that "today" means.
    """

    def __init__(
        self,
        settings: ClickHouse,
        *,
        live: bool,
        zone: ZoneInfo,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._live, self._zone, self._wall = live, zone, wall
        self._clients: queue.LifoQueue[Client] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._clients.put(_client(settings))

    def close(self) -> None:
        """Let go of every connection that no page is using."""
        while True:
            try:
                self._clients.get_nowait().disconnect()
            except queue.Empty:
                return

    def figures(self) -> Figures:
        """Read the front page's figures."""
        taken_at = self._wall()
        with self._asking() as ask:
            now = self._now(ask)
            moment = datetime.fromtimestamp(now, self._zone)
            midnight = int(moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
            standing = dict(ask(sql.CARDS_STANDING, {}))
            since = dict(ask(sql.CARDS_SINCE, {"midnight": midnight, "now": now}))
            flow = Flow(*ask(sql.FLOW, {"live": int(self._live)})[0])
            return Figures(
                now=now,
                live=self._live,
                taken_at=taken_at,
                tallies=[Tally(*row) for row in ask(sql.TALLIES, {})],
                cards={
                    level: CardCounts(standing.get(level, 0), since.get(level, 0))
                    for level in Level
                    if level is not Level.NONE
                },
                overdue=ask(sql.OVERDUE, {"now": now})[0][0],
                newest=_newest(ask, now),
                due=[DueClock(*r) for r in ask(sql.DUE_NEXT, {"now": now, "limit": DUE})],
                flow=flow,
            )

    def cases(self, wanted: Wanted) -> CaseList:
        """Read one page of cases, the most urgent first."""
        conditions = {"number"} if wanted.number else {"open"}
        if wanted.department is not None:
            conditions.add("department")
        if wanted.level is not None:
            conditions.add("level")
        if wanted.overdue:
            conditions.add("overdue")
        with self._asking() as ask:
            now = self._now(ask)
            rows = ask(
                sql.cases(frozenset(conditions)),
                {
                    "number": wanted.number,
                    "department": wanted.department or "",
                    "rank": wanted.level.rank if wanted.level is not None else 0,
                    "now": now,
                    "limit": PAGE + 1,
                    "offset": (wanted.page - 1) * PAGE,
                },
            )
        return CaseList(now, [CaseLine(*row) for row in rows[:PAGE]], more=len(rows) > PAGE)

    def case(self, case_no: str) -> CaseFile | None:
        """Read one case; None where there is none of that number."""
        this: dict[str, Any] = {"case_no": case_no}
        with self._asking() as ask:
            rows = ask(sql.CASE, this)
            if not rows:
                return None
            *line, received, accepted, decided, finished = rows[0][:15]
            outcome, window, source, catalogue, revision = rows[0][15:]
            now = self._now(ask)
            left_out: dict[str, int] = {}

            def every(kind: str, statement: str) -> list[tuple[Any, ...]]:
                known = {**this, "revision": revision, "now": now, "most": sql.MOST}
                found = ask(statement, known)
                if found and found[0][-1] > len(found):
                    left_out[kind] = found[0][-1] - len(found)
                return [row[:-1] for row in found]

            clocks = [ClockLine(*row) for row in every("clocks", sql.CLOCKS)]
            first = clocks[0] if clocks and clocks[0].stopped_at is None else None
            suspended = any(clock.state == "paused" for clock in clocks)
            soonest = (
                (first.due_at, first.calendar, first.limit, first.provisional)
                if first
                else (None, "", "", False)
            )
            summary: list[Any] = [*line, *soonest, suspended]
            return CaseFile(
                now=now,
                live=self._live,
                case=CaseLine(*summary),
                received_at=received,
                accepted_at=accepted,
                decided_at=decided,
                finished_at=finished,
                outcome=outcome,
                window=window,
                source=source,
                catalogue=catalogue,
                clocks=clocks,
                findings=[FindingLine(*row) for row in every("findings", sql.FINDINGS)],
                moves=[Move(*row) for row in every("cards", sql.MOVES)],
                events=[Happening(*row) for row in every("time_line", sql.EVENTS)],
                rulings=[Ruling(*row) for row in every("ruling", sql.RULINGS)],
                aside=next((Aside(*row) for row in ask(sql.ASIDE, this)), None),
                left_out=left_out,
            )

    def rules(self, catalogue: str) -> Rules | None:
        """Read the rules of a catalogue by its version, with the calendars last in force."""
        with self._asking() as ask:
            try:
                found = catalogue_of(ask, catalogue)
            except (ValueError, SchemaError):
                return None
        return None if found is None else Rules.of(found)

    def _now(self, ask: Ask) -> int:
        if self._live:
            return int(self._wall())
        newest: int = ask(sql.NEWEST_TIME, {})[0][0]
        return min(newest, _LAST) or int(self._wall())

    @contextmanager
    def _asking(self) -> Iterator[Ask]:
        """Lend a connection; every failure of the wire or of ClickHouse is `HistoryAway`."""
        try:
            client = self._clients.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise HistoryAway("busy") from None
        try:
            yield client.execute
        except ServerException as error:
            raise HistoryAway("not_migrated" if error.code in _NOT_FOUND else "failed") from error
        except (NetworkError, SocketTimeoutError, OSError, EOFError) as error:
            client.disconnect()
            raise HistoryAway("unreachable") from error
        except Error as error:
            client.disconnect()
            raise HistoryAway("failed") from error
        finally:
            self._clients.put(client)


def _newest(ask: Ask, now: int) -> list[NewCard]:
    rows = ask(sql.NEWEST_CARDS, {"limit": NEWEST, "now": now})
    if not rows:
        return []
    moves: dict[str, str] = dict(ask(sql.CARDS_NOW, {"cards": [(row[1], row[0]) for row in rows]}))
    return [NewCard(*(*row, moves.get(row[0], "issued"))) for row in rows]


def _client(settings: ClickHouse) -> Client:
    return Client(
        **clickhouse_options(settings),
        database=settings.database,
        client_name="jiancha-board",
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=ANSWER_SECONDS,
        sync_request_timeout=CONNECT_SECONDS,
        settings={"max_execution_time": STATEMENT_SECONDS},
    )
