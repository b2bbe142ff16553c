"""Errors of the API are problem documents (RFC 9457)."""

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

SIGN_IN = "/api/v1/auth/token/"
ME = "/api/v1/users/me/"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/v1/nowhere/", 404),
        ("get", "/api/nowhere/", 404),
        ("get", ME, 401),
        ("delete", SIGN_IN, 405),
        ("post", SIGN_IN, 400),
    ],
)
def test_api_error_is_a_problem_document(api_client: APIClient, method: str, path: str, status: int) -> None:
    response = getattr(api_client, method)(path)

    document = response.json()
    assert response.status_code == document["status"] == status
    assert response["Content-Type"] == "application/problem+json"
    assert document["instance"] == path
    assert document["request_id"] == response["X-Request-ID"]
    assert document["title"]
    assert document["detail"]


def test_validation_error_points_at_each_invalid_field(api_client: APIClient) -> None:
    document = api_client.post(SIGN_IN, {"email": "no address"}).json()

    assert document["type"] == "urn:problem:invalid-fields"
    assert {error["pointer"]: error["code"] for error in document["errors"]} == {
        "#/email": "invalid",
        "#/password": "required",
    }


@pytest.mark.parametrize("body", ["{", "[1]", "[" * 100_000, '{"a":' * 100_000])
def test_malformed_or_deeply_nested_json_gets_400(api_client: APIClient, settings: Settings, body: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
    response = api_client.post(SIGN_IN, body, content_type="application/json")

    assert response.status_code == 400


def test_unsupported_media_type_gets_415(api_client: APIClient) -> None:
    response = api_client.post(SIGN_IN, "a=b", content_type="text/plain")

    assert response.status_code == 415


def test_unknown_path_without_trailing_slash_gets_a_hint(api_client: APIClient) -> None:
    assert "end with a slash" in api_client.get(ME.removesuffix("/")).json()["detail"]
    assert "slash" not in api_client.get("/api/v1/nowhere/").json()["detail"]


def test_unknown_page_is_an_html_page() -> None:
    response = Client().get("/nowhere/")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
