-- What boards and auditors ask: each view gives every row once, whatever was inserted twice.
--
-- A record is only as of its writing, so whether a clock is over is asked of the clock on the wall:
-- over = due_at < as_of and (not stopped, or stopped after due_at). The views named *_at take the
-- moment, `SELECT … FROM v_clocks_at(as_of = '2019-10-31 04:00:00')` (UTC); the others mean now().
-- A moment in the past is judged by what is known today; what was known then stands in the cards.
-- Columns named *_beijing are the same moments on the clock face of Asia/Shanghai.

-- apply
CREATE OR REPLACE VIEW v_events AS
SELECT
    * EXCEPT (precedence),
    toTimeZone(occurred_at, 'Asia/Shanghai') AS occurred_beijing
FROM events FINAL
COMMENT '环节事件';

-- apply
CREATE OR REPLACE VIEW v_cases AS
SELECT
    *,
    ended_at IS NULL AS open
FROM cases FINAL
COMMENT '办件';

-- apply
CREATE OR REPLACE VIEW v_clocks_at AS
SELECT
    k.case_no AS case_no,
    k.clock_id AS clock_id,
    k.clock AS clock,
    k.source AS source,
    k.item AS item,
    k.item_name AS item_name,
    k.region AS region,
    k.department AS department,
    k.window AS window,
    k.case_type AS case_type,
    k.step AS step,
    k.officer AS officer,
    k.started_at AS started_at,
    k.due_at AS due_at,
    k.stopped_at AS stopped_at,
    k.state AS state,
    k.level AS level,
    k.card_levels AS card_levels,
    k.card_times AS card_times,
    k.card_rules AS card_rules,
    k.next_at AS next_at,
    k.provisional AS provisional,
    k.limit_text AS limit_text,
    k.basis AS basis,
    k.mode AS mode,
    k.calendar AS calendar,
    k.calendar_version AS calendar_version,
    k.revision AS revision,
    ifNull(k.stopped_at > {as_of:DateTime64(0, 'UTC')}, true) AS open,
    k.due_at < {as_of:DateTime64(0, 'UTC')} AND ifNull(k.stopped_at > k.due_at, true) AS overdue,
    if(overdue, addSeconds(k.due_at, 1), NULL) AS breached_at,
    if(overdue, dateDiff('second', k.due_at,
        least(ifNull(k.stopped_at, {as_of:DateTime64(0, 'UTC')}), {as_of:DateTime64(0, 'UTC')})), 0) AS seconds_over,
    toTimeZone(k.due_at, 'Asia/Shanghai') AS due_beijing
FROM clocks AS k FINAL
INNER JOIN cases AS c FINAL ON k.case_no = c.case_no
WHERE k.revision >= c.revision AND k.started_at <= {as_of:DateTime64(0, 'UTC')}
COMMENT '在某一时刻的各项计时';

-- apply
CREATE OR REPLACE VIEW v_clocks AS
SELECT * FROM v_clocks_at(as_of = now())
COMMENT '现在的各项计时';

-- apply
CREATE OR REPLACE VIEW v_overdue_at AS
SELECT * FROM v_clocks_at(as_of = {as_of:DateTime64(0, 'UTC')}) WHERE overdue
COMMENT '在某一时刻已超时的计时 (含已停止而当时超时的)';

-- apply
CREATE OR REPLACE VIEW v_overdue AS
SELECT * FROM v_clocks WHERE overdue
COMMENT '现在已超时的计时 (open = 1 为仍未办结)';

-- apply
CREATE OR REPLACE VIEW v_cards AS
SELECT
    c.*,
    c.move != 'retracted' AS standing,
    toUInt8(indexOf(['notice', 'yellow', 'red'], c.level)) AS level_rank,
    standing
        AND level_rank = max(if(standing, level_rank, 0)) OVER (PARTITION BY c.case_no, c.clock_id)
        AS highest,
    c.holds_from > c.due_at AS breach,
    m.issued_at AS issued_at,
    m.retracted_at AS retracted_at,
    if(c.active, NULL, m.resolved_at) AS resolved_at,
    toTimeZone(c.due_at, 'Asia/Shanghai') AS due_beijing,
    toTimeZone(m.issued_at, 'Asia/Shanghai') AS issued_beijing
FROM cards AS c FINAL
LEFT JOIN
(
    SELECT
        case_no,
        card_id,
        minIf(at, move = 'issued') AS issued_at,
        maxOrNullIf(at, move = 'retracted') AS retracted_at,
        maxOrNullIf(at, move = 'resolved') AS resolved_at
    FROM card_moves
    GROUP BY case_no, card_id
) AS m ON c.case_no = m.case_no AND c.card_id = m.card_id
COMMENT '牌: standing 有效, active 应告警, highest 该计时的最高有效牌, breach 已超时';

-- apply
CREATE OR REPLACE VIEW v_breaches_at AS
SELECT
    o.*,
    toTimeZone(o.breached_at, 'Asia/Shanghai') AS breached_beijing,
    k.card_id AS card_id,
    k.level AS card_level,
    k.rule AS card_rule,
    if(k.card_id = '', NULL, k.issued_at) AS issued_at,
    if(k.card_id = '', NULL, dateDiff('second', o.breached_at, k.issued_at)) AS seconds_until_issued
FROM v_overdue_at(as_of = {as_of:DateTime64(0, 'UTC')}) AS o
LEFT JOIN
(
    SELECT
        case_no,
        clock_id,
        argMax(card_id, rank) AS card_id,
        argMax(level, rank) AS level,
        argMax(rule, rank) AS rule,
        argMax(issued_at, rank) AS issued_at
    FROM
    (
        SELECT *, (level_rank, sequence) AS rank
        FROM v_cards
        WHERE standing AND breach
    )
    GROUP BY case_no, clock_id
) AS k ON o.case_no = k.case_no AND o.clock_id = k.clock_id
COMMENT '在某一时刻的超时: 何时超时 (breached_at), 何时发牌 (issued_at)';

-- apply
CREATE OR REPLACE VIEW v_breaches AS
SELECT * FROM v_breaches_at(as_of = now())
COMMENT '现在的超时';

-- apply
CREATE OR REPLACE VIEW v_open_cases_at AS
SELECT
    c.case_no AS case_no,
    c.* EXCEPT (case_no, level, open),
    k.next_due_at AS next_due_at,
    k.next_due_clock AS next_due_clock,
    k.overdue_clocks AS overdue_clocks,
    if(d.level = '', 'none', d.level) AS level,
    toTimeZone(k.next_due_at, 'Asia/Shanghai') AS next_due_beijing
FROM v_cases AS c
LEFT JOIN
(
    SELECT
        case_no,
        minOrNull(due_at) AS next_due_at,
        argMin(clock_id, due_at) AS next_due_clock,
        countIf(overdue) AS overdue_clocks
    FROM v_clocks_at(as_of = {as_of:DateTime64(0, 'UTC')})
    WHERE open
    GROUP BY case_no
) AS k ON c.case_no = k.case_no
LEFT JOIN
(
    SELECT case_no, argMax(level, level_rank) AS level
    FROM v_cards
    WHERE issued_at <= {as_of:DateTime64(0, 'UTC')}
        AND ifNull(retracted_at > {as_of:DateTime64(0, 'UTC')}, true)
    GROUP BY case_no
) AS d ON c.case_no = d.case_no
WHERE c.opened_at <= {as_of:DateTime64(0, 'UTC')}
    AND ifNull(c.ended_at > {as_of:DateTime64(0, 'UTC')}, true)
COMMENT '在某一时刻的在办件: 下一到期时间 (已超时的在前) 和当时的最高有效牌';

-- apply
CREATE OR REPLACE VIEW v_open_cases AS
SELECT * FROM v_open_cases_at(as_of = now())
COMMENT '现在的在办件';

-- apply
CREATE OR REPLACE VIEW v_card_history AS
SELECT
    *,
    toTimeZone(at, 'Asia/Shanghai') AS at_beijing
FROM card_moves FINAL
ORDER BY case_no, card_id, move_no
COMMENT '牌的全部变动';

-- apply
CREATE OR REPLACE VIEW v_rulings AS
SELECT
    * EXCEPT (precedence),
    toTimeZone(decided_at, 'Asia/Shanghai') AS decided_beijing
FROM rulings FINAL
COMMENT '处理意见';

-- apply
CREATE OR REPLACE VIEW v_case_timeline AS
SELECT
    *,
    toTimeZone(at, 'Asia/Shanghai') AS at_beijing
FROM
(
    SELECT
        case_no,
        occurred_at AS at,
        'event' AS entry,
        toString(kind) AS what,
        toString(step) AS step,
        toString(officer) AS officer,
        '' AS clock_id,
        '' AS card_id,
        '' AS level,
        if(reason = '', toString(outcome), reason) AS reason,
        arrived_at AS known_at,
        content
    FROM events FINAL
    UNION ALL
    SELECT
        case_no,
        toDateTime64(at, 3, 'UTC') AS at,
        'card' AS entry,
        toString(move) AS what,
        toString(step) AS step,
        toString(officer) AS officer,
        clock_id,
        card_id,
        toString(level) AS level,
        toString(reason) AS reason,
        toDateTime64(at, 3, 'UTC') AS known_at,
        '' AS content
    FROM card_moves FINAL
    UNION ALL
    SELECT
        case_no,
        decided_at AS at,
        'ruling' AS entry,
        toString(action) AS what,
        '' AS step,
        toString(actor) AS officer,
        '' AS clock_id,
        card_id,
        '' AS level,
        reason,
        arrived_at AS known_at,
        '' AS content
    FROM rulings FINAL
)
ORDER BY case_no, at, entry DESC
COMMENT '办件时间线: 记录, 牌, 处理意见';

-- apply
CREATE OR REPLACE VIEW v_on_time_rates_at AS
SELECT
    clock,
    region,
    department,
    item,
    any(item_name) AS item_name,
    count() AS clocks,
    countIf(NOT open) AS finished,
    countIf(NOT open AND NOT overdue) AS in_time,
    countIf(open AND overdue) AS open_overdue,
    intDiv(10000 * in_time, nullIf(finished + open_overdue, 0)) / 100 AS on_time_rate
FROM v_clocks_at(as_of = {as_of:DateTime64(0, 'UTC')})
GROUP BY clock, region, department, item
COMMENT '按时办结率 (%): 按时 / (已办结 + 未办结已超时), 截去两位以后, 无数据为空';

-- apply
CREATE OR REPLACE VIEW v_on_time_rates AS
SELECT * FROM v_on_time_rates_at(as_of = now())
COMMENT '现在的按时办结率 (%)';

-- apply
CREATE OR REPLACE VIEW v_dead_letters AS
SELECT
    *,
    toTimeZone(refused_at, 'Asia/Shanghai') AS refused_beijing
FROM dead_letters FINAL
COMMENT '退回记录';

-- apply
CREATE OR REPLACE VIEW v_reference_versions AS
SELECT
    subject,
    name,
    version,
    min(in_force_at) AS in_force_from,
    max(in_force_at) AS in_force_everywhere_from,
    uniqExact(partition) AS partitions,
    any(content) AS content
FROM reference_versions
GROUP BY subject, name, version, content_hash
COMMENT '事项目录和工作日历的各版本, 全部分区合并';

-- apply
CREATE OR REPLACE VIEW v_engine_time AS
SELECT greatest((SELECT max(as_of) FROM cases), (SELECT max(at) FROM card_moves)) AS as_of
COMMENT '监察时间: 已写出的最后一个时间节拍';

-- revert
DROP VIEW IF EXISTS v_engine_time;
-- revert
DROP VIEW IF EXISTS v_reference_versions;
-- revert
DROP VIEW IF EXISTS v_dead_letters;
-- revert
DROP VIEW IF EXISTS v_on_time_rates;
-- revert
DROP VIEW IF EXISTS v_on_time_rates_at;
-- revert
DROP VIEW IF EXISTS v_case_timeline;
-- revert
DROP VIEW IF EXISTS v_rulings;
-- revert
DROP VIEW IF EXISTS v_card_history;
-- revert
DROP VIEW IF EXISTS v_open_cases;
-- revert
DROP VIEW IF EXISTS v_open_cases_at;
-- revert
DROP VIEW IF EXISTS v_breaches;
-- revert
DROP VIEW IF EXISTS v_breaches_at;
-- revert
DROP VIEW IF EXISTS v_cards;
-- revert
DROP VIEW IF EXISTS v_overdue;
-- revert
DROP VIEW IF EXISTS v_overdue_at;
-- revert
DROP VIEW IF EXISTS v_clocks;
-- revert
DROP VIEW IF EXISTS v_clocks_at;
-- revert
DROP VIEW IF EXISTS v_cases;
-- revert
DROP VIEW IF EXISTS v_events;
