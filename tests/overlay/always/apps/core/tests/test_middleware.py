"""Probes, the request id, body limits and CORS."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.test import Client
from django.test.utils import override_settings
from pytest_django import Settings

LIMIT = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
BODIES = [
    ("/api/v1/auth/token/", "application/json"),
    ("/admin/login/", "multipart/form-data; boundary=x"),
    ("/account/verify-email/", "application/x-www-form-urlencoded"),
]


class Unread:
    """A request body that fails the test if it is read."""

    def read(self, _size: int = -1) -> bytes:
        pytest.fail("the body was read")

    readline = read


@override_settings(ALLOWED_HOSTS=["api.example.com"], SECURE_SSL_REDIRECT=True)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probe_is_answered_by_ip_address_and_plain_http(path: str) -> None:
    assert Client(headers={"host": "10.1.2.3:8000"}).get(path).status_code == 200


@pytest.mark.parametrize("path", ["/nowhere/", "/api/nowhere/", "/static/nothing.css"])
def test_response_has_the_request_id_of_the_client(path: str) -> None:
    response = Client(headers={"X-Request-ID": "abc-123"}).get(path)

    assert response["X-Request-ID"] == "abc-123"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'x"}', "a\tb"])
def test_unsafe_request_id_is_replaced(given: str) -> None:
    response = Client(headers={"X-Request-ID": given}).get("/nowhere/")

    assert response["X-Request-ID"] != given
    assert len(response["X-Request-ID"]) == 36


@pytest.mark.parametrize(("path", "content_type"), BODIES)
@pytest.mark.parametrize(
    ("length", "status"), [({"CONTENT_LENGTH": str(LIMIT + 1)}, 413), ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411)]
)
def test_body_that_is_too_large_or_of_unknown_length_is_refused_unread(
    path: str, content_type: str, length: dict[str, str], status: int
) -> None:
    extra: dict[str, Any] = {**length, "wsgi.input": Unread()}

    response = Client().generic("POST", path, content_type=content_type, **extra)

    assert response.status_code == status
    assert response["Content-Type"].startswith("application/problem+json" if "/api/" in path else "text/html")


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "content_type"), BODIES)
def test_body_of_the_largest_size_is_accepted(path: str, content_type: str) -> None:
    response = Client().generic("POST", path, b" " * LIMIT, content_type=content_type)

    assert response.status_code < 500
    assert response.status_code not in {411, 413}


@pytest.mark.django_db
def test_form_with_too_many_fields_or_files_is_refused() -> None:
    fields = {str(number): "x" for number in range(django_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    files = {str(number): ContentFile(b"x", "x") for number in range(django_settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1)}

    for form in (fields, files):
        assert Client().post("/admin/login/", form).status_code == 400


def test_cors_headers_are_set_for_the_api_and_not_for_pages(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    paths = ("/api/v1/nowhere/", "/account/verify-email/")

    responses = [Client().get(path, headers={"Origin": "https://app.example.com"}) for path in paths]

    assert [response.has_header("Access-Control-Allow-Origin") for response in responses] == [True, False]
