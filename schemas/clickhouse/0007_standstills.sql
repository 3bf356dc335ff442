-- When a clock stands still (特别程序): whoever looks later can tell its state at that moment.
--
-- A record is written when something happens to a case, not when a procedure begins or ends by the
-- clock, so `state` and `suspended` are as of the writing. Rows written before have empty arrays.

-- apply
ALTER TABLE clocks
    ADD COLUMN IF NOT EXISTS paused_from Array(DateTime64(0, 'UTC')) COMMENT '各次特别程序停止计时的起点 (含未到的)',
    ADD COLUMN IF NOT EXISTS paused_until Array(DateTime64(0, 'UTC')) COMMENT '各次停止计时结束后的第一秒: 程序结束, 或所需天数用完'

-- apply
ALTER TABLE clocks COMMENT COLUMN state '写出时的状态 (running 计时, paused 中止, stopped 已有停止记录); 某一时刻的状态须按 stopped_at, paused_from, paused_until 推算'

-- revert
ALTER TABLE clocks
    DROP COLUMN IF EXISTS paused_from,
    DROP COLUMN IF EXISTS paused_until
