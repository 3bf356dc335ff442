"""`jiancha` that kills itself before its Nth transaction is committed, its states cut small.

`python -m tests.support.repartitioned N BYTES repartition --to 7`
"""

from __future__ import annotations

import os
import signal
import sys

from streams import repartitioning
from streams.cli import main
from streams.runtime.transactions import FencedProducer


def arm(commits: int, size: int) -> None:
    left = commits
    retry = FencedProducer._retry

    def dying(self, what, call):
        nonlocal left
        left -= what == "commit"
        if left == 0:
            self._producer.flush(10)  # what it leaves open lies on the broker
            os.kill(os.getpid(), signal.SIGKILL)
        retry(self, what, call)

    FencedProducer._retry = dying
    repartitioning.repartition.__defaults__ = (size,)


if __name__ == "__main__":
    arm(int(sys.argv.pop(1)), int(sys.argv.pop(1)))
    main()
