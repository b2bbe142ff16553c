"""What the log has of a request that the database did not serve."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from structlog.testing import capture_logs

from apps.core.tests.test_problems import cut_the_connection, lock
from tests.concurrency import at_once

pytestmark = [pytest.mark.urls("apps.core.tests.test_problems"), pytest.mark.django_db(transaction=True)]


@contextmanager
def impatient(timeout: str) -> Iterator[None]:
    """Have the connection of this thread give up at once, for the time of a `with` block."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {timeout} = '20ms'")
        try:
            yield
        finally:
            # Others get it next.
            cursor.execute(f"RESET {timeout}")


def lines_of(path: str, *, within: AbstractContextManager[None] | None = None) -> list[Any]:
    """Make a request on a connection of its own, and return what is logged meanwhile."""

    def ask() -> object:
        with within or nullcontext():
            return Client(raise_request_exception=False).get(path)

    with capture_logs() as lines:
        [response] = at_once(ask)

    assert isinstance(response, HttpResponse)
    assert response.status_code == 503
    return [line for line in lines if line["event"] != "slow_query"]


@pytest.mark.parametrize("path", ["/api/vanishes/", "/api/vanishes/plain/", "/vanishes/"])
def test_a_connection_that_breaks_is_told_once_and_with_its_reason(path: str) -> None:
    [outage, request] = lines_of(path)

    assert (outage["event"], outage["log_level"], outage["outage"]) == ("database_unavailable", "warning", "away")
    assert outage["request"] == f"GET {path}"
    assert outage["sqlstate"] == "57P01"
    assert "terminating connection due to administrator command" in outage["error"]
    # No bug, so no traceback.
    assert (request["event"], request["log_level"], request["status"]) == ("request_finished", "error", 503)
    assert "exc_info" not in request


@pytest.mark.parametrize(("timeout", "sqlstate"), [("lock_timeout", "55P03"), ("statement_timeout", "57014")])
def test_a_timeout_keeps_its_text(timeout: str, sqlstate: str) -> None:
    with transaction.atomic():
        lock(1)
        [outage, _] = lines_of("/api/waits/", within=impatient(timeout))

    assert (outage["outage"], outage["sqlstate"]) == ("busy", sqlstate)
    assert f"due to {timeout.replace('_', ' ')}" in outage["error"]


def meets_it_again(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Have a middleware ask the database as well, after the view."""

    def answer(request: HttpRequest) -> HttpResponse:
        get_response(request)
        connection.close()
        return cut_the_connection(request)

    return answer


@override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.meets_it_again"])
def test_a_request_that_meets_it_twice_tells_it_once() -> None:
    assert [line["event"] for line in lines_of("/api/vanishes/")] == ["database_unavailable", "request_finished"]
