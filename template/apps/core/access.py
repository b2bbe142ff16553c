"""The line that the log has of each request."""

import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import copy_context
from functools import partial
from time import perf_counter
from typing import Any, Self

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from whitenoise.middleware import WhiteNoiseFileResponse

from apps.core.database.errors import database_error, log_database_error
from apps.core.database.queries import query_count

log = structlog.get_logger(__name__)

# Where a request keeps its line, and under ASGI its scope too.
_LINE = "apps.core.access"


class AccessLine:
    """What the log is told of one request: one line, once, when the answer is complete."""

    def __init__(self, request: HttpRequest) -> None:
        self.failure: BaseException | None = None
        self.is_written = False
        self._request = request
        self._began = perf_counter()
        # For who writes the line from outside of the request.
        self._context = copy_context()

    @classmethod
    def begin(cls, request: HttpRequest) -> None:
        """Begin the line of a request, which begins now."""
        request.META[_LINE] = line = cls(request)
        if isinstance(request, ASGIRequest):
            scope: Any = request.scope
            scope[_LINE] = line

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return the line of a request.

        Raises:
            KeyError: It has none.
        """
        line: Self = request.META[_LINE]
        return line

    def fail(self, error: BaseException) -> None:
        """Write the line: nothing more comes after this error."""
        self.failure = error
        self.write()

    def cancel(self) -> None:
        """Write the line, unless that is done: the caller has gone, and Django has left the request where it was."""
        if not self._request.path.startswith(settings.STATIC_URL):
            self._context.run(self.write)

    def write(self, response: HttpResponseBase | None = None) -> None:
        """Write the line, unless that is done.

        Args:
            response: What the caller gets; None where an error leaves nothing to send, or the caller has gone.
        """
        if self.is_written:
            return
        self.is_written = True
        fields = _describe(self._request)
        if response is not None:
            fields["status"] = response.status_code
        fields["duration_ms"] = round((perf_counter() - self._began) * 1000, 1)
        fields["queries"] = query_count()
        if self.failure is not None:
            log.error("request_failed", exc_info=self.failure, **fields)
        elif response is None:
            log.warning("request_cancelled", **fields)
        else:
            log.log(_level(response.status_code), "request_finished", **fields)

    def follow(self, response: HttpResponseBase) -> None:
        """Write the line now, or when the last of a response that is streamed has been sent. A static file has none."""
        if isinstance(response, WhiteNoiseFileResponse):
            self.is_written = True
            return
        if not isinstance(response, StreamingHttpResponse):
            self.write(response)
            return
        # A file is sent by the server, which looks for it in the response.
        if not isinstance(response, FileResponse):
            content: Any = response.streaming_content
            response.streaming_content = self._watch_async(content) if response.is_async else self._watch(content)
        # As Django's own handler does it. An event loop closes a response where nothing is known of its request.
        write = partial(copy_context().run, self.write, response)
        response._resource_closers.append(write)  # type: ignore[attr-defined]

    def _watch(self, content: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from content
        except Exception as error:
            self.fail(error)
            raise

    async def _watch_async(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for part in content:
                yield part
        except Exception as error:
            # Django does not close what fails on an event loop.
            self.fail(error)
            raise


def note_failure(request: HttpRequest, **_kwargs: object) -> None:
    """Have the line of a request tell what went wrong. Receives `got_request_exception`.

    A database that is away or busy is no bug: it has a line of its own, and the request is answered.

    An error that comes before or after the time of the line gets one of its own. One that follows from an error which
    the log has does not: where the page for errors fails, each middleware has it fail once more.
    """
    error = sys.exception()
    if error and (reason := database_error(error)):
        log_database_error(request, reason, error)
        return
    line: AccessLine | None = request.META.get(_LINE)
    if line is None or (line.is_written and line.failure is None):
        log.error("request_failed", exc_info=error, **_describe(request))
    elif line.failure is None:
        line.failure = error
    else:
        # Nothing will be answered: the page for errors has failed as well.
        line.failure = error
        line.write()


def note_end(scope: Mapping[str, Any]) -> None:
    """Have a request under ASGI that has come to its end without an answer leave its line as well.

    Args:
        scope: What the server has told of it. A probe leaves no line there.
    """
    line: AccessLine | None = scope.get(_LINE)
    if line is not None:
        line.cancel()


def forget_request(**_kwargs: object) -> None:
    """Let a thread that goes on to something else log it without the ids of a request. Receives `request_finished`."""
    structlog.contextvars.clear_contextvars()


def _describe(request: HttpRequest) -> dict[str, Any]:
    """Return which request it is, without its query string: that holds addresses and one-time codes."""
    route = {"route": request.resolver_match.route} if request.resolver_match else {}
    return {"request": f"{request.method} {request.path}", **route}


def _level(status: int) -> int:
    """Return how much a status matters: 5xx is for us to mend, 4xx for the caller."""
    if status >= 500:  # noqa: PLR2004 - the class of a status
        return logging.ERROR
    return logging.WARNING if status >= 400 else logging.INFO  # noqa: PLR2004 - the same
