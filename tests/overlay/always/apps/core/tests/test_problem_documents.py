"""Errors of views, pages and the database as problem documents and pages."""

from threading import Barrier
from typing import cast

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db import OperationalError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from apps.core.exceptions import ConflictError
from config.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them from here
from tests.concurrency import DEADLINE_SECONDS, run_in_parallel


class Odd(exceptions.APIException):
    """An error with two messages and a status without a standard name."""

    status_code = 499
    default_detail = ["One.", "Two."]


ERRORS: dict[str, Exception] = {
    "odd": Odd(),
    "bug": RuntimeError("a bug"),
    "away": OperationalError("a bug of the server"),
    "conflict": ConflictError("It is taken: choose another."),
    "denied": PermissionDenied(),
    "invalid": ValidationError("Too much."),
    "missing": Http404(),
    "suspicious": SuspiciousOperation("odd"),
    "teapot": exceptions.APIException("Not now."),
}


class ItemSerializer(serializers.Serializer[object]):
    quantity = serializers.IntegerField(min_value=1)


class NoteSerializer(serializers.Serializer[object]):
    """Fields with the names of the parts of an error."""

    message = serializers.CharField()
    code = serializers.CharField()


class BasketSerializer(serializers.Serializer[object]):
    items = ItemSerializer(many=True)
    note = NoteSerializer(required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)
    limits = serializers.DictField(child=serializers.IntegerField(), required=False)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if not attrs["items"]:
            raise serializers.ValidationError("The basket is empty.", code="empty")
        return attrs


class Raises(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]

    def post(self, request: Request, name: str) -> Response:
        BasketSerializer(data=request.data).is_valid(raise_exception=True)
        return Response()


class Locks(APIView):
    """Takes two locks, the second after another request has taken its first."""

    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request, first: int, second: int) -> Response:
        with transaction.atomic():
            lock(first)
            BOTH.wait(DEADLINE_SECONDS)
            lock(second)
        return Response()


BOTH = Barrier(2)


def lock(number: int) -> None:
    """Take a lock until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def request_locks(first: int, second: int) -> HttpResponse:
    return APIClient().get(f"/api/locks/{first}/{second}/")


def plain(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("api/raises/<name>/", Raises.as_view()),
    path("api/locks/<int:first>/<int:second>/", Locks.as_view()),
    path("api/plain/<name>/", plain),
    path("api/form/", form),
    path("pages/<name>/", plain),
    path("form/", form),
]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/raises/conflict/", 409),
        ("/api/raises/denied/", 403),
        ("/api/raises/invalid/", 400),
        ("/api/raises/missing/", 404),
        ("/api/raises/teapot/", 500),
        ("/api/raises/bug/", 500),
        ("/api/raises/away/", 500),
        ("/api/raises/odd/", 499),
        ("/api/raises/suspicious/", 400),
        ("/api/plain/denied/", 403),
        ("/api/plain/missing/", 404),
        ("/api/plain/bug/", 500),
        ("/api/plain/suspicious/", 400),
        ("/api/nowhere/", 404),
    ],
)
def test_api_error_is_a_problem_document(address: str, status: int) -> None:
    response = Client(raise_request_exception=False).get(address)

    body = response.json()
    assert response.status_code == body["status"] == status
    assert response["Content-Type"] == "application/problem+json"
    assert body["instance"] == address
    assert body["request_id"] == response["X-Request-ID"]
    assert body["title"]
    assert body["detail"]
    assert "a bug" not in response.content.decode()


@pytest.mark.parametrize(("name", "status"), [("denied", 403), ("missing", 404), ("bug", 500), ("suspicious", 400)])
def test_page_error_is_an_html_page(name: str, status: int) -> None:
    response = Client(raise_request_exception=False).get(f"/pages/{name}/")

    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("address", "content_type"), [("/api/form/", "application/problem+json"), ("/form/", "text/html")]
)
def test_form_without_csrf_token_gets_403(address: str, content_type: str) -> None:
    response = Client(enforce_csrf_checks=True).post(address)

    assert response.status_code == 403
    assert response["Content-Type"].startswith(content_type)


def test_unknown_host_gets_a_problem_document() -> None:
    response = Client(headers={"host": "evil.example"}).get("/api/plain/missing/")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.django_db(transaction=True)
def test_deadlock_victim_gets_503() -> None:
    responses = cast("list[HttpResponse]", run_in_parallel(lambda: request_locks(1, 2), lambda: request_locks(2, 1)))

    done, victim = sorted(responses, key=lambda response: response.status_code)
    assert done.status_code == 200
    assert (victim.status_code, victim["Retry-After"]) == (503, "1")
    assert victim["Content-Type"] == "application/problem+json"


def test_domain_error_sets_type_and_detail(api_client: APIClient) -> None:
    body = api_client.get("/api/raises/conflict/").json()

    assert body["type"] == "urn:problem:conflict"
    assert body["detail"] == "It is taken: choose another."


@pytest.mark.parametrize(
    ("basket", "pointers"),
    [
        ({}, ["#/items"]),
        ({"items": [{"quantity": 1}, {"quantity": 0}]}, ["#/items/1/quantity"]),
        ({"items": [{}, {}]}, ["#/items/0/quantity", "#/items/1/quantity"]),
        ({"items": [{"quantity": 1}], "tags": ["abc", "long"]}, ["#/tags/1"]),
        ({"items": []}, ["#"]),
        ({"items": [{"quantity": 1}], "note": {}}, ["#/note/message", "#/note/code"]),
        ({"items": [{"quantity": 1}], "limits": {"a/b~c": "x"}}, ["#/limits/a~1b~0c"]),
    ],
)
def test_validation_error_points_at_each_invalid_field(
    api_client: APIClient, basket: object, pointers: list[str]
) -> None:
    response = api_client.post("/api/raises/x/", basket)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers
    assert all(error["code"] and error["detail"] for error in response.json()["errors"])


@pytest.mark.parametrize("body", ["{", "[1]", "[" * 100_000, '{"a":' * 100_000])
def test_malformed_or_deeply_nested_json_gets_400(api_client: APIClient, body: str) -> None:
    response = api_client.post("/api/raises/x/", body, content_type="application/json")

    assert response.status_code == 400


@override_settings(ROOT_URLCONF="config.urls")
@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/", "/api/redoc/"])
def test_error_of_a_view_with_another_renderer_is_json(path: str) -> None:
    for response in (
        Client().post(path),
        Client().get(f"{path}?format=odd"),
        Client().get(path, headers={"Accept": "a/b"}),
    ):
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code >= 400


def test_path_with_two_slashes_gets_a_problem_document() -> None:
    response = Client().get("/", PATH_INFO="//api/nowhere/")

    assert response["Content-Type"] == "application/problem+json"


@override_settings(DEBUG=True, ROOT_URLCONF="config.urls")
def test_unknown_path_in_debug_mode_gets_a_problem_document(api_client: APIClient) -> None:
    for method in (api_client.get, api_client.post, api_client.delete):
        response = method("/api/v1/nowhere/")
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
