"""Parallel calls and conditions to wait for, for tests of locks and races."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

from django.core.exceptions import ValidationError
from django.db import connection

from apps.core.exceptions import DomainError

# On a busy machine, a worker takes long to start.
DEADLINE_SECONDS = 90


def run_in_parallel(*calls: Callable[[], object]) -> list[object]:
    """Run each call in a thread and on a database connection of its own.

    Returns:
        The result of each call, in their order: its value, or the domain or validation error that it raised.
    """
    start = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        start.wait()
        return result_of(call)

    with ThreadPoolExecutor(max_workers=len(calls)) as threads:
        return list(threads.map(run, calls))


def result_of(call: Callable[[], object]) -> object:
    """Return the value of a call, or the domain or validation error that it raises, and close its connection."""
    try:
        return call()
    except (DomainError, ValidationError) as error:
        return error
    finally:
        connection.close()


@contextmanager
def short_lock_timeout() -> Iterator[None]:
    """Let a statement fail immediately if it has to wait for a lock, for the time of a `with` block."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20ms'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds.

    Raises:
        TimeoutError: It does not hold within `DEADLINE_SECONDS`.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The condition does not hold.")
        time.sleep(0.02)
