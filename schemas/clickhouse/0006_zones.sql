-- The views mean what they say whatever the zone of the server and of the session.
--
-- A view's parameter reaches it as text: a DateTime is written out on the clock face of its own zone,
-- the server's where it names none, and read as UTC. So `as_of = now()` was eight hours ahead on a
-- server in Asia/Shanghai. `now('UTC')` is written out in UTC; so is toTimeZone(moment, 'UTC').
-- A view's columns are not Nullable where a reader's join_use_nulls would make them so: pinned.

-- apply
CREATE OR REPLACE VIEW v_clocks AS
SELECT * FROM v_clocks_at(as_of = now('UTC'))
COMMENT '现在的各项计时'

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
SETTINGS join_use_nulls = 0
COMMENT '在某一时刻的超时: 何时超时 (breached_at), 何时可知 (known_from), 何时发牌 (issued_at)'

-- apply
CREATE OR REPLACE VIEW v_breaches AS
SELECT * FROM v_breaches_at(as_of = now('UTC'))
COMMENT '现在的超时'

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
    WHERE NOT superseded
        AND issued_at <= {as_of:DateTime64(0, 'UTC')}
        AND ifNull(retracted_at > {as_of:DateTime64(0, 'UTC')}, true)
    GROUP BY case_no
) AS d ON c.case_no = d.case_no
WHERE c.opened_at <= {as_of:DateTime64(0, 'UTC')}
    AND ifNull(c.ended_at > {as_of:DateTime64(0, 'UTC')}, true)
SETTINGS join_use_nulls = 0
COMMENT '在某一时刻的在办件: 下一到期时间 (已超时的在前) 和当时的最高有效牌'

-- apply
CREATE OR REPLACE VIEW v_open_cases AS
SELECT * FROM v_open_cases_at(as_of = now('UTC'))
COMMENT '现在的在办件'

-- apply
CREATE OR REPLACE VIEW v_on_time_rates AS
SELECT * FROM v_on_time_rates_at(as_of = now('UTC'))
COMMENT '现在的按时办结率 (%)'

-- apply
CREATE OR REPLACE VIEW v_changes AS
SELECT
    c.change_id AS change_id,
    any(c.subject) AS subject,
    any(c.names) AS names,
    any(c.dry_run) AS dry_run,
    any(c.retroactive) AS retroactive,
    any(c.by) AS by,
    any(c.made_at) AS made_at,
    min(c.first_day) AS first_day,
    count() AS partitions,
    countIf(e.result != '') AS partitions_ended,
    sum(c.cases) AS cases,
    sum(e.judged) AS judged,
    sum(e.changed) AS changed,
    toTimeZone(made_at, 'Asia/Shanghai') AS made_beijing
FROM changes AS c FINAL
LEFT JOIN (SELECT * FROM change_ends FINAL) AS e
    ON c.change_id = e.change_id AND c.partition = e.partition
GROUP BY c.change_id
SETTINGS join_use_nulls = 0
COMMENT '日历和目录的变更, 全部分区合并';

-- revert
DROP VIEW IF EXISTS v_changes;
-- revert
DROP VIEW IF EXISTS v_on_time_rates;
-- revert
DROP VIEW IF EXISTS v_open_cases;
-- revert
DROP VIEW IF EXISTS v_open_cases_at;
-- revert
DROP VIEW IF EXISTS v_breaches;
-- revert
DROP VIEW IF EXISTS v_breaches_at;
-- revert
DROP VIEW IF EXISTS v_clocks;
