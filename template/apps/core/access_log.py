"""The access log, with one event per request, and the log of unhandled exceptions."""

import logging
import sys
from http import HTTPStatus
from time import perf_counter
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from apps.core.database.errors import database_error, log_database_error
from apps.core.database.queries import query_count

log = structlog.get_logger(__name__)

# The key in `request.META` for the last exception that was logged.
_LOGGED = "apps.core.access_log"


def log_request(request: HttpRequest, response: HttpResponseBase, started: float) -> None:
    """Write the access log event of a request. Requests for static files are not logged.

    Args:
        request: The request.
        response: Its response. A streaming response is logged before its content is sent.
        started: When the request started, by `perf_counter`.
    """
    if request.path.startswith(settings.STATIC_URL):
        return
    level = logging.INFO
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        level = logging.ERROR if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.WARNING
    duration = round((perf_counter() - started) * 1000, 1)
    fields = {"status": response.status_code, "duration_ms": duration, "queries": query_count()}
    log.log(level, "request_finished", **_describe(request), **fields)


def log_exception(request: HttpRequest, **_kwargs: object) -> None:
    """Log an unhandled exception with its traceback. Receives `got_request_exception`.

    An unavailable database is not a bug: it is logged without a traceback, and answered with 503.
    """
    error = sys.exception()
    if error and (reason := database_error(error)):
        log_database_error(request, reason, error)
    # If the error page fails, the same exception reaches every middleware again.
    elif request.META.get(_LOGGED) != (logged := repr(error)):
        request.META[_LOGGED] = logged
        log.error("request_failed", exc_info=error, **_describe(request))


def clear_context(**_kwargs: object) -> None:
    """Remove the ids of a finished request from the log context of its thread. Receives `request_finished`."""
    structlog.contextvars.clear_contextvars()


def _describe(request: HttpRequest) -> dict[str, Any]:
    """Return the method, path and route of a request, without its query string, which can hold secrets."""
    route = {"route": request.resolver_match.route} if request.resolver_match else {}
    return {"request": f"{request.method} {request.path}", **route}
