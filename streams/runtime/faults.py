"""Faults while deciding on one case: counted across restarts, and after the third it is set aside.

An exception may leave memory half changed, so the process ends and the state is restored. That
alone would end it again, at every start, for one case among a hundred thousand. So each end is
counted in the state topic, where whoever owns the partition next finds it; the third sets the case
aside: its state stays as it was, its records are kept as dead letters, all others go on.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from schemas import topics
from schemas.aside import SET_ASIDE, CaseSetAside, CaseTakenUp
from schemas.bounds import SHOWN_TEXT, shown
from schemas.decoding import Refusal, decode_event
from schemas.masking import mask_text
from schemas.verdicts import decode, encode
from streams.runtime.failstop import describe
from streams.runtime.ports import Batch, Fatal, Fault, Output
from streams.runtime.rulings import read_ruling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from schemas.ticks import Retry
    from streams.runtime.ports import Chunk

MARKS: Final = b"\x00ends/"
"""What the keys of counted ends begin with in the state topic; a mark's name follows."""
ENDS: Final = 3
"""Ends at the same case, with nothing of it written in between, after which it is set aside."""
NOT_FAULTS: Final = (Fatal, Fault, MemoryError)
"""What says nothing of the case that was decided on when it was raised."""


class CaseFault(Exception):  # noqa: N818 - named after what it is
    """Raised when deciding on a case failed; its cause says how. `judged`: a tick's judging."""

    def __init__(self, case_no: str, *, judged: bool = False) -> None:
        super().__init__(case_no)
        self.case_no, self.judged = case_no, judged


class about:  # noqa: N801 - reads as what it says: `with about(case_no):`
    """Tells which case was decided on when something failed."""

    __slots__ = ("_case_no", "_judged")

    def __init__(self, case_no: str, *, judged: bool = False) -> None:
        self._case_no, self._judged = case_no, judged

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Name the case. Raises CaseFault."""
        if isinstance(error, Exception) and not isinstance(error, (*NOT_FAULTS, CaseFault)):
            raise CaseFault(self._case_no, judged=self._judged) from error


class Mark(Struct, frozen=True):
    """The ends at one case, or at a record of which nothing tells the case (`case_no` is empty)."""

    case_no: str
    topic: str
    offset: int
    """The record, or the tick, at the last end."""
    ends: int
    at: int
    """The engine's time then, since the epoch; 0 before the first tick."""
    reason: str

    @property
    def name(self) -> str:
        """The case's number, or where the record stands: no case number begins so."""
        return self.case_no or record_name(self.topic, self.offset)

    @property
    def key(self) -> bytes:
        """Its key in the state topic."""
        return MARKS + self.name.encode()

    @property
    def aside(self) -> bool:
        """Whether it is decided on no more."""
        return self.ends >= ENDS


def record_name(topic: str, offset: int) -> str:
    """Name a record of a partition."""
    return f"\x00{topic}@{offset}"


def told_of(mark: Mark, partition: int, epoch: int, *, from_state: bool = False) -> CaseSetAside:
    """Tell of what a partition has set aside, in the epoch of its state."""
    return CaseSetAside(
        case_no=mark.case_no,
        partition=partition,
        at=mark.at,
        topic=mark.topic,
        offset=mark.offset,
        reason=mark.reason,
        epoch=epoch,
        from_state=from_state,
    )


class Faults:
    """The marks of one partition, and where what was decided on stood."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self.epoch = 0
        """Of the state that is told of."""
        self._counted: dict[str, Mark] = {}
        self._aside: dict[str, Mark] = {}
        self._chunks: list[Chunk] = []
        self.tick = 0
        """The offset of the tick, or the change, that was tried last."""
        self.state: list[tuple[bytes, bytes | None]] = []
        """What has to be written to the state; the caller takes it away."""

    @property
    def aside(self) -> Mapping[str, Mark]:
        """What is set aside, by name."""
        return self._aside

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state topic whose key begins with `MARKS`."""
        name = key.removeprefix(MARKS).decode()
        for marks in (self._counted, self._aside):
            marks.pop(name, None)
        if value is not None:
            mark = decode(value, Mark)
            (self._aside if mark.aside else self._counted)[name] = mark

    # -- while it goes well ---------------------------------------------------------------------

    def takes_in(self, chunk: Chunk) -> None:
        """Keep a chunk until what it caused is given out: a fault may name a record of it."""
        self._chunks.append(chunk)

    def gave_out(self) -> None:
        """Let go of what was applied."""
        self._chunks.clear()

    def overcome(self, case_no: str) -> None:
        """Forget the ends at a case that was decided on after all."""
        if self._counted and (mark := self._counted.pop(case_no, None)):
            self.state.append((mark.key, None))

    def let_pass(self, chunk: Chunk, index: int) -> None:
        """Let a record through to be read. Raises Refusal for one that is set aside by itself."""
        if self._aside:
            mark = self._aside.pop(record_name(chunk.topic, chunk.offsets[index]), None)
            if mark is not None:  # it is done with: the dead letters have it
                self.state.append((mark.key, None))
                raise _kept_for(mark, "unknown")

    def let_in(self, case_no: str, source: str) -> None:
        """Let a record through to its case. Raises Refusal while that is set aside."""
        if self._aside and (mark := self._aside.get(case_no)):
            raise _kept_for(mark, source)

    def take_up(self, retry: Retry, now: int) -> CaseTakenUp | None:
        """Decide again on a case that was set aside; None where it is not."""
        mark = self._aside.pop(retry.case_no, None)
        if mark is None:
            return None
        self.state.append((mark.key, None))
        return CaseTakenUp(
            case_no=retry.case_no,
            partition=self._partition,
            at=now,
            by=retry.by,
            epoch=self.epoch,
        )

    # -- when it does not -----------------------------------------------------------------------

    @contextmanager
    def watching(self, what: str, now: int) -> Iterator[None]:
        """Name what was decided on when something fails, and count it. Raises Fault."""
        try:
            yield
        except NOT_FAULTS:
            raise
        except CaseFault as error:
            place = None if error.judged else self._last_of(error.case_no)
            topic, offset = place or (topics.TICKS.name, self.tick)
            raise self._ended(error.case_no, topic, offset, now, error) from error.__cause__
        except Exception as error:
            raise self._of_all(what, error) from error

    def at_record(self, chunk: Chunk, index: int, now: int, error: Exception) -> Fault:
        """Count an end at a record."""
        case_no = error.case_no if isinstance(error, CaseFault) else _case_of(chunk, index)
        return self._ended(case_no, chunk.topic, chunk.offsets[index], now, error)

    def _of_all(self, what: str, error: Exception) -> Fault:
        return Fault(
            f"{what}: {describe(error)}",
            topic=topics.TICKS.name,
            partition=self._partition,
            offset=self.tick,
            remedy="it concerns every case of the partition, so that none can be set aside: run the"
            " version and the catalogue that ran before, and report this line",
        )

    def _ended(self, case_no: str, topic: str, offset: int, now: int, error: Exception) -> Fault:
        cause = error.__cause__ if isinstance(error, CaseFault) else error
        reason = shown(mask_text(describe(cause)), SHOWN_TEXT)
        mark = Mark(case_no, topic, offset, 1, now, reason)
        before = self._counted.get(mark.name) or self._aside.get(mark.name)
        if before is not None:
            mark = Mark(case_no, topic, offset, before.ends + 1, now, reason)
        outputs = [] if mark.ends != ENDS else [self._told(mark)]
        return Fault(
            reason,
            case=case_no,
            topic=topic,
            partition=self._partition,
            offset=offset,
            remedy=_remedy(mark),
            last=Batch(outputs, [(mark.key, encode(mark))]),
        )

    def _told(self, mark: Mark) -> Output:
        told = told_of(mark, self._partition, self.epoch)
        return Output(topics.EVENTS.name, self._partition, mark.case_no.encode(), encode(told))

    def _last_of(self, case_no: str) -> tuple[str, int] | None:
        for chunk in reversed(self._chunks):
            for index in range(len(chunk.offsets) - 1, -1, -1):
                if _case_of(chunk, index) == case_no:
                    return chunk.topic, chunk.offsets[index]
        return None


def _kept_for(mark: Mark, source: str) -> Refusal:
    """Refuse a record of a case that is set aside: it is kept until the case is taken up again."""
    if not mark.case_no:
        remedy = "report it; after the cure `jiancha dlq replay ID`"
    else:
        remedy = (
            f"after the cure `jiancha case retry {mark.case_no}`, then `jiancha dlq replay"
            f" --reason {SET_ASIDE} --case {mark.case_no}`"
        )
    what = f"case {mark.case_no}" if mark.case_no else "it"
    message = f"Deciding on {what} ended the engine {mark.ends} times: {mark.reason}"
    return Refusal(SET_ASIDE, "case_no", mark.case_no, message, remedy, source)


def _remedy(mark: Mark) -> str:
    if not mark.aside:
        return (
            f"the next start tries it again, after end {ENDS} it is set aside and the others go on;"
            " report this line"
        )
    if not mark.case_no:
        return "the record goes to the dead letters (`jiancha dlq list`); report this line"
    return (
        f"the case is set aside, the others go on; report this line, and after the cure"
        f" `jiancha case retry {mark.case_no}`"
    )


def _case_of(chunk: Chunk, index: int) -> str:
    """Read the case's number off a record; "" where it cannot be read."""
    raw = chunk.values[index] or b""
    try:
        if chunk.topic == topics.STEPS.name:
            return decode_event(raw).case_no
        return read_ruling(raw).case_no
    except Exception:  # noqa: BLE001 - the record may be what the program stumbles over
        return ""
