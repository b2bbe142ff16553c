"""What gunicorn serves: `gunicorn config.asgi:application -c config/gunicorn.conf.py`."""

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
            receive = _without_body(receive)
        await self.application(scope, receive, send)


def _is_refused(headers: dict[bytes, bytes]) -> bool:
    """Say whether a body is too long, or does not say how long it is."""
    length = int(headers.get(b"content-length", 0))
    return b"transfer-encoding" in headers or length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _without_body(receive: Receive) -> Receive:
    """Return what receives an empty body first, and then nothing but the end of the connection."""
    events: list[Event] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_end() -> Event:
        if events:
            return events.pop()
        # What still comes of the body is dropped piece by piece.
        while (event := await receive())["type"] == "http.request":
            pass
        return event

    return receive_end


application = RequestLog(BodyLimit(get_asgi_application()))
