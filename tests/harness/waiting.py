"""Waiting for something to become true, instead of for time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

PAUSE = 0.05


def wait_until(
    condition: Callable[[], Value | None],
    description: str,
    *,
    deadline: float = 60.0,
    hopeless: Callable[[], str | None] = lambda: None,
) -> Value:
    """Wait until a condition gives a true value, and return that value.

    Args:
        condition: Asked again and again.
        description: What is waited for, for the error.
        deadline: After how many seconds waiting is given up.
        hopeless: Says why waiting is in vain, as soon as it is.

    Raises:
        AssertionError: The deadline passed, or waiting became hopeless.
    """
    end = time.monotonic() + deadline
    while True:
        if value := condition():
            return value
        if reason := hopeless():
            raise AssertionError(f"no {description}: {reason}")
        if time.monotonic() > end:
            raise AssertionError(f"no {description} after {deadline:g} s")
        time.sleep(PAUSE)
