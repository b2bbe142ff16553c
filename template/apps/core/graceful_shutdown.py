"""Graceful shutdown: `/readyz` fails first, and the server stops some seconds later.

A server that receives SIGTERM closes its socket immediately, but a load balancer keeps sending requests until its next
probe. `config/gunicorn.conf.py` waits in between.
"""

import mmap
import signal
from collections.abc import Callable

# Shared memory: the master process writes it, and its forked workers read it.
_shutting_down = mmap.mmap(-1, 1)


def is_shutting_down() -> bool:
    """Return whether the server is about to stop, so that `/readyz` has to fail."""
    return _shutting_down[0] > 0


def delay_shutdown(stop: Callable[[], None], *, seconds: int) -> None:
    """Let SIGTERM fail the readiness probe and call `stop` some seconds later; a second SIGTERM calls it immediately.

    Args:
        stop: Stops the server.
        seconds: How long the server still accepts requests. 0 stops it immediately.
    """

    def shut_down(*_: object) -> None:
        if is_shutting_down() or not seconds:
            stop()
        _shutting_down[0] = 1
        signal.alarm(seconds)

    signal.signal(signal.SIGALRM, lambda *_: stop())
    signal.signal(signal.SIGTERM, shut_down)
