"""What is served under ASGI: a body that is refused is not taken in, and who goes away leaves a line in the log."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory
from django.urls import path
from pytest_django import Settings
from structlog.testing import capture_logs

from apps.core.access import AccessLine, note_end
from config import asgi
from config.asgi import Event
from tests.waiting import DEADLINE_SECONDS

TOO_MUCH = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1


class Caller:
    """Waits for an answer with its body, and then sends that without end, or none of it.

    Attributes:
        status: What it is answered.
        headers: With which headers.
        sent: How many bytes of its body are taken.
        ended: Whether the answer has come to its end, at which the server hangs up.
    """

    def __init__(self, piece: bytes) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.sent = 0
        self.ended = False
        self._piece = piece
        self._answered = asyncio.Event()

    async def receive(self) -> Event:
        await self._answered.wait()
        if not self._piece:
            await asyncio.Event().wait()
        # Others have their turn, so that a deadline ends what would have no end.
        await asyncio.sleep(0)
        self.sent += len(self._piece)
        return {"type": "http.request", "body": self._piece, "more_body": True}

    async def send(self, message: Event) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self._answered.set()
            self.ended = not message.get("more_body", False)


@pytest.mark.parametrize(
    ("header", "status"),
    [((b"content-length", str(TOO_MUCH).encode()), 413), ((b"transfer-encoding", b"chunked"), 411)],
)
@pytest.mark.parametrize("piece", [b"x" * 65_536, b""])
def test_a_body_that_is_refused_is_answered_before_it_is_sent_and_has_an_end(
    monkeypatch: pytest.MonkeyPatch, header: tuple[bytes, bytes], status: int, piece: bytes
) -> None:
    if not piece:
        monkeypatch.setattr(asgi, "_PATIENCE_SECONDS", 0.01)
    caller = Caller(piece)
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/account/verify-email/",
        "headers": [(b"host", b"testserver"), header],
    }

    asyncio.run(asyncio.wait_for(asgi.application(scope, caller.receive, caller.send), DEADLINE_SECONDS))

    assert (caller.status, caller.headers[b"connection"], caller.ended) == (status, b"close", True)
    assert b"Content-Length" in caller.headers
    assert caller.sent == (8 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE if piece else 0)


async def wait(request: ASGIRequest) -> HttpResponse:
    request.scope["reached"].set()
    await asyncio.Event().wait()
    return HttpResponse()


async def stream(request: ASGIRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        request.scope["reached"].set()
        if request.path == "/endless/":
            await asyncio.Event().wait()

    return StreamingHttpResponse(pieces())


urlpatterns = [path("wait/", wait), path("endless/", stream), path("stream/", stream)]


def lines_of(asked: str, *, stays: bool) -> list[tuple[Any, ...]]:
    """Return which lines the log has of a request, whose caller waits for the end or goes away."""

    async def call() -> None:
        reached = asyncio.Event()
        events = [{"type": "http.request"}]

        async def receive() -> Event:
            if events:
                return events.pop()
            if asked in ("/wait/", "/endless/"):
                await reached.wait()
            if stays:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(_event: Event) -> None:
            await asyncio.sleep(0)

        headers = [(b"host", b"testserver"), (b"x-request-id", b"abc-123")]
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": asked, "headers": headers, "reached": reached}
        # Anew, since what answers for static files has its settings from when it is made.
        application = importlib.reload(asgi).application
        await asyncio.wait_for(application(scope, receive, send), DEADLINE_SECONDS)

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        asyncio.run(call())
    names = ("event", "log_level", "request", "status", "request_id")
    return [tuple(line.get(name) for name in names) for line in lines]


@pytest.mark.urls(__name__)
class TestCaller:
    def test_who_goes_away_is_one_line(self) -> None:
        assert lines_of("/wait/", stays=False) == [("request_cancelled", "warning", "GET /wait/", None, "abc-123")]

    def test_who_leaves_a_stream_is_one_line(self) -> None:
        assert lines_of("/endless/", stays=False) == [("request_finished", "info", "GET /endless/", 200, "abc-123")]

    def test_who_stays_is_one_line(self) -> None:
        assert lines_of("/stream/", stays=True) == [("request_finished", "info", "GET /stream/", 200, "abc-123")]

    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators")
    @pytest.mark.parametrize("asked", ["/livez", "/static/admin/css/base.css"])
    def test_of_a_probe_or_a_static_file_is_none(self, settings: Settings, asked: str) -> None:
        settings.WHITENOISE_USE_FINDERS = True

        assert lines_of(asked, stays=True) == []

    def test_who_leaves_a_probe_is_none(self) -> None:
        assert lines_of("/livez", stays=False) == []

    @pytest.mark.parametrize(("asked", "lines"), [("/static/css/base.css", []), ("/", ["request_cancelled"])])
    def test_who_leaves_a_static_file_is_none(self, asked: str, lines: list[str]) -> None:
        request = AsyncRequestFactory().get(asked)
        with capture_logs() as logs:
            AccessLine.begin(request)
            note_end(request.scope)

        assert [line["event"] for line in logs] == lines
