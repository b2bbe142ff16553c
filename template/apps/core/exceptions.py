"""Errors of the domain, and how errors become answers.

Services raise `DomainError`; views let it pass; the handler below turns it, and every error of REST framework,
into a problem document (`apps.core.problems`).
"""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.core.database.errors import DatabaseError, database_error, log_database_error
from apps.core.problems import CONTENT_TYPE, FieldError, problem


class DomainError(Exception):
    """A rule of the domain says no.

    Args:
        detail: One sentence for the caller: what happened, and what to do.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    # Part of the API, as `type` of the problem document: callers branch on it.
    code: ClassVar[str] = "rule-violated"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ConflictError(DomainError):
    """The request contradicts the current state."""

    status = HTTPStatus.CONFLICT
    code = "conflict"


class PayloadTooLarge(exceptions.APIException):
    """The body is larger than `DATA_UPLOAD_MAX_MEMORY_SIZE`."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "payload_too_large"


class DatabaseUnavailable(exceptions.APIException):
    """The database is busy or away.

    Args:
        reason: Which of them.
    """

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "database_unavailable"

    def __init__(self, reason: DatabaseError) -> None:
        super().__init__(reason.detail)
        # Seconds, for Retry-After.
        self.wait = reason.retry_after


class InvalidTokenError(DomainError):
    """A token is wrong, expired, used or not for this."""

    status = HTTPStatus.UNAUTHORIZED
    code = "invalid-token"
    # A 401 says how to sign in (RFC 9110, section 15.5.2).
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="api"'}


def problem_exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception that a view raised into a problem document.

    Args:
        exc: What was raised.
        context: `view` and `request`, as REST framework gives them.

    Returns:
        The response, or None for an unexpected exception, which Django then logs and answers with 500.
    """
    request = context["request"]
    path = request.path
    # Whatever the view renders, a problem is JSON.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), CONTENT_TYPE
    if isinstance(exc, DomainError):
        set_rollback()
        body = problem(exc.status, detail=exc.detail, instance=path, code=exc.code)
        return Response(body, status=exc.status, headers=exc.headers, content_type=CONTENT_TYPE)

    if reason := database_error(exc):
        log_database_error(request, reason, exc)
    error = DatabaseUnavailable(reason) if reason else _as_api_exception(exc)
    if error is None:
        return None
    set_rollback()
    if isinstance(error, exceptions.ValidationError):
        body = problem(
            error.status_code,
            detail="The request has invalid fields.",
            instance=path,
            code="invalid-fields",
            errors=_field_errors(error.get_full_details(), ""),
        )
    else:
        body = problem(error.status_code, detail=_sentence(error.detail), instance=path)
    response = Response(body, status=error.status_code, content_type=CONTENT_TYPE)
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(ceil(wait))
    return response


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    """Return REST framework's equivalent of an exception, or None where there is none."""
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, RequestDataTooBig):
        return PayloadTooLarge()
    if isinstance(exc, DjangoValidationError):
        return exceptions.ValidationError(get_error_detail(exc))
    return exc if isinstance(exc, exceptions.APIException) else None


def _sentence(detail: Any) -> str:
    """Return the one sentence of an error, which may be wrapped in a dictionary or be a list of them."""
    if isinstance(detail, dict) and "detail" in detail:
        return str(detail["detail"])
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)


def _field_errors(details: Any, pointer: str) -> list[FieldError]:
    """Flatten REST framework's nested details.

    Args:
        details: Dictionaries by field, lists by position, and at the leaves `{"message", "code"}`.
        pointer: Where `details` stands in the request body, as a JSON pointer (RFC 6901).

    Returns:
        One entry for each error, with the pointer to the field that it is about.
    """
    if _is_leaf(details):
        return [{"pointer": f"#{pointer}", "code": str(details["code"]), "detail": str(details["message"])}]
    if isinstance(details, dict):
        return [
            error
            for name, nested in details.items()
            for error in _field_errors(nested, pointer if name == "non_field_errors" else f"{pointer}/{_escape(name)}")
        ]
    is_leaves = all(_is_leaf(item) for item in details)
    return [
        error
        for position, nested in enumerate(details)
        for error in _field_errors(nested, pointer if is_leaves else f"{pointer}/{position}")
    ]


def _is_leaf(details: Any) -> bool:
    """Say whether this is one error, and not a serializer whose fields happen to be named so."""
    return isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["message"], str)


def _escape(name: object) -> str:
    """Return a name as a token of a JSON pointer. Source: RFC 6901, section 3."""
    return str(name).replace("~", "~0").replace("/", "~1")
