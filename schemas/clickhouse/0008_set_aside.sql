-- Cases set aside: deciding on them ended the engine three times, and all others go on.
--
-- An engine tells when it sets a case aside, and when it takes it up again. An empty case number: a
-- record of which nothing tells the case.

-- apply
CREATE TABLE IF NOT EXISTS set_asides
(
    case_no String COMMENT '办件编号 (无法识别时为空)',
    epoch UInt32 COMMENT '纪元 (较大者为准)',
    written_at DateTime64(3, 'UTC') COMMENT '引擎写入时间, 同一纪元内较晚者为准 (1970-01-01 表示由状态补写)',
    at DateTime64(0, 'UTC') COMMENT '监察时间 (首个时间节拍之前为 1970-01-01)',
    move LowCardinality(String) COMMENT '动作 (set_aside 搁置, taken_up 重新采信)',
    partition UInt32 COMMENT '分区',
    topic LowCardinality(String) COMMENT '使引擎退出的记录或时间节拍所在主题',
    offset UInt64 COMMENT '其位置',
    reason String COMMENT '出错原因 (程序原文)',
    by String COMMENT '要求重新采信的人'
)
ENGINE = ReplacingMergeTree
ORDER BY (case_no, epoch, written_at, move)
COMMENT '办件的搁置与重新采信: 每次一行';

-- A case may be set aside twice within one second of the engine's time, in another partition after
-- a repartition, and in another life: so the order is that of epochs, and of writing within one. A
-- case that has gone on in a later epoch is not set aside there.

-- apply
CREATE OR REPLACE VIEW v_cases_set_aside AS
SELECT
    a.case_no AS case_no,
    last.2 AS partition,
    last.3 AS set_aside_at,
    last.4 AS topic,
    last.5 AS offset,
    last.6 AS reason,
    toTimeZone(set_aside_at, 'Asia/Shanghai') AS set_aside_beijing
FROM
(
    SELECT
        case_no,
        max(epoch) AS told_in,
        argMax((move, partition, at, topic, offset, reason), (epoch, written_at, move)) AS last
    FROM set_asides
    WHERE case_no != ''
    GROUP BY case_no
) AS a
LEFT JOIN
(
    SELECT case_no, bitShiftRight(max(revision), 32) AS lives_in
    FROM cases
    WHERE case_no IN (SELECT case_no FROM set_asides)
    GROUP BY case_no
) AS c ON c.case_no = a.case_no
WHERE last.1 = 'set_aside' AND ifNull(c.lives_in, 0) <= a.told_in
COMMENT '现在搁置的办件: 时限不再判定, 已发的牌不变 (jiancha case retry 重新采信)';

-- revert
DROP VIEW IF EXISTS v_cases_set_aside;
-- revert
DROP TABLE IF EXISTS set_asides;
