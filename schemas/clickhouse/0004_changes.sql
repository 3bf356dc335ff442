-- Changes of calendar and catalogue: what came in force where, and what it did to each open case.
--
-- A partition tells when it begins and when it has judged every case again. A dry run tells the
-- same and changes nothing. NULL moments: there was no such clock before, or is none after.

-- apply
CREATE TABLE IF NOT EXISTS changes
(
    change_id String COMMENT '变更编号',
    partition UInt32 COMMENT '分区',
    at DateTime64(0, 'UTC') COMMENT '开始时的监察时间',
    subject LowCardinality(String) COMMENT '种类 (calendar 工作日历, catalogue 事项目录)',
    names Array(String) COMMENT '被替换的日历和目录: 名称@版本',
    retroactive Bool COMMENT '是否溯及在办件 (目录)',
    dry_run Bool COMMENT '是否试算: 只比较, 不生效',
    made_at DateTime64(0, 'UTC') COMMENT '提出时间',
    by String COMMENT '提出人',
    first_day Nullable(Date32) COMMENT '最早有变化的一天',
    cases UInt64 COMMENT '可能涉及的在办件数'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (change_id, partition)
COMMENT '日历和目录的变更: 每个分区一行';

-- apply
CREATE TABLE IF NOT EXISTS change_ends
(
    change_id String COMMENT '变更编号',
    partition UInt32 COMMENT '分区',
    at DateTime64(0, 'UTC') COMMENT '结束时的监察时间',
    result LowCardinality(String) COMMENT '结果 (applied 已生效, compared 已试算, unchanged 与现行一致, refused 不予采用)',
    reason String COMMENT '不予采用的原因和更正办法',
    judged UInt64 COMMENT '重新判定的办件数',
    changed UInt64 COMMENT '有变化的办件数'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (change_id, partition)
COMMENT '日历和目录变更的结束: 每个分区一行';

-- apply
CREATE TABLE IF NOT EXISTS change_clocks
(
    change_id String COMMENT '变更编号',
    case_no String COMMENT '办件编号',
    clock_id String COMMENT '计时编号 (办件内唯一)',
    partition UInt32 COMMENT '分区',
    at DateTime64(0, 'UTC') COMMENT '判定时的监察时间',
    item LowCardinality(String) COMMENT '实施编码',
    region LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    department LowCardinality(String) COMMENT '实施主体 (统一社会信用代码)',
    dry_run Bool COMMENT '是否试算',
    clock LowCardinality(String) COMMENT '时限种类',
    step LowCardinality(String) COMMENT '环节编码',
    due_before Nullable(DateTime64(0, 'UTC')) COMMENT '变更前的到期时间',
    due_after Nullable(DateTime64(0, 'UTC')) COMMENT '变更后的到期时间',
    level_before LowCardinality(String) COMMENT '变更前的级别',
    level_after LowCardinality(String) COMMENT '变更后的级别',
    provisional_before Bool COMMENT '变更前是否暂定',
    provisional_after Bool COMMENT '变更后是否暂定'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (change_id, case_no, clock_id)
COMMENT '变更对每件每项计时的影响';

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
COMMENT '日历和目录的变更, 全部分区合并';

-- apply
CREATE OR REPLACE VIEW v_change_clocks AS
SELECT
    *,
    toTimeZone(due_before, 'Asia/Shanghai') AS due_before_beijing,
    toTimeZone(due_after, 'Asia/Shanghai') AS due_after_beijing
FROM change_clocks FINAL
COMMENT '变更报告: 到期时间, 级别或暂定标记有变化的计时';

-- revert
DROP VIEW IF EXISTS v_change_clocks;
-- revert
DROP VIEW IF EXISTS v_changes;
-- revert
DROP TABLE IF EXISTS change_clocks;
-- revert
DROP TABLE IF EXISTS change_ends;
-- revert
DROP TABLE IF EXISTS changes;
