-- When a record had surely not come before: the `now` of the last tick whose barrier lies at or below
-- its offset. `arrived_at` is the broker's clock; this is the engine's time, by which a record counts
-- as keyed in late and a ruling takes effect. As far as ticks were read when the record was accepted.
-- And what a finding rests on beside its record.

-- apply
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS came_at Nullable(DateTime64(0, 'UTC')) COMMENT '到达时间 (监察时间): 此前必未到达; 未知为空, 不据以判补录' AFTER arrived_at

-- apply
ALTER TABLE rulings
    ADD COLUMN IF NOT EXISTS came_at Nullable(DateTime64(0, 'UTC')) COMMENT '到达时间 (监察时间): 处理意见自此时起有效, 载明时间更晚的自载明时间起' AFTER arrived_at

-- apply
ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS detail String COMMENT '所据的其他事实 (JSON): 写入或到达的时间, 超时后更正的时限更正前后之值及所据记录; 无则为空' AFTER occurred_at

-- apply
CREATE OR REPLACE VIEW v_events AS
SELECT
    * EXCEPT (precedence),
    toTimeZone(occurred_at, 'Asia/Shanghai') AS occurred_beijing
FROM events FINAL
COMMENT '环节事件: voided 为来源系统已收回的记录'

-- apply
CREATE OR REPLACE VIEW v_rulings AS
SELECT
    * EXCEPT (precedence),
    toTimeZone(decided_at, 'Asia/Shanghai') AS decided_beijing
FROM rulings FINAL
COMMENT '处理意见'

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

-- revert
DROP VIEW IF EXISTS v_findings
-- revert
DROP VIEW IF EXISTS v_rulings
-- revert
DROP VIEW IF EXISTS v_events
-- revert
ALTER TABLE findings DROP COLUMN IF EXISTS detail
-- revert
ALTER TABLE rulings DROP COLUMN IF EXISTS came_at
-- revert
ALTER TABLE events DROP COLUMN IF EXISTS came_at
