"""The exception handler of REST framework: every error of an API view becomes a problem document."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from apps.core.database.errors import database_error, log_database_error
from apps.core.exceptions import DomainError
from apps.core.exceptions.problems import CONTENT_TYPE, problem


class _StatusError(exceptions.APIException):
    def __init__(self, status: HTTPStatus, detail: str, wait: int | None = None) -> None:
        super().__init__(detail)
        self.status_code = status
        self.wait = wait


def problem_exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document for an exception of a view, or None to have Django answer 500."""
    request = context["request"]
    if reason := database_error(exc):
        log_database_error(request, reason, exc)
        error: Exception = _StatusError(HTTPStatus.SERVICE_UNAVAILABLE, reason.detail, reason.retry_after)
    else:
        error = _as_api_exception(exc)
    # Rolls the transaction back, and sets the headers WWW-Authenticate and Retry-After.
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        body = problem(response.status_code, "The request has invalid fields.", request.path, "invalid-fields")
        body["errors"] = list(_field_errors(error.detail, ""))
    else:
        data = response.data
        detail = str(data["detail"]) if "detail" in data else " ".join(data)
        body = problem(response.status_code, detail, request.path)
    if isinstance(exc, DomainError):
        body["type"] = f"urn:problem:{exc.code}"
        for name, value in exc.headers.items():
            response[name] = value
    # A problem document is JSON, whatever the view renders.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), CONTENT_TYPE
    response.data, response.content_type = body, CONTENT_TYPE
    return response


def _as_api_exception(exc: Exception) -> Exception:
    """Return REST framework's equivalent of an exception, or the exception itself if there is none."""
    match exc:
        case DomainError():
            return _StatusError(exc.status, exc.detail)
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case DjangoValidationError():
            return exceptions.ValidationError(get_error_detail(exc))
    return exc


def _field_errors(details: Any, pointer: str) -> Iterator[dict[str, str]]:
    """Yield the errors nested in dictionaries by field and in lists by index.

    Args:
        details: The details of a validation error, or a part of them.
        pointer: Their position in the request body, as a JSON pointer (RFC 6901).
    """
    if isinstance(details, exceptions.ErrorDetail):
        yield {"pointer": f"#{pointer}", "code": str(details.code), "detail": str(details)}
    elif isinstance(details, dict):
        for name, nested in details.items():
            token = "/" + str(name).replace("~", "~0").replace("/", "~1")
            yield from _field_errors(nested, pointer if name == "non_field_errors" else pointer + token)
    else:
        for index, nested in enumerate(details):
            is_error = isinstance(nested, exceptions.ErrorDetail)
            yield from _field_errors(nested, pointer if is_error else f"{pointer}/{index}")
