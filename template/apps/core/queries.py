"""Queries: how many a request or task has made, and which were slow.

Each connection of Django gets a wrapper around its queries when it is opened.
https://docs.djangoproject.com/en/stable/topics/db/instrumentation/
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

log = structlog.get_logger(__name__)

# A query with a thousand placeholders is told apart by its beginning.
_SQL_LENGTH = 1000
# Names in double quotes stay. Text in quotes of any kind, to its end or that of the query, and numbers are values.
_NAME_OR_VALUE = re.compile(
    r"""("[^"]*") | e'(?:[^'\\]|''|\\.)*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z) | \$(\w*)\$.*?(?:\$\2\$|\Z) | \b\d[\d.]*\b""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


# What marks a transaction reads and writes nothing. The driver begins and ends one by itself, which nobody counts either.
_NOT_COUNTED = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")


class _Counter:
    """Counts the queries of one request or task, from whichever of its threads they come."""

    __slots__ = ("queries",)

    def __init__(self) -> None:
        self.queries = 0


_counter: ContextVar[_Counter | None] = ContextVar("queries", default=None)


def start_counting() -> None:
    """Begin a request or a task, which has made no query yet."""
    _counter.set(_Counter())


def stop_counting() -> None:
    """End a request, after which its thread counts nothing until the next one."""
    _counter.set(None)


def query_count() -> int:
    """Return how many queries the current request or task has made so far, and 0 outside of any."""
    counter = _counter.get()
    return counter.queries if counter else 0


def watch(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    """Count and time the queries of a connection, from when it is opened on. Receives `connection_created`."""
    # It comes again when the connection is opened anew. First: `execute_wrapper` takes the last one away at its end.
    if _count_and_time not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _count_and_time)


def _count_and_time(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    """Make a query, and count it; one that took long is logged, whether it came to its end or not."""
    counter = _counter.get()
    if counter is not None and not str(sql).startswith(_NOT_COUNTED):
        counter.queries += 1
    began = perf_counter()
    try:
        return execute(sql, *rest)
    finally:
        seconds = perf_counter() - began
        if seconds >= settings.SLOW_QUERY_SECONDS:
            log.warning("slow_query", duration_ms=round(seconds * 1000), sql=without_values(sql))


def without_values(sql: object) -> str:
    """Return the beginning of a query, with `?` in the place of values that stand in it.

    Args:
        sql: What was given to a cursor. Values may stand in it even where parameters are given: Django writes them
            into statements that change tables. An object of the driver is not looked into; its kind is returned.
    """
    if not isinstance(sql, str):
        return type(sql).__name__
    return _NAME_OR_VALUE.sub(lambda match: match[1] or "?", sql[:_SQL_LENGTH])
