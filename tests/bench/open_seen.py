"""What a reader of committed records has seen, and whether it is what had to come."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder

from schemas import topics
from schemas.verdicts import MoveRecord, Origin, decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Message


class EventTold(Struct, frozen=True):
    """An event as the engine tells it, as far as the bench looks at it."""

    origin: Origin


_EVENT = Decoder(EventTold)


class Event(NamedTuple):
    """When an event was sent and how long it took until it could be read, in seconds."""

    sent_at: float
    waited: float


class CardMove(NamedTuple):
    """A move of a card, and when it could be read, in seconds since the epoch."""

    record: MoveRecord
    read_at: float


class Seen:
    """Everything read since it was last emptied."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.moves: list[CardMove] = []
        self.origins: Counter[tuple[int, int]] = Counter()
        """Partition and offset of each event; kept for ever."""

    def take(self, message: Message, read_at: float) -> None:
        """Take a record of `jiancha.events` or `jiancha.verdicts`."""
        value = message.value()
        if message.topic() == topics.VERDICTS.name:
            self.moves.append(CardMove(decode(value, MoveRecord), read_at))
        elif value.startswith(b'{"type":"event"'):
            origin = _EVENT.decode(value).origin
            sent_at = origin.timestamp_ms / 1000
            self.origins[origin.partition, origin.offset] += 1
            self.events.append(Event(sent_at, read_at - sent_at))

    def empty(self) -> None:
        self.events, self.moves = [], []


def wrong_events(origins: Counter[tuple[int, int]], sent: int) -> list[str]:
    """Say what is wrong with the events told, if so many were sent."""
    twice = origins.total() - len(origins)
    found = [f"{twice} events were told more than once"] if twice else []
    if len(origins) != sent:
        found.append(f"{len(origins)} of {sent} events were told")
    return found


def wrong_cards(moves: list[MoveRecord], due: Mapping[str, int]) -> list[str]:
    """Say what is wrong with the cards, if each case had to get one after its due moment."""
    issued = Counter(move.case_no for move in moves if move.move == "issued")
    wrong = {
        "cards did not come": [case_no for case_no in due if not issued[case_no]],
        "cards came more than once": [case_no for case_no, count in issued.items() if count > 1],
        "moves were not expected": [
            move.case_no
            for move in moves
            if move.move != "issued" or due.get(move.case_no) != move.due_at
        ],
        "cards came early": [
            move.case_no for move in moves if not move.due_at < move.holds_from <= move.at
        ],
    }
    return [f"{len(who)} {what}, e.g. of {min(who)}" for what, who in wrong.items() if who]
