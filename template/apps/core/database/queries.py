"""Count the queries of each request and task, for the access log.

Source: https://docs.djangoproject.com/en/stable/topics/db/instrumentation/
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# A list of one number, which all threads of a request share.
_count: ContextVar[list[int] | None] = ContextVar("query_count", default=None)


def start_counting() -> None:
    """Start to count the queries of a new request or task."""
    _count.set([0])


def query_count() -> int:
    """Return how many queries the current request or task has made, 0 outside of any."""
    return (_count.get() or [0])[0]


def count_queries(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    """Count the queries of a connection. Receives `connection_created`, which fires on every reconnect."""
    # First in the list, because `execute_wrapper()` removes the last one when its block ends.
    if _count_query not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _count_query)


def _count_query(execute: Callable[..., Any], *args: Any) -> Any:
    if count := _count.get():
        count[0] += 1
    return execute(*args)
