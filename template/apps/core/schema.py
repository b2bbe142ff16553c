"""What the OpenAPI document says about errors."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiResponse

from apps.core.problems import CONTENT_TYPE

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "about:blank"},
        "title": {"type": "string", "example": "Not Found"},
        "status": {"type": "integer", "example": 404},
        "detail": {"type": "string"},
        "instance": {"type": "string", "example": "/api/v1/users/me/"},
        "request_id": {"type": "string", "nullable": True},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "example": "#/email"},
                    "code": {"type": "string", "example": "required"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


_REFERENCE = {"$ref": "#/components/schemas/Problem"}
_CONTENT = {CONTENT_TYPE: {"schema": _REFERENCE}}


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return the errors of an endpoint that nothing else in the document tells of, for `@extend_schema(responses=…)`."""
    return {(status, CONTENT_TYPE): OpenApiResponse(_REFERENCE, HTTPStatus(status).phrase) for status in statuses}


def describe_problems(result: dict[str, Any], **_kwargs: object) -> dict[str, Any]:
    """Say which errors each operation can answer with. A hook of drf-spectacular.

    Args:
        result: The OpenAPI document.

    Returns:
        The same document, with the responses added that follow from what an operation takes.
    """
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for operations in result["paths"].values():
        for operation in operations.values():
            for status in sorted(_statuses(operation)):
                operation["responses"].setdefault(
                    str(status.value), {"description": status.phrase, "content": _CONTENT}
                )
    return result


def _statuses(operation: dict[str, Any]) -> set[HTTPStatus]:
    """Return the errors that an operation can answer with, whatever it does."""
    statuses = {
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
    parameters = {parameter["in"] for parameter in operation.get("parameters", [])}
    if "requestBody" in operation:
        statuses |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.LENGTH_REQUIRED,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        }
    if "query" in parameters:
        statuses.add(HTTPStatus.BAD_REQUEST)
    # Of a page that is not there, too.
    if "path" in parameters or "cursor" in {parameter.get("name") for parameter in operation.get("parameters", [])}:
        statuses.add(HTTPStatus.NOT_FOUND)
    if {} not in operation.get("security", [{}]):
        statuses.add(HTTPStatus.UNAUTHORIZED)
    return statuses
