"""Calls at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

from django.core.exceptions import ValidationError
from django.db import connection

from apps.core.exceptions import DomainError


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Make calls at once, each in a thread and on a connection of its own.

    Returns:
        What comes of each, in their order: its value, or the refusal that it raises.
    """
    start = Barrier(len(calls))

    def make(call: Callable[[], object]) -> object:
        start.wait()
        try:
            return call()
        except (DomainError, ValidationError) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(calls)) as threads:
        return list(threads.map(make, calls))


@contextmanager
def impatient() -> Iterator[None]:
    """Give up at once, for the time of a `with` block, where somebody holds a row."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20ms'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")
