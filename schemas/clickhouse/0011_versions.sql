-- A version may be a moment (20260302090000, or milliseconds since 1970): 63 bits. `record_version`
-- stands in the key of `events`, whose types cannot be changed; what it cannot hold it holds as its
-- largest number, and the content's hash keeps the rows apart. `version` holds every version whole.
-- In `findings` too: a sink of an earlier version looks for the types that it knows, and must be
-- able to go on.

-- apply
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS version UInt64 DEFAULT record_version COMMENT '数据版本 DATAVER, 全值' AFTER record_version,
    COMMENT COLUMN record_version '数据版本, 至 4294967295 为止; 全值见 version'

-- apply
ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS version UInt64 DEFAULT record_version COMMENT '所据记录的数据版本, 全值' AFTER record_version,
    COMMENT COLUMN record_version '所据记录的数据版本, 至 4294967295 为止; 全值见 version'

-- apply
CREATE OR REPLACE VIEW v_events AS
SELECT
    * EXCEPT (precedence),
    toTimeZone(occurred_at, 'Asia/Shanghai') AS occurred_beijing
FROM events FINAL
COMMENT '环节事件: voided 为来源系统已收回的记录'

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
DROP VIEW IF EXISTS v_events
-- revert
ALTER TABLE findings DROP COLUMN IF EXISTS version
-- revert
ALTER TABLE events DROP COLUMN IF EXISTS version
