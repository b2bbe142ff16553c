"""Stopping without failing a request: first the probe turns red, and the server goes when nobody asks it any more.

A server that is told to stop closes its socket at once. Whoever balances the load learns of it a probe later, and what
it sends until then is refused. So gunicorn's master waits in between: `config/gunicorn.conf.py`.
"""

import mmap
import signal
from collections.abc import Callable

# Of the master and of its workers, which are forked from it.
_shared = mmap.mmap(-1, 1)


def is_draining() -> bool:
    """Say whether the server is about to stop, so that no more requests should be sent to it."""
    return _shared[0] > 0


def drain_before(stop: Callable[[], None], *, seconds: int) -> None:
    """Have SIGTERM turn the readiness probe red, and stop the server some seconds later. A second one stops it at once.

    Args:
        stop: Stops the server.
        seconds: How long requests are still taken. 0: not at all.
    """

    def begin(*_: object) -> None:
        if is_draining() or not seconds:
            stop()
        _shared[0] = 1
        signal.alarm(seconds)

    signal.signal(signal.SIGALRM, lambda *_: stop())
    signal.signal(signal.SIGTERM, begin)
