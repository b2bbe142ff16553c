"""Graceful shutdown: `/readyz` fails first, and the server stops a few seconds later.

A server closes its socket as soon as it receives SIGTERM, but a load balancer sends requests until its next probe.
"""

import mmap
import signal
from collections.abc import Callable

# Shared memory: the master process writes it, and its forked workers read it.
_shutting_down = mmap.mmap(-1, 1)


def is_shutting_down() -> bool:
    """Return whether the server is about to stop."""
    return _shutting_down[0] > 0


def delay_shutdown(stop: Callable[[], None], *, seconds: int) -> None:
    """Call `stop` some seconds after SIGTERM, and immediately after a second SIGTERM or if `seconds` is 0."""

    def shut_down(*_: object) -> None:
        if is_shutting_down() or not seconds:
            stop()
        _shutting_down[0] = 1
        signal.alarm(seconds)

    signal.signal(signal.SIGALRM, lambda *_: stop())
    signal.signal(signal.SIGTERM, shut_down)
