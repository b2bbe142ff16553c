"""What gunicorn serves: `gunicorn config.asgi:application -c config/gunicorn.conf.py`."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

from apps.core.access import note_end

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

# https://asgi.readthedocs.io/en/latest/specs/www.html
type Scope = dict[str, Any]
type Event = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Event]]
type Send = Callable[[Event], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# How long who sends a body that is refused may go on.
_PATIENCE_SECONDS = 30


class RequestLog:
    """Log the requests whose callers go away. Django cancels them, and no middleware has a response to log."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and see that it has its line."""
        try:
            await self.application(scope, receive, send)
        finally:
            note_end(scope)


class BodyLimit:
    """Leave unread the bodies that `BodyLimitMiddleware` refuses.

    Django's handler takes in a whole body, on a disk where it is large, before it asks any middleware.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, with an empty body in the place of one that is refused."""
        if scope["type"] == "http" and _is_refused(dict(scope["headers"])):
            receive, send = _without_body(), _closing(receive, send)
        await self.application(scope, receive, send)


def _is_refused(headers: dict[bytes, bytes]) -> bool:
    """Say whether a body is too long, or does not say how long it is."""
    length = int(headers.get(b"content-length", 0))
    return b"transfer-encoding" in headers or length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _without_body() -> Receive:
    """Return what receives an empty body, and nothing more."""
    events: list[Event] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_end() -> Event:
        if events:
            return events.pop()
        # Who listens for the caller to go away listens until the answer is sent.
        nothing: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        return await nothing

    return receive_end


def _closing(receive: Receive, send: Send) -> Send:
    """Return what sends an answer at once, and its end, at which the server hangs up, when the body is dropped."""

    async def send_and_close(event: Event) -> None:
        if event["type"] == "http.response.start":
            await send({**event, "headers": [*event["headers"], (b"connection", b"close")]})
        elif event.get("more_body", False):
            await send(event)
        else:
            await send({**event, "more_body": True})
            await _drop_body(receive)
            await send({"type": "http.response.body"})

    return send_and_close


async def _drop_body(receive: Receive) -> None:
    """Take what is sent, piece by piece, for some time and to some length: see `BodyLimitMiddleware`."""
    rest = 8 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while rest > 0:
                event = await receive()
                if not event.get("more_body", False):
                    return
                rest -= len(event["body"])
    except TimeoutError:
        return


application = RequestLog(BodyLimit(get_asgi_application()))
