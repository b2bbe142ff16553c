"""Middleware of the project's own."""

import re
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, UnreadablePostError
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from apps.core.access import AccessLine
from apps.core.database.health import is_database_available
from apps.core.database.queries import start_counting
from apps.core.graceful_shutdown import is_shutting_down
from apps.core.ids import generate_id
from apps.core.problems import refusal

# What others may put into our logs: no spaces, no quotes, no line breaks, not much.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Bytes of a refused body that are held at a time.
_PIECE = 65_536


class SecurityHeadersMiddleware(SecurityMiddleware):
    """Add the headers of `SecurityMiddleware`, and those of `SECURE_MORE_HEADERS`, to every response alike.

    Django's own leads to TLS as well, and so has to come after the probes; and the 400 to a host that is not ours
    lacks its headers, where it is the one that finds out.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Lead nowhere."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Add what a view has not set."""
        for name, value in settings.SECURE_MORE_HEADERS.items():
            response.headers.setdefault(name, value)
        return super().process_response(request, response)


class ProbeMiddleware(MiddlewareMixin):
    """Answer the probes of an orchestrator, by address, over plain HTTP and without a `Host` header.

    - `/livez`: 200 while the process serves. Touches nothing else, so a broken database restarts nobody.
    - `/readyz`: 200 when requests can be served, 503 while the database is away and before the server stops. Redis is
      not asked: without it the API still answers.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer to a probe, and None for any other path."""
        if request.path == "/livez":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            if is_shutting_down():
                return JsonResponse({"server": "stopping"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
            if is_database_available():
                return JsonResponse({"database": "ok"})
            return JsonResponse({"database": "unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return None


class BodyLimitMiddleware(MiddlewareMixin):
    """Refuse a body of more than `DATA_UPLOAD_MAX_MEMORY_SIZE`, and one that does not say how long it is.

    Neither memory nor a disk holds any of it. Under ASGI, where bodies are read before any middleware is asked,
    the application itself drops what is refused here.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Return the refusal, and None for any other request."""
        if "HTTP_TRANSFER_ENCODING" in request.META:
            # WSGI and REST framework take such a body for none at all.
            return self._refuse(request, HTTPStatus.LENGTH_REQUIRED, "Say in Content-Length how long the body is.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._drop_body(request)
            return self._refuse(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request body is too large.")
        return None

    def _refuse(self, request: HttpRequest, status: HTTPStatus, detail: str) -> HttpResponse:
        """Return the refusal, with its length: under ASGI the connection stays open for a while after it."""
        response = refusal(request, status, detail)
        response["Content-Length"] = str(len(response.content))
        return response

    def _drop_body(self, request: HttpRequest) -> None:
        """Take what is sent, piece by piece: most clients and proxies read no answer before they have sent it all.

        Of what is much too long only the start: then the server hangs up. Under ASGI there is nothing left to take here:
        the application does the same, after the answer.
        """
        try:
            for _ in range(8 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE // _PIECE):
                if not request.read(_PIECE):
                    return
        except UnreadablePostError:
            # Whoever sent it went away.
            return


class RequestLogMiddleware(MiddlewareMixin):
    """One line in the log for each request, with its outcome; none for static files, which nobody wants to read about."""

    def process_request(self, request: HttpRequest) -> None:
        """Begin the line."""
        AccessLine.begin(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Write it, now or when the last of the response has been sent."""
        AccessLine.of(request).follow(response)
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
    """Django's own, and once a page has asked who the user is, all log lines of the request say whose session it is."""

    def process_request(self, request: HttpRequest) -> None:
        """Have `request.user` bound to the log at its first use, and looked up at the next."""
        super().process_request(request)
        user: Any = request.user

        def bound() -> Any:
            # By the session: to ask the user here would have each request of a test look him up at the same line, which
            # is how a query in a loop is told.
            if user_id := request.session.get(SESSION_KEY):
                structlog.contextvars.bind_contextvars(user_id=user_id)
            return user

        lazy: Any = SimpleLazyObject(bound)
        request.user = lazy
