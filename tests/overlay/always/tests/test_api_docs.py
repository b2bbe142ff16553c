"""The pages of the API's documentation, and the OpenAPI document behind them."""

import pytest
from django.test import Client


def test_docs_pages_have_a_content_security_policy(client: Client) -> None:
    policy = client.get("/api/docs/")["Content-Security-Policy"]

    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == directives["script-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["object-src"] == "'none'"


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_docs_page_loads_nothing_from_other_hosts(client: Client, path: str) -> None:
    page = client.get(path)

    assert page.status_code == 200
    assert "https://" not in page.content.decode()


def test_openapi_document_describes_an_endpoint_and_its_errors(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()

    problem = {"$ref": "#/components/schemas/Problem"}
    responses = schema["paths"]["/api/v1/users/me/"]["get"]["responses"]
    assert set(responses) == {"200", "401", "406", "429", "500", "503"}
    assert responses["401"]["content"]["application/problem+json"]["schema"] == problem
    assert schema["info"]["title"]
