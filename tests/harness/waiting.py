"""Wait for a condition instead of a fixed time."""

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
    """Wait until a condition returns a true value, and return that value.

    Args:
        condition: Called until it returns a true value.
        description: The name of the condition, for the error message.
        deadline: Seconds after which waiting fails.
        hopeless: Returns a reason once the condition cannot come true.

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
