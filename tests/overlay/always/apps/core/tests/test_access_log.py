"""The access log, the log of exceptions and the log context, under WSGI and ASGI."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django import Settings
from structlog.testing import capture_logs

from apps.core.access_log import query_count
from apps.users.models import User
from apps.users.sessions import session_start

log = structlog.get_logger("a view")


def plain(_request: HttpRequest, number: int) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(status=number)


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    def content() -> Iterator[bytes]:
        log.info("streaming")
        yield b"content"

    return StreamingHttpResponse(content())


async def stream_async(_request: HttpRequest) -> StreamingHttpResponse:
    async def content() -> AsyncIterator[bytes]:
        log.info("streaming")
        yield b"content"

    return StreamingHttpResponse(content())


def broken_error_page(_request: HttpRequest) -> HttpResponse:
    raise LookupError("a bug in the error page")


urlpatterns = [
    path("status/<int:number>/", plain),
    path("fail/", fail),
    path("stream/", stream),
    path("stream-async/", stream_async),
]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

Middleware = Callable[[HttpRequest], HttpResponseBase]


def fails_before_the_view(_get_response: Middleware) -> Middleware:
    return fail


def fails_after_the_view(get_response: Middleware) -> Middleware:
    def answer(request: HttpRequest) -> HttpResponseBase:
        get_response(request)
        raise RuntimeError("a bug")

    return answer


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """Return the log events as they are logged."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as events:
        yield events


@pytest.fixture
def quiet() -> Client:
    """Return a client that gets the error response instead of the exception."""
    return Client(raise_request_exception=False)


def test_access_log_event_has_request_route_status_duration_and_queries(client: Client, logs: list[Any]) -> None:
    client.get("/status/200/?code=one-time", headers={"X-Request-ID": "abc-123"})

    [event] = logs
    assert event.pop("duration_ms") >= 0
    assert event == {
        "event": "request_finished",
        "log_level": "info",
        "request": "GET /status/200/",
        "route": "status/<int:number>/",
        "status": 200,
        "queries": 1,
        "request_id": "abc-123",
    }


@pytest.mark.parametrize(("status", "level"), [(204, "info"), (302, "info"), (404, "warning"), (503, "error")])
def test_access_log_level_follows_the_status(client: Client, logs: list[Any], status: int, level: str) -> None:
    client.get(f"/status/{status}/")

    assert [(event["event"], event["log_level"]) for event in logs] == [("request_finished", level)]


def test_access_log_event_of_an_unknown_path_has_no_route(client: Client, logs: list[Any]) -> None:
    client.get("/nowhere/")

    [event] = logs
    assert (event["request"], event["status"]) == ("GET /nowhere/", 404)
    assert "route" not in event


def test_access_log_omits_probes_and_static_files(client: Client, logs: list[Any], settings: Settings) -> None:
    settings.WHITENOISE_USE_FINDERS = True

    responses = [client.get(path) for path in ("/livez", "/readyz", "/static/admin/css/base.css")]

    for response in responses:
        response.close()
    assert [response.status_code for response in responses] == [200] * 3
    assert logs == []


def test_access_log_includes_redirects_of_outer_middleware(client: Client, logs: list[Any], settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    client.get("/status/200/")

    assert [(event["request"], event["status"]) for event in logs] == [("GET /status/200/", 301)]


def test_access_log_event_names_the_user_of_an_access_token(
    client: Client, logs: list[Any], user: User, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "config.urls"
    access = session_start(user=user)["access"]

    client.get("/api/v1/users/me/", headers={"Authorization": f"Bearer {access}"})

    assert [(event["event"], event["user_id"]) for event in logs] == [("request_finished", str(user.pk))]


@pytest.mark.parametrize("path", ["/stream/", "/stream-async/"])
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_log_events_of_a_stream_have_its_request_id(client: Client, logs: list[Any], path: str) -> None:
    response = client.get(path, headers={"X-Request-ID": "abc-123"})
    content = b"".join(response)
    response.close()

    assert content == b"content"
    assert {(event["event"], event["request_id"]) for event in logs} == {
        ("request_finished", "abc-123"),
        ("streaming", "abc-123"),
    }


def test_exception_of_a_view_is_logged_with_its_traceback(quiet: Client, logs: list[Any]) -> None:
    response = quiet.get("/fail/", headers={"X-Request-ID": "abc-123"})

    failed, finished = logs
    assert response.status_code == finished["status"] == 500
    assert (failed["event"], failed["log_level"], failed["request_id"]) == ("request_failed", "error", "abc-123")
    assert (failed["request"], failed["route"], str(failed["exc_info"])) == ("GET /fail/", "fail/", "a bug")
    assert (finished["event"], finished["log_level"], finished["request_id"]) == (
        "request_finished",
        "error",
        "abc-123",
    )


@pytest.mark.parametrize("position", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("middleware", ["fails_before_the_view", "fails_after_the_view"])
def test_exception_of_a_middleware_is_logged_once(
    quiet: Client, logs: list[Any], settings: Settings, position: int, middleware: str
) -> None:
    middlewares = list(settings.MIDDLEWARE)
    middlewares.insert(position % len(middlewares), f"{__name__}.{middleware}")
    settings.MIDDLEWARE = middlewares

    response = quiet.get("/status/200/")

    assert response.status_code == 500
    failures = [event for event in logs if event["event"] == "request_failed"]
    assert [(event["request"], str(event["exc_info"])) for event in failures] == [("GET /status/200/", "a bug")]


def test_exception_of_the_error_page_is_logged_once_with_its_cause(
    quiet: Client, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "handler500", broken_error_page)

    with pytest.raises(LookupError):
        quiet.get("/fail/")

    view, page = logs
    assert (str(view["exc_info"]), str(page["exc_info"])) == ("a bug", "a bug in the error page")
    assert "RuntimeError: a bug" in "".join(traceback.format_exception(page["exc_info"]))


def test_log_context_is_cleared_after_the_request(quiet: Client, logs: list[Any]) -> None:
    quiet.get("/fail/")

    assert structlog.contextvars.get_contextvars() == {}
    assert query_count() == 0


def test_access_log_and_exceptions_are_logged_under_asgi(logs: list[Any]) -> None:
    async def call() -> None:
        client = AsyncClient(raise_request_exception=False)
        await client.get("/nowhere/", headers={"X-Request-ID": "abc-123"})
        await client.get("/fail/", headers={"X-Request-ID": "abc-124"})

    asyncio.run(call())

    assert [(event["event"], event.get("status"), event["request_id"]) for event in logs] == [
        ("request_finished", 404, "abc-123"),
        ("request_failed", None, "abc-124"),
        ("request_finished", 500, "abc-124"),
    ]
