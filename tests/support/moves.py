"""Moves of cards to try the notifier with."""

from __future__ import annotations

from schemas.codes import ClockKind, Level
from schemas.verdicts import MoveRecord, card_id, move_id

DUE = 1_790_000_000
"""2026-09-21 22:13:20 in Beijing."""


def moved(
    case_no="A-1", level=Level.NOTICE, move="issued", move_no=1, *, holds_from=None, **changed
):
    """Make a move of a case's card; what a breach holds from is the first second over."""
    clock_id = changed.get("clock_id", "promised")
    name = card_id(case_no, clock_id, level, changed.get("sequence", 1))
    if holds_from is None:
        holds_from = DUE - 3600 if level is Level.NOTICE else DUE + 1
    return MoveRecord(
        **{
            "move_id": move_id(name, move_no),
            "card_id": name,
            "move": move,
            "move_no": move_no,
            "at": holds_from + 5,
            "reason": "level_reached",
            "case_no": case_no,
            "clock_id": clock_id,
            "clock": ClockKind.PROMISED,
            "level": level,
            "sequence": 1,
            "rule": "hunan@1/promised",
            "holds_from": holds_from,
            "due_at": DUE,
            "started_at": DUE - 864_000,
            "active": move in {"issued", "reopened"},
            "provisional": False,
            "limit": "7 working_day",
            "source": "hall",
            "item": "00017",
            "item_name": "建设工程规划许可",
            "region": "430102",
            "department": "D1",
            "officer": "W007",
            "revision": 1,
            "catalogue": "c",
            "calendar": "cn",
            "calendar_version": "v",
            **changed,
        }
    )
