from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import override_settings
from pytest_django import Settings


@override_settings(ALLOWED_HOSTS=["api.example.com"], SECURE_SSL_REDIRECT=True)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_is_answered_by_address_over_plain_http(path: str) -> None:
    response = Client(headers={"host": "10.1.2.3:8000"}).get(path)

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/nowhere/", "/api/nowhere/", "/static/nothing.css"])
def test_every_response_names_its_request(path: str) -> None:
    response = Client(headers={"X-Request-ID": "abc-123"}).get(path)

    assert response["X-Request-ID"] == "abc-123"


def test_the_log_of_a_request_leaves_the_query_string_out(caplog: pytest.LogCaptureFixture) -> None:
    Client().get("/nowhere/?code=one-time")

    assert "GET /nowhere/" in caplog.text
    assert "one-time" not in caplog.text


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'x"}', "a\tb"])
def test_an_id_that_would_spoil_the_logs_is_replaced(given: str) -> None:
    response = Client(headers={"X-Request-ID": given}).get("/nowhere/")

    assert response["X-Request-ID"] != given
    assert len(response["X-Request-ID"]) == 36


def test_another_origin_reads_the_api_and_no_page(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    paths = ("/api/v1/nowhere/", "/account/verify-email/")

    answers = [Client().get(path, headers={"Origin": "https://app.example.com"}) for path in paths]

    assert [answer.has_header("Access-Control-Allow-Origin") for answer in answers] == [True, False]


LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
BODIES = [
    ("/api/v1/auth/token/", "application/json"),
    ("/admin/login/", "multipart/form-data; boundary=x"),
    ("/account/verify-email/", "application/x-www-form-urlencoded"),
]


class Endless:
    """A body that goes on and on, or breaks off.

    Attributes:
        largest: The most that was read of it at once.
        total: What was read of it.
    """

    def __init__(self, end: int = 10**12) -> None:
        self.largest = self.total = 0
        self._end = end

    def read(self, size: int) -> bytes:
        if self.total >= self._end:
            raise ConnectionResetError
        self.largest = max(self.largest, size)
        self.total += size
        return b"x" * size

    readline = read


def send(path: str, content_type: str, body: Endless, **length: str) -> HttpResponseBase:
    extra: dict[str, Any] = {**length, "wsgi.input": body}
    response = Client().generic("POST", path, content_type=content_type, **extra)
    expected = "application/problem+json" if path.startswith("/api/") else "text/html"
    assert response["Content-Type"].startswith(expected)
    return response


@pytest.mark.parametrize(("path", "content_type"), BODIES)
@pytest.mark.parametrize("end", [10**12, LIMIT], ids=["endless", "broken off"])
def test_a_body_that_is_too_long_is_refused_and_not_held(path: str, content_type: str, end: int) -> None:
    body = Endless(end)

    response = send(path, content_type, body, CONTENT_LENGTH=str(10**12))

    assert response.status_code == 413
    assert body.largest <= 65_536
    assert LIMIT <= body.total <= 8 * LIMIT


@pytest.mark.parametrize(("path", "content_type"), BODIES)
def test_a_body_that_does_not_say_how_long_it_is_is_refused_unread(path: str, content_type: str) -> None:
    body = Endless()

    response = send(path, content_type, body, HTTP_TRANSFER_ENCODING="chunked")

    assert response.status_code == 411
    assert body.total == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "content_type"), BODIES)
def test_a_body_of_just_the_limit_is_read(path: str, content_type: str) -> None:
    response = Client().generic("POST", path, b" " * LIMIT, content_type=content_type)

    assert response.status_code < 500
    assert response.status_code not in {411, 413}


@pytest.mark.django_db
def test_a_form_of_too_many_fields_or_files_is_refused() -> None:
    fields = {str(number): "x" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    files = {str(number): ContentFile(b"x", "x") for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1)}

    for form in (fields, files):
        assert Client().post("/admin/login/", form).status_code == 400
