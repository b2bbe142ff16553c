"""Waiting for something to become true, instead of for time to pass."""

import time
from collections.abc import Callable

DEADLINE_SECONDS = 30


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds.

    Raises:
        TimeoutError: It does not come to hold.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what is waited for does not come")
        time.sleep(0.02)
