"""Every error is a problem document, wherever it comes from."""

from threading import Barrier
from typing import cast

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
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
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from apps.core.exceptions import ConflictError
from config.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them from here
from tests.concurrency import at_once
from tests.waiting import DEADLINE_SECONDS


class Odd(exceptions.APIException):
    """An error that says two things, under a status that nobody has named."""

    status_code = 499
    default_detail = ["One.", "Two."]


ERRORS: dict[str, Exception] = {
    "odd": Odd(),
    "large": RequestDataTooBig(),
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
    """Fields that are named like the parts of an error."""

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


class OneADay(AnonRateThrottle):
    rate = "1/day"


class Raises(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]

    def post(self, request: Request, name: str) -> Response:
        BasketSerializer(data=request.data).is_valid(raise_exception=True)
        return Response()


class Locks(APIView):
    """Takes two locks, the second when somebody else has taken one as well."""

    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request, first: int, second: int) -> Response:
        with transaction.atomic():
            lock(first)
            BOTH.wait(DEADLINE_SECONDS)
            lock(second)
        return Response()


class Waits(APIView):
    """Waits for a lock that somebody else has."""

    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request) -> Response:
        with transaction.atomic():
            lock(1)
        return Response()


class Vanishes(APIView):
    """Has its connection cut in the middle."""

    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request) -> Response:
        cut_the_connection(request)
        return Response()


class Throttled(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = (OneADay,)

    def get(self, request: Request) -> Response:
        return Response()


BOTH = Barrier(2)


def lock(number: int) -> None:
    """Take a lock until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def ask_for_locks(first: int, second: int) -> HttpResponse:
    return APIClient().get(f"/api/locks/{first}/{second}/")


def cut_the_connection(_request: object) -> HttpResponse:
    """Be cut off, as when PostgreSQL stops."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return HttpResponse()


def plain(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("api/raises/<name>/", Raises.as_view()),
    path("api/locks/<int:first>/<int:second>/", Locks.as_view()),
    path("api/waits/", Waits.as_view()),
    path("api/vanishes/", Vanishes.as_view()),
    path("api/vanishes/plain/", cut_the_connection),
    path("vanishes/", cut_the_connection),
    path("api/throttled/", Throttled.as_view()),
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
        ("/api/raises/large/", 413),
        ("/api/plain/large/", 413),
        ("/api/raises/suspicious/", 400),
        ("/api/plain/denied/", 403),
        ("/api/plain/missing/", 404),
        ("/api/plain/bug/", 500),
        ("/api/plain/suspicious/", 400),
        ("/api/nowhere/", 404),
    ],
)
def test_an_error_of_the_api_is_a_problem_document(address: str, status: int) -> None:
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
def test_an_error_of_a_page_is_a_page(name: str, status: int) -> None:
    response = Client(raise_request_exception=False).get(f"/pages/{name}/")

    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("address", "content_type"), [("/api/form/", "application/problem+json"), ("/form/", "text/html")]
)
def test_a_form_without_its_token_is_refused(address: str, content_type: str) -> None:
    response = Client(enforce_csrf_checks=True).post(address)

    assert response.status_code == 403
    assert response["Content-Type"].startswith(content_type)


def test_a_host_that_is_not_ours_is_refused() -> None:
    response = Client(headers={"host": "evil.example"}).get("/api/plain/missing/")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def assert_may_be_asked_again(response: HttpResponse, *, seconds: str = "1") -> None:
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == seconds


@pytest.mark.django_db(transaction=True)
def test_whose_connection_breaks_may_ask_again_and_the_next_one_is_served() -> None:
    def ask() -> list[HttpResponse]:
        return [APIClient().get("/api/vanishes/"), APIClient().get("/api/throttled/")]

    [responses] = at_once(ask)

    broken, served = cast("list[HttpResponse]", responses)
    assert_may_be_asked_again(broken, seconds="5")
    assert served.status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("address", "content_type"), [("/api/vanishes/plain/", "application/problem+json"), ("/vanishes/", "text/html")]
)
def test_outside_of_the_views_of_the_api_a_broken_connection_is_no_bug_either(address: str, content_type: str) -> None:
    [response] = at_once(lambda: Client(raise_request_exception=False).get(address))

    answer = cast("HttpResponse", response)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"].startswith(content_type)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("timeout", ["lock_timeout", "statement_timeout"])
def test_who_waits_too_long_for_a_lock_may_ask_again(timeout: str) -> None:
    def ask() -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute(f"SET {timeout} = '20ms'")
            try:
                return ask_for_locks(2, 1)
            finally:
                cursor.execute(f"RESET {timeout}")

    with transaction.atomic():
        lock(1)
        response, _ = at_once(ask, lambda: BOTH.wait(DEADLINE_SECONDS))

    assert_may_be_asked_again(cast("HttpResponse", response))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_wait_for_each_other_one_may_ask_again() -> None:
    responses = cast("list[HttpResponse]", at_once(lambda: ask_for_locks(1, 2), lambda: ask_for_locks(2, 1)))

    done, victim = sorted(responses, key=lambda response: response.status_code)
    assert done.status_code == 200
    assert_may_be_asked_again(victim)


def test_an_error_of_the_domain_says_what_kind_it_is(api_client: APIClient) -> None:
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
def test_each_wrong_field_is_pointed_at(api_client: APIClient, basket: object, pointers: list[str]) -> None:
    response = api_client.post("/api/raises/x/", basket)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers
    assert all(error["code"] and error["detail"] for error in response.json()["errors"])


@pytest.mark.parametrize("body", ["{", "[1]", "[" * 100_000, '{"a":' * 100_000])
def test_a_body_that_is_not_the_right_json_is_refused(api_client: APIClient, body: str) -> None:
    response = api_client.post("/api/raises/x/", body, content_type="application/json")

    assert response.status_code == 400


def test_a_type_of_body_that_is_not_taken_is_refused(api_client: APIClient) -> None:
    response = api_client.post("/api/raises/x/", "a=b", content_type="text/plain")

    assert response.status_code == 415


def test_a_method_that_is_not_there_is_refused(api_client: APIClient) -> None:
    assert api_client.delete("/api/raises/x/").status_code == 405


def test_who_calls_too_often_is_told_when_to_come_back(api_client: APIClient) -> None:
    assert api_client.get("/api/throttled/").status_code == 200

    response = api_client.get("/api/throttled/")

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 80_000


def test_who_calls_too_often_is_not_somebody_else_by_saying_so(api_client: APIClient) -> None:
    addresses = ["203.0.113.1", "203.0.113.2"]

    statuses = [
        api_client.get("/api/throttled/", headers={"X-Forwarded-For": address}).status_code for address in addresses
    ]

    assert statuses == [200, 429]


@override_settings(ROOT_URLCONF="config.urls")
def test_reading_the_documentation_uses_up_nothing(api_client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnonRateThrottle, "rate", "1/day", raising=False)

    for page in ("/api/docs/", "/api/redoc/", "/api/schema/") * 2:
        assert api_client.get(page).status_code == 200
    assert [api_client.get("/api/v1/users/me/").status_code for _ in range(2)] == [401, 401]
    assert [api_client.post("/api/v1/auth/token/", {}).status_code for _ in range(2)] == [400, 429]


@override_settings(ROOT_URLCONF="config.urls")
@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/", "/api/redoc/"])
def test_a_problem_is_json_whatever_the_view_renders(path: str) -> None:
    for response in (
        Client().post(path),
        Client().get(f"{path}?format=odd"),
        Client().get(path, headers={"Accept": "a/b"}),
    ):
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code >= 400


@override_settings(ROOT_URLCONF="config.urls")
def test_a_slash_that_is_missing_is_asked_for(api_client: APIClient) -> None:
    assert "end with a slash" in api_client.get("/api/v1/users/me").json()["detail"]
    assert "slash" not in api_client.get("/api/v1/nowhere/").json()["detail"]


def test_a_slash_too_many_does_not_lead_out_of_the_api() -> None:
    response = Client().get("/", PATH_INFO="//api/nowhere/")

    assert response["Content-Type"] == "application/problem+json"


@override_settings(DEBUG=True, ROOT_URLCONF="config.urls")
def test_an_unknown_path_is_a_problem_document_in_debug_mode_too(api_client: APIClient) -> None:
    for method in (api_client.get, api_client.post, api_client.delete):
        response = method("/api/v1/nowhere/")
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
