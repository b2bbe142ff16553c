"""Rounds: work that is looked for every minute, and as much of it done as there is time for."""

from collections.abc import Iterable, Iterator
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

# After this no more is begun: the next round comes soon, and a task still has the time to end what it is at.
ROUND_SECONDS = 50


def in_time[T](items: Iterable[T], *, seconds: float = ROUND_SECONDS) -> Iterator[T]:
    """Yield items until the time is up, and say in the log where some may be left."""
    deadline = monotonic() + seconds
    for item in items:
        if monotonic() > deadline:
            log.warning("round_cut_short")
            return
        yield item
