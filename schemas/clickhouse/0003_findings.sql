-- Findings, deemed acceptance, and records that their source took back.
--
-- A finding is what a case's records show beside its clocks; one with a level is carded like a
-- clock: in the cards its clock is `finding`, its clock_id the finding_id here, and its due_at the
-- moment itself, for nothing falls due. `record` is the same number in events and in findings.

-- apply
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS record UInt64 COMMENT '记录编号: 来源系统和记录标识的哈希, 与 findings.record 相同 (0 为此列之前写入)' AFTER event_id,
    ADD COLUMN IF NOT EXISTS voided Bool DEFAULT JSONExtractBool(content, 'voided') COMMENT '是否作废本记录: 来源系统收回了它, 视为从未发送' AFTER kind

-- apply
ALTER TABLE clocks
    ADD COLUMN IF NOT EXISTS known_from DateTime64(0, 'UTC') DEFAULT started_at COMMENT '得知时间: 视为受理等事后才得知的计时, 晚于计时开始时间' AFTER started_at,
    ADD COLUMN IF NOT EXISTS deemed Bool COMMENT '是否视为受理: 逾期未答复, 自收件或补齐之日起视为受理 (行政许可法第三十二条)' AFTER known_from,
    ADD COLUMN IF NOT EXISTS assumed Bool COMMENT '是否推定起点: 没有记录写明计时的开始' AFTER deemed

-- apply
ALTER TABLE clocks COMMENT COLUMN clock '时限种类 (acceptance 受理时限, pre_acceptance 网上预受理时限, promised 承诺时限, statutory 法定时限, step 环节时限, opinion 会签时限, first_review 下级初审时限, special_procedure 特别程序时限, delivery 送达时限, e_licence 电子证照送达时限)'

-- apply
ALTER TABLE card_moves COMMENT COLUMN due_at '到期时间: 期限内的最后一秒 (监察发现没有期限, 为其成立的第一秒)'

-- apply
ALTER TABLE cards COMMENT COLUMN due_at '到期时间: 期限内的最后一秒 (监察发现没有期限, 为其成立的第一秒)'

-- apply
CREATE TABLE IF NOT EXISTS findings
(
    case_no String COMMENT '办件编号',
    finding_id String COMMENT '监察发现编号 (办件内唯一, 即其牌的计时编号)',
    revision UInt64 COMMENT '办件修订号: 低于办件现状的发现已不成立',
    code LowCardinality(String) COMMENT '监察发现代码 (second_notice 违反一次告知, late_record 补录, suspension_at_brink 压线挂起 等)',
    level LowCardinality(String) COMMENT '监察预警类型 (none 只记录不发牌, notice 预警, yellow 黄牌, red 红牌)',
    at DateTime64(0, 'UTC') COMMENT '成立的第一秒',
    basis LowCardinality(String) COMMENT '依据',
    kind LowCardinality(String) COMMENT '所据记录的事件类型',
    record UInt64 COMMENT '所据记录的编号, 与 events.record 相同',
    record_version UInt32 COMMENT '所据记录的数据版本',
    occurred_at DateTime64(0, 'UTC') COMMENT '所据记录的发生时间',
    source LowCardinality(String) COMMENT '来源系统',
    item LowCardinality(String) COMMENT '实施编码',
    item_name LowCardinality(String) COMMENT '事项名称',
    region LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    department LowCardinality(String) COMMENT '实施主体 (统一社会信用代码)',
    window LowCardinality(String) COMMENT '窗口',
    case_type LowCardinality(String) COMMENT '办件类型',
    as_of DateTime64(0, 'UTC') COMMENT '写出时的监察时间'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (case_no, finding_id)
COMMENT '监察发现: 记录本身所表明的问题, 每件每项一行';

-- apply
CREATE OR REPLACE VIEW v_findings AS
SELECT
    f.*,
    f.level != 'none' AS carded,
    toTimeZone(f.at, 'Asia/Shanghai') AS at_beijing
FROM findings AS f FINAL
INNER JOIN cases AS c FINAL ON f.case_no = c.case_no
WHERE f.revision >= c.revision
COMMENT '现在成立的监察发现: carded 发牌';

-- apply
CREATE OR REPLACE VIEW v_events AS
SELECT
    * EXCEPT (precedence),
    toTimeZone(occurred_at, 'Asia/Shanghai') AS occurred_beijing
FROM events FINAL
COMMENT '环节事件: voided 为来源系统已收回的记录';

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
    k.known_from AS known_from,
    k.deemed AS deemed,
    k.assumed AS assumed,
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
COMMENT '在某一时刻的各项计时: deemed 视为受理, 其 known_from 晚于 started_at';

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
COMMENT '在某一时刻的超时: 何时超时 (breached_at), 何时可知 (known_from), 何时发牌 (issued_at)';

-- apply
CREATE OR REPLACE VIEW v_breaches AS
SELECT * FROM v_breaches_at(as_of = now())
COMMENT '现在的超时';

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
        if(voided, 'voided', 'event') AS entry,
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
        'finding' AS entry,
        toString(code) AS what,
        '' AS step,
        '' AS officer,
        finding_id AS clock_id,
        '' AS card_id,
        toString(level) AS level,
        toString(basis) AS reason,
        toDateTime64(as_of, 3, 'UTC') AS known_at,
        '' AS content
    FROM v_findings
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
COMMENT '办件时间线: 记录 (event, 已收回的为 voided), 监察发现, 牌, 处理意见';

-- revert
DROP VIEW IF EXISTS v_case_timeline;
-- revert
DROP VIEW IF EXISTS v_breaches;
-- revert
DROP VIEW IF EXISTS v_breaches_at;
-- revert
DROP VIEW IF EXISTS v_overdue;
-- revert
DROP VIEW IF EXISTS v_overdue_at;
-- revert
DROP VIEW IF EXISTS v_clocks;
-- revert
DROP VIEW IF EXISTS v_clocks_at;
-- revert
DROP VIEW IF EXISTS v_events;
-- revert
DROP VIEW IF EXISTS v_findings;
-- revert
DROP TABLE IF EXISTS findings;
-- revert
ALTER TABLE clocks
    DROP COLUMN IF EXISTS known_from,
    DROP COLUMN IF EXISTS deemed,
    DROP COLUMN IF EXISTS assumed;
-- revert
ALTER TABLE events
    DROP COLUMN IF EXISTS record,
    DROP COLUMN IF EXISTS voided;
