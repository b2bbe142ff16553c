"""Errors and summaries in the OpenAPI document."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiResponse

from apps.core.exceptions.problems import CONTENT_TYPE

_REFERENCE = {"$ref": "#/components/schemas/Problem"}
_STRING = {"type": "string"}
_FIELD_ERROR = {"pointer": _STRING, "code": _STRING, "detail": _STRING}
_PROBLEM = {
    "type": {"type": "string", "format": "uri"},
    "title": _STRING,
    "status": {"type": "integer"},
    "detail": _STRING,
    "instance": _STRING,
    "request_id": {"type": "string", "nullable": True},
}
_ERRORS = {"type": "array", "items": {"type": "object", "required": [*_FIELD_ERROR], "properties": _FIELD_ERROR}}
_PROBLEM_SCHEMA = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": [*_PROBLEM],
    "properties": {**_PROBLEM, "errors": _ERRORS},
}


def problem_responses(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return error responses for `@extend_schema(responses={200: …, **problem_responses(404)})`."""
    return {(status, CONTENT_TYPE): OpenApiResponse(_REFERENCE, HTTPStatus(status).phrase) for status in statuses}


def describe_operations(result: dict[str, Any], **_kwargs: object) -> dict[str, Any]:
    """Add error responses and summaries to the OpenAPI document. A postprocessing hook of drf-spectacular.

    An operation without a summary gets the first line of its description, which is the docstring of its view.
    """
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    for operation in (operation for operations in result["paths"].values() for operation in operations.values()):
        if "summary" not in operation and "description" in operation:
            summary, _, description = operation.pop("description").partition("\n")
            operation["summary"] = summary.removesuffix(".")
            operation.update({"description": description.strip()} if description else {})
        for status in sorted(_error_statuses(operation)):
            response = {"description": HTTPStatus(status).phrase, "content": {CONTENT_TYPE: {"schema": _REFERENCE}}}
            operation["responses"].setdefault(str(status), response)
    return result


def _error_statuses(operation: dict[str, Any]) -> set[int]:
    """Return the error statuses that follow from the body, the parameters and the authentication of an operation."""
    parameters = operation.get("parameters", [])
    statuses = {406, 429, 500, 503}
    if "requestBody" in operation:
        statuses |= {400, 411, 413, 415}
    if any(parameter["in"] == "query" for parameter in parameters):
        statuses.add(400)
    # A cursor can lead to a page that does not exist.
    if any(parameter["in"] == "path" or parameter.get("name") == "cursor" for parameter in parameters):
        statuses.add(404)
    if {} not in operation.get("security", [{}]):
        statuses.add(401)
    return statuses
