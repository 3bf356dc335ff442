"""The oracle: the pure engine over what lies in the input topics, in order, undisturbed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from schemas import topics
from schemas.ticks import Tick
from schemas.verdicts import (
    DEAD_LETTER_HEADER,
    ORIGIN_HEADER,
    CaseRecord,
    DeadLetter,
    EventRecord,
    MoveRecord,
    Origin,
    decode,
    encode,
)
from streams.engine.rules import Rules
from streams.runtime.logic import RESERVED, CasePartition, PartitionState
from streams.runtime.ports import Chunk
from tests.bench.loop import chunks_of
from tests.bench.task import bench_metrics, partition_logic
from tests.support.reader import Reader

ARRIVING: Final = tuple(
    f"finding:{code}:" for code in ("dated_ahead", "corrected_after_breach", "late_record")
)
"""The cards that rest on when records came."""


class Place(NamedTuple):
    """Where a record stands."""

    partition: int
    offset: int


@dataclass
class Findings:
    """What is wrong; all empty when nothing is."""

    lost: list[Any] = field(default_factory=list)
    doubled: list[Any] = field(default_factory=list)
    invented: list[Any] = field(default_factory=list)
    too_early: list[Any] = field(default_factory=list)
    state_wrong: list[Any] = field(default_factory=list)
    committed_too_far: list[Any] = field(default_factory=list)
    stuck: list[Any] = field(default_factory=list)
    ended_oddly: list[Any] = field(default_factory=list)
    history_wrong: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def told(self) -> str:
        """Say the first of each."""
        return "; ".join(
            f"{name}: {len(found)}, first {found[0]!r}"
            for name, found in vars(self).items()
            if found
        )


class Standing(NamedTuple):
    """A card that stands, as far as it may not depend on when records came."""

    clock_id: str
    level: str
    holds_from: int
    due_at: int
    rule: str
    active: bool


class Oracle:
    """Holds what the workers wrote against what the pure engine says of the same input."""

    def __init__(self, bootstrap: str, partitions: int, rules: Rules) -> None:
        self._reader = Reader(bootstrap, partitions)
        self._partitions, self._rules = partitions, rules

    def check(self, now: int) -> Findings:
        """Compare everything; `now` is the last tick's, and all that was sent is applied."""
        findings = Findings()
        expected, steps = self._undisturbed(now)
        self._check_records(findings, steps)
        self._check_moves(findings)
        self._check_states(findings, expected)
        return findings

    def _logics(self) -> list[CasePartition]:
        metrics, numbers = bench_metrics(self._rules), range(self._partitions)
        return [partition_logic(p, self._partitions, self._rules, metrics) for p in numbers]

    # -- what should be ------------------------------------------------------

    def _undisturbed(self, now: int) -> tuple[list[CasePartition], dict[Place, Any]]:
        """Apply every partition's steps in order, and then the last tick."""
        logics = self._logics()
        steps = {Place(m.partition(), m.offset()): m for m in self._reader.read(topics.STEPS.name)}
        for number, logic in enumerate(logics):
            own = [m for place, m in sorted(steps.items()) if place.partition == number]
            for chunk in chunks_of(own):
                logic.apply(chunk)
            tick = encode(Tick(now, "replay", {}))
            logic.apply(Chunk(topics.TICKS.name, number, [0], [None], [tick], [0], [()]))
            logic.take()
        return logics, steps

    # -- what is ------------------------------------------------------

    def _check_records(self, findings: Findings, steps: dict[Place, Any]) -> None:
        """Each record has one effect in a life: it is accepted, or refused, or sent on, once."""
        came = {place: origin_of(message) for place, message in steps.items()}
        sent_on = Counter(origin for place, origin in came.items() if origin != place)
        effects = self._effects()
        known = {place for _, place in effects}
        arrived = {place for place, origin in came.items() if origin == place}
        findings.lost += sorted(arrived - known)
        findings.invented += sorted(known - arrived)
        # One that is sent on again by a later life stands there twice, and is told of twice.
        findings.doubled += [
            (name, n) for name, n in effects.items() if n > max(1, sent_on[name[1]])
        ]
        lives = len({epoch for epoch, _ in effects}) or 1  # each may send it on again
        findings.doubled += [(place, n, "sent on") for place, n in sent_on.items() if n > lives]

    def _effects(self) -> Counter[tuple[int, Place]]:
        """Count what each life, by its epoch, made of each record."""
        found: Counter[tuple[int, Place]] = Counter()
        for message in self._reader.read(topics.EVENTS.name):
            if not (message.key() or b"").startswith(RESERVED) and isinstance(
                record := event_of(message), EventRecord
            ):
                found[record.epoch, _place(record.origin)] += 1
        for message in self._reader.read(topics.DEAD_LETTERS.name):
            for name, value in message.headers() or ():
                if name == DEAD_LETTER_HEADER:
                    letter = decode(value, DeadLetter)
                    found[letter.epoch, _place(letter.origin)] += 1
        return found

    def _check_moves(self, findings: Findings) -> None:
        """No card is told twice, or out of its order, or before its time."""
        seen: Counter[str] = Counter()
        last: dict[str, tuple[int, int]] = {}
        stands: dict[tuple[int, str, str, str], str] = {}
        for message in self._reader.read(topics.VERDICTS.name):
            if (message.key() or b"").startswith(RESERVED):
                continue
            move = decode(message.value(), MoveRecord)
            name = f"{move.move_id}@{move.epoch}"
            seen[name] += 1
            epoch, before = last.get(move.card_id, (move.epoch, 0))
            # A later life counts anew, or from where a rebuild took the card over.
            following = {before + 1} if epoch == move.epoch else {1, before}
            if (epoch > move.epoch or move.move_no not in following) and seen[name] == 1:
                findings.lost.append((move.card_id, "move", move.epoch, move.move_no))
            last[move.card_id] = move.epoch, move.move_no
            if move.move == "issued" and move.at < move.holds_from:
                findings.too_early.append((move.case_no, move.card_id))
            about = move.epoch, move.case_no, move.clock_id, str(move.level)
            if move.move != "retracted":
                if stands.setdefault(about, move.card_id) != move.card_id:
                    findings.doubled.append((*about, "two cards"))
            elif stands.get(about) == move.card_id:
                del stands[about]
        findings.doubled += [name for name, n in seen.items() if n > 1]

    def _check_states(self, findings: Findings, expected: list[CasePartition]) -> None:
        """States and cases are the oracle's, and what a new owner restores is the same again."""
        found = self._logics()
        for message in self._reader.read(topics.CASE_STATE.name):
            found[message.partition()].restore(message.key(), message.value())
        for theirs, ours in zip(found, expected, strict=True):
            theirs.restored({})
            names = names_of(theirs) | names_of(ours)
            for name in sorted(names):
                one, other = facts(theirs, name), facts(ours, name)
                if one != other:
                    findings.state_wrong.append((name, one, other))
        self._check_cases(findings, expected)

    def _check_cases(self, findings: Findings, expected: list[CasePartition]) -> None:
        """What was told last of each case says of its clocks what its state says."""
        told: dict[str, CaseRecord] = {}
        for message in self._reader.read(topics.CASES.name):
            record = decode(message.value(), CaseRecord)
            before = told.get(record.case_no)
            if before is None or (before.epoch, before.revision) < (record.epoch, record.revision):
                told[record.case_no] = record
        names = {name for logic in expected for name in names_of(logic)}
        findings.lost += [(name, "case") for name in sorted(names - set(told))]
        findings.invented += [(name, "case") for name in sorted(set(told) - names)]


def names_of(logic: CasePartition) -> set[str]:
    return {name for name, _ in logic._cases.packed.heads()}


def facts(logic: CasePartition, name: str) -> Any:
    """Give what may not differ of a case: its records and the cards that stand.

    When records came is not: the oracle has one tick, and what rests on arrival is not its to say.
    """
    cases = logic._cases
    if name not in cases:
        return None
    state = cases.read(name).state
    cards = {
        Standing(c.clock_id, str(c.level), c.holds_from, c.due_at, c.rule, c.active)
        for c in state.cards
        if c.standing and not c.clock_id.startswith(ARRIVING)
    }
    head = cases.head(name)
    records = [repr(msgspec.structs.replace(e.said(), sequence=-1)) for e in state.entries]
    return records, sorted(cards), head.summary._replace(level=0), head.horizon


def _place(origin: Origin) -> Place:
    return Place(origin.partition, origin.offset)


def origin_of(message: Any) -> Place:
    """Tell where a record first came in: there, unless a worker sent it on."""
    for name, value in message.headers() or ():
        if name == ORIGIN_HEADER:
            origin = decode(value, Origin)
            return _place(origin)
    return Place(message.partition(), message.offset())


def event_of(message: Any) -> Any:
    """Read an accepted event; a ruling or a reference is something else."""
    try:
        return decode(message.value(), EventRecord)
    except ValueError:
        return None


def position(message: Any) -> dict[str, int]:
    """Read how far a partition's own record says that its inputs are applied."""
    kept = decode(message.value(), PartitionState)
    return {topic: found.next for topic, found in kept.inputs.items()}
