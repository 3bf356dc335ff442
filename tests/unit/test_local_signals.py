from __future__ import annotations

import signal
import threading

from deploy.local import signals


def mask():
    return signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_signal_that_came_early_is_not_lost_and_later_ones_are_dropped():
    before = mask()
    with signals.held() as wait_for_end:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        wait_for_end()
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    assert mask() == before
    assert not signal.sigpending()
