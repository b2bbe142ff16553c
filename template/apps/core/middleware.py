"""Middleware of the project's own."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from asgiref.sync import async_to_sync, iscoroutinefunction, markcoroutinefunction
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from health_check.checks import Database

from apps.core.access import AccessLine
from apps.core.ids import generate_id
from apps.core.queries import start_counting

# What others may put into our logs: no spaces, no quotes, no line breaks, not much.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ProbeMiddleware(MiddlewareMixin):
    """Answer the probes of an orchestrator, by address, over plain HTTP and without a `Host` header.

    - `/livez`: 200 while the process serves. Touches nothing else, so a broken database restarts nobody.
    - `/readyz`: 200 when requests can be served, 503 while the database is away. Redis is not asked:
      without it the API still answers.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer to a probe, and None for any other path."""
        if request.path == "/livez":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            result = async_to_sync(Database().get_result)()
            if result.error is None:
                return JsonResponse({"database": "ok"})
            return JsonResponse({"database": "unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return None


class RequestLogMiddleware:
    """One line in the log for each request, with its outcome; none for static files, which nobody wants to read about."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request, on an event loop with something to await."""
        if iscoroutinefunction(self):
            return self._answer(request)
        with AccessLine(request) as line:
            response = self.get_response(request)
            line.follow(response)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with AccessLine(request) as line:
            response: HttpResponseBase = await self.get_response(request)
            line.follow(response)
        return response


class RequestIDMiddleware(MiddlewareMixin):
    """Give each request an id: the caller's `X-Request-ID` where it is sane, else a new one.

    The id is in the response, in every log line of the request and in problem documents.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Choose the id, and begin to count."""
        # Not `request.headers`: it is kept once read, and would go on showing what came in.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request.META["HTTP_X_REQUEST_ID"] = given if _REQUEST_ID.fullmatch(given) else str(generate_id())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.META["HTTP_X_REQUEST_ID"])
        start_counting()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Name the id in the response."""
        response["X-Request-ID"] = request.META["HTTP_X_REQUEST_ID"]
        return response


class UserMiddleware(AuthenticationMiddleware):
    """Django's own, and once a page has asked who the user is, all log lines of the request say so."""

    def process_request(self, request: HttpRequest) -> None:
        """Have `request.user` looked up, and bound to the log, at its first use."""
        super().process_request(request)
        user: Any = request.user

        def bound() -> Any:
            if user.is_authenticated:
                structlog.contextvars.bind_contextvars(user_id=str(user.pk))
            return user

        lazy: Any = SimpleLazyObject(bound)
        request.user = lazy
