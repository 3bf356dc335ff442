-- Stands in until migration 0005 is merged, which makes v_clocks_at and v_cards anew: drop this file
-- then. It holds what that v_cards must have: the line SETTINGS.

-- apply
CREATE OR REPLACE VIEW v_cards AS
SELECT
    c.*,
    c.move != 'retracted' AS standing,
    toUInt8(indexOf(['notice', 'yellow', 'red'], c.level)) AS level_rank,
    standing
        AND level_rank = max(if(standing, level_rank, 0)) OVER (PARTITION BY c.case_no, c.clock_id)
        AS highest,
    c.holds_from > c.due_at AS breach,
    m.issued_at AS issued_at,
    m.retracted_at AS retracted_at,
    if(c.active, NULL, m.resolved_at) AS resolved_at,
    toTimeZone(c.due_at, 'Asia/Shanghai') AS due_beijing,
    toTimeZone(m.issued_at, 'Asia/Shanghai') AS issued_beijing
FROM cards AS c FINAL
LEFT JOIN
(
    SELECT
        case_no,
        card_id,
        minIf(at, move = 'issued') AS issued_at,
        maxOrNullIf(at, move = 'retracted') AS retracted_at,
        maxOrNullIf(at, move = 'resolved') AS resolved_at
    FROM card_moves
    GROUP BY case_no, card_id
) AS m ON c.case_no = m.case_no AND c.card_id = m.card_id
SETTINGS join_use_nulls = 0
COMMENT '牌: standing 有效, active 应告警, highest 该计时的最高有效牌, breach 已超时';

-- revert
DROP VIEW IF EXISTS v_cards;
