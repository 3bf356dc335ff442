-- A dead letter is named by where its record stood: in a topic that was made anew, or on another
-- cluster, another record stands there. So the epoch tells one row from the other, and rows written
-- before this migration are of epoch 0, as their letters are. An engine that begins anew refuses the
-- same records again; they arrived when they arrived, so the view shows each once.

-- apply
ALTER TABLE dead_letters
    ADD COLUMN IF NOT EXISTS epoch UInt32 COMMENT '纪元: 所属监察状态从零开始的时间 (1970 年起的秒数, 0 为 0.1.0 及以前)' AFTER letter_id,
    MODIFY ORDER BY (letter_id, epoch)

-- apply
CREATE OR REPLACE VIEW v_dead_letters AS
SELECT
    *,
    toTimeZone(refused_at, 'Asia/Shanghai') AS refused_beijing
FROM dead_letters FINAL
ORDER BY letter_id, arrived_at, epoch DESC
LIMIT 1 BY letter_id, arrived_at
COMMENT '退回记录: 同一记录在各纪元中的退回只列最近一次'

-- revert
DROP VIEW IF EXISTS v_dead_letters
