-- Records that were deleted before they were judged, and who went on without them: a figure that is
-- too low for want of them can be told from one that is right.

-- apply
CREATE TABLE IF NOT EXISTS gaps
(
    topic LowCardinality(String) COMMENT '主题',
    partition UInt32 COMMENT '分区',
    first_offset UInt64 COMMENT '缺失的第一条记录的位置',
    next_offset UInt64 COMMENT '其后仍在的第一条记录的位置',
    at DateTime64(0, 'UTC') COMMENT '该分区当时的监察时间',
    accepted_at DateTime64(0, 'UTC') COMMENT '确认缺失并继续的时间',
    by String COMMENT '确认人',
    reason String COMMENT '原因',
    epoch UInt32 COMMENT '纪元'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, first_offset, next_offset, epoch)
COMMENT '缺失的记录: 未经监察即被删除, 经确认后跳过';

-- apply
CREATE OR REPLACE VIEW v_gaps AS
SELECT
    *,
    next_offset - first_offset AS records,
    toTimeZone(accepted_at, 'Asia/Shanghai') AS accepted_beijing
FROM gaps FINAL
COMMENT '缺失的记录';

-- revert
DROP VIEW IF EXISTS v_gaps;
-- revert
DROP TABLE IF EXISTS gaps;
