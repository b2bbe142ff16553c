from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from apps.core.exceptions.openapi import describe_operations

ALWAYS = {"200", "406", "429", "500", "503"}


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ({}, set()),
        ({"security": [{"jwtAuth": []}]}, {"401"}),
        ({"security": [{"jwtAuth": []}, {}]}, set()),
        ({"parameters": [{"in": "query"}]}, {"400"}),
        ({"parameters": [{"in": "query", "name": "cursor"}]}, {"400", "404"}),
        ({"parameters": [{"in": "path"}]}, {"404"}),
        ({"requestBody": {}}, {"400", "411", "413", "415"}),
    ],
)
def test_openapi_lists_the_errors_that_an_operation_can_return(operation: dict[str, Any], more: set[str]) -> None:
    document = describe_operations({"paths": {"/": {"get": {**operation, "responses": {"200": {}}}}}})

    assert set(document["paths"]["/"]["get"]["responses"]) == ALWAYS | more
    assert "Problem" in document["components"]["schemas"]


def test_openapi_keeps_the_error_responses_of_a_view() -> None:
    locked = {"description": "Locked"}

    document = describe_operations({"paths": {"/": {"get": {"responses": {"429": locked}}}}})

    assert document["paths"]["/"]["get"]["responses"]["429"] is locked


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"description": "List orders.\n\nNewest first."}, ("List orders", "Newest first.")),
        ({"description": "List orders."}, ("List orders", None)),
        ({"summary": "Orders", "description": "List orders."}, ("Orders", "List orders.")),
        ({}, (None, None)),
    ],
)
def test_openapi_summary_is_the_first_line_of_the_docstring(
    operation: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    document = describe_operations({"paths": {"/": {"get": {**operation, "responses": {}}}}})

    described = document["paths"]["/"]["get"]
    assert (described.get("summary"), described.get("description")) == expected


def test_openapi_summaries_are_short_and_unique() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]
    summaries = [operation["summary"] for path in paths.values() for operation in path.values()]

    assert [summary for summary in summaries if len(summary) > 80 or ". " in summary] == []
    assert len(set(summaries)) == len(summaries)
