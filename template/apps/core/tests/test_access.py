import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
import structlog
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from pytest_django import Settings
from structlog.testing import capture_logs

from apps.core.middleware import RequestLogMiddleware
from apps.users.models import User
from apps.users.sessions import session_start

log = structlog.get_logger("a view")


def ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def plain(_request: HttpRequest, number: int) -> HttpResponse:
    ask()
    return HttpResponse(status=number)


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


def page(request: HttpRequest) -> HttpResponse:
    log.info("before_anybody_asks")
    log.info("asked", name=str(request.user))
    return HttpResponse()


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def pieces() -> Iterator[bytes]:
        ask()
        yield b"first"
        log.info("between")
        if "fail" in request.GET:
            raise RuntimeError("half-way")

    return StreamingHttpResponse(pieces())


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        log.info("between")
        if "fail" in request.GET:
            raise RuntimeError("half-way")

    return StreamingHttpResponse(pieces())


def file(_request: HttpRequest) -> FileResponse:
    return FileResponse(BytesIO(b"content"))


async def wait(request: ASGIRequest) -> HttpResponse:
    request.scope["reached"].set()
    await asyncio.Event().wait()
    return HttpResponse()


def broken_page(_request: HttpRequest) -> HttpResponse:
    raise LookupError("the page for errors has a bug as well")


urlpatterns = [
    path("status/<int:number>/", plain),
    path("fail/", fail),
    path("page/", page),
    path("stream/", stream),
    path("stream-async/", stream_async),
    path("wait/", wait),
]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

Middleware = Callable[[HttpRequest], HttpResponseBase]


def failing_middleware(_get_response: Middleware) -> Middleware:
    def answer(_request: HttpRequest) -> HttpResponseBase:
        raise RuntimeError("a bug")

    return answer


def middleware_that_fails_late(get_response: Middleware) -> Middleware:
    def answer(request: HttpRequest) -> HttpResponseBase:
        get_response(request)
        raise RuntimeError("a bug")

    return answer


async def call(path: str, *, stays: bool) -> list[dict[str, Any]]:
    """Send a request to the project on an event loop.

    Args:
        path: Its path.
        stays: Whether the caller waits for the answer, or goes away while a view is at it.

    Returns:
        What the server is given to send.
    """
    reached = asyncio.Event()
    requests = [{"type": "http.request"}]
    sent = []

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await (asyncio.Event() if stays else reached).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "reached": reached,
    }
    application: Any = get_asgi_application()
    await application(scope, receive, send)
    return sent


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """Return the lines of the log, as they come."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
def quiet() -> Client:
    """Return a client that gets the answer to a request that fails, as any other caller does."""
    return Client(raise_request_exception=False)


class TestLine:
    def test_says_what_was_asked_and_what_came_of_it(self, client: Client, logs: list[Any]) -> None:
        client.get("/status/200/?code=one-time", headers={"X-Request-ID": "abc-123"})

        [line] = logs
        assert line.pop("duration_ms") >= 0
        assert line == {
            "event": "request_finished",
            "log_level": "info",
            "request": "GET /status/200/",
            "route": "status/<int:number>/",
            "status": 200,
            "queries": 1,
            "request_id": "abc-123",
        }

    def test_has_no_route_where_there_is_none(self, client: Client, logs: list[Any]) -> None:
        client.get("/nowhere/")

        [line] = logs
        assert "route" not in line
        assert (line["request"], line["status"]) == ("GET /nowhere/", 404)

    @pytest.mark.parametrize(("status", "level"), [(204, "info"), (302, "info"), (404, "warning"), (503, "error")])
    def test_matters_as_much_as_the_status(self, client: Client, logs: list[Any], status: int, level: str) -> None:
        client.get(f"/status/{status}/")

        assert [(line["event"], line["log_level"]) for line in logs] == [("request_finished", level)]

    def test_is_not_written_for_probes_and_static_files(
        self, client: Client, logs: list[Any], settings: Settings
    ) -> None:
        settings.WHITENOISE_USE_FINDERS = True

        answers = [client.get(path) for path in ("/livez", "/readyz", "/static/admin/css/base.css")]

        for answer in answers:
            answer.close()

        assert [answer.status_code for answer in answers] == [200] * 3
        assert logs == []

    def test_is_written_where_an_outer_middleware_answers(
        self, client: Client, logs: list[Any], settings: Settings
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True

        client.get("/status/200/")

        assert [(line["request"], line["status"]) for line in logs] == [("GET /status/200/", 301)]


class TestUser:
    def test_of_a_token_is_in_the_lines_of_the_request(
        self, client: Client, logs: list[Any], user: User, settings: Settings
    ) -> None:
        settings.ROOT_URLCONF = "config.urls"
        access = session_start(user=user)["access"]

        client.get("/api/v1/users/me/", headers={"Authorization": f"Bearer {access}"})

        assert [(line["event"], line["user_id"]) for line in logs] == [("request_finished", str(user.pk))]

    def test_of_a_session_is_in_the_lines_from_when_a_page_asks(
        self, client: Client, logs: list[Any], user: User
    ) -> None:
        client.force_login(user)

        client.get("/page/")

        assert [(line["event"], line.get("user_id")) for line in logs] == [
            ("before_anybody_asks", None),
            ("asked", str(user.pk)),
            ("request_finished", str(user.pk)),
        ]
        assert logs[1]["name"] == str(user)

    def test_is_not_looked_up_for_the_log(self, client: Client, logs: list[Any], user: User) -> None:
        client.force_login(user)

        client.get("/status/200/")

        assert [(line["queries"], "user_id" in line) for line in logs] == [(1, False)]

    def test_who_is_nobody_has_no_id(self, client: Client, logs: list[Any]) -> None:
        client.get("/page/")

        assert ["user_id" in line for line in logs] == [False] * 3


class TestFailure:
    def test_is_the_line_of_its_request(self, quiet: Client, logs: list[Any]) -> None:
        answer = quiet.get("/fail/", headers={"X-Request-ID": "abc-123"})

        [line] = logs
        assert answer.status_code == line["status"] == 500
        assert (line["event"], line["log_level"], line["request_id"]) == ("request_failed", "error", "abc-123")
        assert (line["request"], line["route"], line["queries"]) == ("GET /fail/", "fail/", 0)
        assert str(line["exc_info"]) == "a bug"

    @pytest.mark.parametrize("position", [0, 1, 2, 3, -1])
    @pytest.mark.parametrize("middleware", ["failing_middleware", "middleware_that_fails_late"])
    def test_of_a_middleware_is_logged_once(
        self, quiet: Client, logs: list[Any], settings: Settings, position: int, middleware: str
    ) -> None:
        middlewares = list(settings.MIDDLEWARE)
        middlewares.insert(position % len(middlewares), f"{__name__}.{middleware}")
        settings.MIDDLEWARE = middlewares

        answer = quiet.get("/status/200/")

        assert answer.status_code == 500
        failures = [line for line in logs if line["event"] == "request_failed"]
        assert [(line["request"], str(line["exc_info"])) for line in failures] == [("GET /status/200/", "a bug")]

    def test_of_the_page_for_errors_tells_of_both(
        self, quiet: Client, logs: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(globals(), "handler500", broken_page)

        with pytest.raises(LookupError):
            quiet.get("/fail/")

        [line] = logs
        assert line["event"] == "request_failed"
        assert isinstance(line["exc_info"], LookupError)
        assert "RuntimeError: a bug" in "".join(traceback.format_exception(line["exc_info"]))

    def test_does_not_outlast_its_request(self, quiet: Client, logs: list[Any]) -> None:
        quiet.get("/fail/")
        quiet.get("/status/200/")

        assert [line["event"] for line in logs] == ["request_failed", "request_finished"]
        assert structlog.contextvars.get_contextvars() == {}


class TestStream:
    def test_has_its_line_at_its_end(self, client: Client, logs: list[Any]) -> None:
        answer = client.get("/stream/", headers={"X-Request-ID": "abc-123"})
        before = list(logs)
        content = b"".join(answer)
        answer.close()

        assert (before, content) == ([], b"first")
        assert [(line["event"], line["request_id"]) for line in logs] == [
            ("between", "abc-123"),
            ("request_finished", "abc-123"),
        ]
        assert (logs[1]["status"], logs[1]["queries"]) == (200, 1)

    def test_that_fails_says_so(self, client: Client, logs: list[Any]) -> None:
        answer = client.get("/stream/?fail")
        with pytest.raises(RuntimeError):
            b"".join(answer)
        answer.close()

        assert [line["event"] for line in logs] == ["between", "request_failed"]
        assert str(logs[1]["exc_info"]) == "half-way"

    def test_that_nobody_reads_has_its_line_too(self, client: Client, logs: list[Any]) -> None:
        client.get("/stream/").close()

        assert [line["event"] for line in logs] == ["request_finished"]

    def test_leaves_a_file_to_the_server(self, logs: list[Any]) -> None:
        # Not by the client of the tests, which puts a stream of its own into the answer.
        answer: Any = RequestLogMiddleware(file)(RequestFactory().get("/file/"))
        answer.close()

        assert answer.file_to_stream is not None
        assert [(line["event"], line["status"]) for line in logs] == [("request_finished", 200)]


class TestEventLoop:
    """The same on ASGI: each request in a task, its parts in one thread or another."""

    def test_a_request_is_one_line(self, logs: list[Any]) -> None:
        async def ask_both() -> None:
            client = AsyncClient(raise_request_exception=False)
            await client.get("/nowhere/", headers={"X-Request-ID": "abc-123"})
            await client.get("/fail/", headers={"X-Request-ID": "abc-124"})

        asyncio.run(ask_both())

        assert [(line["event"], line["status"], line["request_id"]) for line in logs] == [
            ("request_finished", 404, "abc-123"),
            ("request_failed", 500, "abc-124"),
        ]
        assert str(logs[1]["exc_info"]) == "a bug"

    def test_a_stream_has_its_line_at_its_end(self, logs: list[Any]) -> None:
        sent = asyncio.run(call("/stream-async/", stays=True))

        assert sent[1]["body"] == b"first"
        assert [line["event"] for line in logs] == ["between", "request_finished"]
        assert logs[0]["request_id"] == logs[1]["request_id"]

    def test_a_stream_that_fails_says_so(self, logs: list[Any]) -> None:
        async def read() -> None:
            # Not through Django, which leaves the body of such a request open.
            middleware: Any = RequestLogMiddleware(stream_async)
            async for _ in await middleware(RequestFactory().get("/?fail")):
                pass

        with pytest.raises(RuntimeError):
            asyncio.run(read())

        assert [line["event"] for line in logs] == ["between", "request_failed"]
