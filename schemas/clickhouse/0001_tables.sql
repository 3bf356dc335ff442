-- The record: events, cases with their clocks, cards and their moves, rulings, refusals, references.
--
-- A line `-- apply` begins a statement; what follows `-- revert` undoes them. What has run is never
-- edited: its checksum is on record. Change a table by the next number.
--
-- Every table is a ReplacingMergeTree whose ORDER BY names a row and whose version says which of
-- several stays: whatever the sink inserts twice reads as once (with FINAL; the views do that).
-- Codes that a record lacks are '', moments that it lacks are NULL. Moments are DateTime64: a
-- 32-bit DateTime ends in 2106, and a Boston target stands in 2059.

-- apply
CREATE TABLE IF NOT EXISTS events
(
    case_no String COMMENT '办件编号',
    source LowCardinality(String) COMMENT '来源系统',
    event_id String COMMENT '记录标识 (在来源系统内唯一)',
    record_version UInt32 COMMENT '数据版本 DATAVER',
    content_hash UInt64 COMMENT '内容哈希: 同一标识和版本而内容不同的记录都保留',
    schema_version UInt8 COMMENT '数据格式版本',
    kind LowCardinality(String) COMMENT '事件类型 (received 收件, accepted 受理, step_started 环节开始, decided 作出决定, finished 办结 等)',
    occurred_at DateTime64(3, 'UTC') COMMENT '发生时间 OCCURTIME',
    recorded_at Nullable(DateTime64(3, 'UTC')) COMMENT '写入时间 MAKETIME',
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间: 首次进入消息队列',
    item LowCardinality(String) COMMENT '实施编码',
    item_name LowCardinality(String) COMMENT '事项名称',
    base_code LowCardinality(String) COMMENT '基本编码',
    item_version LowCardinality(String) COMMENT '事项版本',
    region LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    department LowCardinality(String) COMMENT '处理单位 (统一社会信用代码)',
    department_name LowCardinality(String) COMMENT '单位名称',
    window LowCardinality(String) COMMENT '窗口',
    step LowCardinality(String) COMMENT '环节编码 NODECODE',
    step_name LowCardinality(String) COMMENT '环节名称',
    officer LowCardinality(String) COMMENT '环节处理人编号',
    officer_name LowCardinality(String) COMMENT '环节处理人',
    batch LowCardinality(String) COMMENT '批次号 cd_batch',
    outcome LowCardinality(String) COMMENT '办理结果 DONERESULT',
    reason String COMMENT '原因或理由 (已脱敏)',
    promised_due_at Nullable(DateTime64(3, 'UTC')) COMMENT '承诺办结时间 promise_date',
    content String COMMENT '记录全文 JSON (申请人信息已脱敏)' CODEC(ZSTD(3)),
    origin_topic LowCardinality(String) COMMENT '首次到达的主题',
    origin_partition UInt32 COMMENT '首次到达的分区',
    origin_offset UInt64 COMMENT '首次到达的位置',
    precedence UInt64 COMMENT '同一内容到达多次时, 最早到达的为准'
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYear(occurred_at)
ORDER BY (case_no, occurred_at, source, event_id, record_version, content_hash)
COMMENT '环节事件: 已采信的记录';

-- apply
CREATE TABLE IF NOT EXISTS cases
(
    case_no String COMMENT '办件编号',
    revision UInt64 COMMENT '修订号: 最大者为现状',
    as_of DateTime64(0, 'UTC') COMMENT '写出时的监察时间 (1970-01-01 表示首个时间节拍之前)',
    source LowCardinality(String) COMMENT '来源系统',
    item LowCardinality(String) COMMENT '实施编码',
    item_name LowCardinality(String) COMMENT '事项名称',
    region LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    department LowCardinality(String) COMMENT '实施主体 (统一社会信用代码)',
    window LowCardinality(String) COMMENT '窗口',
    case_type LowCardinality(String) COMMENT '办件类型 (on_the_spot 即办件, promised 承诺件, joint 联办件, forwarded_up 上报件, other 其他)',
    step LowCardinality(String) COMMENT '当前环节编码 (已办结的为最后环节)',
    officer LowCardinality(String) COMMENT '当前环节处理人编号',
    opened_at DateTime64(0, 'UTC') COMMENT '最早记录时间',
    received_at Nullable(DateTime64(0, 'UTC')) COMMENT '收件时间 apply_date',
    accepted_at Nullable(DateTime64(0, 'UTC')) COMMENT '受理时间',
    decided_at Nullable(DateTime64(0, 'UTC')) COMMENT '作出决定时间',
    outcome LowCardinality(String) COMMENT '办理结果 (granted 准予, denied 不予, withdrawn 撤回, voided 作废, deleted 删除, returned 退件, forwarded 转报)',
    finished_at Nullable(DateTime64(0, 'UTC')) COMMENT '办结时间',
    ended_at Nullable(DateTime64(0, 'UTC')) COMMENT '终结时间: 决定, 办结, 不予受理中最早者',
    events UInt32 COMMENT '已采信的记录数',
    suspended Bool COMMENT '写出时是否处于特别程序 (挂起)',
    level LowCardinality(String) COMMENT '写出时的监察预警类型 (none 无, notice 预警, yellow 黄牌, red 红牌)',
    catalogue LowCardinality(String) COMMENT '事项目录版本: 受理时有效的时限'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY case_no
COMMENT '办件: 每件的最新状态';

-- apply
CREATE TABLE IF NOT EXISTS clocks
(
    case_no String COMMENT '办件编号',
    clock_id String COMMENT '计时编号 (办件内唯一)',
    revision UInt64 COMMENT '办件修订号: 低于办件现状的计时已不存在',
    clock LowCardinality(String) COMMENT '时限种类 (promised 承诺时限, statutory 法定时限, step 环节时限)',
    source LowCardinality(String) COMMENT '来源系统',
    item LowCardinality(String) COMMENT '实施编码',
    item_name LowCardinality(String) COMMENT '事项名称',
    region LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    department LowCardinality(String) COMMENT '责任部门',
    window LowCardinality(String) COMMENT '窗口',
    case_type LowCardinality(String) COMMENT '办件类型',
    step LowCardinality(String) COMMENT '环节编码',
    officer LowCardinality(String) COMMENT '环节处理人编号',
    started_at DateTime64(0, 'UTC') COMMENT '计时开始时间',
    due_at DateTime64(0, 'UTC') COMMENT '到期时间: 期限内的最后一秒',
    stopped_at Nullable(DateTime64(0, 'UTC')) COMMENT '计时停止时间',
    state LowCardinality(String) COMMENT '写出时的状态 (running 计时, paused 中止, stopped 停止)',
    level LowCardinality(String) COMMENT '写出时的监察预警类型',
    card_levels Array(LowCardinality(String)) COMMENT '写出时已达到的监察预警类型',
    card_times Array(DateTime64(0, 'UTC')) COMMENT '各类型成立的第一秒',
    card_rules Array(LowCardinality(String)) COMMENT '各类型的监察规则编号',
    next_at Nullable(DateTime64(0, 'UTC')) COMMENT '如无变化, 下一类型成立的时间',
    provisional Bool COMMENT '是否暂定: 到期时间依据尚未公布的放假安排推算',
    limit_text LowCardinality(String) COMMENT '办结时限 (数量和单位, stated 为来源系统给定)',
    basis LowCardinality(String) COMMENT '时限依据',
    mode LowCardinality(String) COMMENT '计时方式 (next_day 次日起算, elapsed 累计工作时间)',
    calendar LowCardinality(String) COMMENT '工作日历',
    calendar_version LowCardinality(String) COMMENT '工作日历版本',
    as_of DateTime64(0, 'UTC') COMMENT '写出时的监察时间'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (case_no, clock_id)
COMMENT '计时: 每件的各项时限';

-- apply
CREATE TABLE IF NOT EXISTS card_moves
(
    case_no String COMMENT '办件编号',
    card_id String COMMENT '监察编号',
    move_no UInt32 COMMENT '变动序号: 1 为发出',
    move_id String COMMENT '变动标识',
    move LowCardinality(String) COMMENT '变动 (issued 发出, retracted 撤销, resolved 停止计时, reopened 恢复计时)',
    at DateTime64(0, 'UTC') COMMENT '状态产生时间: 监察系统作出变动的时间',
    reason LowCardinality(String) COMMENT '变动原因',
    clock_id String COMMENT '计时编号',
    clock LowCardinality(String) COMMENT '时限种类',
    level LowCardinality(String) COMMENT '监察预警类型代码 (notice 预警, yellow 黄牌, red 红牌)',
    sequence UInt32 COMMENT '同一计时同一类型的第几张',
    rule LowCardinality(String) COMMENT '监察规则编号',
    holds_from DateTime64(0, 'UTC') COMMENT '该类型成立的第一秒',
    due_at DateTime64(0, 'UTC') COMMENT '到期时间: 期限内的最后一秒',
    started_at DateTime64(0, 'UTC') COMMENT '计时开始时间',
    stopped_at Nullable(DateTime64(0, 'UTC')) COMMENT '计时停止时间',
    active Bool COMMENT '是否应告警: 牌有效且仍在计时',
    provisional Bool COMMENT '是否暂定: 到期时间依据尚未公布的放假安排推算',
    limit_text LowCardinality(String) COMMENT '办结时限 (数量和单位, stated 为来源系统给定)',
    source LowCardinality(String) COMMENT '来源系统',
    item LowCardinality(String) COMMENT '实施编码',
    item_name LowCardinality(String) COMMENT '事项名称',
    region LowCardinality(String) COMMENT '行政区划 GB/T 2260',
    department LowCardinality(String) COMMENT '责任部门',
    window LowCardinality(String) COMMENT '窗口',
    step LowCardinality(String) COMMENT '环节编码',
    officer LowCardinality(String) COMMENT '变动时的环节处理人编号',
    revision UInt64 COMMENT '办件修订号',
    catalogue LowCardinality(String) COMMENT '事项目录版本',
    calendar LowCardinality(String) COMMENT '工作日历',
    calendar_version LowCardinality(String) COMMENT '工作日历版本'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(at)
ORDER BY (case_no, card_id, move_no)
COMMENT '电子监察: 牌的全部变动, 只增不改';

-- apply
CREATE TABLE IF NOT EXISTS cards AS card_moves
ENGINE = ReplacingMergeTree(move_no)
ORDER BY (case_no, card_id)
COMMENT '电子监察: 每张牌的最新状态 (最后一次变动)';

-- apply
CREATE TABLE IF NOT EXISTS rulings
(
    case_no String COMMENT '办件编号',
    ruling_id String COMMENT '处理编号',
    content_hash UInt64 COMMENT '内容哈希: 同一编号而内容不同的记录都保留',
    card_id String COMMENT '监察编号',
    action LowCardinality(String) COMMENT '处理方式 (answered 已说明, closed 已结案)',
    actor LowCardinality(String) COMMENT '处理人',
    decided_at DateTime64(3, 'UTC') COMMENT '处理时间',
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间',
    reason String COMMENT '处理说明',
    origin_topic LowCardinality(String) COMMENT '首次到达的主题',
    origin_partition UInt32 COMMENT '首次到达的分区',
    origin_offset UInt64 COMMENT '首次到达的位置',
    precedence UInt64 COMMENT '同一内容到达多次时, 最早到达的为准'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (case_no, ruling_id, content_hash)
COMMENT '处理意见: 监察人员对牌的处理';

-- apply
CREATE TABLE IF NOT EXISTS dead_letters
(
    letter_id String COMMENT '退回标识',
    reason LowCardinality(String) COMMENT '退回原因代码',
    field LowCardinality(String) COMMENT '有误的字段',
    value String COMMENT '有误的值 (可能涉及申请人的不保存)',
    message String COMMENT '退回说明',
    remedy String COMMENT '更正办法',
    source LowCardinality(String) COMMENT '来源系统',
    origin_topic LowCardinality(String) COMMENT '原记录所在主题',
    origin_partition UInt32 COMMENT '原记录所在分区',
    origin_offset UInt64 COMMENT '原记录所在位置',
    arrived_at DateTime64(3, 'UTC') COMMENT '到达时间',
    refused_at DateTime64(3, 'UTC') COMMENT '退回时间',
    sha256 String COMMENT '原记录的 SHA-256',
    size UInt64 COMMENT '原记录字节数',
    cut Bool COMMENT '退回主题中的内容是否截短'
)
ENGINE = ReplacingMergeTree(refused_at)
ORDER BY letter_id
COMMENT '退回记录: 未采信的原因 (原文留在消息队列)';

-- apply
CREATE TABLE IF NOT EXISTS reference_versions
(
    subject LowCardinality(String) COMMENT '种类 (catalogue 事项目录, calendar 工作日历)',
    name LowCardinality(String) COMMENT '名称',
    version String COMMENT '版本',
    partition UInt32 COMMENT '分区',
    in_force_at DateTime64(0, 'UTC') COMMENT '在该分区生效的监察时间 (1970-01-01 表示首个时间节拍之前)',
    content_hash UInt64 COMMENT '内容哈希',
    content String COMMENT '全文 JSON' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
ORDER BY (subject, name, version, content_hash, in_force_at, partition)
COMMENT '事项目录和工作日历的各版本';

-- revert
DROP TABLE IF EXISTS reference_versions;
-- revert
DROP TABLE IF EXISTS dead_letters;
-- revert
DROP TABLE IF EXISTS rulings;
-- revert
DROP TABLE IF EXISTS cards;
-- revert
DROP TABLE IF EXISTS card_moves;
-- revert
DROP TABLE IF EXISTS clocks;
-- revert
DROP TABLE IF EXISTS cases;
-- revert
DROP TABLE IF EXISTS events;
