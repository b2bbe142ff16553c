"""Every response has the same security headers."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import RequestContext, Template
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from config.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them from here

HOST = "api.example.com"
TOO_MUCH = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE * "x"


def bug(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def inline(request: HttpRequest) -> HttpResponse:
    context = RequestContext(request)
    # As a template has it.
    with context.bind_template(Template("")):
        nonce = context["CSP_NONCE" if "CSP_NONCE" in context else "csp_nonce"]
    return HttpResponse(f'<script nonce="{nonce}">1</script><style nonce="{nonce}"></style>')


urlpatterns = [
    path("bug/", bug),
    path("api/bug/", bug),
    path("denied/", denied),
    path("api/denied/", denied),
    path("inline/", inline),
    path("", include("config.urls")),
]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    """Have hosts and TLS looked at, and files served."""
    settings.ALLOWED_HOSTS = [HOST]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.WHITENOISE_USE_FINDERS = True


def client(host: str = HOST, *, checks_forms: bool = False) -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=checks_forms, headers={"host": host})


# For each kind of answer, its status and what causes it.
OVER_TLS: dict[str, tuple[int, Callable[[], HttpResponseBase]]] = {
    "a page": (200, lambda: client().get("/account/verify-email/", secure=True)),
    "a document": (200, lambda: client().get("/api/schema/", secure=True)),
    "a file": (200, lambda: client().get("/static/img/favicon.svg", secure=True)),
    "a slash that is missing": (301, lambda: client().get("/account/verify-email", secure=True)),
    "a sign-in": (302, lambda: client().get("/admin/", secure=True)),
    "a host that is not ours": (400, lambda: client("evil.example").get("/account/verify-email/", secure=True)),
    "a host that is not ours, API": (400, lambda: client("evil.example").get("/api/v1/users/me/", secure=True)),
    "unauthenticated": (401, lambda: client().get("/api/v1/users/me/", secure=True)),
    "no": (403, lambda: client().get("/denied/", secure=True)),
    "no, API": (403, lambda: client().get("/api/denied/", secure=True)),
    "a forged form": (403, lambda: client(checks_forms=True).post("/account/verify-email/", secure=True)),
    "nothing": (404, lambda: client().get("/nowhere/", secure=True)),
    "nothing, API": (404, lambda: client().get("/api/nowhere/", secure=True)),
    "no file": (404, lambda: client().get("/static/nothing.css", secure=True)),
    "another method": (405, lambda: client().put("/account/verify-email/", secure=True)),
    "another method, API": (405, lambda: client().put("/api/schema/", secure=True)),
    "too much": (413, lambda: client().post("/admin/login/", {"a": TOO_MUCH}, secure=True)),
    "too much, API": (413, lambda: client().post("/api/v1/auth/token/", {"a": TOO_MUCH}, secure=True)),
    "a bug": (500, lambda: client().get("/bug/", secure=True)),
    "a bug, API": (500, lambda: client().get("/api/bug/", secure=True)),
}
WITHOUT_TLS: dict[str, tuple[int, Callable[[], HttpResponseBase]]] = {
    "the way to TLS": (301, lambda: client().get("/account/verify-email/")),
    "a host that is not ours": (400, lambda: client("evil.example").get("/account/verify-email/")),
}


def assert_has_headers(response: HttpResponseBase) -> None:
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    policy = directives(response)
    assert policy["frame-ancestors"] == "'none'"
    if response["Content-Type"] in ("application/json", "application/problem+json"):
        assert policy["default-src"] == "'none'"
    else:
        assert policy["default-src"] == "'self'"
        assert re.fullmatch("'self'( 'nonce-[^' ]+')?", policy["script-src"])
        assert policy["object-src"] == "'none'"


def directives(response: HttpResponseBase) -> dict[str, str]:
    """Return the content security policy of a response."""
    return dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize("kind", OVER_TLS)
def test_every_answer_has_the_same_headers(kind: str) -> None:
    status, ask = OVER_TLS[kind]

    response = ask()

    response.close()
    assert response.status_code == status
    assert_has_headers(response)
    assert response["Strict-Transport-Security"].startswith("max-age=3600")


@pytest.mark.parametrize("kind", WITHOUT_TLS)
def test_an_answer_without_tls_has_all_but_the_one_that_browsers_ignore_there(kind: str) -> None:
    status, ask = WITHOUT_TLS[kind]

    response = ask()

    response.close()
    assert response.status_code == status
    assert_has_headers(response)
    assert not response.has_header("Strict-Transport-Security")


def test_a_probe_of_any_host_without_tls_has_headers_that_cost_nothing() -> None:
    response = client("10.1.2.3:8000").get("/livez")

    assert (response.status_code, response["X-Content-Type-Options"]) == (200, "nosniff")


def test_a_script_in_a_page_runs_by_a_nonce_that_is_good_once() -> None:
    first, second = (client().get("/inline/", secure=True) for _ in range(2))

    policy = directives(first)
    assert policy["script-src"] == policy["style-src"]
    own, nonce = policy["script-src"].split(" ")
    assert own == "'self'"
    assert first.content.decode().count(nonce.strip("'").replace("nonce-", 'nonce="', 1)) == 2
    assert nonce not in second["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["/api/docs/", "/api/redoc/"])
def test_only_the_pages_of_the_documentation_style_themselves(page: str) -> None:
    policy = directives(client().get(page, secure=True))

    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["script-src"] == policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "unsafe" not in client().get("/admin/login/", secure=True)["Content-Security-Policy"]


@pytest.mark.parametrize("origin", ["https://app.example.com", f"https://{HOST}.evil.example", "null"])
def test_no_other_origin_reads_anything(origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for address in ("/api/v1/users/me/", "/api/schema/", "/account/verify-email/", "/static/img/favicon.svg", "/livez"):
        for answer in (
            client().get(address, secure=True, headers=asked),
            client().options(address, secure=True, headers=asked),
        ):
            answer.close()
            assert [name for name in answer.headers if name.startswith("Access-Control-")] == []


def test_an_origin_that_is_named_may_call_and_brings_no_cookie(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}

    answer = client().options("/api/v1/auth/token/", secure=True, headers=asked)

    assert answer["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert not answer.has_header("Access-Control-Allow-Credentials")


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"sub.{HOST}", f"{HOST}.evil.example", f"{HOST}@evil.example", f"{HOST}:80:80", "", "[::1]"],
)
def test_only_hosts_that_are_named_are_answered(host: str) -> None:
    named = {"X-Forwarded-Host": HOST, "Forwarded": f"host={HOST}"}

    assert client(host).get("/account/verify-email/", secure=True, headers=named).status_code == 400
    assert client(f"{HOST}:8443").get("/account/verify-email/", secure=True).status_code == 200
