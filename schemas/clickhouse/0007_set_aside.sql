-- Cases set aside: deciding on them ended the engine three times, and all others go on.
--
-- An engine tells when it sets a case aside, and when it takes it up again. An empty case number: a
-- record of which nothing tells the case.

-- apply
CREATE TABLE IF NOT EXISTS set_asides
(
    case_no String COMMENT '办件编号 (无法识别时为空)',
    at DateTime64(0, 'UTC') COMMENT '监察时间 (首个时间节拍之前为 1970-01-01)',
    move LowCardinality(String) COMMENT '动作 (set_aside 搁置, taken_up 重新采信)',
    partition UInt32 COMMENT '分区',
    topic LowCardinality(String) COMMENT '使引擎退出的记录或时间节拍所在主题',
    offset UInt64 COMMENT '其位置',
    reason String COMMENT '出错原因 (程序原文)',
    by String COMMENT '要求重新采信的人'
)
ENGINE = ReplacingMergeTree
ORDER BY (case_no, partition, at, move)
COMMENT '办件的搁置与重新采信: 每次一行';

-- apply
CREATE OR REPLACE VIEW v_cases_set_aside AS
SELECT
    case_no,
    partition,
    max(at) AS set_aside_at,
    argMax(topic, at) AS topic,
    argMax(offset, at) AS offset,
    argMax(reason, at) AS reason,
    toTimeZone(set_aside_at, 'Asia/Shanghai') AS set_aside_beijing
FROM
(
    SELECT *, argMax(move, (at, move)) OVER (PARTITION BY case_no, partition) AS latest
    FROM set_asides FINAL
)
WHERE latest = 'set_aside' AND move = 'set_aside'
GROUP BY case_no, partition
COMMENT '现在搁置的办件: 时限不再判定, 已发的牌不变 (jiancha case retry 重新采信)';

-- revert
DROP VIEW IF EXISTS v_cases_set_aside;
-- revert
DROP TABLE IF EXISTS set_asides;
