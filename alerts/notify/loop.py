"""The notifier's loop: read, decide, tell, and only then commit.

While Alertmanager is away reading goes on, so that what ends meanwhile never rings; what rings is
told when it is back, and until then nothing is committed: the lag shows it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import structlog

from alerts.notify.digests import Digest
from alerts.notify.policy import Outcome
from alerts.notify.publisher import ALERTS_A_REQUEST, PublishError
from alerts.notify.wording import CARD
from schemas.verdicts import LifeRecord
from streams.sink.backoff import backoff

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from alerts.metrics import NotifyMetrics
    from alerts.notify.policy import Policy, Push
    from alerts.notify.publisher import Publisher, Refused, Standing
    from alerts.notify.verdicts import Read, Verdicts
    from alerts.notify.wording import Wording

POLL_SECONDS: Final = 0.5
LOOKS_EVERY: Final = 5
"""After how many re-tellings the loop looks for alerts that are on record no longer."""
FORGOTTEN_AFTER: Final = 4
"""An alert that nobody told again for so many re-tellings is no notifier's any more."""

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
        resend_every: float = 60.0,
    ) -> None:
        self._verdicts = verdicts
        self._policy = policy
        self._wording = wording
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._chance = chance
        self._resend_every = resend_every
        self._look_at = clock() + LOOKS_EVERY * resend_every
        self._failures = 0
        self._retry_at = 0.0
        self._read = 0

    def step(self, stop: Event) -> None:
        """Read for a moment, then tell what is due, unless the next attempt lies ahead.

        Until everything that was there at the start is read nothing is told.
        """
        self._take(self._verdicts.read(POLL_SECONDS))
        if not self._verdicts.caught_up:
            if self._verdicts.answers:
                self._metrics.heard(self._clock())
            log.info("catching_up", moves=self._read)
            return
        if self._clock() >= self._retry_at:
            self._tell(stop)
        now = self._clock()
        if self._policy.settled(now):
            self._verdicts.commit()
        self._metrics.ringing(self._policy.counts())
        # What it knows of its lag is old while Kafka does not answer: it says nothing then, and
        # is not ready any more.
        if self._verdicts.answers:
            self._metrics.heard(now)
            self._metrics.lag(self._verdicts.lag())

    def _take(self, reads: list[Read]) -> None:
        self._read += len(reads)
        stale: list[str] = []
        for read in reads:
            if isinstance(read.move, LifeRecord):
                ended = self._policy.supersede(read.move, self._clock(), told=read.told)
                log.info("a new life", epoch=read.move.epoch, partition=read.move.partition,
                         superseded=ended, told=read.told)  # fmt: skip
                continue
            outcome = self._policy.take(read.move, read.written_at, self._clock(), told=read.told)
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
                refused = self._publisher.publish([self._wording.alert(push, now) for push in part])
            except PublishError as error:
                self._put_off(error)
                return
            self._refuse(refused)
            self._policy.told(part, now)
            self._metrics.pushed(_kinds(part))
            if self._failures:
                log.info("pushing_again", after_failures=self._failures)
            self._failures = 0
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + LOOKS_EVERY * self._resend_every
            self._end_forgotten()

    def _end_forgotten(self) -> None:
        """End what rings in Alertmanager and is on record no longer, in words of its own.

        So rings what had another name before a setting or a release changed, and what a topic
        that was deleted held. What another notifier tells, or another house, is left alone.
        """
        now = self._clock()
        digests = {
            self._wording.alert(push, now).labels["digest"]
            for push in self._policy.ringing(now)
            if isinstance(push.subject, Digest)
        }

        def forgotten(standing: Standing) -> bool:
            labels = standing.alert.labels
            if labels["alertname"] == CARD:
                known = self._policy.rings(labels.get("card_id", ""))
            else:
                known = labels.get("digest") in digests
            silent = now - standing.told_at
            return (
                not known
                and self._wording.ours(standing.alert.page)
                and silent > FORGOTTEN_AFTER * self._resend_every
            )

        try:
            ends = [
                self._wording.forgotten(standing.alert, now)
                for standing in self._publisher.standing()
                if forgotten(standing)
            ]
            for first in range(0, len(ends), ALERTS_A_REQUEST):
                part = ends[first : first + ALERTS_A_REQUEST]
                refused = self._publisher.publish(part)
                self._refuse(refused)
                self._metrics.pushed({"resolved": len(part) - len(refused)})
        except PublishError as error:
            log.warning("forgotten_alerts_not_ended", error=str(error))
        else:
            if ends:
                log.info("forgotten_alerts_ended", alerts=len(ends), first=dict(ends[0].labels))

    def _refuse(self, refused: list[Refused]) -> None:
        """Put on record what Alertmanager does not take; it is told again with the rest."""
        if not refused:
            return
        self._metrics.refused(len(refused))
        first = refused[0]
        log.error(
            "alerts_refused", alerts=len(refused), first=dict(first.alert.labels), why=first.why
        )

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
