"""Problem documents, the format of every API error (RFC 9457), and Django's error handlers.

Under `/api/` Django's own errors are problem documents too. Everywhere else they are HTML pages.
"""

import sys
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import csrf, defaults

from apps.core.database.errors import database_error

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, path: str, code: str | None = None) -> dict[str, Any]:
    """Return a problem document.

    Args:
        status: The HTTP status.
        detail: One sentence about this occurrence.
        path: The path of the request.
        code: The kind of problem, for programs. None if the status says everything.
    """
    return {
        "type": f"urn:problem:{code}" if code else "about:blank",
        "title": HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error",
        "status": int(status),
        "detail": detail,
        "instance": path,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }


def is_api(request: HttpRequest) -> bool:
    """Return whether the path belongs to the API, whose errors are problem documents."""
    return request.path.lstrip("/").startswith("api/")


def problem_response(request: HttpRequest, status: HTTPStatus, detail: str, code: str | None = None) -> JsonResponse:
    """Return a problem document as a Django response."""
    return JsonResponse(problem(status, detail, request.path, code), status=status, content_type=CONTENT_TYPE)


def _handler(status: HTTPStatus, detail: str, page: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Return an error handler for Django: a problem document under `/api/`, a page elsewhere."""

    def handle(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response: HttpResponse = (
            problem_response(request, status, detail) if is_api(request) else page(request, *args, **kwargs)
        )
        return response

    return handle


bad_request = _handler(HTTPStatus.BAD_REQUEST, "The request is malformed or not allowed.", defaults.bad_request)
permission_denied = _handler(HTTPStatus.FORBIDDEN, "You may not do this.", defaults.permission_denied)
page_not_found = _handler(HTTPStatus.NOT_FOUND, "There is nothing here.", defaults.page_not_found)
_internal_error = _handler(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong here. Give the request id when you report it.",
    defaults.server_error,
)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 if the cause is a database error. `handler500`."""
    reason = database_error(sys.exception())
    if reason is None:
        return _internal_error(request)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    response = _handler(status, reason.detail, partial(render, template_name="503.html", status=status))(request)
    response["Retry-After"] = str(reason.retry_after)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without a valid CSRF token. `CSRF_FAILURE_VIEW`."""
    page = partial(csrf.csrf_failure, reason=reason, template_name="403_csrf.html")
    return _handler(HTTPStatus.FORBIDDEN, f"CSRF verification failed: {reason}", page)(request)
