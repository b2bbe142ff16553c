from http import HTTPStatus
from typing import Any

import pytest

from apps.core.schema import describe_problems

ANYTHING = {
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ({}, set()),
        ({"security": [{"jwtAuth": []}]}, {HTTPStatus.UNAUTHORIZED}),
        ({"security": [{"jwtAuth": []}, {}]}, set()),
        ({"parameters": [{"in": "query"}]}, {HTTPStatus.BAD_REQUEST}),
        ({"parameters": [{"in": "path"}]}, {HTTPStatus.NOT_FOUND}),
        (
            {"requestBody": {}},
            {
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.LENGTH_REQUIRED,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            },
        ),
    ],
)
def test_an_operation_is_said_to_fail_as_it_can(operation: dict[str, Any], more: set[HTTPStatus]) -> None:
    document = describe_problems({"paths": {"/": {"get": {**operation, "responses": {"200": {}}}}}})

    responses = document["paths"]["/"]["get"]["responses"]
    assert set(responses) == {"200", *(str(status.value) for status in ANYTHING | more)}
    assert "Problem" in document["components"]["schemas"]


def test_what_a_view_says_of_an_error_stays() -> None:
    said = {"description": "Locked"}

    document = describe_problems({"paths": {"/": {"get": {"responses": {"429": said}}}}})

    assert document["paths"]["/"]["get"]["responses"]["429"] is said
