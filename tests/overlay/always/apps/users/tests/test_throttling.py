import pytest
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.sessions import session_start

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

SCOPES = {
    "register/": ["register", "mail", "anon"],
    "email/verify/": ["verify", "anon"],
    "email/verify/resend/": ["register", "mail", "anon"],
    "token/": ["token", "anon"],
    "token/refresh/": ["refresh"],
    "logout/": ["refresh"],
    "password/change/": ["password", "user"],
    "password/reset/": ["reset", "mail", "anon"],
    "password/reset/confirm/": ["verify", "anon"],
}


def statuses_of_two_calls(path: str, user: User) -> list[int]:
    client = APIClient()
    if path == "password/change/":
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_start(user=user)['access']}")
    return [client.post(f"/api/v1/auth/{path}", {"email": "ada@example.com"}).status_code for _ in range(2)]


@pytest.mark.parametrize(("path", "scope"), [(path, scope) for path, scopes in SCOPES.items() for scope in scopes])
def test_endpoint_is_throttled_by_scope(path: str, scope: str, rates: dict[str, str], user: User) -> None:
    rates[scope] = "1/hour"

    first, second = statuses_of_two_calls(path, user)

    assert first != 429
    assert second == 429


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_emails_to_one_address_are_throttled_across_clients(email: str, rates: dict[str, str], user: User) -> None:
    rates["mail"] = "2/hour"
    User.objects.filter(pk=user.pk).update(email="ada@example.com")

    statuses = [
        APIClient().post("/api/v1/auth/password/reset/", {"email": text}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number, text in enumerate([email, f" {email.upper()}", email])
    ]

    assert statuses == [202, 202, 429]


@pytest.mark.parametrize("path", ["token/refresh/", "logout/"])
def test_refresh_and_logout_do_not_count_as_anonymous_calls(path: str, rates: dict[str, str], user: User) -> None:
    rates["anon"] = "1/hour"

    assert 429 not in statuses_of_two_calls(path, user)


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": ["a"]}, [], "text", None])
def test_body_without_an_email_address_is_refused(api_client: APIClient, body: object) -> None:
    assert api_client.post("/api/v1/auth/password/reset/", body).status_code == 400
