"""Middleware of the project's own."""

import re
from http import HTTPStatus

import structlog
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django_structlog.middlewares import RequestMiddleware
from health_check.checks import Database

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


class RequestLogMiddleware(RequestMiddleware):
    """One log line when a request comes in and one when it is answered, without the query string.

    Query strings hold what nobody should read later: addresses, one-time codes.
    """

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return what the log calls the request."""
        return f"{request.method} {request.path}"


class RequestIDMiddleware(MiddlewareMixin):
    """Give each request an id: the caller's `X-Request-ID` where it is sane, else a new one.

    The id is in the response, in every log line of the request and in problem documents.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Put the id where `django_structlog` reads it."""
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
