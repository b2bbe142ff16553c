"""Problem documents: the one shape of every error. Source: RFC 9457.

Under `/api/` Django's own errors take it as well; other pages get HTML.
"""

import sys
from http import HTTPStatus
from typing import NotRequired, TypedDict

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults
from django.views.csrf import csrf_failure as default_csrf_failure

from apps.core.database.errors import DatabaseError, database_error

CONTENT_TYPE = "application/problem+json"

_STATUSES = {int(status) for status in HTTPStatus}


class FieldError(TypedDict):
    """What is wrong with one field: a JSON pointer to it, a stable code, a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(TypedDict):
    """The members of a problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str | None
    errors: NotRequired[list[FieldError]]


def problem(
    status: int, *, detail: str, instance: str, code: str | None = None, errors: list[FieldError] | None = None
) -> Problem:
    """Return a problem document.

    Args:
        status: The HTTP status.
        detail: One sentence about this very occurrence.
        instance: The path that was asked for.
        code: What kind of problem, for programs. Left out where the status says it all.
        errors: The fields that are wrong.
    """
    document: Problem = {
        "type": f"urn:problem:{code}" if code else "about:blank",
        "title": HTTPStatus(status).phrase if status in _STATUSES else "Error",
        "status": int(status),
        "detail": detail,
        "instance": instance,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }
    if errors is not None:
        document["errors"] = errors
    return document


def problem_response(request: HttpRequest, status: HTTPStatus, detail: str, code: str | None = None) -> JsonResponse:
    """Return a problem document as a response of Django's own."""
    body = problem(status, detail=detail, instance=request.path, code=code)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def refusal(request: HttpRequest, status: HTTPStatus, detail: str) -> HttpResponse:
    """Return a problem document under `/api/`, and elsewhere a page of one line."""
    if is_api(request):
        return problem_response(request, status, detail)
    return HttpResponse(f"<!doctype html><title>{status.phrase}</title><h1>{detail}</h1>", status=status)


def is_api(request: HttpRequest) -> bool:
    """Say whether a path belongs to the API, whose errors are problem documents."""
    return request.path.lstrip("/").startswith("api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400: a suspicious or malformed request. `handler400`."""
    if isinstance(exception, RequestDataTooBig):
        return refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request body is too large.")
    if is_api(request):
        return problem_response(request, HTTPStatus.BAD_REQUEST, "The request is malformed or not allowed.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403. `handler403`."""
    if is_api(request):
        return problem_response(request, HTTPStatus.FORBIDDEN, "You may not do this.")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404. `handler404`."""
    if is_api(request):
        return problem_response(request, HTTPStatus.NOT_FOUND, "There is nothing here.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500, or 503 where it is the database that is away. `handler500`, for what no view of the API raised."""
    if error := database_error(sys.exception()):
        return service_unavailable(request, error)
    if is_api(request):
        return problem_response(
            request,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Something went wrong here. Give the request id when you report it.",
        )
    return defaults.server_error(request)


def service_unavailable(request: HttpRequest, error: DatabaseError) -> HttpResponseBase:
    """Answer 503."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if is_api(request):
        response: HttpResponse = problem_response(request, status, error.detail)
    else:
        response = HttpResponse(render_to_string("503.html"), status=status)
    response["Retry-After"] = str(error.retry_after)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without its token. `CSRF_FAILURE_VIEW`."""
    if is_api(request):
        return problem_response(request, HTTPStatus.FORBIDDEN, f"CSRF verification failed: {reason}")
    return default_csrf_failure(request, reason, template_name="403_csrf.html")
