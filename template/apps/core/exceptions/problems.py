"""Problem documents, the format of every API error (RFC 9457), and the error handlers of Django and REST framework.

Under `/api/` Django's own errors are problem documents too. Everywhere else they are HTML pages.
"""

import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import responses
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from apps.core.database.errors import log_database_error, unavailable_reason
from apps.core.exceptions import DomainError
from apps.core.throttling import COUNTED

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, path: str, code: str | None = None) -> dict[str, Any]:
    """Return a problem document. `code` names the kind of problem: leave it out if the status is specific enough."""
    return {
        "type": f"urn:problem:{code}" if code else "about:blank",
        "title": responses.get(status, "Error"),
        "status": int(status),
        "detail": detail,
        "instance": path,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }


def error_response(
    request: HttpRequest, status: HTTPStatus, detail: str, title: str = "", code: str | None = None
) -> HttpResponse:
    """Return a problem document under `/api/`, and an HTML page everywhere else."""
    if request.path.lstrip("/").startswith("api/"):
        return JsonResponse(problem(status, detail, request.path, code), status=status, content_type=CONTENT_TYPE)
    return render(request, "page.html", {"title": title or status.phrase, "text": detail}, status=status)


def _handler(status: HTTPStatus, detail: str) -> Callable[[HttpRequest, Exception], HttpResponse]:
    def handler(request: HttpRequest, exception: Exception) -> HttpResponse:
        return error_response(request, status, detail)

    return handler


bad_request = _handler(HTTPStatus.BAD_REQUEST, "The request is malformed or not allowed.")
permission_denied = _handler(HTTPStatus.FORBIDDEN, "You may not do this.")
page_not_found = _handler(HTTPStatus.NOT_FOUND, "There is nothing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 if the database is unavailable or timed out. `handler500`."""
    reason = unavailable_reason(sys.exception())
    if reason is None:
        detail = "Something went wrong here. Give the request id when you report it."
        return error_response(request, HTTPStatus.INTERNAL_SERVER_ERROR, detail)
    response = error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, reason.detail)
    response["Retry-After"] = str(reason.retry_after)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without a valid CSRF token. `CSRF_FAILURE_VIEW`."""
    return error_response(request, HTTPStatus.FORBIDDEN, f"CSRF verification failed: {reason} Load the form again.")


class _StatusError(exceptions.APIException):
    def __init__(self, status: HTTPStatus, detail: str, auth: str | None = None, wait: int | None = None) -> None:
        super().__init__(detail)
        self.status_code, self.auth_header, self.wait = status, auth, wait


def problem_exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document for an exception of an API view, or None to have Django answer 500."""
    request, error, code = context["request"], exc, None
    # Not an expired token: the client refreshes it after a 401.
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.PermissionDenied):
        error = _throttled(context) or exc
    if reason := unavailable_reason(exc):
        log_database_error(request, reason, exc)
        error = _StatusError(HTTPStatus.SERVICE_UNAVAILABLE, reason.detail, wait=reason.retry_after)
    elif isinstance(exc, DomainError):
        error, code = _StatusError(exc.status, exc.detail, exc.auth_header), exc.code
    elif isinstance(exc, Http404):
        error = exceptions.NotFound()
    elif isinstance(exc, ValidationError):
        error = exceptions.ValidationError(get_error_detail(exc))
    # Sets the headers WWW-Authenticate and Retry-After.
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        body = problem(response.status_code, "The request has invalid fields.", request.path, "invalid-fields")
        body["errors"] = list(_field_errors(error.detail, ""))
    else:
        detail = str(response.data["detail"]) if "detail" in response.data else " ".join(response.data)
        body = problem(response.status_code, detail, request.path, code)
    # A problem document is JSON, whatever the view renders.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), CONTENT_TYPE
    response.data, response.content_type = body, CONTENT_TYPE
    return response


def _throttled(context: dict[str, Any]) -> exceptions.Throttled | None:
    """Count a refused request that no throttle has counted yet, and return the error if its rate is used up."""
    if COUNTED not in context["request"].META:
        try:
            context["view"].check_throttles(context["request"])
        except exceptions.Throttled as error:
            return error
    return None


def _field_errors(details: Any, pointer: str) -> Iterator[dict[str, str]]:
    """Yield the field errors in `details`. `pointer` is the JSON pointer (RFC 6901) of the value that they belong to."""
    if isinstance(details, exceptions.ErrorDetail):
        yield {"pointer": f"#{pointer}", "code": str(details.code), "detail": str(details)}
        return
    is_object = isinstance(details, dict)
    for key, nested in details.items() if is_object else enumerate(details):
        # The errors in a list, and `non_field_errors`, belong to the value itself.
        is_here = key == "non_field_errors" if is_object else isinstance(nested, exceptions.ErrorDetail)
        token = str(key).replace("~", "~0").replace("/", "~1")
        yield from _field_errors(nested, pointer if is_here else f"{pointer}/{token}")
