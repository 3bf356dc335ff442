"""The board's questions to ClickHouse: whole statements, whose values are always parameters.

They read the tables rather than the auditor's views where a view would join more than the front
page needs: these run as often as once a second.
"""

# ruff: noqa: S608 - statements are made of this module's constants only

from __future__ import annotations

from typing import Final

LEVELS: Final = "['notice', 'yellow', 'red']"
_HEIGHT: Final = f"indexOf({LEVELS}, level)"
# Of cards only those stand that the case's own epoch has issued: whoever joins these compares it.
STANDING: Final = f"""
    SELECT case_no, epoch, max({_HEIGHT}) AS rank
    FROM cards FINAL WHERE move != 'retracted' GROUP BY case_no, epoch
"""
_HIGHEST: Final = f"""
    SELECT case_no, epoch, max({_HEIGHT}) AS rank,
        argMax(clock_id, ({_HEIGHT}, active, holds_from, clock_id)) AS clock_id
    FROM cards FINAL WHERE move != 'retracted' GROUP BY case_no, epoch
"""

NEWEST_TIME: Final = """
SELECT greatest(
    (SELECT toInt64(toUnixTimestamp(max(as_of))) FROM cases),
    (SELECT toInt64(toUnixTimestamp(max(at))) FROM card_moves))
"""
"""The present of a replay, where nobody's clock but the log's counts."""

_PAUSED: Final = """(arrayExists((since, until) ->
        since <= toDateTime64(%(now)s, 0, 'UTC') AND toDateTime64(%(now)s, 0, 'UTC') < until,
        paused_from, paused_until)
    OR (empty(paused_from) AND state = 'paused'))"""
"""Whether a clock stands still now. Rows of a release that wrote no procedures say what was so."""

TALLIES: Final = f"""
SELECT
    c.department,
    countIf(d.rank = 0), countIf(d.rank = 1), countIf(d.rank = 2), countIf(d.rank = 3)
FROM (SELECT case_no, epoch, department FROM cases FINAL WHERE ended_at IS NULL) AS c
LEFT JOIN ({STANDING}) AS d ON c.case_no = d.case_no AND c.epoch = d.epoch
GROUP BY c.department
"""

CARDS_STANDING: Final = """
SELECT level, count() FROM cards FINAL
WHERE move != 'retracted' AND (case_no, epoch) IN (SELECT case_no, epoch FROM cases FINAL)
GROUP BY level
"""

# A card that a later epoch issues again is not new by that.
_ISSUED_SINCE: Final = """
    SELECT case_no, card_id FROM card_moves
    WHERE move = 'issued' AND at >= toDateTime64(%(midnight)s, 0, 'UTC')
"""
CARDS_SINCE: Final = f"""
SELECT level, count() FROM
(
    SELECT card_id, any(level) AS level FROM card_moves
    WHERE move = 'issued' AND (case_no, card_id) IN ({_ISSUED_SINCE})
    GROUP BY case_no, card_id
    HAVING min(at) >= toDateTime64(%(midnight)s, 0, 'UTC')
        AND min(at) <= toDateTime64(%(now)s, 0, 'UTC')
)
GROUP BY level
"""

NEWEST_CARDS: Final = """
SELECT
    card_id, case_no, clock_id, clock, level,
    toInt64(toUnixTimestamp(at)), toInt64(toUnixTimestamp(due_at)),
    item, item_name, region, department, step, officer, calendar, provisional
FROM card_moves
WHERE move = 'issued' AND at <= toDateTime64(%(now)s, 0, 'UTC')
ORDER BY at DESC, holds_from DESC, card_id
LIMIT 1 BY card_id
LIMIT %(limit)s
"""

CARDS_NOW: Final = """
SELECT card_id, toString(move) FROM cards FINAL WHERE (case_no, card_id) IN %(cards)s
"""

OPEN_CLOCKS: Final = """
    SELECT k.*, k.epoch AS epoch
    FROM clocks AS k FINAL
    INNER JOIN (SELECT case_no, revision FROM cases FINAL WHERE ended_at IS NULL) AS c
        ON k.case_no = c.case_no
    WHERE k.revision >= c.revision AND k.stopped_at IS NULL
"""

OVERDUE: Final = f"""
SELECT uniqExact(case_no) FROM ({OPEN_CLOCKS})
WHERE due_at < toDateTime64(%(now)s, 0, 'UTC')
"""

DUE_NEXT: Final = f"""
SELECT
    case_no, clock_id, clock, toInt64(toUnixTimestamp(due_at)),
    item, item_name, region, department, step, officer, calendar, limit_text,
    multiIf(rank = 3, 'red', rank = 2, 'yellow', rank = 1, 'notice', 'none'), provisional
FROM
(
    SELECT * FROM ({OPEN_CLOCKS})
    WHERE NOT {_PAUSED} AND due_at >= toDateTime64(%(now)s, 0, 'UTC')
    ORDER BY due_at, case_no, clock_id
    LIMIT 1 BY case_no
    LIMIT %(limit)s
) AS k
LEFT JOIN ({STANDING}) AS d ON k.case_no = d.case_no AND k.epoch = d.epoch
ORDER BY due_at, case_no
"""

FLOW: Final = """
SELECT
    (SELECT uniqExact(case_no) FROM cases),
    (SELECT maxOrNull(toInt64(toUnixTimestamp(arrived_at))) FROM events),
    (SELECT uniqExact(letter_id, arrived_at) FROM dead_letters),
    (SELECT maxOrNull(toInt64(toUnixTimestamp(if(%(live)s, refused_at, arrived_at))))
        FROM dead_letters)
"""

_LINE: Final = """
    c.case_no, c.item, c.item_name, c.region, c.department, c.step, c.officer,
    toInt64(toUnixTimestamp(c.opened_at)), toInt64(toUnixTimestamp(c.ended_at)),
    multiIf(d.rank = 3, 'red', d.rank = 2, 'yellow', d.rank = 1, 'notice', 'none'), d.clock_id
"""

_OF_CASES: Final = {
    "number": "position(case_no, %(number)s) > 0",
    "open": "ended_at IS NULL",
    "department": "department = %(department)s",
}
_OF_LINES: Final = {
    "level": "rank = %(rank)s",
    "overdue": "k.due_at < toDateTime64(%(now)s, 0, 'UTC')",
}


def cases(conditions: frozenset[str]) -> str:
    """Write the statement of a list: the most urgent first."""
    chosen = " AND ".join(_OF_CASES[name] for name in sorted(conditions & set(_OF_CASES)))
    shown = " AND ".join(_OF_LINES[name] for name in sorted(conditions & set(_OF_LINES)))
    return f"""
SELECT {_LINE},
    if(k.case_no = '', NULL, toInt64(toUnixTimestamp(k.due_at))), k.calendar, k.limit_text,
    k.provisional, k.suspended
FROM (SELECT *, epoch FROM cases FINAL WHERE {chosen or "1"}) AS c
LEFT JOIN ({_HIGHEST}) AS d ON c.case_no = d.case_no AND c.epoch = d.epoch
LEFT JOIN
(
    SELECT case_no, min(clocks.due_at) AS due_at,
        argMin(calendar, clocks.due_at) AS calendar,
        argMin(limit_text, clocks.due_at) AS limit_text,
        argMin(provisional, clocks.due_at) AS provisional,
        max({_PAUSED}) AS suspended
    FROM ({OPEN_CLOCKS}) AS clocks GROUP BY case_no
) AS k ON c.case_no = k.case_no
WHERE {shown or "1"}
ORDER BY d.rank DESC, k.case_no = '', k.due_at, c.opened_at DESC, c.case_no
LIMIT %(limit)s OFFSET %(offset)s
"""


# Of each kind of a case's rows at most so many are read: beyond what a case of the most records can
# have. The last column counts all, so that what is left out is told.
MOST: Final = 10_000

CASE: Final = f"""
SELECT {_LINE},
    toInt64(toUnixTimestamp(received_at)), toInt64(toUnixTimestamp(accepted_at)),
    toInt64(toUnixTimestamp(decided_at)), toInt64(toUnixTimestamp(finished_at)),
    outcome, window, source, catalogue, revision
FROM (SELECT *, epoch FROM cases FINAL WHERE case_no = %(case_no)s) AS c
LEFT JOIN
(
    SELECT case_no, epoch, max({_HEIGHT}) AS rank,
        argMax(clock_id, ({_HEIGHT}, active, holds_from, clock_id)) AS clock_id
    FROM cards FINAL WHERE case_no = %(case_no)s AND move != 'retracted' GROUP BY case_no, epoch
) AS d ON c.case_no = d.case_no AND c.epoch = d.epoch
"""

CLOCKS: Final = f"""
SELECT
    clock_id, clock, step, department, officer,
    toInt64(toUnixTimestamp(started_at)), toInt64(toUnixTimestamp(known_from)), deemed, assumed,
    toInt64(toUnixTimestamp(due_at)), toInt64(toUnixTimestamp(stopped_at)),
    multiIf(stopped_at IS NOT NULL, 'stopped', {_PAUSED}, 'paused', 'running'), provisional,
    limit_text, basis, calendar, calendar_version,
    count() OVER ()
FROM clocks FINAL
WHERE case_no = %(case_no)s AND revision >= %(revision)s
ORDER BY stopped_at IS NOT NULL, if(stopped_at IS NULL, due_at, started_at), due_at, clock_id
LIMIT %(most)s
"""

FINDINGS: Final = """
SELECT
    finding_id, code, level, toInt64(toUnixTimestamp(at)), basis, kind, record, version,
    toInt64(toUnixTimestamp(occurred_at)),
    count() OVER ()
FROM findings FINAL
WHERE case_no = %(case_no)s AND revision >= %(revision)s
ORDER BY at, finding_id
LIMIT %(most)s
"""

MOVES: Final = """
SELECT
    card_id, epoch, move_no, move, toInt64(toUnixTimestamp(at)), reason, clock_id, clock, level,
    rule, toInt64(toUnixTimestamp(holds_from)), toInt64(toUnixTimestamp(due_at)), step, officer,
    count() OVER ()
FROM card_moves FINAL
WHERE case_no = %(case_no)s
ORDER BY at, card_id, epoch, move_no
LIMIT %(most)s
"""

EVENTS: Final = """
SELECT
    toInt64(toUnixTimestamp(occurred_at)), toInt64(toUnixTimestamp(arrived_at)), kind, step,
    step_name, officer, officer_name, outcome, reason, content,
    source, event_id, record, version, voided,
    count() OVER ()
FROM events FINAL
WHERE case_no = %(case_no)s
ORDER BY occurred_at, source, event_id, version
LIMIT %(most)s
"""

ASIDE: Final = """
SELECT toInt64(toUnixTimestamp(set_aside_at)), reason
FROM v_cases_set_aside WHERE case_no = %(case_no)s ORDER BY set_aside_at LIMIT 1
"""

RULINGS: Final = """
SELECT toInt64(toUnixTimestamp(decided_at)), card_id, action, actor, reason, count() OVER ()
FROM rulings FINAL
WHERE case_no = %(case_no)s
ORDER BY decided_at
LIMIT %(most)s
"""
