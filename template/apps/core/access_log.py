"""The access log (one event per request), the log of unhandled exceptions, and the query counter.

Source: https://docs.djangoproject.com/en/stable/topics/db/instrumentation/
"""

import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponseBase

from apps.core.database.errors import log_database_error, unavailable_reason

log = structlog.get_logger(__name__)

_LEVELS = {4: logging.WARNING, 5: logging.ERROR}
# The key in `request.META` for the last exception that was logged.
_LOGGED = "apps.core.access_log"
# The count is in a list: `sync_to_async` copies the context, and the copies share the list.
_queries: ContextVar[list[int]] = ContextVar("queries")


def log_request(request: HttpRequest, response: HttpResponseBase, started: float) -> None:
    """Write the access log event of a request. `started` is the value of `perf_counter()` at its start.

    Requests for static files are not logged. A streaming response is logged before its content is sent.
    """
    if request.path.startswith(settings.STATIC_URL):
        return
    duration = round((perf_counter() - started) * 1000, 1)
    fields = {"status": response.status_code, "duration_ms": duration, "queries": query_count()}
    level = _LEVELS.get(response.status_code // 100, logging.INFO)
    log.log(level, "request_finished", **_describe(request), **fields)


def log_exception(request: HttpRequest, **_kwargs: object) -> None:
    """Log an unhandled exception with its traceback. Receiver of the signal `got_request_exception`.

    An unavailable database, a timeout and a deadlock are not bugs: they are logged without a traceback.
    """
    error = sys.exception()
    if error and (reason := unavailable_reason(error)):
        log_database_error(request, reason, error)
    # Once: if the error page fails too, Django sends the signal again in each middleware.
    elif request.META.get(_LOGGED) != (logged := repr(error)):
        request.META[_LOGGED] = logged
        log.error("request_failed", exc_info=error, **_describe(request))


def clear_context(**_kwargs: object) -> None:
    """Remove the ids of a finished request from the log context of its thread. Receiver of `request_finished`."""
    structlog.contextvars.clear_contextvars()


def _describe(request: HttpRequest) -> dict[str, Any]:
    """Return the method, path and route of a request, without its query string, which can hold secrets."""
    route = {"route": request.resolver_match.route} if request.resolver_match else {}
    return {"request": f"{request.method} {request.path}", **route}


def start_counting() -> None:
    """Start to count the queries of a new request or task."""
    _queries.set([0])


def query_count() -> int:
    """Return how many queries the current request or task has made."""
    return _queries.get([0])[0]


def count_queries(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    """Count the queries of a connection. Receiver of `connection_created`, which is sent on every reconnect."""
    # Insert it first: `execute_wrapper()` removes the last item of the list when its `with` block ends.
    if _count_query not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _count_query)


def _count_query(execute: Callable[..., Any], *args: Any) -> Any:
    _queries.get([0])[0] += 1
    return execute(*args)
