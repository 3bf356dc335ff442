"""What each role may do on the brokers, and no more: the single list, as data and as commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from schemas import topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.topics import Topic
    from streams.settings import Settings

Operation = Literal["Read", "Write", "Describe", "Create", "DescribeConfigs"]
"""As Kafka spells them; Read and Write imply Describe."""

DERIVED: Final = (topics.EVENTS, topics.CASES, topics.VERDICTS, topics.DEAD_LETTERS)
"""What the engine makes for others."""

OPERATORS: Final = ("jiancha-change", "jiancha-replay")
"""Groups that commands' clients name because they must, and never join."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one principal may do with some resources of a kind."""

    principal: str
    operations: tuple[Operation, ...]
    kind: Literal["topic", "group", "transactional-id"]
    names: tuple[str, ...]
    prefixed: bool = False
    """Whether a name stands for all that begin with it."""

    def command(self, servers: str) -> str:
        """Write it as Kafka's own tool takes it."""
        said = [f"--operation {operation}" for operation in self.operations]
        said += [f"--{self.kind} {name}" for name in self.names]
        if self.prefixed:
            said.append("--resource-pattern-type prefixed")
        return (
            f"kafka-acls.sh --bootstrap-server {servers} --add"
            f" --allow-principal User:{self.principal} {' '.join(said)}"
        )


def grants(settings: Settings) -> list[Grant]:
    """List what each principal needs, by the groups' names in the settings.

    The board is not among them: it has no business with the brokers.
    """
    engine, sink, notify = settings.engine.group, settings.sink.group, settings.notify.group
    return [
        _topics("jiancha-topics", ("Create", "Describe", "DescribeConfigs"), topics.ALL),
        _topics("jiancha-engine", ("Read", "Write"), (*topics.INPUTS, topics.CASE_STATE)),
        _topics("jiancha-engine", ("Write",), DERIVED),
        # `history resend` runs as the engine, since what that makes nobody else writes; `history
        # rewind` runs as the sink.
        _topics("jiancha-engine", ("Read",), (topics.VERDICTS,)),
        Grant("jiancha-engine", ("Read",), "group", (engine,)),
        Grant("jiancha-engine", ("Describe",), "group", (f"{engine}-restore",)),
        Grant("jiancha-engine", ("Write",), "transactional-id", (f"{engine}-",), prefixed=True),
        _topics("jiancha-sink", ("Read",), DERIVED),
        _topics("jiancha-sink", ("Write",), (topics.SINK_DEAD_LETTERS,)),
        Grant("jiancha-sink", ("Read",), "group", (sink,)),
        _topics("jiancha-notify", ("Read",), (topics.VERDICTS,)),
        Grant("jiancha-notify", ("Read",), "group", (notify,)),
        # Who runs `calendar import`, `catalogue import`, `case`, `dlq` and `replay`.
        _topics("jiancha-operator", ("Read", "Write"), (topics.STEPS,)),
        _topics("jiancha-operator", ("Write",), (topics.TICKS, topics.RULINGS)),
        _topics(
            "jiancha-operator",
            ("Read",),
            (topics.EVENTS, topics.DEAD_LETTERS, topics.CASE_STATE, topics.SINK_DEAD_LETTERS),
        ),
        _topics("jiancha-operator", ("Describe",), (topics.CASES, topics.VERDICTS)),
        Grant(
            "jiancha-operator",
            ("Describe",),
            "group",
            (engine, sink, f"{engine}-restore", *OPERATORS),
        ),
        # Who runs `dlq replay --sink`: it writes again what the engine wrote.
        _topics("jiancha-curator", ("Read",), (topics.SINK_DEAD_LETTERS, topics.DEAD_LETTERS)),
        _topics("jiancha-curator", ("Write",), DERIVED),
        # Who sends: each hall by a name of its own, and the bureau's system.
        _topics("jiancha-hall", ("Write",), (topics.STEPS,)),
        _topics("jiancha-bureau", ("Write",), (topics.RULINGS,)),
    ]


def _topics(principal: str, operations: tuple[Operation, ...], of: Iterable[Topic]) -> Grant:
    return Grant(principal, operations, "topic", tuple(topic.name for topic in of))
