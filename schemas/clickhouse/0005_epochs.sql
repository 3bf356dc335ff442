-- Epochs: a state that began from nothing outranks those before it. Offsets beside the rows. When a
-- clock stands still (特别程序): a record is written when something happens to a case, not when a
-- procedure begins or ends by the clock, so whoever looks later asks the intervals.
--
-- An epoch (纪元) is the second, since 1970 UTC, at which a partition's state began from nothing; rows
-- written before this migration are of epoch 0. What a case counts begins at 1 with it, so a version
-- is epoch << 32 | count. `revision` is that in the tables, where it is compared; views show the two
-- apart. A card keeps its moves of every life.

-- apply
ALTER TABLE cases ADD COLUMN IF NOT EXISTS epoch UInt32 ALIAS toUInt32(bitShiftRight(revision, 32)) COMMENT '纪元: 所属监察状态从零开始的时间 (1970 年起的秒数, 0 为 0.1.0 及以前)'

-- apply
ALTER TABLE clocks ADD COLUMN IF NOT EXISTS epoch UInt32 ALIAS toUInt32(bitShiftRight(revision, 32)) COMMENT '纪元: 所属监察状态从零开始的时间 (1970 年起的秒数, 0 为 0.1.0 及以前)'

-- apply
ALTER TABLE findings ADD COLUMN IF NOT EXISTS epoch UInt32 ALIAS toUInt32(bitShiftRight(revision, 32)) COMMENT '纪元: 所属监察状态从零开始的时间 (1970 年起的秒数, 0 为 0.1.0 及以前)'

-- apply
ALTER TABLE cases COMMENT COLUMN revision '纪元 << 32 | 修订号: 最大者为现状'

-- apply
ALTER TABLE clocks COMMENT COLUMN revision '纪元 << 32 | 办件修订号: 低于办件现状的计时已不存在'

-- apply
ALTER TABLE findings COMMENT COLUMN revision '纪元 << 32 | 办件修订号: 低于办件现状的发现已不成立'

-- apply
ALTER TABLE clocks
    ADD COLUMN IF NOT EXISTS paused_from Array(DateTime64(0, 'UTC')) COMMENT '各次特别程序停止计时的起点 (含未到的)',
    ADD COLUMN IF NOT EXISTS paused_until Array(DateTime64(0, 'UTC')) COMMENT '各次停止计时结束后的第一秒: 程序结束, 或所需天数用完'

-- apply
ALTER TABLE clocks COMMENT COLUMN state '写出时的状态 (running 计时, paused 中止, stopped 已有停止记录); 某一时刻的状态须按 stopped_at, paused_from, paused_until 推算'

-- apply
ALTER TABLE card_moves
    ADD COLUMN IF NOT EXISTS epoch UInt32 COMMENT '纪元: 所属监察状态从零开始的时间 (1970 年起的秒数, 0 为 0.1.0 及以前)' AFTER card_id,
    MODIFY ORDER BY (case_no, card_id, move_no, epoch)

-- The version of a table cannot be changed in place: `cards` is copied out and back. Wherever this is
-- cut off, `cards` and `cards_kept` together hold every card, and it may be run again.

-- apply
CREATE TABLE IF NOT EXISTS cards_kept
(
    `case_no` String COMMENT '办件编号',
    `card_id` String COMMENT '监察编号',
    `epoch` UInt32 COMMENT '纪元: 所属监察状态从零开始的时间 (1970 年起的秒数, 0 为 0.1.0 及以前)',
    `move_no` UInt32 COMMENT '变动序号: 1 为发出',
    `move_id` String COMMENT '变动标识',
    `move` LowCardinality(String) COMMENT '变动 (issued 发出, retracted 撤销, resolved 停止计时, reopened 恢复计时)',
    `at` DateTime64(0, 'UTC') COMMENT '状态产生时间: 监察系统作出变动的时间',
    `reason` LowCardinality(String) COMMENT '变动原因',
    `clock_id` String COMMENT '计时编号',
    `clock` LowCardinality(String) COMMENT '时限种类',
    `level` LowCardinality(String) COMMENT '监察预警类型代码 (notice 预警, yellow 黄牌, red 红牌)',
    `sequence` UInt32 COMMENT '同一计时同一类型的第几张',
    `rule` LowCardinality(String) COMMENT '监察规则编号',
    `holds_from` DateTime64(0, 'UTC') COMMENT '该类型成立的第一秒',
    `due_at` DateTime64(0, 'UTC') COMMENT '到期时间: 期限内的最后一秒 (监察发现没有期限, 为其成立的第一秒)',
    `started_at` DateTime64(0, 'UTC') COMMENT '计时开始时间',
    `stopped_at` Nullable(DateTime64(0, 'UTC')) COMMENT '计时停止时间',
    `active` Bool COMMENT '是否应告警: 牌有效且仍在计时',
    `provisional` Bool COMMENT '是否暂定: 到期时间依据尚未公布的放假安排推算',
    `limit_text` LowCardinality(String) COMMENT '办结时限 (数量和单位, stated 为来源系统给定)',
    `source` LowCardinality(String) COMMENT '来源系统',
    `item` LowCardinality(String) COMMENT '实施编码',
    `item_name` LowCardinality(String) COMMENT '事项名称',
    `region` LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    `department` LowCardinality(String) COMMENT '责任部门',
    `window` LowCardinality(String) COMMENT '窗口',
    `step` LowCardinality(String) COMMENT '环节编码',
    `officer` LowCardinality(String) COMMENT '变动时的环节处理人编号',
    `revision` UInt64 COMMENT '办件修订号',
    `catalogue` LowCardinality(String) COMMENT '事项目录版本',
    `calendar` LowCardinality(String) COMMENT '工作日历',
    `calendar_version` LowCardinality(String) COMMENT '工作日历版本',
    `rank` UInt64 MATERIALIZED bitOr(bitShiftLeft(toUInt64(epoch), 32), toUInt64(move_no)) COMMENT '纪元 << 32 | 变动序号: 最大者为现状'
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY (case_no, card_id)
COMMENT '电子监察: 每张牌的最新状态 (最后纪元的最后一次变动)'

-- apply
CREATE TABLE IF NOT EXISTS cards AS cards_kept
ENGINE = ReplacingMergeTree(rank)
ORDER BY (case_no, card_id)
COMMENT '电子监察: 每张牌的最新状态 (最后纪元的最后一次变动)'

-- apply
ALTER TABLE cards ADD COLUMN IF NOT EXISTS epoch UInt32 AFTER card_id

-- apply
INSERT INTO cards_kept
    (case_no, card_id, epoch, move_no, move_id, move, at, reason, clock_id, clock, level, sequence, rule,
    holds_from, due_at, started_at, stopped_at, active, provisional, limit_text, source, item, item_name,
    region, department, window, step, officer, revision, catalogue, calendar, calendar_version)
SELECT
    case_no, card_id, epoch, move_no, move_id, move, at, reason, clock_id, clock, level, sequence, rule,
    holds_from, due_at, started_at, stopped_at, active, provisional, limit_text, source, item, item_name,
    region, department, window, step, officer, revision, catalogue, calendar, calendar_version
FROM cards FINAL

-- apply
DROP TABLE IF EXISTS cards

-- apply
CREATE TABLE IF NOT EXISTS cards AS cards_kept
ENGINE = ReplacingMergeTree(rank)
ORDER BY (case_no, card_id)
COMMENT '电子监察: 每张牌的最新状态 (最后纪元的最后一次变动)'

-- apply
INSERT INTO cards
    (case_no, card_id, epoch, move_no, move_id, move, at, reason, clock_id, clock, level, sequence, rule,
    holds_from, due_at, started_at, stopped_at, active, provisional, limit_text, source, item, item_name,
    region, department, window, step, officer, revision, catalogue, calendar, calendar_version)
SELECT
    case_no, card_id, epoch, move_no, move_id, move, at, reason, clock_id, clock, level, sequence, rule,
    holds_from, due_at, started_at, stopped_at, active, provisional, limit_text, source, item, item_name,
    region, department, window, step, officer, revision, catalogue, calendar, calendar_version
FROM cards_kept FINAL

-- apply
DROP TABLE IF EXISTS cards_kept

-- What the sink has put into the history, beside the rows: the group's offsets alone would not tell
-- that a restored, or another, database lacks what they say was read.

-- apply
CREATE TABLE IF NOT EXISTS sink_offsets
(
    topic LowCardinality(String) COMMENT '主题',
    topic_id String COMMENT '主题的标识: 同名重建的主题另有标识',
    partition UInt32 COMMENT '分区',
    next_offset UInt64 COMMENT '历史库已收到此位置之前的全部记录',
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT '写入时间'
)
ENGINE = ReplacingMergeTree(next_offset)
ORDER BY (topic, partition, topic_id)
COMMENT '历史库收到了各主题的哪些记录'

-- apply
CREATE TABLE IF NOT EXISTS lives
(
    epoch UInt32 COMMENT '纪元: 监察状态从零开始的时间 (1970 年起的秒数)',
    partition UInt32 COMMENT '分区',
    partitions UInt32 COMMENT '当时的分区数',
    at DateTime64(0, 'UTC') COMMENT '补读完开始时已有的记录的监察时间: 此后, 只有以前的纪元才有的牌不再告警'
)
ENGINE = ReplacingMergeTree
ORDER BY (epoch, partition)
COMMENT '纪元: 每个分区的监察状态何时从零开始'

-- apply
CREATE OR REPLACE VIEW v_cases AS
SELECT
    * REPLACE (bitAnd(revision, 4294967295) AS revision),
    epoch,
    ended_at IS NULL AS open
FROM cases FINAL
COMMENT '办件'

-- apply
CREATE OR REPLACE VIEW v_findings AS
SELECT
    f.* REPLACE (bitAnd(f.revision, 4294967295) AS revision),
    f.epoch AS epoch,
    f.level != 'none' AS carded,
    toTimeZone(f.at, 'Asia/Shanghai') AS at_beijing
FROM findings AS f FINAL
INNER JOIN cases AS c FINAL ON f.case_no = c.case_no
WHERE f.revision >= c.revision
COMMENT '现在成立的监察发现: carded 发牌'

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
    multiIf(
        ifNull(k.stopped_at <= {as_of:DateTime64(0, 'UTC')}, false), 'stopped',
        arrayExists(
            (a, b) -> a <= {as_of:DateTime64(0, 'UTC')} AND {as_of:DateTime64(0, 'UTC')} < b,
            k.paused_from, k.paused_until)
            OR (empty(k.paused_from) AND k.state = 'paused'), 'paused',
        'running') AS state,
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
    bitAnd(k.revision, 4294967295) AS revision,
    k.epoch AS epoch,
    ifNull(k.stopped_at > {as_of:DateTime64(0, 'UTC')}, true) AS open,
    k.due_at < {as_of:DateTime64(0, 'UTC')} AND ifNull(k.stopped_at > k.due_at, true) AS overdue,
    if(overdue, addSeconds(k.due_at, 1), NULL) AS breached_at,
    if(overdue, dateDiff('second', k.due_at,
        least(ifNull(k.stopped_at, {as_of:DateTime64(0, 'UTC')}), {as_of:DateTime64(0, 'UTC')})), 0) AS seconds_over,
    toTimeZone(k.due_at, 'Asia/Shanghai') AS due_beijing
FROM clocks AS k FINAL
INNER JOIN cases AS c FINAL ON k.case_no = c.case_no
WHERE k.revision >= c.revision AND k.started_at <= {as_of:DateTime64(0, 'UTC')}
COMMENT '在某一时刻的各项计时: state 为该时刻的状态 (停止时间已到即为停止); deemed 视为受理, 其 known_from 晚于 started_at'

-- apply
CREATE OR REPLACE VIEW v_clocks AS
SELECT * FROM v_clocks_at(as_of = now())
COMMENT '现在的各项计时'

-- apply
CREATE OR REPLACE VIEW v_overdue_at AS
SELECT * FROM v_clocks_at(as_of = {as_of:DateTime64(0, 'UTC')}) WHERE overdue
COMMENT '在某一时刻已超时的计时 (含已停止而当时超时的)'

-- apply
CREATE OR REPLACE VIEW v_overdue AS
SELECT * FROM v_clocks WHERE overdue
COMMENT '现在已超时的计时 (open = 1 为仍未办结)'

-- apply
CREATE OR REPLACE VIEW v_cards AS
SELECT
    c.* EXCEPT (case_epoch) REPLACE (c.active AND c.epoch >= c.case_epoch AS active),
    c.epoch < c.case_epoch AS superseded,
    c.move != 'retracted' AND c.epoch >= c.case_epoch AS standing,
    toUInt8(indexOf(['notice', 'yellow', 'red'], c.level)) AS level_rank,
    standing
        AND level_rank = max(if(standing, level_rank, 0)) OVER (PARTITION BY c.case_no, c.clock_id)
        AS highest,
    c.holds_from > c.due_at AS breach,
    m.issued_at AS issued_at,
    if(m.retracted.2 = 1 AND m.retracted.1 = c.epoch, m.retracted.3, NULL) AS retracted_at,
    if(NOT c.active AND m.resolved.2 = 1 AND m.resolved.1 = c.epoch, m.resolved.3, NULL) AS resolved_at,
    toTimeZone(c.due_at, 'Asia/Shanghai') AS due_beijing,
    toTimeZone(m.issued_at, 'Asia/Shanghai') AS issued_beijing
FROM
(
    SELECT n.*, ifNull(k.case_epoch, 0) AS case_epoch
    FROM cards AS n FINAL
    LEFT JOIN (SELECT case_no, epoch AS case_epoch FROM cases FINAL) AS k ON n.case_no = k.case_no
) AS c
LEFT JOIN
(
    SELECT
        case_no,
        card_id,
        minIf(at, move = 'issued') AS issued_at,
        maxIf((epoch, 1, at), move = 'retracted') AS retracted,
        maxIf((epoch, 1, at), move = 'resolved') AS resolved
    FROM card_moves
    GROUP BY case_no, card_id
) AS m ON c.case_no = m.case_no AND c.card_id = m.card_id
SETTINGS join_use_nulls = 0
COMMENT '牌: standing 有效, active 应告警, highest 该计时的最高有效牌, breach 已超时; issued_at 各纪元中最早的发出时间, superseded 办件已进入新的纪元而新纪元没有再发出此牌'

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
COMMENT '在某一时刻的超时: 何时超时 (breached_at), 何时可知 (known_from), 何时发牌 (issued_at)'

-- apply
CREATE OR REPLACE VIEW v_breaches AS
SELECT * FROM v_breaches_at(as_of = now())
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
COMMENT '在某一时刻的在办件: 下一到期时间 (已超时的在前) 和当时的最高有效牌'

-- apply
CREATE OR REPLACE VIEW v_open_cases AS
SELECT * FROM v_open_cases_at(as_of = now())
COMMENT '现在的在办件'

-- apply
CREATE OR REPLACE VIEW v_card_history AS
SELECT
    *,
    toTimeZone(at, 'Asia/Shanghai') AS at_beijing
FROM card_moves FINAL
ORDER BY case_no, card_id, epoch, move_no
COMMENT '牌的全部变动, 各纪元的都保留'

-- apply
CREATE OR REPLACE VIEW v_lives AS
SELECT
    epoch,
    toDateTime64(epoch, 0, 'UTC') AS began_at,
    uniqExact(partition) AS partitions,
    max(at) AS caught_up_at,
    toTimeZone(began_at, 'Asia/Shanghai') AS began_beijing
FROM lives
GROUP BY epoch
COMMENT '纪元: 监察状态何时从零开始, 涉及几个分区'

-- revert
DROP VIEW IF EXISTS v_lives;
-- revert
DROP TABLE IF EXISTS lives;
-- revert
DROP TABLE IF EXISTS sink_offsets;
-- revert
DROP TABLE IF EXISTS cards_kept;
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
DROP VIEW IF EXISTS v_findings;
-- revert
DROP VIEW IF EXISTS v_cases;
-- revert
ALTER TABLE cases DROP COLUMN IF EXISTS epoch;
-- revert
ALTER TABLE clocks
    DROP COLUMN IF EXISTS epoch,
    DROP COLUMN IF EXISTS paused_from,
    DROP COLUMN IF EXISTS paused_until;
-- revert
ALTER TABLE findings DROP COLUMN IF EXISTS epoch;
