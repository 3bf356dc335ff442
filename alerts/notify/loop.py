"""The notifier's loop: read, decide, tell, and only then commit.

While Alertmanager is away reading goes on, so that what ends meanwhile never rings; what rings is
told when it is back, and until then nothing is committed: the lag shows it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import structlog

from alerts.notify.policy import Digest, Outcome
from alerts.notify.publisher import ALERTS_A_REQUEST, PublishError
from schemas.verdicts import LifeRecord
from streams.sink.backoff import backoff

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from alerts.metrics import NotifyMetrics
    from alerts.notify.policy import Policy, Push
    from alerts.notify.publisher import Publisher
    from alerts.notify.verdicts import Read, Verdicts
    from alerts.notify.wording import Wording

POLL_SECONDS: Final = 0.5

log = structlog.get_logger(__name__)


class Notifier:
    """Tells what the verdicts say; for one thread.

    `clock` gives seconds since the epoch, `chance` a number in [0, 1).
    """

    def __init__(
        self,
        verdicts: Verdicts,
        policy: Policy,
        wording: Wording,
        publisher: Publisher,
        metrics: NotifyMetrics,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._verdicts = verdicts
        self._policy = policy
        self._wording = wording
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._retry_at = 0.0
        self._read = 0

    def step(self, stop: Event) -> None:
        """Read for a moment, then tell what is due, unless the next attempt lies ahead.

        Until everything that was there at the start is read nothing is told.
        """
        self._take(self._verdicts.read(POLL_SECONDS))
        if not self._verdicts.caught_up:
            log.info("catching_up", moves=self._read)
            return
        if self._clock() >= self._retry_at:
            self._tell(stop)
        if self._policy.settled:
            self._verdicts.commit()
        self._metrics.ringing(self._policy.counts())
        self._metrics.lag(self._verdicts.lag())

    def _take(self, reads: list[Read]) -> None:
        self._read += len(reads)
        stale: list[str] = []
        for read in reads:
            if isinstance(read.move, LifeRecord):
                ended = self._policy.supersede(read.move, told=read.told)
                log.info("a new life", epoch=read.move.epoch, partition=read.move.partition,
                         superseded=ended, told=read.told)  # fmt: skip
                continue
            known_at = read.written_at if read.told else self._clock()
            outcome = self._policy.take(read.move, known_at, told=read.told)
            self._metrics.took(outcome)
            if outcome is Outcome.STALE and not read.told:
                stale.append(read.move.card_id)
        if stale:
            log.info("stale_cards_not_pushed", cards=len(stale), first=stale[0], last=stale[-1])

    def _tell(self, stop: Event) -> None:
        due = self._policy.due(self._clock())
        for first in range(0, len(due), ALERTS_A_REQUEST):
            if stop.is_set():
                return
            part = due[first : first + ALERTS_A_REQUEST]
            now = self._clock()
            try:
                self._publisher.publish([self._wording.alert(push, now) for push in part])
            except PublishError as error:
                self._put_off(error)
                return
            self._policy.told(part, now)
            self._metrics.pushed(_kinds(part))
            if self._failures:
                log.info("pushing_again", after_failures=self._failures)
            self._failures = 0

    def _put_off(self, error: PublishError) -> None:
        self._failures += 1
        wait = backoff(self._failures, self._chance)
        self._retry_at = self._clock() + wait
        self._policy.forget_told()
        self._metrics.failed()
        log.warning("not_pushed", error=str(error), again_in=round(wait, 1))


def _kinds(pushes: list[Push]) -> Counter[str]:
    return Counter(
        "resolved" if push.over else "digest" if isinstance(push.subject, Digest) else "card"
        for push in pushes
    )
