"""Database errors are answered with 503 and logged with their reason."""

import select
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, InternalError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from psycopg_pool import PoolTimeout
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from structlog.testing import capture_logs

from apps.core.database.errors import UnavailableReason, unavailable_reason
from config.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them from here
from tests.concurrency import run_in_parallel


def terminate_connection(_request: object) -> HttpResponse:
    """Terminate the connection of this request, as PostgreSQL does when it stops."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return HttpResponse()


def wait_for_lock(_request: object) -> HttpResponse:
    """Wait for the advisory lock of the test, with the timeout that the query string names."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '20ms'")
        cursor.execute("SELECT pg_advisory_xact_lock(1)")
    return HttpResponse()


def run_slow_query(_request: object) -> HttpResponse:
    """Run a query that takes longer than its statement timeout."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '20ms'")
        cursor.execute("SELECT pg_sleep(10)")
    return HttpResponse()


def stay_idle(_request: object) -> HttpResponse:
    """Stay idle in a transaction until PostgreSQL ends the connection, and run another query."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
        select.select([connection.connection.fileno()], [], [], 10)
        cursor.execute("SELECT 1")
    return HttpResponse()


def api_view(action: Callable[[object], HttpResponse]) -> Callable[..., Any]:
    class View(APIView):
        permission_classes = (AllowAny,)
        throttle_classes = ()

        def get(self, request: Request) -> Response:
            action(request)
            return Response()

    return View.as_view()


def plain_view(request: HttpRequest) -> HttpResponse:
    return terminate_connection(request)


urlpatterns = [
    path("api/terminate/", api_view(terminate_connection)),
    path("api/lock/", api_view(wait_for_lock)),
    path("api/slow/", api_view(run_slow_query)),
    path("api/idle/", api_view(stay_idle)),
    path("api/plain/", plain_view),
    path("page/", plain_view),
]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


def get(url: str) -> tuple[HttpResponse, list[Any]]:
    """Send a request on a database connection of its own, and return the response and the log lines."""
    with capture_logs() as lines:
        [response] = run_in_parallel(lambda: Client(raise_request_exception=False).get(url))
    assert isinstance(response, HttpResponse)
    return response, lines


@pytest.mark.parametrize("url", ["/api/terminate/", "/api/plain/", "/page/"])
def test_terminated_connection_is_answered_with_503_and_logged_once(url: str) -> None:
    response, [error, access] = get(url)

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response["Content-Type"].startswith("application/problem+json" if "api" in url else "text/html")
    assert (error["event"], error["log_level"], error["reason"]) == ("database_error", "warning", "unavailable")
    assert (error["request"], error["sqlstate"]) == (f"GET {url}", "57P01")
    assert "terminating connection due to administrator command" in error["error"]
    # Not a bug, so without a traceback.
    assert (access["event"], access["log_level"], access["status"]) == ("request_finished", "error", 503)
    assert "exc_info" not in access


@pytest.mark.parametrize(
    ("url", "sqlstate", "text"),
    [
        ("/api/lock/", "55P03", "due to lock timeout"),
        ("/api/slow/", "57014", "due to statement timeout"),
        ("/api/idle/", "25P03", "due to idle-in-transaction timeout"),
    ],
)
def test_timeout_is_answered_with_503_and_logged_with_its_text(url: str, sqlstate: str, text: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(1)")
        response, [error, _] = get(url)

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert (error["reason"], error["sqlstate"]) == ("timeout", sqlstate)
    assert text in error["error"]


def raised_from(cause: BaseException, error: type[Exception] = OperationalError) -> Exception:
    exc = error()
    exc.__cause__ = cause
    return exc


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (raised_from(PoolTimeout()), UnavailableReason.UNAVAILABLE),
        (raised_from(psycopg.OperationalError("connection refused")), UnavailableReason.UNAVAILABLE),
        (raised_from(psycopg.errors.ConnectionFailure()), UnavailableReason.UNAVAILABLE),
        (raised_from(psycopg.errors.CrashShutdown()), UnavailableReason.UNAVAILABLE),
        (raised_from(psycopg.errors.CannotConnectNow()), UnavailableReason.UNAVAILABLE),
        (raised_from(psycopg.errors.TooManyConnections()), UnavailableReason.UNAVAILABLE),
        (raised_from(psycopg.errors.DeadlockDetected()), UnavailableReason.TIMEOUT),
        (raised_from(psycopg.errors.IdleInTransactionSessionTimeout(), InternalError), UnavailableReason.TIMEOUT),
        (raised_from(psycopg.InternalError(), InternalError), None),
        (raised_from(psycopg.errors.DiskFull()), None),
        (raised_from(psycopg.errors.UniqueViolation(), IntegrityError), None),
        (raised_from(ValueError()), None),
        (OperationalError("raised by hand"), None),
        (ValueError(), None),
        (None, None),
    ],
)
def test_exception_is_a_database_error_by_its_sqlstate(
    exc: Exception | None, expected: UnavailableReason | None
) -> None:
    assert unavailable_reason(exc) is expected
