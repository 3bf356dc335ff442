"""On bytewax with its recovery: `python -m tests.bench.peers.with_bytewax_recovery TASK [FOLDER]`.

As `with_bytewax`, but state and progress are kept by bytewax's own recovery: a snapshot each second
in its SQLite store, which lies in FOLDER and is resumed from. A case's state is one key of a second
stateful operator, so that a snapshot holds what has changed and not every open case; it does not go
to Kafka as well. The rest does, at least once.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import bytewax.operators as op
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

from tests.bench.peers.common import Task, Work, end
from tests.bench.peers.with_bytewax import Judge, judging, write

SNAPSHOTS_EVERY: Final = timedelta(seconds=1)
STORES: Final = 1
"""As its manual recommends: as many as there are workers."""

State = tuple[int, bytes, bytes | None]
"""A partition, a key of its state, and the value; None when the key is gone."""
Resumed = dict[int, dict[bytes, bytes]]


class Keep(StatefulBatchLogic):
    """The latest value of one key."""

    def __init__(self, resumed: Resumed, state: State | None) -> None:
        self._state = state
        if state is not None and state[2] is not None:
            resumed[state[0]][state[1]] = state[2]

    def on_batch(self, values: list[State]) -> tuple[list[Any], bool]:
        self._state = values[-1]
        return [], self._state[2] is None

    def snapshot(self) -> State | None:
        return self._state


class KeptJudge(Judge):
    """One partition, which begins with what was kept of it."""

    def __init__(self, work: Work, resumed: Resumed) -> None:
        super().__init__(work)
        self._resumed = resumed

    def on_batch(self, values: list[Any]) -> tuple[list[Any], bool]:
        partition = values[0].partition
        if state := self._resumed.pop(partition, None):
            self.work.logics[partition] = self.work.restored(partition, state)
        return super().on_batch(values)

    def state(self, partition: int, key: bytes, value: bytes | None) -> State:
        return partition, key, value


def main(argument: str, folder: str | None = None) -> None:
    task = Task.from_argument(argument)
    work = Work(task)
    store = Path(folder or tempfile.mkdtemp())
    if not any(store.iterdir()):
        init_db_dir(store, STORES)
    resumed: Resumed = defaultdict(dict)
    flow, out = judging(task, lambda: KeptJudge(work, resumed))
    branches = op.branch("state", out, lambda each: isinstance(each, tuple))
    named = op.key_on("by_key", branches.trues, lambda state: f"{state[0]} {state[1].hex()}")
    op.stateful_batch("keep", named, lambda state: Keep(resumed, state))
    write(task, branches.falses)
    run_main(flow, epoch_interval=SNAPSHOTS_EVERY, recovery_config=RecoveryConfig(str(store)))
    end(work.meter)


if __name__ == "__main__":
    main(*sys.argv[1:])
