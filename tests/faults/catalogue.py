"""The catalogues of the rounds: steps with posts, whose holders are away by turns (职位代理)."""

from __future__ import annotations

from typing import Final

_POSTS: Final = """\
policy: {ladder: plain}
regions: [{code: '430102', name: 芙蓉区}]
departments: [{code: gov, name: 行政审批局, region: '430102'}]
posts:
  - code: 审查
    name: 审查岗
    department: gov
    officers: [o-1, o-2]
    deputies: [o-3]
    absences:
      - {officer: o-1, from: 2025-03-10, to: 2025-03-21}
      - {officer: o-2, from: 2025-03-17, to: 2025-04-02}
      - {officer: o-1, from: 2025-04-14, to: 2025-04-14}
      - {officer: o-1, from: 2025-05-02, to: 2100-12-31}
      - {officer: o-3, from: 2025-05-06, to: 2025-05-20}
  - {code: 记录, name: 记录岗, department: gov, officers: [o-1], deputies: [o-4],
     absences: [{officer: o-1, from: 2025-03-12, to: 2025-06-30}]}
"""
REPLAYED: Final = f"""{_POSTS}
items:
  - code: i
    name: 食品经营许可证核发
    versions:
      - clocks:
          promised: {{amount: 7, unit: working_day}}
          statutory: {{amount: 20, unit: working_day}}
        flow:
          - {{code: SC, name: 审查, post: 审查, limit: {{amount: 3, unit: working_day}}}}
          - {{code: S0, name: 记录, post: 记录}}
          - {{code: S1, name: 记录, post: 审查, limit: {{amount: 1, unit: working_day}}}}
"""
"""Who answers for a step depends on the day: those named in the load are away at times, too."""
LIVE: Final = f"""{_POSTS}
items:
  - code: i
    name: 食品经营许可证核发
    versions:
      - clocks:
          promised: {{amount: 1, unit: minute}}
        flow:
          - {{code: SC, name: 审查, post: 审查, limit: {{amount: 1, unit: minute}}}}
"""
"""A catalogue by which a clock runs out within a round, in the time of the world."""
WITHOUT_POSTS: Final = """\
policy: {ladder: plain}
items:
  - code: i
    name: 食品经营许可证核发
    versions:
      - clocks:
          promised: {amount: 7, unit: working_day}
          statutory: {amount: 20, unit: working_day}
"""
"""For 0.1.0, which a step with a post before the first tick ends at every start."""
