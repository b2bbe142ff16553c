"""Middleware of the project."""

import re
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin

from apps.core.access_log import log_request, start_counting
from apps.core.database.health import is_database_available
from apps.core.exceptions.problems import error_response
from apps.core.graceful_shutdown import is_shutting_down

# A client's request id ends up in our logs: no spaces, quotes or line breaks.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The key in `request.META` for the time when the request started.
_STARTED = "apps.core.middleware"


class RequestMiddleware(SecurityMiddleware):
    """Probes, the request id, the access log and security headers. Only middleware that adds headers wraps this.

    It extends `SecurityMiddleware` for its headers, which every response gets: errors, redirects, static files and
    probes. Redirects to HTTPS come from Django's own `SecurityMiddleware` further in, because probes use plain HTTP.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        """Answer a probe, or start the log context of a request."""
        if request.path in ("/livez", "/readyz"):
            return _probe(request.path)
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = str(uuid4())
        # In META, before the first use of `request.headers`, which is built from it once.
        request.META |= {"HTTP_X_REQUEST_ID": request_id, _STARTED: perf_counter()}
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        start_counting()
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Add the headers, and write the access log."""
        for name, value in settings.EXTRA_SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if _STARTED in request.META:
            response["X-Request-ID"] = request.META["HTTP_X_REQUEST_ID"]
            log_request(request, response, request.META[_STARTED])
        return super().process_response(request, response)


class BodyLimitMiddleware(MiddlewareMixin):
    """Refuse bodies of unknown length or above `DATA_UPLOAD_MAX_MEMORY_SIZE`, which Django does not apply to files."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return an error, or None."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        # Django treats a chunked body as empty.
        if "HTTP_TRANSFER_ENCODING" in request.META or not length.isdecimal():
            return error_response(request, HTTPStatus.LENGTH_REQUIRED, "Send the Content-Length of the body.")
        if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return error_response(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request body is too large.")
        return None


def _probe(path: str) -> HttpResponse:
    """Answer a probe: `/livez` while the process runs, `/readyz` while requests can be served. Neither needs Redis."""
    if path == "/livez":
        return JsonResponse({"status": "ok"})
    if is_shutting_down():
        return JsonResponse({"server": "stopping"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    if is_database_available():
        return JsonResponse({"database": "ok"})
    return JsonResponse({"database": "unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
