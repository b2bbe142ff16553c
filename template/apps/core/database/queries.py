"""Count the queries of each request and task, for the access log.

Source: https://docs.djangoproject.com/en/stable/topics/db/instrumentation/
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


class _Counter:
    """A number that all threads of one request share."""

    __slots__ = ("queries",)

    def __init__(self) -> None:
        self.queries = 0


_counter: ContextVar[_Counter | None] = ContextVar("queries", default=None)


def start_counting() -> None:
    """Start to count the queries of a new request or task."""
    _counter.set(_Counter())


def query_count() -> int:
    """Return how many queries the current request or task has made, 0 outside of any."""
    counter = _counter.get()
    return counter.queries if counter else 0


def count_queries(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    """Count the queries of a connection. Receives `connection_created`, which fires on every reconnect."""
    # First in the list, because `execute_wrapper()` removes the last one when its block ends.
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _count)


def _count(execute: Callable[..., Any], *args: Any) -> Any:
    counter = _counter.get()
    if counter:
        counter.queries += 1
    return execute(*args)
